"""Use case: every listing of a channel is overwritten with its number, at the channel's hour or when a person asks.

A run is begun once and goes through the queue segment by segment. Doubled schedules, doubled messages and killed
workers repeat work at worst: what a listing was told since the run began is not told again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.channels import Channel
from lastunit.domain.coverage import (
    Progress,
    Report,
    Run,
    Schedule,
    Segment,
    Tally,
    due,
    may_be_overwritten,
    progress,
    timing,
)
from lastunit.domain.errors import Conflict, LastunitError, NotFound, Throttled
from lastunit.domain.groups import ListingKey
from lastunit.poll import Polled
from lastunit.ports import Clock, Queue, Settings
from lastunit.pushing import Done, Result, Retry, Task
from lastunit.sync_ports import Coverages, Listings, Segments

RUNS_MAX = 10  # So many are shown, and looked through for one that is not begun.
BEGIN_SECONDS = 90  # Longer than the function may run (60 s), so that only a dead one is taken over from.
POLLS_MAX = 2  # The second one after that of every minute, which it has met.
RUN_MINUTES = 60  # A run that takes longer keeps nobody from starting another by hand.
SEGMENT_LISTINGS = 500  # A multiple of every channel's batch (1, 25, 100, 250): no call leaves half full.
WAIT_MAX_SECONDS = 600  # A listing that must wait longer, its changes of today used up, holds up no others.

Push = Callable[[Iterable[Task]], Mapping[ListingKey, Result]]


@dataclass(frozen=True, slots=True)
class RunFullCoverage:
    """`poll` imports what a channel has sold, so that the overwrite does not offer it again."""

    coverages: Coverages
    settings: Settings
    poll: Callable[[str], Polled]
    queue: Queue
    clock: Clock

    def __call__(self) -> list[Run]:
        """The runs that were begun, of all channels."""
        channels = (self.settings.channel(name) for name in self.settings.channels())
        return [run for channel in channels if channel for run in self._begin(channel)]

    def _begin(self, channel: Channel) -> Iterator[Run]:
        now = self.clock.now()
        runs = self.coverages.runs(channel.name, RUNS_MAX)
        if latest := self._due(channel, runs, now):
            runs.insert(0, Run(channel.name, latest.isoformat(), now.isoformat()))
            self.coverages.start(runs[0])
        for run in runs:
            if not run.begun and self.coverages.take(run, now, now + timedelta(seconds=BEGIN_SECONDS)):
                yield self._send_first(run)

    def _due(self, channel: Channel, runs: Sequence[Run], now: datetime) -> datetime | None:
        kept = self.coverages.schedule(channel.name) or Schedule(None, now)
        if kept.timing != timing(channel):
            # What was set just now takes effect at the next slot (rule 1.5-13).
            self.coverages.put_schedule(channel.name, Schedule(timing(channel), now))
            return None
        if kept.timing is None:
            return None
        return due(channel, kept.since, datetime.fromisoformat(runs[0].slot) if runs else None, now)

    def _send_first(self, run: Run) -> Run:
        polled = self._poll(run.channel)
        self.queue.send([_message(run, None)])
        self.coverages.begin(run, polled=polled)
        return replace(run, begun=True, polled=polled)

    def _poll(self, channel: str) -> bool:
        """A channel without an order list, or one that fails now, is overwritten all the same: every push looks for
        unseen sales itself."""
        for _ in range(POLLS_MAX):
            try:
                return self.poll(channel).ended
            except Conflict:
                continue
            except LastunitError:
                return False
        return False


@dataclass(frozen=True, slots=True)
class AskForCoverage:
    """A person starts and watches runs."""

    coverages: Coverages
    segments: Segments
    settings: Settings
    clock: Clock

    def start(self, name: str) -> Run:
        """It is begun within a minute. Raises NotFound, or Conflict where it must not be or one is under way."""
        if not may_be_overwritten(self._channel(name)):
            raise Conflict("the channel is not to be told anything", remedy="turn outbound on, and sync not off")
        now = self.clock.now()
        oldest = (now - timedelta(minutes=RUN_MINUTES)).isoformat()
        for run in self.coverages.runs(name, RUNS_MAX):
            if run.report is None and run.started_at > oldest:
                raise Conflict("a run is under way", run=run.slot, remedy="wait for its report")
        run = Run(name, now.isoformat(), now.isoformat())
        self.coverages.start(run)
        return run

    def runs(self, name: str) -> list[tuple[Run, Report]]:
        """Newest first, each with its report: the last one, or what it has come to so far."""
        self._channel(name)
        return [(run, run.report or self._so_far(run)) for run in self.coverages.runs(name, RUNS_MAX)]

    def _so_far(self, run: Run) -> Report:
        return _report(run, progress(self.segments.segments(run)), self.clock.now())

    def _channel(self, name: str) -> Channel:
        channel = self.settings.channel(name)
        if channel is None:
            raise NotFound("channel", name)
        return channel


@dataclass(frozen=True, slots=True)
class Covered:
    """One attempt at a segment. `report`: it was the last one of its run, and this is what the run came to."""

    tally: Tally
    seconds: float
    report: Report | None = None

    @property
    def listings_per_second(self) -> float:
        return self.tally.listings / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class CoverListings:
    segments: Segments
    settings: Settings
    listings: Listings
    push: Push
    pushes: Queue
    queue: Queue
    clock: Clock

    def __call__(self, channel: str, slot: str, after: str | None, *, patient: bool) -> Covered:
        """Overwrite one segment, counted once however often it is asked for.

        Raises Throttled when the channel wants a pause: ask again. Unless `patient`, what is throttled is put back
        among the ordinary pushes instead.
        """
        began = self.clock.now()
        run = self.segments.run(channel, slot)
        if run is None or run.report:
            return Covered(Tally(), 0)
        segment, keys = self._segment(run, after)
        tally = segment.tally or self._overwrite(run, segment, keys, patient=patient)
        return Covered(tally, (self.clock.now() - began).total_seconds(), self._finish(run))

    def _segment(self, run: Run, after: str | None) -> tuple[Segment, list[ListingKey]]:
        """With those of its listings that are to be told."""
        kept = self.segments.segment(run, after)
        if kept is None:
            return self._cut(run, after)
        return kept, [] if kept.tally else self._keys(run, kept)

    def _cut(self, run: Run, after: str | None) -> tuple[Segment, list[ListingKey]]:
        """The next one is sent for before this one is begun: two are worked on at once, and neither waits for a
        slow listing. Once kept, the segment sends for no other, however often its message comes."""
        keys, following = self._page(run, after)
        if following is not None:
            self.queue.send([_message(run, following)])
        segment = Segment(after, following)
        self.segments.keep(run, segment)
        return segment, keys

    def _overwrite(self, run: Run, segment: Segment, keys: Sequence[ListingKey], *, patient: bool) -> Tally:
        results = self.push(Task(key, overwrite=True, not_since=run.started_at) for key in keys)
        tally = _tally(results.values(), segment.told)
        pause = _pause_seconds(results.values())
        if patient and pause is not None:
            self.segments.keep(run, replace(segment, told=tally.changed))
            raise Throttled(pause)
        again = [key for key, result in results.items() if isinstance(result, Retry)]
        if again:
            self.pushes.send([_task_message(key, run) for key in again])
        self.segments.keep(run, replace(segment, tally=tally))
        return tally

    def _keys(self, run: Run, segment: Segment) -> list[ListingKey]:
        """Its listings as they are now: none of those that were added since it was cut pushes another one out."""
        keys, more = self._page(run, segment.after)
        while more is not None and (segment.next is None or more < segment.next):
            further, more = self._page(run, more)
            keys = [*keys, *further]
        return [key for key in keys if segment.next is None or key[2] <= segment.next]

    def _page(self, run: Run, after: str | None) -> tuple[list[ListingKey], str | None]:
        channel = self.settings.channel(run.channel)
        if channel is None or not may_be_overwritten(channel):
            return [], None  # Switched off meanwhile: the run ends here.
        return self.listings.page(run.channel, after, SEGMENT_LISTINGS)

    def _finish(self, run: Run) -> Report | None:
        so_far = progress(self.segments.segments(run))
        if not so_far.is_complete:
            return None
        report = _report(run, so_far, self.clock.now())
        return report if self.segments.finish(run, report) else None


def _tally(results: Collection[Result], told: int) -> Tally:
    """Every listing once. `told`: by earlier attempts, so that now they are among the skipped or told again."""
    failed = sum(isinstance(one, Retry) or one.refused for one in results)
    left = len(results) - failed
    changed = min(left, told + sum(isinstance(one, Done) and one.acknowledged for one in results))
    skipped = sum(isinstance(one, Done) and one.skipped for one in results) - told
    skipped = max(0, min(left - changed, skipped))
    return Tally(len(results), changed, left - changed - skipped, skipped, failed)


def _pause_seconds(results: Iterable[Result]) -> float | None:
    """The longest pause that the channel wishes; a listing that must wait for hours is not what it speaks of."""
    wishes = [one.seconds for one in results if isinstance(one, Retry) and one.seconds is not None]
    return max((seconds for seconds in wishes if seconds <= WAIT_MAX_SECONDS), default=None)


def _report(run: Run, so_far: Progress, now: datetime) -> Report:
    seconds = round((now - datetime.fromisoformat(run.started_at)).total_seconds())
    return Report(seconds, so_far.segments, so_far.tally)


def _message(run: Run, after: str | None) -> dict[str, object]:
    return {"channel": run.channel, "run": run.slot, "after": after}


def _task_message(key: ListingKey, run: Run) -> dict[str, object]:
    sku, channel, listing = key
    task = {"sku": sku, "channel": channel, "listing": listing}
    return task | {"overwrite": True, "not_since": run.started_at}
