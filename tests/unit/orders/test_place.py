"""What becomes of an order when its channel says something about it."""

from dataclasses import replace

import pytest

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import LEVELS_MAX
from lastunit.domain.orders.context import DecisionContext, Outcome
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import demand, open_lines
from lastunit.domain.stock.catalogue import Alias, Location, Sku, Status
from lastunit.domain.stock.routing import Policy
from tests.support.clock import NOON
from tests.support.orders.deciding import (
    LOCATIONS,
    SKUS,
    WEB,
    after,
    decide_input,
    decide_instantly,
    decision_context,
    placed,
    reserved,
    result,
)
from tests.support.orders.inputs import sold
from tests.support.stock.levels import stocked

# A first notification


def test_an_order_that_stock_covers_is_reserved_with_the_reason_of_each_choice() -> None:
    step = decide_input(None, sold({"shirt": 2}))

    order = after(step)
    assert (Outcome.RESERVED, State.RESERVED, None) == (step.outcome, order.state, order.reason)
    assert [("1", "shirt", "M", 2, "R2: first location that covers the whole order")] == [
        (one.line_id, one.sku, one.location, one.quantity, one.rule) for one in order.allocations
    ]


def test_the_decision_is_kept_with_what_it_saw() -> None:
    order = placed(sold({"shirt": 2}))

    assert order.routing is not None
    assert ("pooled", ("M", "L"), {"shirt": {"M": 5, "L": 5}}, {}) == (
        order.routing.policy,
        order.routing.candidates,
        order.routing.saw,
        order.routing.shortage,
    )


def test_the_first_of_a_lines_names_that_is_known_wins() -> None:
    snapshot = replace(sold({"shirt": 1}), lines=(SnapshotLine("1", ("shirt-red", "hat", "shirt"), 1),))

    order = placed(snapshot)

    assert {("hat", "M"): 1} == reserved(order)


def test_one_sku_on_two_lines_is_summed_before_it_is_routed() -> None:
    """One SKU on two lines: each line alone would fit M, both together do not."""
    order = placed(sold([("shirt", 4), ("shirt", 3)]))

    assert {("shirt", "M"): 5, ("shirt", "L"): 2} == reserved(order)


def test_one_sku_on_two_lines_cannot_take_more_than_there_is() -> None:
    step = decide_input(None, sold([("shirt", 6), ("shirt", 5)]))

    assert (Outcome.REQUESTED, OrderReason.SHORTAGE, {"shirt": "1"}) == result(step)


def test_a_kit_takes_its_components() -> None:
    order = placed(sold({"set": 2}))

    assert {("shirt", "M"): 4, ("hat", "M"): 2} == reserved(order)


def test_a_kit_and_its_component_in_one_order_are_summed() -> None:
    """A component sold by two roads: 2 sets and 7 shirts are 11 shirts, one more than there is."""
    fits, too_many = (
        decide_input(None, sold({"set": 2, "shirt": 6})),
        decide_input(None, sold({"set": 2, "shirt": 7})),
    )

    assert ({"shirt": 10, "hat": 2}, {"shirt": "1"}) == (demand(open_lines(after(fits))), result(too_many)[2])


def test_a_line_keeps_the_recipe_it_was_sold_under() -> None:
    order = placed(sold({"set": 1}))

    assert [{"shirt": 2, "hat": 1}] == [line.parts for line in order.lines]


def test_an_imported_order_that_nothing_can_cover_becomes_a_request_that_takes_nothing() -> None:
    step = decide_input(None, sold({"shirt": 11, "hat": 1}))

    assert (Outcome.REQUESTED, OrderReason.SHORTAGE, {"shirt": "1"}) == result(step)
    assert {} == reserved(after(step))


def test_the_own_store_is_refused_when_nothing_can_cover_its_order() -> None:
    step = decide_instantly(None, sold({"shirt": 11}))

    assert (Outcome.REFUSED, OrderReason.SHORTAGE, {"shirt": "1"}) == result(step)


def test_a_channel_that_takes_requests_gets_one_even_for_an_instant_question() -> None:
    step = decide_instantly(None, sold({"shirt": 11}), decision_context(channel=replace(WEB, takes_requests=True)))

    assert (Outcome.REQUESTED, OrderReason.SHORTAGE, {"shirt": "1"}) == result(step)


def test_two_instant_orders_of_3_against_5_are_one_reservation_and_one_request() -> None:
    """Rule 1.4-11."""
    asking = replace(WEB, takes_requests=True)

    first = decide_instantly(None, sold({"shirt": 3}), decision_context({LevelKey("shirt", "M"): 5}, asking))
    second = decide_instantly(None, sold({"shirt": 3}, "2"), decision_context({LevelKey("shirt", "M"): 2}, asking))

    assert (Outcome.RESERVED, Outcome.REQUESTED) == (first.outcome, second.outcome)


def test_an_unknown_sku_keeps_the_whole_order_as_an_exception_that_takes_nothing() -> None:
    step = decide_input(None, sold({"shirt": 1, "what": 1}))

    assert (Outcome.EXCEPTION, OrderReason.UNKNOWN_SKU, {"names": "what"}) == result(step)
    assert (["shirt", "what"], {}) == ([line.names[0] for line in after(step).lines], reserved(after(step)))


@pytest.mark.parametrize("name", ["old", "what"])
def test_the_own_store_is_refused_what_is_not_sold(name: str) -> None:
    step = decide_instantly(None, sold({name: 1}))

    assert Outcome.REFUSED is step.outcome


def test_a_draft_takes_no_orders() -> None:
    step = decide_input(None, sold({"old": 1, "shirt": 1}))

    assert (Outcome.EXCEPTION, OrderReason.DRAFT_SKU, {"skus": "old"}) == result(step)


def test_a_kit_with_a_draft_inside_takes_no_orders() -> None:
    skus = SKUS | {"hat": Sku(sku="hat", status=Status.DRAFT)}

    step = decide_input(None, sold({"set": 1}), replace(decision_context(), items=skus))

    assert (Outcome.EXCEPTION, OrderReason.DRAFT_SKU, {"skus": "hat"}) == result(step)


def test_a_line_of_nothing_is_no_obstacle() -> None:
    order = placed(sold({"shirt": 1, "what": 0, "old": 0}))

    assert {("shirt", "M"): 1} == reserved(order)


def test_an_order_with_nothing_to_deliver_holds_nothing() -> None:
    step = decide_input(None, sold({"shirt": 0}))

    assert (Outcome.CANCELLED, OrderReason.NOTHING_TO_DELIVER, {}) == result(step)


def test_a_blacked_out_location_takes_no_part() -> None:
    shop = replace(decision_context(), locations=(Location("M", 1, blacked_out=True), Location("L", 2)))

    assert {("shirt", "L"): 1} == reserved(placed(sold({"shirt": 1}), shop))


def test_a_channel_is_served_from_its_own_locations_only() -> None:
    shop = decision_context(channel=replace(WEB, locations=frozenset({"L"})))

    step = decide_input(None, sold({"hat": 1}), shop)

    assert (Outcome.REQUESTED, OrderReason.SHORTAGE, {"hat": "1"}) == result(step)


def test_locations_are_tried_by_rank_whatever_order_they_are_listed_in() -> None:
    shop = replace(decision_context(), locations=(Location("M", 2), Location("L", 1)))

    assert {("shirt", "L"): 1} == reserved(placed(sold({"shirt": 1}), shop))


def test_a_location_the_order_names_serves_it() -> None:
    assert {("shirt", "L"): 1} == reserved(placed(sold({"shirt": 1}, location="L")))


def test_the_channels_own_policy_routes_its_orders() -> None:
    shop = decision_context(
        {LevelKey("shirt", "M"): 1, LevelKey("hat", "M"): 0, LevelKey("shirt", "L"): 1, LevelKey("hat", "L"): 1}
    )
    by_priority = replace(shop, channel=replace(WEB, policy=Policy.PRIORITY))
    by_strict = replace(shop, channel=replace(WEB, policy=Policy.STRICT))

    orders = [placed(sold({"shirt": 1, "hat": 1}), one) for one in (by_priority, by_strict)]

    assert [{("shirt", "M"): 1, ("hat", "L"): 1}, {("shirt", "L"): 1, ("hat", "L"): 1}] == list(
        map(reserved, orders)
    )


def many(levels: int) -> tuple[OrderSnapshot, DecisionContext]:
    """An order of as many SKUs, each at one location."""
    skus = {f"s{at}": Sku(sku=f"s{at}") for at in range(levels)}
    names = {sku: Alias(sku, sku, sku) for sku in skus}
    shop = DecisionContext(
        channel=WEB,
        locations=LOCATIONS[:1],
        names=names,
        items=skus,
        level=lambda sku, at: stocked(sku, at, 9),
        now=NOON,
    )
    return sold(dict.fromkeys(skus, 1)), shop


def test_an_order_of_90_levels_is_reserved_and_one_of_91_waits_for_a_person() -> None:
    fits, too_many = many(LEVELS_MAX), many(LEVELS_MAX + 1)

    steps = [decide_input(None, *fits), decide_input(None, *too_many)]

    assert (Outcome.RESERVED, LEVELS_MAX) == (steps[0].outcome, len(reserved(after(steps[0]))))
    assert (Outcome.EXCEPTION, OrderReason.TOO_MANY_LEVELS, {"levels_max": "90"}) == result(steps[1])
    assert {} == reserved(after(steps[1]))


def test_an_edit_that_leaves_as_many_levels_as_it_enters_counts_both() -> None:
    """One transaction must release the old levels and reserve the new ones."""
    _, shop = many(100)
    before = placed(sold({f"s{at}": 1 for at in range(50)}), shop)

    step = decide_input(before, sold({f"s{at}": 1 for at in range(50, 100)}, revision="2"), shop)

    assert (Outcome.EXCEPTION, OrderReason.TOO_MANY_LEVELS, {"levels_max": "90"}) == result(step)
    assert reserved(before) == reserved(after(step))
