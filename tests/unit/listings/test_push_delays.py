"""How late channels are told: measured by the pushes themselves, from the change of stock on."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import NotFound
from lastunit.domain.events.row_changes import ListingChanged
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing_parts import Increments
from lastunit.domain.listings.push_delays import LONGEST_SECONDS, counted, quantile
from lastunit.domain.listings.push_protocol import Failure
from lastunit.use_cases.listings.push.tasks import PushTask, push_message, task_of
from lastunit.use_cases.listings.show_push_delay import Delay, ShowPushDelay
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import AdjustingChannel, FakeQueue, PushHub
from tests.support.listings.risk_shop import escrow_listing, moved, shop, track
from tests.support.listings.risks import FakeDelays
from tests.support.messages import push
from tests.support.settings import FakeSettings

TODAY = NOON.date()


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def task(hub: PushHub, name: str, since: datetime | None) -> PushTask:
    return PushTask(key=hub.listing(name).key, since=since)


# Counting


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(-3, 1), (0, 1), (1, 1), (1.5, 2), (2, 2), (3, 4), (100, 128), (1e9, LONGEST_SECONDS)],
)
def test_a_delay_is_counted_as_the_next_power_of_two(seconds: float, bound: int) -> None:
    assert {bound: 1} == counted([timedelta(seconds=seconds)])


@pytest.mark.parametrize(
    ("delays", "part", "expected"),
    [
        ({}, 0.5, None),
        ({4: 1}, 0.5, 4),
        ({1: 10, 2: 9, 64: 1}, 0.5, 1),
        ({1: 10, 2: 9, 64: 1}, 0.95, 2),
        ({1: 9, 2: 9, 64: 2}, 0.95, 64),
        ({64: 2, 1: 18}, 0.9, 1),
    ],
)
def test_a_quantile_is_the_bound_that_so_many_pushes_kept(
    delays: dict[int, int], part: float, expected: int | None
) -> None:
    assert expected == quantile(delays, part)


# Measuring


def test_a_push_that_a_change_of_stock_asks_for_says_when_that_was() -> None:
    listings, queue = shop(escrow_listing("shirt", "web", 5), shirt=3), FakeQueue()

    track(listings, queue).track([moved("shirt", 5, 3)])

    assert [push("shirt", since=NOON.isoformat())] == queue.sent


def test_the_first_of_many_changes_counts() -> None:
    listings, queue = shop(escrow_listing("shirt", "web", 5), shirt=3), FakeQueue()
    changes = [replace(moved("shirt", left + 1, left), at=ago(left).isoformat()) for left in (4, 9, 3)]

    track(listings, queue).track(changes)

    assert [ago(9).isoformat()] == [message.since for message in queue.sent]


def test_a_push_for_another_reason_is_not_measured() -> None:
    listings, queue = shop(escrow_listing("shirt", "web", 5), shirt=3), FakeQueue()

    track(listings, queue).track([ListingChanged(None, escrow_listing("shirt", "web", 5))])

    assert [push("shirt")] == queue.sent


def test_a_message_brings_its_time_along() -> None:
    task = PushTask(key=ListingKey("shirt", "web", "tee"), since=ago(3))

    assert task == task_of(push_message(task))


def test_an_acknowledged_push_is_counted_under_its_delay() -> None:
    hub = PushHub()
    hub.add_listing("shirt", 4, acknowledged=5)
    hub.add_listing("hat", 4, acknowledged=5)

    hub.use_case.push([task(hub, "shirt", ago(3)), task(hub, "hat", ago(100))])

    assert {("web", TODAY): {4: 1, 128: 1}} == hub.delays.counts


def test_of_several_messages_for_one_listing_the_oldest_counts() -> None:
    hub = PushHub()
    hub.add_listing("shirt", 4, acknowledged=5)

    hub.use_case.push([task(hub, "shirt", None), task(hub, "shirt", ago(3)), task(hub, "shirt", ago(100))])

    assert {128: 1} == hub.delays.counts["web", TODAY]


def test_an_increase_is_measured_as_well() -> None:
    hub = PushHub(AdjustingChannel())
    hub.add_listing("shirt", 8, acknowledged=5)
    hub.configure(sync=Sync.INCREMENTAL)
    hub.edit_listing("shirt", increments=Increments(counted_increase=3))

    hub.use_case.push([task(hub, "shirt", ago(3))])

    assert {4: 1} == hub.delays.counts["web", TODAY]


def test_what_was_not_acknowledged_is_not_counted() -> None:
    hub = PushHub()
    for name, told_ in (("failed", 5), ("confirmed", 4), ("unknown", 5)):
        hub.add_listing(name, 4, acknowledged=told_)
    hub.channel.refuses = {"failed": Failure.GONE}

    hub.use_case.push([task(hub, "failed", ago(3)), task(hub, "confirmed", ago(3)), task(hub, "unknown", None)])

    assert {} == hub.delays.counts


# Telling


def shows(delays: FakeDelays) -> ShowPushDelay:
    channels = {name: Channel(name=name, kind="generic") for name in ("web", "ebay")}
    return ShowPushDelay(delays, FakeSettings(channels, ()), FakeClock())


def test_a_channel_has_a_median_and_a_95th_percentile_of_the_last_seven_days() -> None:
    delays = FakeDelays({("web", TODAY): Counter({2: 80}), ("web", TODAY - timedelta(days=6)): Counter({64: 20})})
    delays.count("web", TODAY - timedelta(days=7), {1024: 1000})
    delays.count("ebay", TODAY, {1024: 1000})

    assert Delay(pushes=100, median_seconds=2, percentile_95_seconds=64) == shows(delays).of("web")


def test_without_a_push_there_is_no_delay() -> None:
    assert Delay(pushes=0, median_seconds=None, percentile_95_seconds=None) == shows(FakeDelays()).of("web")


def test_all_channels_together_have_one_too() -> None:
    delays = FakeDelays({("web", TODAY): Counter({2: 10}), ("ebay", TODAY): Counter({2: 80, 64: 10})})

    assert Delay(pushes=100, median_seconds=2, percentile_95_seconds=64) == shows(delays).of_all()


def test_a_channel_that_does_not_exist_has_none() -> None:
    with pytest.raises(NotFound):
        shows(FakeDelays()).of("nowhere")
