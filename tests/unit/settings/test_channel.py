"""Settings of one channel: which make sense by themselves, and what a change of them leaves untold."""

from dataclasses import replace
from typing import Any

import pytest

from lastunit.domain.channel import Channel, Mode, Sync, check, drift_after_change, version_of
from lastunit.domain.errors import InvalidInput

WEB = Channel(name="web", kind="generic")
PLACES = ("M", "L")


def refused(**settings: Any) -> str:
    """The field at fault."""
    with pytest.raises(InvalidInput) as caught:
        check(replace(WEB, **settings), PLACES)
    assert caught.value.problem
    assert caught.value.remedy
    return caught.value.field


# What makes sense


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sync": Sync.TIMED_FULL, "full_at": "03:30", "time_zone": "Europe/Berlin"},
        {"sync": Sync.INCREMENTAL, "full_at": "23:59"},
        {"sync": Sync.LIVE, "full_at": "00:00"},
        {"sync": Sync.MANUAL},
        {"sync": Sync.OFF},
        {"mode": Mode.ESCROW, "full_at": "03:30"},
        {"locations": frozenset({"M"}), "default_location": "L"},
    ],
)
def test_settings_that_make_sense_are_accepted(settings: dict[str, Any]) -> None:
    check(replace(WEB, **settings), PLACES)


def test_a_timed_full_coverage_needs_its_time() -> None:
    """Rule 1.5-6."""
    assert "full_at" == refused(sync=Sync.TIMED_FULL)


@pytest.mark.parametrize("time", ["24:00", "3:30", "03:60", "03:30:00", "0330", "٠٣:٣٠", "03:30\n", ""])
def test_a_time_of_day_is_hours_and_minutes(time: str) -> None:
    assert "full_at" == refused(sync=Sync.TIMED_FULL, full_at=time)


@pytest.mark.parametrize("sync", [Sync.MANUAL, Sync.OFF])
def test_nothing_is_overwritten_daily_without_automatic_sync(sync: Sync) -> None:
    assert "full_at" == refused(sync=sync, full_at="03:30")


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "", "../../etc/passwd", "/etc/localtime", "Europe/\0"])
def test_a_time_zone_is_one_that_is_known(name: str) -> None:
    assert "time_zone" == refused(time_zone=name)


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"locations": frozenset({"M", "moon"})}, "locations"), ({"default_location": "moon"}, "default_location")],
)
def test_locations_exist(settings: dict[str, Any], field: str) -> None:
    assert field == refused(**settings)


@pytest.mark.parametrize("sync", [sync for sync in Sync if sync is not Sync.LIVE])
def test_escrow_is_pushed_at_every_change(sync: Sync) -> None:
    full_at = "03:30" if sync is Sync.TIMED_FULL else None

    assert "sync" == refused(mode=Mode.ESCROW, sync=sync, full_at=full_at)


def test_the_default_location_is_always_pooled() -> None:
    """Rule 1.3-2."""
    web = replace(WEB, locations=frozenset({"M"}), default_location="L")

    assert (frozenset({"M", "L"}), True, False) == (web.pool, web.may_use("L"), web.may_use("S"))


def test_a_channel_that_names_no_locations_pools_all_of_them() -> None:
    web = replace(WEB, default_location="L")

    assert (frozenset(), True) == (web.pool, web.may_use("S"))


@pytest.mark.parametrize(
    ("outbound", "sync", "told"), [(True, Sync.MANUAL, True), (True, Sync.OFF, False), (False, Sync.LIVE, False)]
)
def test_a_channel_is_pushed_something_unless_it_is_off(outbound: bool, sync: Sync, told: bool) -> None:
    assert told is replace(WEB, outbound=outbound, sync=sync).is_pushed


# What a change leaves untold

TIMED = replace(WEB, sync=Sync.TIMED_FULL, full_at="03:30", time_zone="Europe/Berlin")
INCREMENTAL = replace(WEB, sync=Sync.INCREMENTAL)
MANUAL = replace(WEB, sync=Sync.MANUAL)
OFF = replace(WEB, sync=Sync.OFF)
CLOSED = replace(WEB, outbound=False)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (INCREMENTAL, TIMED, "the next slot, 03:30 Europe/Berlin"),
        (TIMED, replace(TIMED, full_at="04:00"), "the next slot, 04:00 Europe/Berlin"),
        (TIMED, replace(TIMED, buffer=2), "the next slot, 03:30 Europe/Berlin"),
        (WEB, INCREMENTAL, "only increases"),
        (INCREMENTAL, replace(INCREMENTAL, share_percent=50), "only increases"),
        (WEB, MANUAL, "until somebody syncs it"),
        (MANUAL, replace(MANUAL, locations=frozenset({"M"})), "until somebody syncs it"),
        (WEB, OFF, "nothing is pushed to it any more"),
        (WEB, CLOSED, "nothing is pushed to it any more"),
        (replace(CLOSED, sync=Sync.MANUAL), MANUAL, "until somebody syncs it"),
    ],
)
def test_a_change_that_is_not_pushed_at_once_says_what_may_differ(
    before: Channel, after: Channel, expected: str
) -> None:
    """Rule 1.5-13."""
    assert expected in (drift_after_change(before, after) or "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (INCREMENTAL, WEB),
        (WEB, replace(WEB, buffer=2)),
        (CLOSED, WEB),
        (TIMED, replace(TIMED, takes_requests=True)),
        (TIMED, TIMED),
        (CLOSED, replace(CLOSED, sync=Sync.MANUAL)),
    ],
)
def test_a_change_that_is_pushed_at_once_or_changes_no_number_leaves_nothing(
    before: Channel, after: Channel
) -> None:
    assert drift_after_change(before, after) is None


def test_a_version_shows_what_changed_against_the_one_before() -> None:
    older = replace(WEB, version=3, buffer=1)

    newer = version_of(replace(older, version=4, buffer=2, paused=True), "today", older)

    assert (4, "today") == (newer.number, newer.at)
    assert ({"buffer": 1, "paused": False}, {"buffer": 2, "paused": True}) == (newer.before, newer.after)


def test_the_first_version_that_is_known_changed_nothing() -> None:
    assert ({}, {}) == ((first := version_of(WEB, "today", None)).before, first.after)
