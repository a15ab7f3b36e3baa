"""Telling channels their numbers: what is sent, in which order, and what follows from each answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.errors import ChannelUnavailable, Throttled
from lastunit.domain.pushes import Failure, Form
from lastunit.push import LOOKS_MAX, PAGE_MAX, WORK_SECONDS, Done, Retry, Task
from lastunit.push_desk import CLAIM_SECONDS
from lastunit.push_round import SWAPS_MAX
from tests.pushing import FakeChannel, Hub

ACKNOWLEDGED = Done(acknowledged=True)


def hub(form: Form = Form.SWAP, batch_max: int = 100, *, versioned: bool = False, tells: bool = False) -> Hub:
    return Hub(FakeChannel(form, batch_max, versioned, tells))


# What is sent, and in which order


def test_lowerings_go_before_raisings_and_the_lowest_number_first() -> None:
    shop = hub(batch_max=1)
    for name, told, available in (("a", 1, 2), ("b", 9, 5), ("c", 8, 0), ("d", 3, 7), ("e", 20, 11)):
        shop.lists(name, available, told=told)

    shop.push()

    assert [("c", 0), ("b", 5), ("e", 11), ("a", 2), ("d", 7)] == shop.market.told


def test_zero_is_a_number_like_any_other() -> None:
    shop = hub()
    shop.lists("shirt", 0, told=1)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 0}) == (results, shop.market.shelves)


def test_a_confirmed_number_is_not_pushed_again() -> None:
    shop = hub()
    shop.lists("shirt", 3, told=5)
    shop.push()

    again = shop.push()

    assert ({"shirt": Done()}, [("shirt", 3)]) == (again, shop.market.told)


def test_pushes_travel_in_batches_as_large_as_the_channel_takes() -> None:
    shop = hub(batch_max=2)
    for name in "abcde":
        shop.lists(name, 1, told=2)

    shop.push()

    assert [2, 2, 1] == [len(batch) for batch in shop.market.writes]


def test_the_number_is_computed_when_it_is_sent() -> None:
    shop = hub()
    shop.lists("shirt", 9, told=10)
    keys = list(shop.listings.listed)
    shop.has("shirt", 4)

    shop.use_case(map(Task, keys))

    assert [("shirt", 4)] == shop.market.told


def test_a_kit_shows_what_its_scarcest_component_allows() -> None:
    shop = hub()
    shop.lists("shirt", 9, told=9)
    shop.lists("hat", 5, told=5)
    shop.lists("set", 0, told=0)
    shop.listings.skus["set"] = Sku("set", recipe={"shirt": 1, "hat": 2})
    del shop.listings.stock["set", "M"]

    shop.push("set")

    assert [("set", 2)] == shop.market.told


def test_a_listing_that_was_never_told_is_read_first_and_swapped_from_what_it_shows() -> None:
    shop = hub()
    shop.lists("shirt", 5)
    shop.market.put("shirt", 17)

    shop.push()

    assert ([["shirt"]], [17]) == (shop.market.reads, [push.expected for push in shop.market.writes[0]])
    assert {"shirt": 5} == shop.market.shelves


# What a call may come to


def test_a_throttled_call_comes_again_when_the_channel_wishes_and_nothing_stays_booked() -> None:
    shop = hub(batch_max=1)
    for name, available in (("a", 1), ("b", 2), ("c", 3)):
        shop.lists(name, available, told=9)
    shop.market.write_errors = [None, Throttled(7)]

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": Retry(7), "c": Retry(7)} == results
    assert [None, None] == [shop.listing(name).in_flight for name in "bc"]
    assert [None, None] == [shop.listings.listed[name, "web", name].claim for name in "bc"]


def test_one_failing_listing_never_fails_its_batch() -> None:
    shop = hub()
    for name in "abc":
        shop.lists(name, 1, told=2)
    shop.market.refuses = {"b": Failure.TRANSIENT}

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": Retry(), "c": ACKNOWLEDGED} == results
    assert [None, 1, None] == [shop.listing(name).in_flight for name in "abc"]


@pytest.mark.parametrize("failure", [Failure.GONE, Failure.NOT_STOCKED, Failure.INVALID])
def test_a_permanent_failure_is_kept_for_a_person_and_not_retried(failure: Failure) -> None:
    shop = hub()
    shop.lists("shirt", 1, told=2)
    shop.market.refuses = {"shirt": failure}

    results = shop.push()

    error = shop.listing("shirt").last_error
    assert ({"shirt": Done(refused=True)}, failure) == (results, error.failure if error else None)
    assert 1 == len(shop.market.writes)


def test_an_error_is_forgotten_with_the_next_acknowledgement() -> None:
    shop = hub()
    shop.lists("shirt", 1, told=2)
    shop.market.refuses = {"shirt": Failure.GONE}
    shop.push()
    shop.market.refuses = {}

    shop.push()

    assert (None, {"shirt": 1}) == (shop.listing("shirt").last_error, shop.market.shelves)


def test_a_number_that_never_stops_moving_comes_again_later() -> None:
    shop = hub()
    shop.lists("shirt", 5, told=50)
    shop.market.meanwhile = [lambda: shop.market.sell("shirt", 1)] * SWAPS_MAX

    results = shop.push()

    assert ({"shirt": Retry()}, SWAPS_MAX) == (results, len(shop.market.writes))


def test_a_channel_whose_secret_is_missing_keeps_its_pushes_waiting() -> None:
    def unavailable(_: object) -> FakeChannel:
        raise ChannelUnavailable("no secret")

    shop = hub()
    shop.lists("shirt", 1, told=2)

    results = replace(shop.use_case, api=unavailable)(map(Task, shop.listings.listed))

    assert [Retry()] == list(results.values())


def test_no_new_batch_is_begun_when_the_function_has_worked_long_enough() -> None:
    shop = hub(batch_max=1)
    shop.lists("a", 1, told=9)
    shop.lists("b", 2, told=9)
    shop.market.meanwhile = [lambda: shop.clock.advance(WORK_SECONDS + 1)]

    results = shop.push()

    assert {"a": ACKNOWLEDGED, "b": Retry(1)} == results


# One writer per listing


def test_a_second_worker_leaves_a_claimed_listing_to_its_holder_who_looks_again() -> None:
    """And comes again itself, for the holder may be dead: its claim, by a fast clock, may stand for minutes."""
    shop = hub()
    shop.lists("shirt", 5, told=9)
    seconds: list[object] = []

    def meanwhile() -> None:
        shop.has("shirt", 3)
        seconds.append(shop.push())

    shop.market.meanwhile = [meanwhile]

    results = shop.push()

    assert ([{"shirt": Retry()}], {"shirt": ACKNOWLEDGED}) == (seconds, results)
    assert [("shirt", 5), ("shirt", 3)] == shop.market.told


def test_a_listing_that_changes_at_every_look_goes_back_to_the_queue() -> None:
    shop = hub()
    shop.lists("shirt", 50, told=90)

    def meanwhile() -> None:
        shop.has("shirt", shop.listings.stock["shirt", "M"].available - 1)
        shop.push()

    shop.market.meanwhile = [meanwhile] * LOOKS_MAX

    results = shop.push()

    assert ({"shirt": Retry(1)}, LOOKS_MAX) == (results, len(shop.market.writes))


def test_a_claim_past_its_time_is_taken_over() -> None:
    shop = hub()
    shop.lists("shirt", 5, told=9)
    now = shop.clock.now()
    shop.listings.claim([("shirt", "web", "shirt")], "dead", now, now + timedelta(seconds=9))
    shop.clock.advance(9.5)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 5}) == (results, shop.market.shelves)


@pytest.mark.parametrize("form", list(Form))
def test_an_older_workers_acknowledgement_never_overwrites_a_newer_one(form: Form) -> None:
    shop = hub(form)
    shop.lists("shirt", 5, told=9)
    shop.market.afterwards = [lambda: overtake(shop, 3)]

    shop.push()

    settled = shop.listing("shirt")
    assert (3, None, {"shirt": 3}) == (settled.acknowledged, settled.in_flight, shop.market.shelves)


@pytest.mark.parametrize("versioned", [True, False])
def test_an_older_workers_swap_never_overwrites_a_newer_number(versioned: bool) -> None:
    shop = hub(versioned=versioned)
    shop.lists("shirt", 5, told=9)
    shop.market.meanwhile = [lambda: overtake(shop, 3)]

    shop.push()

    settled = shop.listing("shirt")
    assert (3, None, {"shirt": 3}) == (settled.acknowledged, settled.in_flight, shop.market.shelves)


def overtake(shop: Hub, available: int) -> None:
    """The first worker's claim runs out, and a second one pushes."""
    shop.clock.advance(CLAIM_SECONDS + 1)
    shop.has("shirt", available)
    shop.push()


# Listings and channels that come and go


def test_a_listing_or_channel_that_is_gone_needs_no_push() -> None:
    shop = hub()
    gone, elsewhere = ("shirt", "web", "gone"), ("shirt", "closed", "shirt")

    results = shop.use_case([Task(gone), Task(elsewhere)])

    assert ({gone: Done(), elsewhere: Done()}, []) == (results, shop.market.told)


def test_a_listing_whose_sku_is_gone_needs_no_push() -> None:
    shop = hub()
    shop.lists("shirt", 1, told=2)
    shop.listings.skus.clear()

    assert {"shirt": Done()} == shop.push()


def test_a_whole_channel_is_asked_for_a_page_at_a_time() -> None:
    shop = hub()
    for number in range(PAGE_MAX + 1):
        shop.lists(f"s{number:03}", 1)

    shop.use_case.fan_out("web")

    last = f"s{PAGE_MAX - 1:03}"
    assert {"channel": "web", "after": last} == shop.queue.sent.pop()
    assert (PAGE_MAX, {"sku": "s000", "channel": "web", "listing": "s000"}) == (
        len(shop.queue.sent),
        shop.queue.sent[0],
    )


def test_the_last_page_asks_for_no_more() -> None:
    shop = hub()
    shop.lists("a", 1)
    shop.lists("b", 1)

    shop.use_case.fan_out("web", after="a")
    shop.use_case.fan_out("empty")

    assert [{"sku": "b", "channel": "web", "listing": "b"}] == shop.queue.sent
