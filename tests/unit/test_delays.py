"""How late channels are told: measured by the pushes themselves, from the change of stock on."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.channels import Channel, Sync
from lastunit.domain.delays import LONGEST_SECONDS, counted, quantile
from lastunit.domain.errors import NotFound
from lastunit.domain.events import ListingChanged
from lastunit.domain.exposure import Rises
from lastunit.domain.pushes import Failure
from lastunit.pushing import Task, push_message, task_of
from lastunit.risk import Delay, ShowDelay
from tests.fakes import NOON, FakeSettings, FixedClock
from tests.pushing import FakeQueue, Hub
from tests.risk_shop import moved, shop, told, track
from tests.risks import FakeDelays

TODAY = NOON.date()


def ago(seconds: float) -> str:
    return (NOON - timedelta(seconds=seconds)).isoformat()


def task(hub: Hub, name: str, since: str | None) -> Task:
    return Task(hub.listing(name).key, since=since)


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
    listings, queue = shop(told("shirt", "web", 5), shirt=3), FakeQueue()

    track(listings, queue)([moved("shirt", 5, 3)])

    assert [{"sku": "shirt", "channel": "web", "listing": "shirt", "since": NOON.isoformat()}] == queue.sent


def test_the_first_of_many_changes_counts() -> None:
    listings, queue = shop(told("shirt", "web", 5), shirt=3), FakeQueue()
    changes = [replace(moved("shirt", left + 1, left), at=ago(left)) for left in (4, 9, 3)]

    track(listings, queue)(changes)

    assert [ago(9)] == [message["since"] for message in queue.sent]


def test_a_push_for_another_reason_is_not_measured() -> None:
    listings, queue = shop(told("shirt", "web", 5), shirt=3), FakeQueue()

    track(listings, queue)([ListingChanged(None, told("shirt", "web", 5))])

    assert [{"sku": "shirt", "channel": "web", "listing": "shirt"}] == queue.sent


def test_a_message_brings_its_time_along() -> None:
    task = Task(("shirt", "web", "tee"), since=ago(3))

    assert task == task_of(push_message(task))


def test_an_acknowledged_push_is_counted_under_its_delay() -> None:
    hub = Hub()
    hub.lists("shirt", 4, told=5)
    hub.lists("hat", 4, told=5)

    hub.use_case([task(hub, "shirt", ago(3)), task(hub, "hat", ago(100))])

    assert {("web", TODAY): {4: 1, 128: 1}} == hub.delays.counts


def test_of_several_messages_for_one_listing_the_oldest_counts() -> None:
    hub = Hub()
    hub.lists("shirt", 4, told=5)

    hub.use_case([task(hub, "shirt", None), task(hub, "shirt", ago(3)), task(hub, "shirt", ago(100))])

    assert {128: 1} == hub.delays.counts["web", TODAY]


def test_an_increase_is_measured_as_well() -> None:
    hub = Hub()
    hub.lists("shirt", 8, told=5)
    hub.treated(sync=Sync.INCREMENTAL)
    hub.market.adjusts = True
    hub.edit("shirt", rises=Rises(risen=3))

    hub.use_case([task(hub, "shirt", ago(3))])

    assert {4: 1} == hub.delays.counts["web", TODAY]


def test_what_was_not_acknowledged_is_not_counted() -> None:
    hub = Hub()
    for name, told_ in (("failed", 5), ("confirmed", 4), ("unknown", 5)):
        hub.lists(name, 4, told=told_)
    hub.market.refuses = {"failed": Failure.GONE}

    hub.use_case([task(hub, "failed", ago(3)), task(hub, "confirmed", ago(3)), task(hub, "unknown", None)])

    assert {} == hub.delays.counts


# Telling


def shows(delays: FakeDelays) -> ShowDelay:
    channels = {name: Channel(name, "generic") for name in ("web", "ebay")}
    return ShowDelay(delays, FakeSettings(channels, ()), FixedClock())


def test_a_channel_has_a_median_and_a_95th_percentile_of_the_last_seven_days() -> None:
    delays = FakeDelays({("web", TODAY): Counter({2: 80}), ("web", TODAY - timedelta(days=6)): Counter({64: 20})})
    delays.count("web", TODAY - timedelta(days=7), {1024: 1000})
    delays.count("ebay", TODAY, {1024: 1000})

    assert Delay(100, 2, 64) == shows(delays).of("web")


def test_without_a_push_there_is_no_delay() -> None:
    assert Delay(0, None, None) == shows(FakeDelays()).of("web")


def test_all_channels_together_have_one_too() -> None:
    delays = FakeDelays({("web", TODAY): Counter({2: 10}), ("ebay", TODAY): Counter({2: 80, 64: 10})})

    assert Delay(100, 2, 64) == shows(delays).of_all()


def test_a_channel_that_does_not_exist_has_none() -> None:
    with pytest.raises(NotFound):
        shows(FakeDelays()).of("nowhere")
