"""eBay (docs/channels/ebay.md)."""

from lastunit.channels.shared.kind import ChannelKind
from lastunit.ports.channel import Capability

KIND = ChannelKind(
    name="ebay",
    connection="lastunit.channels.ebay.settings:Connection",
    secret="lastunit.channels.ebay.settings:Secret",  # noqa: S106 - where its model is
    refs="lastunit.channels.ebay.settings:Refs",
    open="lastunit.channels.ebay.api:Api",
    capabilities=frozenset({Capability.WEBHOOKS, Capability.ORDERS, Capability.QUANTITIES}),
)
