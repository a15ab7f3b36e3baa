"""A channel's full coverage is begun once: at its hour, caught up after it, or by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import ChannelUnavailable, Conflict, NotFound
from lastunit.domain.listings.full_coverage import CoverageRun
from lastunit.use_cases.listings.ask_for_coverage import RUN_MINUTES
from lastunit.use_cases.listings.run_full_coverage import BEGIN_SECONDS
from tests.support.clock import FakeClock
from tests.support.listings.covering import ALL, DAILY, EVENING, SLOT, CoverageShop, first_message


@pytest.fixture
def shop() -> CoverageShop:
    """The evening before, with the channel's time known."""
    found = CoverageShop(DAILY, FakeClock(EVENING))
    found.minute()
    return found


def test_at_its_hour_the_channel_is_polled_and_then_its_first_segment_is_asked_for(shop: CoverageShop) -> None:
    """Rules 1.5-4 and 1.5-12: what it has sold is imported first, and not offered again."""
    shop.clock.time = SLOT

    [run] = shop.minute()

    assert CoverageRun(channel="web", slot=SLOT.isoformat(), started_at=SLOT, begun=True, polled=True) == run
    assert (["web"], [first_message()]) == (shop.polled, shop.queue.messages)


def test_before_and_after_its_hour_nothing_is_begun(shop: CoverageShop) -> None:
    """Rule 1.5-4: once a day."""
    begun = list[str]()
    for _ in range(2 * 24 * 60):
        shop.clock.pass_minutes(1)
        begun += [run.slot for run in shop.minute()]

    assert [SLOT.isoformat(), (SLOT + timedelta(days=1)).isoformat()] == begun


def test_a_time_that_was_just_set_is_first_kept_at_the_next_slot() -> None:
    """Rule 1.5-13: also when the hour before it would be caught up else."""
    shop = CoverageShop(replace(DAILY, sync=Sync.INCREMENTAL, full_at=None), FakeClock(SLOT + timedelta(hours=1)))
    shop.minute()
    shop.channel = DAILY

    at_once = [shop.minute(), shop.minute()]
    shop.clock.time = SLOT + timedelta(days=1)
    at_the_slot = shop.minute()

    assert ([[], []], [shop.clock.time.isoformat()]) == (at_once, [run.slot for run in at_the_slot])


def test_a_changed_time_does_not_bring_back_the_hour_that_has_passed(shop: CoverageShop) -> None:
    shop.clock.time = EVENING + timedelta(hours=1)
    shop.channel = replace(DAILY, full_at="20:30")

    assert [[], []] == [shop.minute(), shop.minute()]


def test_a_channel_switched_on_again_waits_for_its_next_hour(shop: CoverageShop) -> None:
    shop.channel = replace(DAILY, outbound=False)
    shop.clock.time = SLOT
    silent = shop.minute()
    shop.channel = DAILY
    shop.clock.pass_minutes(1)

    assert ([], [], []) == (silent, shop.minute(), shop.minute())


def test_missed_hours_are_caught_up_by_one_run(shop: CoverageShop) -> None:
    """Rule 1.5-13."""
    shop.clock.time = SLOT + timedelta(days=5, hours=2)

    begun = [shop.minute(), shop.minute()]

    assert [[(SLOT + timedelta(days=5)).isoformat()], []] == [[run.slot for run in runs] for runs in begun]


def test_a_doubled_schedule_begins_one_run(shop: CoverageShop) -> None:
    shop.clock.time = SLOT

    doubled = [shop.minute(), shop.minute()]

    assert ([1, 0], 1, ["web"]) == (list(map(len, doubled)), len(shop.queue.messages), shop.polled)


def test_a_run_whose_beginner_died_is_begun_by_the_next_one(shop: CoverageShop) -> None:
    shop.clock.time = SLOT
    shop.coverages.start(CoverageRun(channel="web", slot=SLOT.isoformat(), started_at=SLOT))
    shop.coverages.take(shop.coverages.runs("web", 1)[0], SLOT, SLOT + timedelta(seconds=BEGIN_SECONDS))

    too_early = shop.minute()
    shop.clock.pass_minutes(2)
    in_time = shop.minute()

    assert (0, 1, [first_message()]) == (len(too_early), len(in_time), shop.queue.messages)


def test_a_channel_whose_orders_cannot_be_polled_is_overwritten_all_the_same(shop: CoverageShop) -> None:
    shop.poll_errors = [ChannelUnavailable("it has no order list")]
    shop.clock.time = SLOT

    [run] = shop.minute()

    assert (False, [first_message()]) == (run.polled, shop.queue.messages)


@pytest.mark.parametrize(("meetings", "polled"), [(1, True), (2, False)])
def test_a_poll_that_meets_the_one_of_every_minute_is_tried_once_more(
    shop: CoverageShop, meetings: int, polled: bool
) -> None:
    shop.poll_errors = [Conflict("another poll of this channel is under way")] * meetings
    shop.clock.time = SLOT

    [run] = shop.minute()

    assert (polled, 2, [first_message()]) == (run.polled, len(shop.polled), shop.queue.messages)


@pytest.mark.parametrize("sync", [Sync.LIVE, Sync.INCREMENTAL])
def test_a_live_channel_is_overwritten_daily_as_well(sync: Sync) -> None:
    """Rule 1.5-1."""
    shop = CoverageShop(replace(DAILY, sync=sync), FakeClock(EVENING))
    shop.minute()
    shop.clock.time = SLOT

    assert [SLOT.isoformat()] == [run.slot for run in shop.minute()]


def test_a_channel_synced_by_hand_only_has_no_hour() -> None:
    """Rule 1.5-7."""
    shop = CoverageShop(replace(DAILY, sync=Sync.MANUAL), FakeClock(EVENING))
    shop.minute()
    shop.clock.time = SLOT

    assert [] == shop.minute()


# By hand


@pytest.mark.parametrize("sync", [Sync.LIVE, Sync.INCREMENTAL, Sync.TIMED_FULL, Sync.MANUAL])
def test_a_person_may_have_a_channel_overwritten_whatever_its_sync(sync: Sync) -> None:
    """Rule 1.5-7."""
    shop = CoverageShop(Channel(name="web", kind="generic", sync=sync), FakeClock(EVENING))

    shop.start()
    shop.work_off()

    assert (ALL, {True}) == (shop.push.pushed, {task.overwrite for task in shop.push.asked})


@pytest.mark.parametrize("silent", [{"sync": Sync.OFF}, {"outbound": False}])
def test_a_channel_that_is_switched_off_refuses_a_run(shop: CoverageShop, silent: dict[str, object]) -> None:
    shop.channel = replace(DAILY, **silent)  # type: ignore[arg-type]

    with pytest.raises(Conflict):
        shop.ask.start("web")


def test_an_unknown_channel_has_no_runs(shop: CoverageShop) -> None:
    with pytest.raises(NotFound):
        shop.ask.start("ebay")
    with pytest.raises(NotFound):
        shop.ask.runs("ebay")


def test_a_second_run_by_hand_waits_for_the_report_of_the_first(shop: CoverageShop) -> None:
    shop.start()
    with pytest.raises(Conflict):
        shop.ask.start("web")
    shop.work_off()
    shop.clock.pass_minutes(1)

    assert shop.clock.time.isoformat() == shop.ask.start("web").slot


def test_a_run_that_got_stuck_does_not_keep_a_person_from_the_next_one(shop: CoverageShop) -> None:
    shop.start()
    shop.clock.pass_minutes(RUN_MINUTES)

    assert shop.clock.time.isoformat() == shop.ask.start("web").slot


def test_a_run_by_hand_makes_up_for_the_hour_that_was_missed(shop: CoverageShop) -> None:
    shop.clock.time = SLOT + timedelta(hours=2)
    shop.ask.start("web")

    assert [shop.clock.time.isoformat()] == [run.slot for run in shop.minute()]
