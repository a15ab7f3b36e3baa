"""Opens the accounts of channels, each for the one capability that a use case asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lastunit.channels.registry import Kinds
from lastunit.domain.channel import Channel
from lastunit.domain.listings.push_protocol import Form
from lastunit.ports.channel import Capability, OrderSource, QuantityTarget, StockSource, WebhookSource
from lastunit.ports.system import Clock, HttpClient


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAccounts:
    """Raises MissingCapability before anything is opened, ChannelUnavailable where the settings are wrong."""

    kinds: Kinds
    secret: Callable[[str], Mapping[str, Any]]  # Of a channel, by its name.
    http: HttpClient
    clock: Clock
    memories: dict[str, dict[str, Any]] = field(default_factory=dict)  # What accounts remember, by channel.

    def webhook_source(self, channel: Channel) -> WebhookSource:
        source: WebhookSource = self._open(channel, Capability.WEBHOOKS)
        return source

    def order_source(self, channel: Channel) -> OrderSource:
        source: OrderSource = self._open(channel, Capability.ORDERS)
        return source

    def quantity_target(self, channel: Channel) -> QuantityTarget:
        """It is a QuantityAdjuster as well where the kind takes deltas."""
        target: QuantityTarget = self._open(channel, Capability.QUANTITIES)
        return target

    def stock_source(self, channel: Channel) -> StockSource:
        source: StockSource = self._open(channel, Capability.STOCK)
        return source

    def form(self, channel: Channel) -> Form:
        """How the channel takes absolute numbers; nothing is opened for it."""
        return self.kinds.kind(channel.kind).form

    def _open(self, channel: Channel, capability: Capability) -> Any:
        kind = self.kinds.kind(channel.kind)
        kind.require(capability)
        memory = self.memories.setdefault(channel.name, {})
        return kind.open_account(channel, self.secret(channel.name), self.http, self.clock, memory)
