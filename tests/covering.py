"""Stand-ins for a full coverage: runs and segments with their conditions, in memory, and a channel to tell."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lastunit.cover import AskForCoverage, Covered, CoverListings, RunFullCoverage
from lastunit.domain.channels import Channel, Sync
from lastunit.domain.coverage import Report, Run, Schedule, Segment
from lastunit.domain.errors import LastunitError
from lastunit.domain.groups import ListingKey
from lastunit.poll import Polled
from lastunit.pushing import Done, Result, Task
from tests.fakes import FakeSettings, FixedClock

Message = Mapping[str, object]
Trouble = Callable[[str], Result | None]
"""Listing name → what comes of telling it, None: nothing befalls it."""

EVENING = datetime(2026, 11, 20, 20, tzinfo=UTC)
SLOT = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
DAILY = Channel("web", "generic", sync=Sync.TIMED_FULL, full_at="03:30")
ALL = list("abcdefgh")


def first_message(run: str = SLOT.isoformat()) -> Message:
    return {"channel": "web", "run": run, "after": None}


@dataclass(slots=True)
class FakeCoverages:
    """The conditions of those in DynamoDB."""

    schedules: dict[str, Schedule] = field(default_factory=dict)
    rows: dict[tuple[str, str], Run] = field(default_factory=dict)
    taken: dict[str, datetime] = field(default_factory=dict)
    parts: dict[tuple[str, str | None], Segment] = field(default_factory=dict)

    def schedule(self, channel: str) -> Schedule | None:
        return self.schedules.get(channel)

    def put_schedule(self, channel: str, schedule: Schedule) -> None:
        self.schedules[channel] = schedule

    def start(self, run: Run) -> None:
        self.rows.setdefault((run.channel, run.slot), run)

    def run(self, channel: str, slot: str) -> Run | None:
        return self.rows.get((channel, slot))

    def runs(self, channel: str, most: int) -> list[Run]:
        return [run for key, run in sorted(self.rows.items(), reverse=True) if key[0] == channel][:most]

    def take(self, run: Run, now: datetime, until: datetime) -> bool:
        if self.rows[run.channel, run.slot].begun or self.taken.get(run.slot, now) > now:
            return False
        self.taken[run.slot] = until
        return True

    def begin(self, run: Run, *, polled: bool) -> None:
        key = run.channel, run.slot
        self.rows[key] = replace(self.rows[key], begun=True, polled=polled)

    def segment(self, run: Run, after: str | None) -> Segment | None:
        return self.parts.get((run.slot, after))

    def segments(self, run: Run) -> list[Segment]:
        return [one for (slot, _), one in self.parts.items() if slot == run.slot]

    def keep(self, run: Run, segment: Segment) -> None:
        kept = self.parts.get((run.slot, segment.after))
        if kept is None or kept.tally is None:
            self.parts[run.slot, segment.after] = segment

    def finish(self, run: Run, report: Report) -> bool:
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
        return [(name, channel, name) for name in names], names[-1] if len(left) > len(names) else None


@dataclass(slots=True)
class FakePush:
    """Tells everything once per run. `trouble` answers otherwise; `crashes` befall the next calls, one each."""

    trouble: Trouble = lambda name: None
    crashes: list[Callable[[], None] | None] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    asked: list[Task] = field(default_factory=list)

    def __call__(self, tasks: Iterable[Task]) -> dict[ListingKey, Result]:
        asked = list(tasks)
        self.asked += asked
        results = {task.key: self._tell(task.key[2]) for task in asked}
        if self.crashes and (crash := self.crashes.pop(0)):
            crash()
        return results

    def _tell(self, name: str) -> Result:
        if trouble := self.trouble(name):
            return trouble
        if name in self.told:
            return Done(skipped=True)
        self.told.append(name)
        return Done(acknowledged=True)


@dataclass(slots=True)
class Sent:
    messages: list[Message] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    def take(self) -> list[Message]:
        taken, self.messages = self.messages, []
        return taken


class Killed(BaseException):
    """The worker ends in the middle of its work: nothing may catch this."""


def killed() -> None:
    raise Killed


@dataclass(slots=True)
class Night:
    """One channel, `web`, with listings a to h in segments of three, and a clock."""

    channel: Channel
    clock: FixedClock
    listings: NamedListings = field(default_factory=lambda: NamedListings(set(ALL)))
    coverages: FakeCoverages = field(default_factory=FakeCoverages)
    push: FakePush = field(default_factory=FakePush)
    queue: Sent = field(default_factory=Sent)
    pushes: Sent = field(default_factory=Sent)
    polled: list[str] = field(default_factory=list)
    poll_errors: list[LastunitError] = field(default_factory=list)

    @property
    def settings(self) -> FakeSettings:
        return FakeSettings({"web": self.channel}, ())

    @property
    def ask(self) -> AskForCoverage:
        return AskForCoverage(self.coverages, self.coverages, self.settings, self.clock)

    @property
    def cover(self) -> CoverListings:
        return CoverListings(
            self.coverages,
            self.settings,
            self.listings,  # type: ignore[arg-type]  # Of listings it needs but the pages.
            self.push,
            self.pushes,
            self.queue,
            self.clock,
        )

    def minute(self) -> list[Run]:
        """What is done every minute."""
        return RunFullCoverage(self.coverages, self.settings, self._poll, self.queue, self.clock)()

    def start(self) -> Run:
        """By hand, with its first segment on the queue."""
        self.ask.start("web")
        [run] = self.minute()
        return run

    def work(self, message: Message, *, patient: bool = True) -> Covered:
        channel, slot, after = (message[name] for name in ("channel", "run", "after"))
        assert isinstance(channel, str)
        assert isinstance(slot, str)
        assert after is None or isinstance(after, str)
        return self.cover(channel, slot, after, patient=patient)

    def work_off(self) -> list[Covered]:
        """As the queue does: until it is empty."""
        done = list[Covered]()
        while messages := self.queue.take():
            done += [self.work(message) for message in messages]
        return done

    def _poll(self, channel: str) -> Polled:
        self.polled.append(channel)
        if self.poll_errors:
            raise self.poll_errors.pop(0)
        return Polled(ended=True)
