"""What becomes of an order when its channel says something about it."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import LEVELS_MAX, demand, open_lines
from lastunit.domain.routing import Policy
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.domain.world import Outcome, World
from tests.deciding import PLACES, SKUS, WEB, after, asked, held, placed, said, told, world
from tests.fakes import NOON, sold, stocked

# A first notification


def test_an_order_that_stock_covers_is_reserved_with_the_reason_of_each_choice() -> None:
    step = said(None, sold({"shirt": 2}))

    order = after(step)
    assert (Outcome.RESERVED, State.RESERVED, None) == (step[0], order.state, order.reason)
    assert [("1", "shirt", "M", 2, "R2: first location that covers the whole order")] == [
        (one.line_id, one.sku, one.location, one.quantity, one.rule) for one in order.allocations
    ]


def test_the_decision_is_kept_with_what_it_saw() -> None:
    order = placed(sold({"shirt": 2}))

    assert order.decision is not None
    assert ("pooled", ("M", "L"), {"shirt": {"M": 5, "L": 5}}, {}) == (
        order.decision.policy,
        order.decision.candidates,
        order.decision.saw,
        order.decision.shortage,
    )


def test_the_first_of_a_lines_names_that_is_known_wins() -> None:
    snapshot = replace(sold({"shirt": 1}), lines=(SnapshotLine("1", ("shirt-red", "hat", "shirt"), 1),))

    order = placed(snapshot)

    assert {("hat", "M"): 1} == held(order)


def test_one_sku_on_two_lines_is_summed_before_it_is_routed() -> None:
    """Field bug 4: each line alone would fit M, both together do not."""
    order = placed(sold([("shirt", 4), ("shirt", 3)]))

    assert {("shirt", "M"): 5, ("shirt", "L"): 2} == held(order)


def test_one_sku_on_two_lines_cannot_take_more_than_there_is() -> None:
    step = said(None, sold([("shirt", 6), ("shirt", 5)]))

    assert (Outcome.REQUESTED, Reason.SHORTAGE, {"shirt": "1"}) == told(step)


def test_a_kit_takes_its_components() -> None:
    order = placed(sold({"set": 2}))

    assert {("shirt", "M"): 4, ("hat", "M"): 2} == held(order)


def test_a_kit_and_its_component_in_one_order_are_summed() -> None:
    """Field bug 18: 2 sets and 7 shirts are 11 shirts, one more than there is."""
    fits, too_many = said(None, sold({"set": 2, "shirt": 6})), said(None, sold({"set": 2, "shirt": 7}))

    assert ({"shirt": 10, "hat": 2}, {"shirt": "1"}) == (demand(open_lines(after(fits))), told(too_many)[2])


def test_a_line_keeps_the_recipe_it_was_sold_under() -> None:
    order = placed(sold({"set": 1}))

    assert [{"shirt": 2, "hat": 1}] == [line.parts for line in order.lines]


def test_an_imported_order_that_nothing_can_cover_becomes_a_request_that_takes_nothing() -> None:
    step = said(None, sold({"shirt": 11, "hat": 1}))

    assert (Outcome.REQUESTED, Reason.SHORTAGE, {"shirt": "1"}) == told(step)
    assert {} == held(after(step))


def test_the_own_store_is_told_no_when_nothing_can_cover_its_order() -> None:
    step = asked(None, sold({"shirt": 11}))

    assert (Outcome.REFUSED, Reason.SHORTAGE, {"shirt": "1"}) == told(step)


def test_a_channel_that_takes_requests_gets_one_even_for_an_instant_question() -> None:
    step = asked(None, sold({"shirt": 11}), world(channel=replace(WEB, takes_requests=True)))

    assert (Outcome.REQUESTED, Reason.SHORTAGE, {"shirt": "1"}) == told(step)


def test_two_instant_orders_of_3_against_5_are_one_reservation_and_one_request() -> None:
    """Rule 1.4-11."""
    asking = replace(WEB, takes_requests=True)

    first = asked(None, sold({"shirt": 3}), world({("shirt", "M"): 5}, asking))
    second = asked(None, sold({"shirt": 3}, "2"), world({("shirt", "M"): 2}, asking))

    assert (Outcome.RESERVED, Outcome.REQUESTED) == (first[0], second[0])


def test_an_unknown_sku_keeps_the_whole_order_as_an_exception_that_takes_nothing() -> None:
    step = said(None, sold({"shirt": 1, "what": 1}))

    assert (Outcome.EXCEPTION, Reason.UNKNOWN_SKU, {"names": "what"}) == told(step)
    assert (["shirt", "what"], {}) == ([line.names[0] for line in after(step).lines], held(after(step)))


@pytest.mark.parametrize("name", ["old", "what"])
def test_the_own_store_is_told_no_for_what_is_not_sold(name: str) -> None:
    step = asked(None, sold({name: 1}))

    assert Outcome.REFUSED is step[0]


def test_a_draft_takes_no_orders() -> None:
    step = said(None, sold({"old": 1, "shirt": 1}))

    assert (Outcome.EXCEPTION, Reason.DRAFT_SKU, {"skus": "old"}) == told(step)


def test_a_kit_with_a_draft_inside_takes_no_orders() -> None:
    skus = SKUS | {"hat": Sku("hat", Status.DRAFT)}

    step = said(None, sold({"set": 1}), replace(world(), items=skus))

    assert (Outcome.EXCEPTION, Reason.DRAFT_SKU, {"skus": "hat"}) == told(step)


def test_a_line_of_nothing_is_no_obstacle() -> None:
    order = placed(sold({"shirt": 1, "what": 0, "old": 0}))

    assert {("shirt", "M"): 1} == held(order)


def test_an_order_with_nothing_to_deliver_holds_nothing() -> None:
    step = said(None, sold({"shirt": 0}))

    assert (Outcome.CANCELLED, Reason.NOTHING_TO_DELIVER, {}) == told(step)


def test_a_blacked_out_location_takes_no_part() -> None:
    here = replace(world(), locations=(Location("M", 1, blacked_out=True), Location("L", 2)))

    assert {("shirt", "L"): 1} == held(placed(sold({"shirt": 1}), here))


def test_a_channel_is_served_from_its_own_locations_only() -> None:
    here = world(channel=replace(WEB, locations=frozenset({"L"})))

    step = said(None, sold({"hat": 1}), here)

    assert (Outcome.REQUESTED, Reason.SHORTAGE, {"hat": "1"}) == told(step)


def test_locations_are_tried_by_rank_whatever_order_they_are_listed_in() -> None:
    here = replace(world(), locations=(Location("M", 2), Location("L", 1)))

    assert {("shirt", "L"): 1} == held(placed(sold({"shirt": 1}), here))


def test_a_location_the_order_names_serves_it() -> None:
    assert {("shirt", "L"): 1} == held(placed(sold({"shirt": 1}, location="L")))


def test_the_channels_own_policy_routes_its_orders() -> None:
    here = world({("shirt", "M"): 1, ("hat", "M"): 0, ("shirt", "L"): 1, ("hat", "L"): 1})
    by_priority = replace(here, channel=replace(WEB, policy=Policy.PRIORITY))
    by_strict = replace(here, channel=replace(WEB, policy=Policy.STRICT))

    orders = [placed(sold({"shirt": 1, "hat": 1}), one) for one in (by_priority, by_strict)]

    assert [{("shirt", "M"): 1, ("hat", "L"): 1}, {("shirt", "L"): 1, ("hat", "L"): 1}] == list(map(held, orders))


def many(levels: int) -> tuple[Snapshot, World]:
    """An order of as many SKUs, each at one location."""
    skus = {f"s{at}": Sku(f"s{at}") for at in range(levels)}
    names = {sku: Alias(sku, sku, sku) for sku in skus}
    here = World(WEB, PLACES[:1], names, skus, lambda sku, at: stocked(sku, at, 9), NOON)
    return sold(dict.fromkeys(skus, 1)), here


def test_an_order_of_90_levels_is_reserved_and_one_of_91_waits_for_a_person() -> None:
    fits, too_many = many(LEVELS_MAX), many(LEVELS_MAX + 1)

    steps = [said(None, *fits), said(None, *too_many)]

    assert (Outcome.RESERVED, LEVELS_MAX) == (steps[0][0], len(held(after(steps[0]))))
    assert (Outcome.EXCEPTION, Reason.TOO_MANY_LEVELS, {"levels_max": "90"}) == told(steps[1])
    assert {} == held(after(steps[1]))


def test_an_edit_that_leaves_as_many_levels_as_it_enters_counts_both() -> None:
    """One transaction must release the old levels and reserve the new ones."""
    _, here = many(100)
    before = placed(sold({f"s{at}": 1 for at in range(50)}), here)

    step = said(before, sold({f"s{at}": 1 for at in range(50, 100)}, revision="2"), here)

    assert (Outcome.EXCEPTION, Reason.TOO_MANY_LEVELS, {"levels_max": "90"}) == told(step)
    assert held(before) == held(after(step))
