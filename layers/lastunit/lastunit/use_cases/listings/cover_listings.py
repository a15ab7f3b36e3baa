"""Use case: one segment of a run of full coverage is overwritten; the last one reports what the run came to."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.errors import Throttled
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.full_coverage import (
    CoverageCounts,
    CoverageReport,
    CoverageRun,
    CoverageSegment,
    may_be_overwritten,
    progress,
    report,
)
from lastunit.ports.listings import Listings, Segments
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask, RetryLater, push_message
from lastunit.use_cases.messages import CoverSegmentMessage

SEGMENT_LISTINGS = 500  # A multiple of every channel's batch (1, 25, 100, 250): no call leaves half full.
WAIT_MAX_SECONDS = 600  # A listing that must wait longer, its changes of today used up, holds up no others.

Push = Callable[[Iterable[PushTask]], Mapping[ListingKey, PushResult]]


@dataclass(frozen=True, slots=True)
class CoverageSoFar:
    """One attempt at a segment. `report`: it was the last one of its run, and this is what the run came to."""

    counts: CoverageCounts
    seconds: float
    report: CoverageReport | None = None

    @property
    def listings_per_second(self) -> float:
        return self.counts.listings / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverListings:
    segments: Segments
    settings: Settings
    listings: Listings
    push: Push
    pushes: Queue
    queue: Queue
    clock: Clock

    def cover(self, channel: str, slot: str, after: str | None, *, patient: bool) -> CoverageSoFar:
        """Overwrite one segment, counted once however often it is asked for.

        Raises Throttled when the channel wants a pause: ask again. Unless `patient`, what is throttled is put back
        among the ordinary pushes instead.
        """
        began = self.clock.now()
        run = self.segments.run(channel, slot)
        if run is None or run.report:
            return CoverageSoFar(CoverageCounts(), 0)
        segment, keys = self._segment(run, after)
        tally = segment.counts or self._overwrite(run, segment, keys, patient=patient)
        return CoverageSoFar(tally, (self.clock.now() - began).total_seconds(), self._finish(run))

    def _segment(self, run: CoverageRun, after: str | None) -> tuple[CoverageSegment, list[ListingKey]]:
        """With those of its listings that are to be pushed."""
        kept = self.segments.segment(run, after)
        if kept is None:
            return self._cut(run, after)
        return kept, [] if kept.counts else self._keys(run, kept)

    def _cut(self, run: CoverageRun, after: str | None) -> tuple[CoverageSegment, list[ListingKey]]:
        """The next one is sent for before this one is begun: two are worked on at once, and neither waits for a
        slow listing. Once kept, the segment sends for no other, however often its message comes."""
        keys, following = self._page(run, after)
        if following is not None:
            self.queue.send([CoverSegmentMessage(channel=run.channel, run=run.slot, after=following)])
        segment = CoverageSegment(after=after, next=following)
        self.segments.keep(run, segment)
        return segment, keys

    def _overwrite(
        self, run: CoverageRun, segment: CoverageSegment, keys: Sequence[ListingKey], *, patient: bool
    ) -> CoverageCounts:
        results = self.push(PushTask(key=key, overwrite=True, not_since=run.started_at) for key in keys)
        tally = _counts(results.values(), segment.pushed_before)
        pause = _longest_wish(results.values())
        if patient and pause is not None:
            self.segments.keep(run, replace(segment, pushed_before=tally.changed))
            raise Throttled(pause)
        again = [key for key, result in results.items() if isinstance(result, RetryLater)]
        if again:
            tasks = [PushTask(key=key, overwrite=True, not_since=run.started_at) for key in again]
            self.pushes.send([push_message(task) for task in tasks])
        self.segments.keep(run, replace(segment, counts=tally))
        return tally

    def _keys(self, run: CoverageRun, segment: CoverageSegment) -> list[ListingKey]:
        """Its listings as they are now: none of those that were added since it was cut pushes another one out."""
        keys, more = self._page(run, segment.after)
        while more is not None and (segment.next is None or more < segment.next):
            further, more = self._page(run, more)
            keys = [*keys, *further]
        return [key for key in keys if segment.next is None or key[2] <= segment.next]

    def _page(self, run: CoverageRun, after: str | None) -> tuple[list[ListingKey], str | None]:
        channel = self.settings.channel(run.channel)
        if channel is None or not may_be_overwritten(channel):
            return [], None  # Switched off meanwhile: the run ends here.
        return self.listings.page(run.channel, after, SEGMENT_LISTINGS)

    def _finish(self, run: CoverageRun) -> CoverageReport | None:
        so_far = progress(self.segments.segments(run))
        if not so_far.is_complete:
            return None
        came_to = report(run, so_far, self.clock.now())
        return came_to if self.segments.finish(run, came_to) else None


def _counts(results: Collection[PushResult], pushed_before: int) -> CoverageCounts:
    """Every listing once. `pushed_before`: by earlier attempts; now they are among the skipped or pushed again."""
    failed = sum(isinstance(one, RetryLater) or one.refused for one in results)
    left = len(results) - failed
    changed = min(left, pushed_before + sum(isinstance(one, Finished) and one.acknowledged for one in results))
    skipped = sum(isinstance(one, Finished) and one.skipped for one in results) - pushed_before
    skipped = max(0, min(left - changed, skipped))
    return CoverageCounts(
        listings=len(results), changed=changed, unchanged=left - changed - skipped, skipped=skipped, failed=failed
    )


def _longest_wish(results: Iterable[PushResult]) -> float | None:
    """The longest pause that the channel wishes; a listing that must wait for hours is not what it speaks of."""
    wishes = [one.seconds for one in results if isinstance(one, RetryLater) and one.seconds is not None]
    return max((seconds for seconds in wishes if seconds <= WAIT_MAX_SECONDS), default=None)
