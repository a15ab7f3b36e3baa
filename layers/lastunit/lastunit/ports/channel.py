"""What channels can do, each ability a protocol of its own. See docs/adding-a-channel.md.

A channel's kind declares its capabilities, and a use case asks for the one it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from lastunit.domain.listings.push_protocol import Delta, Form, Limits, ListingResult, Push, Target
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.snapshot import Notification


class Capability(StrEnum):
    """What a kind of channel can do; PROTOCOLS names the protocol of each."""

    WEBHOOKS = "webhooks"
    ORDERS = "orders"
    QUANTITIES = "quantities"
    ADJUSTMENTS = "adjustments"
    STOCK = "stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """An HTTPS request as it arrived: header names in lower case, `body` the raw bytes that were signed."""

    method: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersPage:
    """`unreadable`: orders that could not be understood, as (external id, why). `next`: None on the last page.

    `latest`: when the last of them was changed, by the channel's clock; None on an empty page.
    """

    events: tuple[ChannelEvent, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    next: str | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLevel:
    """How many units of an item the channel counts at one of its places, both by the channel's own names."""

    name: str
    place: str
    on_hand: int
    at: datetime  # When it was counted, by the channel's clock.


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsPage:
    """`cursor`: where the next call goes on. `more`: it has something to tell already."""

    levels: tuple[ReportedLevel, ...]
    cursor: str
    more: bool = False


@runtime_checkable
class WebhookSource(Protocol):
    """A channel that calls by itself when something happened there."""

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        """The answer to the channel's ownership check, None when the channel has none."""
        ...

    def verify(self, request: WebhookRequest) -> None:
        """Raises BadSignature unless the raw body was signed with an active secret."""
        ...

    def parse(self, request: WebhookRequest) -> Notification | None:
        """The envelope of a verified request; None when it asks for nothing (a test, another topic).

        Raises InvalidInput naming the field when even the envelope is not there.
        """
        ...


@runtime_checkable
class OrderSource(Protocol):
    """A channel that tells its orders and shipments.

    Troubles of a whole call are raised: Throttled, NotSent, OutcomeUnknown, ChannelUnavailable.
    """

    limits: Limits

    def orders(self, notification: Notification) -> Sequence[ChannelEvent]:
        """Orders and shipments a notification speaks of, fetched where the payload is thin; none: nothing to apply.

        Raises UnreadableOrder when their content cannot be understood.
        """
        ...

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        """Orders and shipments changed at or after `since`, by the channel's clock, oldest change first.

        A page at a time: `page` is what the page before named as `next`, None for the first.
        """
        ...


@runtime_checkable
class QuantityTarget(Protocol):
    """A channel that shows a quantity per listing and takes a new one.

    Troubles of a whole call are raised: Throttled, NotSent, OutcomeUnknown, ChannelUnavailable. What concerns one
    listing comes back per listing, in the order asked.
    """

    form: Form  # of its absolute numbers
    batch_max: int  # the most listings one call of read, write or adjust carries
    limits: Limits

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        """What the channel shows now, at most `batch_max` targets."""
        ...

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        """Tell the channel, at most `batch_max` pushes. Shown.quantity is what it acknowledged."""
        ...


@runtime_checkable
class QuantityAdjuster(Protocol):
    """A quantity target that takes deltas too, each applied once by its key. Raises as QuantityTarget does."""

    def adjust(self, deltas: Sequence[Delta]) -> list[ListingResult]:
        """Change its numbers, at most `batch_max` deltas; the same key again changes nothing more.

        Shown.quantity is the number that resulted.
        """
        ...


@runtime_checkable
class StockSource(Protocol):
    """A point of sale that is the system of record: the hub's levels follow what it counts."""

    limits: Limits

    def levels_since(self, cursor: str | None) -> LevelsPage:
        """Levels changed since the cursor of the page before, oldest change first; None: all there are.

        A level told twice is the same level. Raises as OrderSource does.
        """
        ...


PROTOCOLS: Mapping[Capability, type] = {
    Capability.WEBHOOKS: WebhookSource,
    Capability.ORDERS: OrderSource,
    Capability.QUANTITIES: QuantityTarget,
    Capability.ADJUSTMENTS: QuantityAdjuster,
    Capability.STOCK: StockSource,
}
