"""Timed full coverage: when a channel is overwritten, and how far a run of it has come."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lastunit.domain.channels import Channel, Sync

LATE_MAX = timedelta(hours=24)  # A slot missed for longer is left to the next one.


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
class Schedule:
    """`since`: when the channel was first seen with this timing. No slot before that is caught up."""

    timing: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the listings.

    `changed` were told a number, `unchanged` show it already, `skipped` were told a newer one since the run began.
    `failed` were put back among the ordinary pushes, or refused for good (their last error says why).
    """

    listings: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.listings + other.listings,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.skipped + other.skipped,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """Listings with names above `after`, up to `next` (None: the last segment of its run).

    `told`: how many of them earlier attempts have told. Without a `tally` it is not done.
    """

    after: str | None
    next: str | None
    told: int = 0
    tally: Tally | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """`segments` are those that are done."""

    segments: int
    tally: Tally
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has come to: in the end, or so far."""

    seconds: int
    segments: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class Run:
    """One overwrite of a whole channel. Its `slot` names it: the hour it is for, or the moment a person asked.

    What a listing was told after `started_at` is newer than this run. `begun`: its first segment is on the queue.
    `polled` False: the channel's orders could not be polled before it.
    """

    channel: str
    slot: str
    started_at: str
    begun: bool = False
    polled: bool = False
    report: Report | None = None


def progress(segments: Iterable[Segment]) -> Progress:
    """Along the chain from the first listing on. What a doubled message has begun beside it counts for nothing."""
    found = {one.after: one for one in segments}
    chain, one = list[Segment](), found.get(None)
    while one is not None:
        chain.append(one)
        one = None if one.next is None else found.get(one.next)
    tallies = [one.tally for one in chain if one.tally is not None]
    is_complete = bool(chain) and chain[-1].next is None and len(tallies) == len(chain)
    return Progress(len(tallies), sum(tallies, Tally()), is_complete)
