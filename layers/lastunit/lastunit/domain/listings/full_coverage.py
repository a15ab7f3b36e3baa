"""Timed full coverage: when a channel is overwritten, and how far a run of it has come."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lastunit.domain.channel import Channel, Sync

LATE_MAX = timedelta(hours=24)  # A slot missed for longer is left to the next one.
RUNS_MAX = 10  # So many of a channel are shown, and looked through for one that is not begun.


def slot(channel: Channel, now: datetime) -> datetime | None:
    """The latest instant, in UTC and not after `now`, at which it was `full_at` where the channel is.

    There is one for every local day: the first of the two when the day repeats that time, the first instant after
    the gap when it lacks it. None: the channel has no such time.
    """
    if channel.full_at is None:
        return None
    at, zone = time.fromisoformat(channel.full_at), ZoneInfo(channel.time_zone)
    today = now.astimezone(zone).date()
    # Where clocks are put back over midnight it is today once more after tomorrow has begun.
    days = (today + timedelta(days=ahead) for ahead in (1, 0, -1))
    return max(instant for day in days if (instant := _instant(day, at, zone)) <= now)


def timing(channel: Channel) -> str | None:
    """The time that the channel's automatic runs keep to; None: it has none."""
    if channel.full_at is None or not channel.outbound or not channel.sync.is_automatic:
        return None
    return f"{channel.full_at} {channel.time_zone}"


def may_be_overwritten(channel: Channel) -> bool:
    """At its hour or by hand (rule 1.5-7)."""
    return channel.outbound and channel.sync is not Sync.OFF


def due(channel: Channel, since: datetime, last: datetime | None, now: datetime) -> datetime | None:
    """The slot to run for now; missed ones are caught up by one run.

    `since`: when the channel was first seen with its present timing, `last`: the slot of its last run.
    """
    latest = slot(channel, now)
    if latest is None or latest <= since or now - latest > LATE_MAX:
        return None
    return latest if last is None or last < latest else None


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, at, zone)
    instant = local.astimezone(UTC)
    # Two times of one zone compare by their clocks: a time that a day lacks does not come back as itself.
    if instant.astimezone(zone) == local:
        return instant
    return _end_of_gap(local.replace(fold=1).astimezone(UTC), instant, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between these two at which the clocks were put forward."""
    start, offset = int(before.timestamp()), after.astimezone(zone).utcoffset()
    seconds = range(int(after.timestamp()) - start)
    passed = bisect_left(
        seconds, True, key=lambda second: datetime.fromtimestamp(start + second, zone).utcoffset() == offset
    )
    return datetime.fromtimestamp(start + passed, UTC)


@dataclass(frozen=True, slots=True)
class CoverageSchedule:
    """`since`: when the channel was first seen with this timing. No slot before that is caught up."""

    timing: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCounts:
    """What came of the listings."""

    listings: int = 0
    changed: int = 0
    """A number was pushed to them."""
    unchanged: int = 0
    """They show their number already."""
    skipped: int = 0
    """A newer number was pushed to them since the run began."""
    failed: int = 0
    """They were put back among the ordinary pushes, or refused for good (their last error says why)."""

    def __add__(self, other: "CoverageCounts") -> "CoverageCounts":
        return CoverageCounts(
            listings=self.listings + other.listings,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
            skipped=self.skipped + other.skipped,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageSegment:
    """Listings with names above `after`, up to `next` (None: the last segment of its run).

    `pushed_before`: how many of them earlier attempts have pushed. Without `counts` it is not done.
    """

    after: str | None
    next: str | None
    pushed_before: int = 0
    counts: CoverageCounts | None = None


@dataclass(frozen=True, slots=True)
class CoverageProgress:
    """`segments` are those that are done."""

    segments: int
    counts: CoverageCounts
    is_complete: bool


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What a run has come to: in the end, or so far."""

    seconds: int
    segments: int
    counts: CoverageCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRun:
    """One overwrite of a whole channel. Its `slot` names it: the hour it is for, or the moment a person asked.

    What was pushed to a listing after `started_at` is newer than this run.
    """

    channel: str
    slot: str
    started_at: datetime
    begun: bool = False
    """Its first segment is on the queue."""
    polled: bool = False
    """The channel's orders were polled before it."""
    report: CoverageReport | None = None


def progress(segments: Iterable[CoverageSegment]) -> CoverageProgress:
    """Along the chain from the first listing on. What a doubled message has begun beside it counts for nothing."""
    found = {one.after: one for one in segments}
    chain, one = list[CoverageSegment](), found.get(None)
    while one is not None:
        chain.append(one)
        one = None if one.next is None else found.get(one.next)
    tallies = [one.counts for one in chain if one.counts is not None]
    is_complete = bool(chain) and chain[-1].next is None and len(tallies) == len(chain)
    return CoverageProgress(len(tallies), sum(tallies, CoverageCounts()), is_complete)


def report(run: CoverageRun, so_far: CoverageProgress, now: datetime) -> CoverageReport:
    seconds = round((now - run.started_at).total_seconds())
    return CoverageReport(seconds, so_far.segments, so_far.counts)
