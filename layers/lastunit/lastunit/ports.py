"""What the use cases need from the outside world. Adapters and channel modules implement it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lastunit.domain.announcing import Announcement
from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.exposure import LastError
from lastunit.domain.facts import Told
from lastunit.domain.groups import Group, ListingKey
from lastunit.domain.ledger import LevelEntry, OrderEntry
from lastunit.domain.levels import Bin, Level, LevelKey, Operation
from lastunit.domain.orders import Order
from lastunit.domain.outgoing import OutgoingWebhook
from lastunit.domain.pushes import Answer, Delta, Form, Limits, Push, Shown, Target
from lastunit.domain.replenishing import Task
from lastunit.domain.snapshots import Notification
from lastunit.domain.stock_view import SkuView


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """An HTTPS request as it arrived: header names in lower case, `body` the raw bytes that were signed."""

    method: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        """One attempt, no redirects, within the timeouts of the deployment.

        Raises NotSent when nothing left this side, OutcomeUnknown when no complete answer came.
        """
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """`unreadable`: orders that could not be understood, as (external id, why). `next`: None on the last page.

    `latest`: when the last of them was changed, by the channel's clock; None on an empty page.
    """

    told: tuple[Told, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    next: str | None = None
    latest: datetime | None = None


class ChannelApi(Protocol):
    """One channel account. Built per call from its settings, its secret and an HTTP client.

    Whole-call troubles are raised: Throttled, NotSent, OutcomeUnknown, ChannelUnavailable. What concerns one
    listing comes back per listing, in the order asked.
    """

    form: Form  # of its absolute numbers
    adjusts: bool  # does it take deltas, each applied once by its key?
    batch_max: int  # the most listings one call of read, write or adjust carries
    limits: Limits

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

    def facts(self, notification: Notification) -> Sequence[Told]:
        """Orders and shipments a notification speaks of, fetched where the payload is thin; none: nothing to apply.

        Raises UnreadableOrder when their content cannot be understood.
        """
        ...

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        """What the channel shows now, at most `batch_max` targets."""
        ...

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        """Tell the channel, at most `batch_max` pushes. Shown.quantity is what it acknowledged."""
        ...

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        """Change its numbers, at most `batch_max` deltas; the same key again changes nothing more.

        Shown.quantity is the number that resulted. Raises NotImplementedError unless `adjusts`.
        """
        ...

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        """Orders and shipments changed at or after `since`, by the channel's clock, oldest change first.

        A page at a time: `page` is what the page before named as `next`, None for the first.
        """
        ...


class StockBook(Protocol):
    """The store of stock and orders. Every read is consistent, every write conditional."""

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        """Those of the orders that exist, by order id."""
        ...

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        """Those of the SKUs that exist."""
        ...

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        """Those of the levels that exist."""
        ...

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        """Orders of the channel held as exceptions with a line of one of these names, as far as the index knows."""
        ...

    def queue_for(self, sku: str, most: int) -> list[str]:
        """The orders that wait for units of a SKU, first come first."""
        ...

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        """Orders whose clock (`decision` or `payment`) runs out before then, as far as the index knows."""
        ...

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        """Write a group, all or nothing, exactly once however often it is asked with one `commit_id`.

        Raises CommitRefused, OutcomeUnknown, or Unwritable when the group can never be written as it is.
        """
        ...


class Settings(Protocol):
    """Channels, their aliases, and the locations."""

    def channel(self, name: str) -> Channel | None: ...

    def channels(self) -> tuple[str, ...]:
        """The names of all channels."""
        ...

    def locations(self) -> tuple[Location, ...]: ...

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        """Those of the channel's names that are aliases."""
        ...


class Exceptions(Protocol):
    def record(self, exception: ExceptionRecord) -> None:
        """Keep it for a person to see. The same id again changes nothing."""
        ...

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> Mapping[str, object]:
        """It waits no more; the notification it was made of. Raises NotFound, or Conflict when it was resolved."""
        ...


class Catalogue(Protocol):
    """Writing what is sold, where and under which names. Raises NotFound, Conflict or InvalidInput."""

    def put_sku(self, sku: Sku, before: Sku | None) -> None: ...

    def put_location(self, location: Location) -> None: ...

    def put_channel(self, channel: Channel) -> None: ...

    def put_listing(self, channel: str, listing: Alias, refs: Mapping[str, str], before: Alias | None) -> None: ...

    def put_alias(self, channel: str, alias: Alias, before: Alias | None) -> None: ...


class Movements(Protocol):
    def move(self, operation: Operation, at: datetime) -> bool:
        """All of it or nothing; False when this operation id was done before."""
        ...

    def put_bin(self, sku: str, location: str, bin: Bin) -> None: ...


class Listings(Protocol):
    """What each channel was told, and who may tell it next: one writer per listing."""

    def view(self, sku: str) -> SkuView | None: ...

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]: ...

    def claim(self, key: ListingKey, worker: str, now: datetime, until: datetime) -> bool: ...

    def sending(self, key: ListingKey, worker: str, quantity: int, sold: int, read: Shown | None) -> bool: ...

    def acknowledged(
        self, key: ListingKey, worker: str, quantity: int, sold: int, version: str | None, now: datetime
    ) -> bool: ...

    def release(self, key: ListingKey, worker: str, error: LastError | None, settled: bool) -> bool: ...


class Ledger(Protocol):
    def write(self, entry: LevelEntry | OrderEntry) -> None:
        """Once: an entry that is there already stays as it is."""
        ...


class Tasks(Protocol):
    """What people are asked to do about stock. `seq` is the level's own: an older one changes nothing."""

    def open(self, task: Task, seq: int, at: str) -> None:
        """Keep it, or its new quantity; it waits since it was opened first."""
        ...

    def close(self, sku: str, location: str, seq: int) -> None: ...

    def is_low(self, sku: str) -> bool:
        """Was it announced that the SKU is low, and not cleared since?"""
        ...

    def keep_low(self, announcement: Announcement) -> None: ...

    def clear_low(self, sku: str) -> None: ...


class EventBus(Protocol):
    def publish(self, announcements: Sequence[Announcement]) -> None:
        """All of them are on the bus when this returns, each at least once."""
        ...


class OutgoingWebhooks(Protocol):
    """The addresses that announcements are sent to."""

    def all(self) -> tuple[OutgoingWebhook, ...]: ...

    def find(self, name: str) -> OutgoingWebhook | None: ...

    def put(self, webhook: OutgoingWebhook) -> None: ...

    def delete(self, name: str) -> bool:
        """False: there was none."""
        ...

    def disable(self, webhook: OutgoingWebhook) -> None:
        """Unless it was changed or deleted meanwhile."""
        ...


class Sign(Protocol):
    def __call__(self, webhook: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers that prove to the receiver who sent this. Raises ChannelUnavailable without a good secret."""
        ...


class Queue(Protocol):
    def send(self, messages: Sequence[Mapping[str, object]]) -> None:
        """All of them are stored when this returns."""
        ...
