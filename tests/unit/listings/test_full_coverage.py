"""When a channel's daily overwrite is due, whatever its clocks do, and how far a run has come."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.listings.full_coverage import (
    CoverageCounts,
    CoverageProgress,
    CoverageSegment,
    due,
    may_be_overwritten,
    progress,
    slot,
    timing,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ZONES = ("UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe")
"""Whole and half hours; clocks that change by an hour or by half of one, by night or, until 2011, at midnight."""

SUMMER, WINTER = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)


def daily(full_at: str | None = "03:30", zone: str = "UTC", sync: Sync = Sync.TIMED_FULL) -> Channel:
    return Channel(name="web", kind="generic", sync=sync, full_at=full_at, time_zone=zone)


def at(text: str) -> datetime:
    """2026-03-29T01:00 → that instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def days_of_change(zone: str, year: int) -> tuple[date, ...]:
    """The local days on which the clocks were changed, and their neighbours."""
    noons = [datetime.combine(date(year, 1, 2) + number * DAY, time(12), ZoneInfo(zone)) for number in range(362)]
    changed = [noon.date() for noon in noons if noon.utcoffset() != (noon - DAY).utcoffset()]
    return tuple(day + number * DAY for day in changed for number in (-1, 0, 1))


@st.composite
def moments(draw: st.DrawFn) -> tuple[Channel, datetime]:
    """A channel and a moment, mostly near a change of its clocks and close to its hour."""
    zone, year = draw(st.sampled_from(ZONES)), draw(st.integers(1990, 2037))
    anywhere = st.dates(date(year, 1, 2), date(year, 12, 30))
    days = days_of_change(zone, year)
    day = draw(st.sampled_from(days) | anywhere) if days else draw(anywhere)
    minutes = draw(st.integers(0, 4 * 60) | st.integers(0, 24 * 60 - 1))
    near = draw(st.integers(-3 * 60 * 60, 3 * 60 * 60) | st.integers(0, 24 * 60 * 60))
    full_at = f"{minutes // 60:02}:{minutes % 60:02}"
    local = datetime.combine(day, time.fromisoformat(full_at), ZoneInfo(zone))
    return daily(full_at, zone), local.astimezone(UTC) + near * SECOND


def clock_of(channel: Channel, instant: datetime) -> datetime:
    """What the clocks at the channel's place show then."""
    return instant.astimezone(ZoneInfo(channel.time_zone)).replace(tzinfo=None)


@given(moments())
def test_every_local_day_has_one_slot_and_no_day_has_two(moment: tuple[Channel, datetime]) -> None:
    channel, now = moment

    found = slot(channel, now)

    assert found is not None
    before = slot(channel, found - SECOND)
    assert before is not None
    assert timedelta(0) <= now - found < DAY + 2 * HOUR
    assert found == slot(channel, found)
    assert DAY == clock_of(channel, found).date() - clock_of(channel, before).date()


@given(moments())
def test_a_slot_is_when_the_clocks_first_reach_the_time_or_jump_over_it(moment: tuple[Channel, datetime]) -> None:
    channel, now = moment

    found = slot(channel, now)

    assert found is not None
    shown = clock_of(channel, found)
    wanted = datetime.combine(shown.date(), time.fromisoformat(channel.full_at or ""))
    assert clock_of(channel, found - SECOND) < wanted <= shown
    assert 0 == found.astimezone(ZoneInfo(channel.time_zone)).fold


@pytest.mark.parametrize(
    ("zone", "full_at", "now", "expected"),
    [
        ("UTC", "03:30", "2026-07-01T12:00", "2026-07-01T03:30"),
        ("UTC", "03:30", "2026-07-01T03:30", "2026-07-01T03:30"),
        ("UTC", "03:30", "2026-07-01T03:29", "2026-06-30T03:30"),
        ("Asia/Kolkata", "03:30", "2026-07-01T12:00", "2026-06-30T22:00"),
        ("Europe/Berlin", "03:30", "2026-07-01T12:00", "2026-07-01T01:30"),
        ("Europe/Berlin", "03:30", "2026-12-01T12:00", "2026-12-01T02:30"),
    ],
)
def test_the_time_is_the_channels_own(zone: str, full_at: str, now: str, expected: str) -> None:
    """Rule 1.5-4."""
    assert at(expected) == slot(daily(full_at, zone), at(now))


@pytest.mark.parametrize(
    ("zone", "full_at", "day", "expected"),
    [
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:00"),
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:00"),
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:30"),
    ],
)
def test_on_a_day_that_lacks_the_time_it_is_the_first_instant_after_the_gap(
    zone: str, full_at: str, day: str, expected: str
) -> None:
    """Rule 1.5-13."""
    noon = datetime.combine(date.fromisoformat(day), time(12), ZoneInfo(zone)).astimezone(UTC)

    assert at(expected) == slot(daily(full_at, zone), noon)


@pytest.mark.parametrize(
    ("zone", "full_at", "first", "second"),
    [
        ("Europe/Berlin", "02:30", "2026-10-25T00:30", "2026-10-25T01:30"),
        ("America/New_York", "01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T14:45", "2026-04-04T15:15"),
        ("America/St_Johns", "00:00", "2006-10-29T02:30", "2006-10-29T03:30"),
    ],
)
def test_on_a_day_that_repeats_the_time_it_is_the_first_of_the_two(
    zone: str, full_at: str, first: str, second: str
) -> None:
    """Rule 1.5-13."""
    channel = daily(full_at, zone)
    assert clock_of(channel, at(first)) == clock_of(channel, at(second))

    found = [slot(channel, at(first)), slot(channel, at(second) - SECOND), slot(channel, at(second))]

    assert [at(first)] * 3 == found


def test_a_channel_without_a_time_has_no_slot() -> None:
    assert slot(daily(full_at=None), SUMMER) is None


@pytest.mark.parametrize(
    ("sync", "automatic", "by_hand"),
    [
        (Sync.TIMED_FULL, "03:30 UTC", True),
        (Sync.LIVE, "03:30 UTC", True),
        (Sync.INCREMENTAL, "03:30 UTC", True),
        (Sync.MANUAL, None, True),
        (Sync.OFF, None, False),
    ],
)
def test_who_is_overwritten_at_its_time_and_who_by_hand(sync: Sync, automatic: str | None, by_hand: bool) -> None:
    """Rules 1.5-1 and 1.5-7: also beside the increases, and by hand where nothing is automatic."""
    channel = daily(sync=sync)

    assert (automatic, by_hand) == (timing(channel), may_be_overwritten(channel))


def test_a_channel_with_outbound_off_is_never_overwritten() -> None:
    channel = Channel(name="web", kind="generic", sync=Sync.TIMED_FULL, full_at="03:30", outbound=False)

    assert (None, False) == (timing(channel), may_be_overwritten(channel))


LONG_AGO = at("2026-01-01T00:00")


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, "2026-07-01T03:30", "2026-07-01T03:30"),
        ("2026-06-30T03:30", "2026-07-01T03:29", None),
        ("2026-06-30T03:30", "2026-07-01T03:31", "2026-07-01T03:30"),
        ("2026-07-01T03:30", "2026-07-01T03:31", None),
        ("2026-06-20T03:30", "2026-07-01T23:00", "2026-07-01T03:30"),
        ("2026-07-01T11:00", "2026-07-01T12:00", None),
    ],
    ids=["first", "early", "due", "done", "caught up once after ten days", "done by hand since"],
)
def test_a_run_is_due_when_the_latest_slot_is_newer_than_the_last_run(
    last: str | None, now: str, expected: str | None
) -> None:
    """Rule 1.5-13."""
    found = due(daily(), LONG_AGO, at(last) if last else None, at(now))

    assert (at(expected) if expected else None) == found


def test_the_slot_before_the_time_was_set_is_not_caught_up() -> None:
    """Rules 1.5-6 and 1.5-13: a time that was set at noon is first kept the next day."""
    since = at("2026-07-01T12:00")

    found = [due(daily(), since, None, now) for now in (since, since + 15 * HOUR, at("2026-07-02T03:30"))]

    assert [None, None, at("2026-07-02T03:30")] == found


def test_a_slot_missed_for_more_than_a_day_is_left_to_the_next_one() -> None:
    """Only a day on which the clocks are put back is so long."""
    channel = daily("02:30", "Europe/Berlin")
    missed, next_ = at("2026-10-25T00:30"), at("2026-10-26T01:30")

    found = [due(channel, LONG_AGO, None, now) for now in (missed + DAY, missed + DAY + SECOND, next_)]

    assert [missed, None, next_] == found


A, B, C = (
    CoverageCounts(listings=3, changed=1, unchanged=1, skipped=1),
    CoverageCounts(listings=3, changed=2, unchanged=0, skipped=0, failed=1),
    CoverageCounts(listings=1, changed=0, unchanged=1),
)


def test_a_run_is_complete_when_every_segment_of_its_chain_is_done() -> None:
    segments = [
        CoverageSegment(after="f", next="m", counts=B),
        CoverageSegment(after=None, next="f", counts=A),
        CoverageSegment(after="m", next=None, counts=C),
    ]

    assert CoverageProgress(
        3, CoverageCounts(listings=7, changed=3, unchanged=2, skipped=1, failed=1), True
    ) == progress(segments)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [CoverageSegment(after=None, next="f", counts=A)],
        [CoverageSegment(after=None, next="f", counts=A), CoverageSegment(after="f", next=None)],
        [CoverageSegment(after=None, next="f"), CoverageSegment(after="f", next=None, counts=A)],
        [CoverageSegment(after="f", next=None, counts=A)],
    ],
    ids=["none yet", "the next not begun", "the last not done", "the first not done", "the first not begun"],
)
def test_a_run_is_not_complete_while_a_segment_is_missing(segments: list[CoverageSegment]) -> None:
    assert not progress(segments).is_complete


def test_what_a_doubled_message_began_beside_the_chain_is_not_counted() -> None:
    beside = CoverageSegment(after="e", next="m", counts=B)

    found = progress(
        [CoverageSegment(after=None, next="f", counts=A), beside, CoverageSegment(after="f", next=None, counts=C)]
    )

    assert CoverageProgress(2, A + C, True) == found
