"""ShipStation, which tells what was shipped (docs/channels/shipstation.md)."""

from lastunit.channels.shared.kind import ChannelKind
from lastunit.ports.channel import Capability

KIND = ChannelKind(
    name="shipstation",
    connection="lastunit.channels.shipstation.settings:Connection",
    secret="lastunit.channels.shipstation.settings:Secret",  # noqa: S106 - where its model is
    open="lastunit.channels.shipstation.api:Api",
    capabilities=frozenset({Capability.WEBHOOKS, Capability.ORDERS}),
)
