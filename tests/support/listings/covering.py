"""Stand-ins for a full coverage: runs and segments with their conditions, in memory, and a channel to tell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.full_coverage import CoverageReport, CoverageRun, CoverageSchedule, CoverageSegment
from lastunit.ports.system import Message
from lastunit.use_cases.listings.ask_for_coverage import AskForCoverage
from lastunit.use_cases.listings.cover_listings import CoverageSoFar, CoverListings
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask
from lastunit.use_cases.listings.run_full_coverage import RunFullCoverage
from lastunit.use_cases.messages import CoverSegmentMessage
from lastunit.use_cases.orders.poll_channels import Polled
from tests.support.clock import FakeClock
from tests.support.killed import WorkerKilled
from tests.support.settings import FakeSettings
from tests.support.unexpected import raise_again

PushFailure = Callable[[str], PushResult | None]
"""Listing name → what comes of telling it, None: nothing befalls it."""

EVENING = datetime(2026, 11, 20, 20, tzinfo=UTC)
SLOT = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
DAILY = Channel(name="web", kind="generic", sync=Sync.TIMED_FULL, full_at="03:30")
ALL = list("abcdefgh")


def first_message(run: str = SLOT.isoformat()) -> CoverSegmentMessage:
    return CoverSegmentMessage(channel="web", run=run)


@dataclass(slots=True)
class FakeCoverages:
    """The conditions of those in DynamoDB."""

    schedules: dict[str, CoverageSchedule] = field(default_factory=dict)
    rows: dict[tuple[str, str], CoverageRun] = field(default_factory=dict)
    taken: dict[str, datetime] = field(default_factory=dict)
    parts: dict[tuple[str, str | None], CoverageSegment] = field(default_factory=dict)

    def schedule(self, channel: str) -> CoverageSchedule | None:
        return self.schedules.get(channel)

    def put_schedule(self, channel: str, schedule: CoverageSchedule) -> None:
        self.schedules[channel] = schedule

    def start(self, run: CoverageRun) -> None:
        self.rows.setdefault((run.channel, run.slot), run)

    def run(self, channel: str, slot: str) -> CoverageRun | None:
        return self.rows.get((channel, slot))

    def runs(self, channel: str, most: int) -> list[CoverageRun]:
        return [run for key, run in sorted(self.rows.items(), reverse=True) if key[0] == channel][:most]

    def take(self, run: CoverageRun, now: datetime, until: datetime) -> bool:
        if self.rows[run.channel, run.slot].begun or self.taken.get(run.slot, now) > now:
            return False
        self.taken[run.slot] = until
        return True

    def begin(self, run: CoverageRun, *, polled: bool) -> None:
        key = run.channel, run.slot
        self.rows[key] = replace(self.rows[key], begun=True, polled=polled)

    def segment(self, run: CoverageRun, after: str | None) -> CoverageSegment | None:
        return self.parts.get((run.slot, after))

    def segments(self, run: CoverageRun) -> list[CoverageSegment]:
        return [one for (slot, _), one in self.parts.items() if slot == run.slot]

    def keep(self, run: CoverageRun, segment: CoverageSegment) -> None:
        kept = self.parts.get((run.slot, segment.after))
        if kept is None or kept.counts is None:
            self.parts[run.slot, segment.after] = segment

    def finish(self, run: CoverageRun, report: CoverageReport) -> bool:
        key = run.channel, run.slot
        if self.rows[key].report:
            return False
        self.rows[key] = replace(self.rows[key], report=report)
        return True


@dataclass(slots=True)
class NamedListings:
    """Listings of a channel by name, in pages as small as a test can count."""

    names: set[str]
    page_size: int = 3

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        left = sorted(name for name in self.names if name > (after or ""))
        names = left[: self.page_size]
        return [ListingKey(name, channel, name) for name in names], names[-1] if len(left) > len(names) else None


@dataclass(slots=True)
class FakePush:
    """Tells everything once per run. `failure` answers otherwise; `crashes` befall the next calls, one each."""

    failures: PushFailure = lambda name: None
    crashes: list[Callable[[], None] | None] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)
    asked: list[PushTask] = field(default_factory=list)

    def __call__(self, tasks: Iterable[PushTask]) -> dict[ListingKey, PushResult]:
        asked = list(tasks)
        self.asked += asked
        results = {task.key: self._tell(task.key[2]) for task in asked}
        if self.crashes and (crash := self.crashes.pop(0)):
            crash()
        return results

    def _tell(self, name: str) -> PushResult:
        if failure := self.failures(name):
            return failure
        if name in self.pushed:
            return Finished(skipped=True)
        self.pushed.append(name)
        return Finished(acknowledged=True)


@dataclass(slots=True)
class CoverageQueue:
    messages: list[Any] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    def take(self) -> list[Any]:
        taken, self.messages = self.messages, []
        return taken


def killed() -> None:
    raise WorkerKilled


@dataclass(slots=True)
class CoverageShop:
    """One channel, `web`, with listings a to h in segments of three, and a clock."""

    channel: Channel
    clock: FakeClock
    listings: NamedListings = field(default_factory=lambda: NamedListings(set(ALL)))
    coverages: FakeCoverages = field(default_factory=FakeCoverages)
    push: FakePush = field(default_factory=FakePush)
    queue: CoverageQueue = field(default_factory=CoverageQueue)
    pushes: CoverageQueue = field(default_factory=CoverageQueue)
    polled: list[str] = field(default_factory=list)
    poll_errors: list[LastunitError] = field(default_factory=list)

    @property
    def settings(self) -> FakeSettings:
        return FakeSettings({"web": self.channel}, ())

    @property
    def ask(self) -> AskForCoverage:
        return AskForCoverage(
            coverages=self.coverages, segments=self.coverages, settings=self.settings, clock=self.clock
        )

    @property
    def cover(self) -> CoverListings:
        return CoverListings(
            segments=self.coverages,
            settings=self.settings,
            listings=self.listings,  # type: ignore[arg-type]  # Of listings it needs but the pages.
            push=self.push,
            pushes=self.pushes,
            queue=self.queue,
            clock=self.clock,
        )

    def minute(self) -> list[CoverageRun]:
        """What is done every minute."""
        begun = RunFullCoverage(
            coverages=self.coverages,
            settings=self.settings,
            poll=self._poll,
            queue=self.queue,
            clock=self.clock,
            report_error=raise_again,
        ).run()["web"]
        if isinstance(begun, LastunitError):
            raise begun
        return begun

    def start(self) -> CoverageRun:
        """By hand, with its first segment on the queue."""
        self.ask.start("web")
        [run] = self.minute()
        return run

    def work(self, message: CoverSegmentMessage, *, patient: bool = True) -> CoverageSoFar:
        return self.cover.cover(message.channel, message.run, message.after, patient=patient)

    def work_off(self) -> list[CoverageSoFar]:
        """As the queue does: until it is empty."""
        done = list[CoverageSoFar]()
        while messages := self.queue.take():
            done += [self.work(message) for message in messages]
        return done

    def _poll(self, channel: str) -> Polled:
        self.polled.append(channel)
        if self.poll_errors:
            raise self.poll_errors.pop(0)
        return Polled(ended=True)
