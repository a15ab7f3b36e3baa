"""A toy kind: all that a new kind of channel needs in the hub is such a folder and a line in the registry."""

from lastunit.channels.shared.kind import ChannelKind
from lastunit.ports.channel import Capability

KIND = ChannelKind(
    name="toy",
    connection="tests.unit.channels.toy.api:Connection",
    secret="tests.unit.channels.toy.api:Secret",
    refs="tests.unit.channels.toy.api:Refs",
    open="tests.unit.channels.toy.api:Api",
    capabilities=frozenset({Capability.WEBHOOKS, Capability.ORDERS, Capability.QUANTITIES}),
)
