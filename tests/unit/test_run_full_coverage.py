"""A channel's full coverage is begun once: at its hour, caught up after it, or by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.cover import BEGIN_SECONDS, RUN_MINUTES
from lastunit.domain.channels import Channel, Sync
from lastunit.domain.coverage import Run
from lastunit.domain.errors import ChannelUnavailable, Conflict, NotFound
from tests.covering import ALL, DAILY, EVENING, SLOT, Night, first_message
from tests.fakes import FixedClock


@pytest.fixture
def night() -> Night:
    """The evening before, with the channel's time known."""
    found = Night(DAILY, FixedClock(EVENING))
    found.minute()
    return found


def test_at_its_hour_the_channel_is_polled_and_then_its_first_segment_is_asked_for(night: Night) -> None:
    """Rules 1.5-4 and 1.5-12: what it has sold is imported first, and not offered again."""
    night.clock.at = SLOT

    [run] = night.minute()

    assert Run("web", SLOT.isoformat(), SLOT.isoformat(), begun=True, polled=True) == run
    assert (["web"], [first_message()]) == (night.polled, night.queue.messages)


def test_before_and_after_its_hour_nothing_is_begun(night: Night) -> None:
    """Rule 1.5-4: once a day."""
    begun = list[str]()
    for _ in range(2 * 24 * 60):
        night.clock.pass_minutes(1)
        begun += [run.slot for run in night.minute()]

    assert [SLOT.isoformat(), (SLOT + timedelta(days=1)).isoformat()] == begun


def test_a_time_that_was_just_set_is_first_kept_at_the_next_slot() -> None:
    """Rule 1.5-13: also when the hour before it would be caught up else."""
    night = Night(replace(DAILY, sync=Sync.INCREMENTAL, full_at=None), FixedClock(SLOT + timedelta(hours=1)))
    night.minute()
    night.channel = DAILY

    at_once = [night.minute(), night.minute()]
    night.clock.at = SLOT + timedelta(days=1)
    at_the_slot = night.minute()

    assert ([[], []], [night.clock.at.isoformat()]) == (at_once, [run.slot for run in at_the_slot])


def test_a_changed_time_does_not_bring_back_the_hour_that_has_passed(night: Night) -> None:
    night.clock.at = EVENING + timedelta(hours=1)
    night.channel = replace(DAILY, full_at="20:30")

    assert [[], []] == [night.minute(), night.minute()]


def test_a_channel_that_may_be_told_again_waits_for_its_next_hour(night: Night) -> None:
    night.channel = replace(DAILY, outbound=False)
    night.clock.at = SLOT
    silent = night.minute()
    night.channel = DAILY
    night.clock.pass_minutes(1)

    assert ([], [], []) == (silent, night.minute(), night.minute())


def test_missed_hours_are_caught_up_by_one_run(night: Night) -> None:
    """Rule 1.5-13."""
    night.clock.at = SLOT + timedelta(days=5, hours=2)

    begun = [night.minute(), night.minute()]

    assert [[(SLOT + timedelta(days=5)).isoformat()], []] == [[run.slot for run in runs] for runs in begun]


def test_a_doubled_schedule_begins_one_run(night: Night) -> None:
    night.clock.at = SLOT

    doubled = [night.minute(), night.minute()]

    assert ([1, 0], 1, ["web"]) == (list(map(len, doubled)), len(night.queue.messages), night.polled)


def test_a_run_whose_beginner_died_is_begun_by_the_next_one(night: Night) -> None:
    night.clock.at = SLOT
    night.coverages.start(Run("web", SLOT.isoformat(), SLOT.isoformat()))
    night.coverages.take(night.coverages.runs("web", 1)[0], SLOT, SLOT + timedelta(seconds=BEGIN_SECONDS))

    too_early = night.minute()
    night.clock.pass_minutes(2)
    in_time = night.minute()

    assert (0, 1, [first_message()]) == (len(too_early), len(in_time), night.queue.messages)


def test_a_channel_whose_orders_cannot_be_polled_is_overwritten_all_the_same(night: Night) -> None:
    night.poll_errors = [ChannelUnavailable("it has no order list")]
    night.clock.at = SLOT

    [run] = night.minute()

    assert (False, [first_message()]) == (run.polled, night.queue.messages)


@pytest.mark.parametrize(("meetings", "polled"), [(1, True), (2, False)])
def test_a_poll_that_meets_the_one_of_every_minute_is_tried_once_more(
    night: Night, meetings: int, polled: bool
) -> None:
    night.poll_errors = [Conflict("another poll of this channel is under way")] * meetings
    night.clock.at = SLOT

    [run] = night.minute()

    assert (polled, 2, [first_message()]) == (run.polled, len(night.polled), night.queue.messages)


@pytest.mark.parametrize("sync", [Sync.LIVE, Sync.INCREMENTAL])
def test_a_channel_told_of_changes_is_overwritten_daily_as_well(sync: Sync) -> None:
    """Rule 1.5-1."""
    night = Night(replace(DAILY, sync=sync), FixedClock(EVENING))
    night.minute()
    night.clock.at = SLOT

    assert [SLOT.isoformat()] == [run.slot for run in night.minute()]


def test_a_channel_told_by_hand_only_has_no_hour() -> None:
    """Rule 1.5-7."""
    night = Night(replace(DAILY, sync=Sync.MANUAL), FixedClock(EVENING))
    night.minute()
    night.clock.at = SLOT

    assert [] == night.minute()


# By hand


@pytest.mark.parametrize("sync", [Sync.LIVE, Sync.INCREMENTAL, Sync.TIMED_FULL, Sync.MANUAL])
def test_a_person_may_have_a_channel_overwritten_whatever_its_sync(sync: Sync) -> None:
    """Rule 1.5-7."""
    night = Night(Channel("web", "generic", sync=sync), FixedClock(EVENING))

    night.start()
    night.work_off()

    assert (ALL, {True}) == (night.push.told, {task.overwrite for task in night.push.asked})


@pytest.mark.parametrize("silent", [{"sync": Sync.OFF}, {"outbound": False}])
def test_a_channel_that_must_not_be_told_refuses_a_run(night: Night, silent: dict[str, object]) -> None:
    night.channel = replace(DAILY, **silent)  # type: ignore[arg-type]

    with pytest.raises(Conflict):
        night.ask.start("web")


def test_an_unknown_channel_has_no_runs(night: Night) -> None:
    with pytest.raises(NotFound):
        night.ask.start("ebay")
    with pytest.raises(NotFound):
        night.ask.runs("ebay")


def test_a_second_run_by_hand_waits_for_the_report_of_the_first(night: Night) -> None:
    night.start()
    with pytest.raises(Conflict):
        night.ask.start("web")
    night.work_off()
    night.clock.pass_minutes(1)

    assert night.clock.at.isoformat() == night.ask.start("web").slot


def test_a_run_that_got_stuck_does_not_keep_a_person_from_the_next_one(night: Night) -> None:
    night.start()
    night.clock.pass_minutes(RUN_MINUTES)

    assert night.clock.at.isoformat() == night.ask.start("web").slot


def test_a_run_by_hand_makes_up_for_the_hour_that_was_missed(night: Night) -> None:
    night.clock.at = SLOT + timedelta(hours=2)
    night.ask.start("web")

    assert [night.clock.at.isoformat()] == [run.slot for run in night.minute()]
