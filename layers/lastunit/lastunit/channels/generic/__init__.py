"""The merchant's own store, by Standard Webhooks (docs/channels/generic.md)."""

from lastunit.channels.shared.kind import ChannelKind
from lastunit.ports.channel import Capability

KIND = ChannelKind(
    name="generic",
    connection="lastunit.channels.generic.settings:Connection",
    secret="lastunit.channels.generic.settings:Secret",  # noqa: S106 - where its model is
    refs="lastunit.channels.generic.settings:Refs",
    open="lastunit.channels.generic.api:Api",
    capabilities=frozenset({Capability.WEBHOOKS, Capability.ORDERS, Capability.QUANTITIES}),
)
