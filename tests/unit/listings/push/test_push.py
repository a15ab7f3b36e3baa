"""Telling channels their numbers: what is sent, in which order, and what follows from each answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.errors import ChannelUnavailable, Throttled
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.push_protocol import Failure, Form
from lastunit.domain.stock.catalogue import Sku
from lastunit.use_cases.listings.push.absolute_push import SWAPS_MAX
from lastunit.use_cases.listings.push.claimed_listings import CLAIM_SECONDS
from lastunit.use_cases.listings.push.push_quantities import (
    LOOKS_MAX,
    PAGE_MAX,
    WORK_SECONDS,
    Finished,
    PushTask,
    RetryLater,
)
from lastunit.use_cases.messages import PushChannelMessage
from tests.support.listings.listed import acknowledged_quantity, in_flight_quantity
from tests.support.listings.pushing import FakeChannel, PushHub
from tests.support.messages import push

ACKNOWLEDGED = Finished(acknowledged=True)


def hub(form: Form = Form.SWAP, batch_max: int = 100, *, versioned: bool = False, tells: bool = False) -> PushHub:
    return PushHub(FakeChannel(form, batch_max, versioned, tells))


# What is sent, and in which order


def test_lowerings_go_before_raisings_and_the_lowest_number_first() -> None:
    shop = hub(batch_max=1)
    for name, pushed, available in (("a", 1, 2), ("b", 9, 5), ("c", 8, 0), ("d", 3, 7), ("e", 20, 11)):
        shop.add_listing(name, available, acknowledged=pushed)

    shop.push()

    assert [("c", 0), ("b", 5), ("e", 11), ("a", 2), ("d", 7)] == shop.channel.pushed


def test_zero_is_a_number_like_any_other() -> None:
    shop = hub()
    shop.add_listing("shirt", 0, acknowledged=1)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 0}) == (results, shop.channel.shelves)


def test_a_confirmed_number_is_not_pushed_again() -> None:
    shop = hub()
    shop.add_listing("shirt", 3, acknowledged=5)
    shop.push()

    again = shop.push()

    assert ({"shirt": Finished()}, [("shirt", 3)]) == (again, shop.channel.pushed)


def test_pushes_travel_in_batches_as_large_as_the_channel_takes() -> None:
    shop = hub(batch_max=2)
    for name in "abcde":
        shop.add_listing(name, 1, acknowledged=2)

    shop.push()

    assert [2, 2, 1] == [len(batch) for batch in shop.channel.writes]


def test_the_number_is_computed_when_it_is_sent() -> None:
    shop = hub()
    shop.add_listing("shirt", 9, acknowledged=10)
    keys = list(shop.listings.listed)
    shop.set_available("shirt", 4)

    shop.use_case.push(PushTask(key=key) for key in keys)

    assert [("shirt", 4)] == shop.channel.pushed


def test_a_kit_shows_what_its_scarcest_component_allows() -> None:
    shop = hub()
    shop.add_listing("shirt", 9, acknowledged=9)
    shop.add_listing("hat", 5, acknowledged=5)
    shop.add_listing("set", 0, acknowledged=0)
    shop.listings.skus["set"] = Sku(sku="set", recipe={"shirt": 1, "hat": 2})
    del shop.listings.stock[LevelKey("set", "M")]

    shop.push("set")

    assert [("set", 2)] == shop.channel.pushed


def test_a_listing_that_was_never_pushed_is_read_first_and_swapped_from_what_it_shows() -> None:
    shop = hub()
    shop.add_listing("shirt", 5)
    shop.channel.put("shirt", 17)

    shop.push()

    assert ([["shirt"]], [17]) == (shop.channel.reads, [push.expected for push in shop.channel.writes[0]])
    assert {"shirt": 5} == shop.channel.shelves


# What a call may come to


def test_a_throttled_call_comes_again_when_the_channel_wishes_and_nothing_stays_booked() -> None:
    shop = hub(batch_max=1)
    for name, available in (("a", 1), ("b", 2), ("c", 3)):
        shop.add_listing(name, available, acknowledged=9)
    shop.channel.write_errors = [None, Throttled(7)]

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": RetryLater(7), "c": RetryLater(7)} == results
    assert [None, None] == [in_flight_quantity(shop.listing(name)) for name in "bc"]
    assert [None, None] == [shop.listings.listed[ListingKey(name, "web", name)].claim for name in "bc"]


def test_one_failing_listing_never_fails_its_batch() -> None:
    shop = hub()
    for name in "abc":
        shop.add_listing(name, 1, acknowledged=2)
    shop.channel.refuses = {"b": Failure.TRANSIENT}

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": RetryLater(), "c": ACKNOWLEDGED} == results
    assert [None, 1, None] == [in_flight_quantity(shop.listing(name)) for name in "abc"]


@pytest.mark.parametrize("failure", [Failure.GONE, Failure.NOT_STOCKED, Failure.INVALID])
def test_a_permanent_failure_is_kept_for_a_person_and_not_retried(failure: Failure) -> None:
    shop = hub()
    shop.add_listing("shirt", 1, acknowledged=2)
    shop.channel.refuses = {"shirt": failure}

    results = shop.push()

    error = shop.listing("shirt").last_error
    assert ({"shirt": Finished(refused=True)}, failure) == (results, error.failure if error else None)
    assert 1 == len(shop.channel.writes)


def test_an_error_is_forgotten_with_the_next_acknowledgement() -> None:
    shop = hub()
    shop.add_listing("shirt", 1, acknowledged=2)
    shop.channel.refuses = {"shirt": Failure.GONE}
    shop.push()
    shop.channel.refuses = {}

    shop.push()

    assert (None, {"shirt": 1}) == (shop.listing("shirt").last_error, shop.channel.shelves)


def test_a_number_that_never_stops_moving_comes_again_later() -> None:
    shop = hub()
    shop.add_listing("shirt", 5, acknowledged=50)
    shop.channel.meanwhile = [lambda: shop.channel.sell("shirt", 1)] * SWAPS_MAX

    results = shop.push()

    assert ({"shirt": RetryLater()}, SWAPS_MAX) == (results, len(shop.channel.writes))


def test_a_channel_whose_secret_is_missing_keeps_its_pushes_waiting() -> None:
    def unavailable(_: object) -> FakeChannel:
        raise ChannelUnavailable("no secret")

    shop = hub()
    shop.add_listing("shirt", 1, acknowledged=2)

    results = replace(shop.use_case, context=replace(shop.context, api=unavailable)).push(
        PushTask(key=key) for key in shop.listings.listed
    )

    assert [RetryLater()] == list(results.values())


def test_no_new_batch_is_begun_when_the_function_has_worked_long_enough() -> None:
    shop = hub(batch_max=1)
    shop.add_listing("a", 1, acknowledged=9)
    shop.add_listing("b", 2, acknowledged=9)
    shop.channel.meanwhile = [lambda: shop.clock.advance(WORK_SECONDS + 1)]

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": RetryLater(1)} == results


# One writer per listing


def test_a_second_worker_leaves_a_claimed_listing_to_its_holder_who_looks_again() -> None:
    """And comes again itself, for the holder may be dead: its claim, by a fast clock, may stand for minutes."""
    shop = hub()
    shop.add_listing("shirt", 5, acknowledged=9)
    seconds: list[object] = []

    def meanwhile() -> None:
        shop.set_available("shirt", 3)
        seconds.append(shop.push())

    shop.channel.meanwhile = [meanwhile]

    results = shop.push()

    assert ([{"shirt": RetryLater()}], {"shirt": ACKNOWLEDGED}) == (seconds, results)
    assert [("shirt", 5), ("shirt", 3)] == shop.channel.pushed


def test_a_listing_that_changes_at_every_look_goes_back_to_the_queue() -> None:
    shop = hub()
    shop.add_listing("shirt", 50, acknowledged=90)

    def meanwhile() -> None:
        shop.set_available("shirt", shop.listings.stock[LevelKey("shirt", "M")].available - 1)
        shop.push()

    shop.channel.meanwhile = [meanwhile] * LOOKS_MAX

    results = shop.push()

    assert ({"shirt": RetryLater(1)}, LOOKS_MAX) == (results, len(shop.channel.writes))


def test_a_claim_past_its_time_is_taken_over() -> None:
    shop = hub()
    shop.add_listing("shirt", 5, acknowledged=9)
    now = shop.clock.now()
    shop.listings.claim([ListingKey("shirt", "web", "shirt")], "dead", now, now + timedelta(seconds=9))
    shop.clock.advance(9.5)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 5}) == (results, shop.channel.shelves)


@pytest.mark.parametrize("form", list(Form))
def test_an_older_workers_acknowledgement_never_overwrites_a_newer_one(form: Form) -> None:
    shop = hub(form)
    shop.add_listing("shirt", 5, acknowledged=9)
    shop.channel.afterwards = [lambda: overtake(shop, 3)]

    shop.push()

    settled = shop.listing("shirt")
    assert (3, None, {"shirt": 3}) == (
        acknowledged_quantity(settled),
        in_flight_quantity(settled),
        shop.channel.shelves,
    )


@pytest.mark.parametrize("versioned", [True, False])
def test_an_older_workers_swap_never_overwrites_a_newer_number(versioned: bool) -> None:
    shop = hub(versioned=versioned)
    shop.add_listing("shirt", 5, acknowledged=9)
    shop.channel.meanwhile = [lambda: overtake(shop, 3)]

    shop.push()

    settled = shop.listing("shirt")
    assert (3, None, {"shirt": 3}) == (
        acknowledged_quantity(settled),
        in_flight_quantity(settled),
        shop.channel.shelves,
    )


def overtake(shop: PushHub, available: int) -> None:
    """The first worker's claim runs out, and a second one pushes."""
    shop.clock.advance(CLAIM_SECONDS + 1)
    shop.set_available("shirt", available)
    shop.push()


# Listings and channels that come and go


def test_a_listing_or_channel_that_is_gone_needs_no_push() -> None:
    shop = hub()
    gone, elsewhere = ListingKey("shirt", "web", "gone"), ListingKey("shirt", "closed", "shirt")

    results = shop.use_case.push([PushTask(key=gone), PushTask(key=elsewhere)])

    assert ({gone: Finished(), elsewhere: Finished()}, []) == (results, shop.channel.pushed)


def test_a_listing_whose_sku_is_gone_needs_no_push() -> None:
    shop = hub()
    shop.add_listing("shirt", 1, acknowledged=2)
    shop.listings.skus.clear()

    assert {"shirt": Finished()} == shop.push()


def test_a_whole_channel_is_asked_for_a_page_at_a_time() -> None:
    shop = hub()
    for number in range(PAGE_MAX + 1):
        shop.add_listing(f"s{number:03}", 1)

    shop.use_case.fan_out("web")

    last = f"s{PAGE_MAX - 1:03}"
    assert PushChannelMessage(channel="web", after=last) == shop.queue.sent.pop()
    assert (PAGE_MAX, push("s000")) == (
        len(shop.queue.sent),
        shop.queue.sent[0],
    )


def test_the_last_page_asks_for_no_more() -> None:
    shop = hub()
    shop.add_listing("a", 1)
    shop.add_listing("b", 1)

    shop.use_case.fan_out("web", after="a")
    shop.use_case.fan_out("empty")

    assert [push("b")] == shop.queue.sent
