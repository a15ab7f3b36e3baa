"""What the use cases need from the outside world. Adapters and channel modules implement it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from lastunit.domain.announcing import Announcement
from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.coverage import Report, Run, Schedule, Segment
from lastunit.domain.delays import Delays
from lastunit.domain.drift import Drift
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.exposure import Listing, Rises
from lastunit.domain.facts import Told
from lastunit.domain.groups import Group, ListingKey
from lastunit.domain.ledger import LevelEntry, OrderEntry
from lastunit.domain.levels import Bin, Level, LevelKey, Operation
from lastunit.domain.orders import Order
from lastunit.domain.outgoing import OutgoingWebhook
from lastunit.domain.polling import Position
from lastunit.domain.pushes import Answer, Delta, Form, Limits, Push, Target
from lastunit.domain.replenishing import Task
from lastunit.domain.risk import AtRisk
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


class StockReader(Protocol):
    """Every read is consistent."""

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        """Those of the SKUs that exist."""
        ...

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        """Those of the levels that exist."""
        ...


class StockBook(StockReader, Protocol):
    """The store of stock and orders. Every write is conditional."""

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        """Those of the orders that exist, by order id."""
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

    def revision(self) -> int:
        """Grows with every change of any channel; to be read before the channels that a change is decided on."""
        ...

    def put_channel(self, channel: Channel, revision: int, at: datetime) -> None:
        """Also kept as a version. Raises Contention if any channel changed since the revision was read."""
        ...

    def versions(self, channel: str, most: int) -> list[tuple[Channel, str]]:
        """The last versions of its settings, newest first, each with the time it was stored."""
        ...

    def put_listing(
        self,
        channel: str,
        listing: Alias,
        refs: Mapping[str, str],
        before: Alias | None,
        override: Mapping[str, int] | None = None,
    ) -> None: ...

    def put_alias(self, channel: str, alias: Alias, before: Alias | None) -> None: ...


class Movements(Protocol):
    def move(self, operation: Operation, at: datetime) -> bool:
        """All of it or nothing; False when this operation id was done before."""
        ...

    def put_bin(self, sku: str, location: str, bin: Bin) -> None: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """Room given to a listing, on these conditions: of each stocked SKU nobody was granted room since (`grants`
    counts how often), and each level still has at least as many units available as were seen.
    """

    grants: Mapping[str, int]
    levels: Mapping[LevelKey, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """A claimed listing's row as it was read, and as it shall be. Sales, ids and increases are others' to write."""

    before: Listing
    after: Listing
    grant: Grant | None = None


class Listings(Protocol):
    """What each channel was told, and who may tell it next: one writer per listing."""

    def view(self, sku: str) -> SkuView | None: ...

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]: ...

    def rows(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        """Those that exist."""
        ...

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        """Become the one writer of those; a listing that another writes now is looked at again by that one."""
        ...

    def book(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        """Keep what is about to be sent, still claimed.

        Left out: those whose claim was lost, or whose grant does not hold.
        """
        ...

    def close(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        """Keep what came of it and end the claims. Those that something changed for meanwhile: look again."""
        ...

    def rise(self, before: Listing, rises: Rises) -> bool:
        """Keep increases counted for a listing; False: others were counted meanwhile."""
        ...


class Coverages(Protocol):
    """Runs of full coverage: when they are to start, and that each is begun."""

    def schedule(self, channel: str) -> Schedule | None: ...

    def put_schedule(self, channel: str, schedule: Schedule) -> None: ...

    def start(self, run: Run) -> None:
        """Once: a run of that slot which is there already stays as it is."""
        ...

    def runs(self, channel: str, most: int) -> list[Run]:
        """Newest first."""
        ...

    def take(self, run: Run, now: datetime, until: datetime) -> bool:
        """Become the one who begins it, until then. False: it is begun, or another is at it."""
        ...

    def begin(self, run: Run, *, polled: bool) -> None: ...


class Segments(Protocol):
    """The parts of a run of full coverage."""

    def run(self, channel: str, slot: str) -> Run | None: ...

    def segment(self, run: Run, after: str | None) -> Segment | None: ...

    def segments(self, run: Run) -> list[Segment]: ...

    def keep(self, run: Run, segment: Segment) -> None:
        """Unless it has its tally: what is counted stays."""
        ...

    def finish(self, run: Run, report: Report) -> bool:
        """True once, for the report that is kept."""
        ...


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


class Watermarks(Protocol):
    """How far each channel's orders are known to be imported, in numbers of polls."""

    def begun(self, channel: str) -> int:
        """The last number taken. Read after a listing was observed: a poll with a higher one has asked later."""
        ...

    def done(self, channel: str) -> int:
        """What was observed when fewer polls than this had begun is covered: all sold until then is imported."""
        ...


class Pace(Protocol):
    """The calls to a channel, shared by all workers: its rate limit, its pauses, and a circuit breaker."""

    def ask(self, channel: str, limits: Limits, *, urgent: bool) -> float:
        """Seconds to wait before the next call; 0: go, it is counted.

        What is not urgent leaves room for what is.
        """
        ...

    def pause(self, channel: str, seconds: float) -> None:
        """The channel wants no call for so long."""
        ...

    def report(self, channel: str, *, answers: bool) -> None:
        """Does it answer? After some silences in a row it is left alone for a while."""
        ...


class Polls(Watermarks, Protocol):
    """How far each channel's list of orders was read, and what waits for that (`domain/polling.py`)."""

    def begin(self, channel: str) -> Position:
        """Take the next number, `begun` of the answer. To be asked before the channel is."""
        ...

    def save(self, channel: str, before: Position, after: Position) -> bool:
        """Keep a position; False: another poll has saved one since `before`."""
        ...

    def position(self, channel: str) -> Position: ...

    def waiting(self, exceptions: Iterable[str]) -> set[str]:
        """Those of the exceptions that nobody has resolved."""
        ...

    def unsettled(self, channel: str, before: int) -> Iterable[ListingKey]:
        """Listings whose exposure waits for a finished poll of a number above theirs, which is below `before`."""
        ...


class Drifts(Protocol):
    """Listings that show another number than they were told."""

    def of(self, channel: str) -> tuple[Drift, ...]: ...

    def find(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Drift]: ...

    def keep(self, drift: Drift) -> bool:
        """And freeze the listing where its kind says so. False: it was told another number meanwhile."""
        ...

    def decide(self, drift: Drift) -> None:
        """Keep what was decided and let the listing be told again. Raises Conflict when it was decided before."""
        ...

    def clear(self, key: ListingKey) -> None:
        """It shows what it was told; nothing keeps it from being told more."""
        ...


class Risks(Protocol):
    """SKUs with units at risk."""

    def keep(self, units: Mapping[str, int], at: datetime) -> set[str]:
        """SKU → its units at risk now; 0: none any more. Those that this changed."""
        ...

    def all(self) -> Iterable[AtRisk]: ...


class DelayCounts(Protocol):
    """How many pushes of a channel were acknowledged how late, by day."""

    def count(self, channel: str, day: date, delays: Delays) -> None:
        """Add to those of the day, if that can be done now."""
        ...

    def since(self, channel: str, day: date) -> Delays: ...


class PastOrders(Protocol):
    def since(self, at: datetime, most: int, seconds: float) -> tuple[list[Order], bool]:
        """Orders changed since then that are not cancelled; is that all of them?

        Reading ends with `most`, or after so many seconds: what is left out is left out by chance, not by age.
        """
        ...


class Queue(Protocol):
    def send(self, messages: Sequence[Mapping[str, object]]) -> None:
        """All of them are stored when this returns."""
        ...
