"""What was pushed to each channel, how far its orders were read, and how fast it may be called."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Protocol

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.drift import Drift
from lastunit.domain.listings.full_coverage import CoverageReport, CoverageRun, CoverageSchedule, CoverageSegment
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Increments
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.domain.listings.order_watermark import Position
from lastunit.domain.listings.push_delays import Delays
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.listings.units_at_risk import AtRisk
from lastunit.domain.orders.order import Order


class Listings(Protocol):
    """What was pushed to each channel, and who may push it next: one writer per listing."""

    def view(self, sku: str) -> SkuView | None: ...

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]: ...

    def read(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        """Those that exist."""
        ...

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        """Become the one writer of those; a listing that another writes now is looked at again by that one."""
        ...

    def book(self, rows: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        """Keep what is about to be sent, still claimed.

        Left out: those whose claim was lost, or whose grant does not hold.
        """
        ...

    def close(self, rows: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        """Keep what came of it and end the claims. Those that something changed for meanwhile: look again."""
        ...

    def keep_increments(self, before: Listing, increments: Increments) -> bool:
        """Keep increases counted for a listing; False: others were counted meanwhile."""
        ...


class Coverages(Protocol):
    """Runs of full coverage: when they are to start, and that each is begun."""

    def schedule(self, channel: str) -> CoverageSchedule | None: ...

    def put_schedule(self, channel: str, schedule: CoverageSchedule) -> None: ...

    def start(self, run: CoverageRun) -> None:
        """Once: a run of that slot which is there already stays as it is."""
        ...

    def runs(self, channel: str, most: int) -> list[CoverageRun]:
        """Newest first."""
        ...

    def take(self, run: CoverageRun, now: datetime, until: datetime) -> bool:
        """Become the one who begins it, until then. False: it is begun, or another is at it."""
        ...

    def begin(self, run: CoverageRun, *, polled: bool) -> None: ...


class Segments(Protocol):
    """The parts of a run of full coverage."""

    def run(self, channel: str, slot: str) -> CoverageRun | None: ...

    def segment(self, run: CoverageRun, after: str | None) -> CoverageSegment | None: ...

    def segments(self, run: CoverageRun) -> list[CoverageSegment]: ...

    def keep(self, run: CoverageRun, segment: CoverageSegment) -> None:
        """Unless it has its tally: what is counted stays."""
        ...

    def finish(self, run: CoverageRun, report: CoverageReport) -> bool:
        """True once, for the report that is kept."""
        ...


class Watermarks(Protocol):
    """How far each channel's orders are known to be imported, in numbers of polls."""

    def begun(self, channel: str) -> int:
        """The last number taken. Read after a listing was observed: a poll with a higher one has asked later."""
        ...

    def done(self, channel: str) -> int:
        """What was observed when fewer polls than this had begun is covered: all sold until then is imported."""
        ...


class RateLimit(Protocol):
    """The calls to a channel, shared by all workers: its rate limit, its pauses, and a circuit breaker."""

    def ask(self, channel: str, limits: Limits, *, high_priority: bool) -> float:
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
    """How far each channel's list of orders was read, and what waits for that.

    The rules are those of `domain/listings/order_watermark.py`.
    """

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

    def awaiting_poll(self, channel: str, before: int) -> Iterable[ListingKey]:
        """Listings whose exposure waits for a finished poll of a number above theirs, which is below `before`."""
        ...


class Drifts(Protocol):
    """Listings that show another number than was pushed to them."""

    def of(self, channel: str) -> tuple[Drift, ...]: ...

    def find(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Drift]: ...

    def keep(self, drift: Drift) -> bool:
        """And freeze the listing where its kind says so. False: another number was pushed meanwhile."""
        ...

    def decide(self, drift: Drift) -> None:
        """Keep what was decided and let the listing be pushed again. Raises Conflict when it was decided before."""
        ...

    def clear(self, key: ListingKey) -> None:
        """It shows what was pushed; nothing keeps it from being pushed more."""
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
