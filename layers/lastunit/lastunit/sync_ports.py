"""What telling channels needs: who was told what, how far orders were read, and at which pace to call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from lastunit.domain.coverage import Report, Run, Schedule, Segment
from lastunit.domain.delays import Delays
from lastunit.domain.drift import Drift
from lastunit.domain.exposure import Listing, Rises
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import LevelKey
from lastunit.domain.orders import Order
from lastunit.domain.polling import Position
from lastunit.domain.pushes import Limits
from lastunit.domain.risk import AtRisk
from lastunit.domain.stock_view import SkuView


@dataclass(frozen=True, slots=True)
class Grant:
    """Room given to a listing, on these conditions: of each stocked SKU nobody was granted room since (`grants`
    counts how often), and each level still has at least as many units available as were seen.
    """

    grants: Mapping[str, int]
    levels: Mapping[LevelKey, int]

    @property
    def size(self) -> int:
        return len(self.grants) + len(self.levels)


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
