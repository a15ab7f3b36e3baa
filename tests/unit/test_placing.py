"""What becomes of an order when its channel says something about it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.levels import LevelKey
from lastunit.domain.orders import LEVELS_MAX, Change, Order, Reason, State, demand, promised
from lastunit.domain.placing import Outcome, Step, World, decide
from lastunit.domain.routing import Policy
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from tests.fakes import cancelled, sold

WEB = Channel("web", "generic")
PLACES = (Location("M", 1), Location("L", 2))
SKUS = {
    sku.sku: sku
    for sku in (Sku("shirt"), Sku("hat"), Sku("old", Status.DRAFT), Sku("set", recipe={"shirt": 2, "hat": 1}))
}
STOCK: dict[LevelKey, int] = {("shirt", "M"): 5, ("hat", "M"): 5, ("shirt", "L"): 5}


def world(stock: Mapping[LevelKey, int] = STOCK, channel: Channel = WEB) -> World:
    names = {name: Alias(name, name, name) for name in SKUS}
    return World(channel, PLACES, names, SKUS, lambda sku, at: stock.get((sku, at), 0))


def said(order: Order | None, snapshot: Snapshot, here: World | None = None, *, retry: bool = False) -> Step:
    """What an imported notification does."""
    return decide(order, snapshot, here or world(), instant=False, retry=retry)


def asked(order: Order | None, snapshot: Snapshot, here: World | None = None) -> Step:
    """What the own store's request for an instant answer does."""
    return decide(order, snapshot, here or world(), instant=True)


def after(step: Step) -> Order:
    assert step[1] is not None, "the step changes the order"
    return step[1].after


def placed(snapshot: Snapshot, here: World | None = None) -> Order:
    return replace(after(said(None, snapshot, here)), rev=1)


def told(step: Step) -> tuple[Outcome, Reason | None, Mapping[str, str]]:
    return step[0], after(step).reason, after(step).details


def held(order: Order) -> dict[LevelKey, int]:
    return dict(promised(order))


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

    assert ({"shirt": 10, "hat": 2}, {"shirt": "1"}) == (demand(after(fits).lines), told(too_many)[2])


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
    """1.4 rule 11."""
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
    return sold(dict.fromkeys(skus, 1)), World(WEB, PLACES[:1], names, skus, lambda sku, at: 9)


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


# Duplicates and older versions


def test_the_same_message_again_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}))

    assert (Outcome.DUPLICATE, None) == said(order, sold({"shirt": 2}))


def test_an_older_version_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}, revision="5"))

    assert (Outcome.STALE, None) == said(order, sold({"shirt": 9}, revision="4"))


def test_an_older_version_of_an_exception_changes_nothing() -> None:
    order = placed(sold({"what": 1}, revision="5"))

    assert (Outcome.STALE, None) == said(order, sold({"shirt": 1}, revision="4"))


def test_another_content_of_the_same_revision_is_applied_and_both_are_remembered() -> None:
    order = placed(sold({"shirt": 2}))

    step = said(order, sold({"shirt": 3}))

    edited = after(step)
    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step[0], held(edited))
    assert [(Outcome.DUPLICATE, None)] * 2 == [said(edited, sold({"shirt": units})) for units in (2, 3)]


def test_a_newer_revision_of_the_same_lines_only_notes_the_revision() -> None:
    order = placed(sold({"shirt": 2}))

    step = said(order, sold({"shirt": 2}, revision="2"), world(stock={}))

    assert step[1] is not None
    assert (Outcome.UPDATED, "2", {}) == (step[0], after(step).revision, step[1].levels())
    assert (order.state, order.allocations) == (after(step).state, after(step).allocations)


def test_a_redelivered_exception_waits_on() -> None:
    order = placed(sold({"what": 1}))

    assert (Outcome.DUPLICATE, None) == said(order, sold({"what": 1}))


# Edits


def edited(before: Mapping[str, int], to: Mapping[str, int], left: Mapping[LevelKey, int]) -> Step:
    """An order of `before` is edited when the stock `left` is what others may have."""
    return said(placed(sold(before)), sold(to, revision="2"), world(left))


def test_an_edit_up_takes_only_the_difference() -> None:
    step = edited({"shirt": 2}, {"shirt": 5}, {("shirt", "M"): 3})

    assert step[1] is not None
    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step[0], step[1].levels())


def test_an_edit_down_gives_back_the_difference() -> None:
    step = edited({"shirt": 5}, {"shirt": 2}, {})

    assert step[1] is not None
    assert (Outcome.RESERVED, {("shirt", "M"): -3}) == (step[0], step[1].levels())


def test_an_edit_that_drops_a_line_gives_its_units_back() -> None:
    step = edited({"shirt": 1, "hat": 2}, {"shirt": 1}, {})

    assert step[1] is not None
    assert (Outcome.RESERVED, {("hat", "M"): -2}) == (step[0], step[1].levels())


def test_an_edit_down_keeps_the_first_places_and_gives_back_the_last() -> None:
    step = edited({"shirt": 8}, {"shirt": 6}, {})

    assert {("shirt", "M"): 5, ("shirt", "L"): 1} == held(after(step))


def test_an_edit_that_stock_cannot_cover_keeps_what_was_promised_and_waits_for_a_person() -> None:
    step = edited({"shirt": 2}, {"shirt": 9}, {("shirt", "M"): 3})

    assert (Outcome.EXCEPTION, Reason.EDIT_SHORT, {"shirt": "4"}) == told(step)
    assert {("shirt", "M"): 2} == held(after(step))


def test_an_edit_to_an_unknown_sku_keeps_what_was_promised() -> None:
    step = edited({"shirt": 2}, {"what": 2}, STOCK)

    assert (Outcome.EXCEPTION, {("shirt", "M"): 2}) == (step[0], held(after(step)))


def test_a_request_edited_down_to_what_there_is_becomes_a_reservation() -> None:
    step = edited({"shirt": 99}, {"shirt": 3}, STOCK)

    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step[0], held(after(step)))


def test_a_newer_revision_of_an_exception_tries_again_even_with_the_same_lines() -> None:
    step = edited({"shirt": 99, "what": 1}, {"shirt": 2}, STOCK)
    again = said(placed(sold({"what": 2})), sold({"what": 2}, revision="2"))

    assert (Outcome.RESERVED, Outcome.EXCEPTION) == (step[0], again[0])


def test_an_edit_down_to_nothing_releases_everything_and_an_edit_up_again_reserves() -> None:
    emptied = after(edited({"shirt": 2}, {"shirt": 0}, {}))

    step = said(emptied, sold({"shirt": 1}, revision="3"))

    assert (State.CANCELLED, {}) == (emptied.state, held(emptied))
    assert (Outcome.RESERVED, {("shirt", "M"): 1}) == (step[0], held(after(step)))


@given(
    st.lists(st.dictionaries(st.sampled_from(["shirt", "hat", "set"]), st.integers(0, 6), min_size=1), max_size=6)
)
def test_however_an_order_is_edited_it_holds_what_it_says_or_what_it_held(edits: list[dict[str, int]]) -> None:
    """Field bug 13: Σ allocations = ordered when reserved; otherwise exactly what was held before. Never below."""
    left, order = dict(STOCK), None
    for number, units in enumerate(edits):
        before = promised(order)

        _, change = said(order, sold(units, revision=str(number)), world(left))

        if change is None:
            continue
        order = replace(change.after, rev=number)
        for key, taken in change.levels().items():
            left[key] -= taken
        per_sku = dict.fromkeys(demand(order.lines), 0)
        for (sku, _), quantity in promised(order).items():
            per_sku[sku] = per_sku.get(sku, 0) + quantity
        assert per_sku == demand(order.lines) if order.state is State.RESERVED else promised(order) in (before, {})
        assert min(left.values()) >= 0


# Cancels


def test_a_cancel_gives_everything_back() -> None:
    order = placed(sold({"shirt": 2, "hat": 1}))

    step = said(order, cancelled())

    assert (Outcome.CANCELLED, Reason.CANCELLED_BY_CHANNEL, {}) == told(step)
    assert step[1] is not None
    assert {("shirt", "M"): -2, ("hat", "M"): -1} == step[1].levels()


def test_a_cancel_wins_whatever_its_revision() -> None:
    order = placed(sold({"shirt": 2}, revision="5"))

    step = said(order, cancelled(revision="1"))

    assert (Outcome.CANCELLED, "5", {}) == (step[0], after(step).revision, held(after(step)))


def test_a_second_cancel_gives_nothing_back() -> None:
    order = after(said(placed(sold({"shirt": 2})), cancelled()))

    assert (Outcome.DUPLICATE, None) == said(order, cancelled(revision="3"))


def test_a_cancelled_order_never_takes_stock_again() -> None:
    order = after(said(placed(sold({"shirt": 2})), cancelled()))

    assert (Outcome.DUPLICATE, None) == said(order, sold({"shirt": 9}, revision="9"))


def test_a_cancel_before_its_order_is_remembered_and_the_order_takes_nothing() -> None:
    tombstone = said(None, cancelled())

    late = said(after(tombstone), sold({"shirt": 2}))

    assert (Outcome.CANCELLED, Reason.CANCELLED_BEFORE_ORDER, {}) == told(tombstone)
    assert (Outcome.DUPLICATE, None) == late


def test_a_cancelled_request_gives_nothing_back_because_nothing_was_taken() -> None:
    step = said(placed(sold({"shirt": 99})), cancelled())

    assert step[1] is not None
    assert (Outcome.CANCELLED, {}) == (step[0], step[1].levels())


def test_a_cancelled_refusal_was_never_sold_on_its_channel() -> None:
    refused = after(asked(None, sold({"shirt": 99})))

    step = asked(refused, cancelled())

    assert step[1] is not None
    assert (Outcome.CANCELLED, {}) == (step[0], step[1].listings())


# Trying again


def with_alias(here: World) -> World:
    return replace(here, names={**here.names, "what": Alias("what", "shirt", "shirt")})


def test_an_exception_is_placed_once_its_cause_is_gone() -> None:
    order = placed(sold({"what": 2}))

    step = said(order, order.snapshot(), with_alias(world()), retry=True)

    assert (Outcome.RESERVED, {("shirt", "M"): 2}) == (step[0], held(after(step)))


def test_a_retry_that_comes_late_uses_what_the_channel_said_last() -> None:
    first = placed(sold({"what": 2}))
    newer = after(said(first, sold({"what": 1}, revision="2")))

    step = said(newer, first.snapshot(), with_alias(world()), retry=True)

    assert (Outcome.RESERVED, "2", {("shirt", "M"): 1}) == (step[0], after(step).revision, held(after(step)))


def test_a_retry_of_anything_but_an_exception_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}))

    assert (Outcome.DUPLICATE, None) == said(order, order.snapshot(), retry=True)


def test_retrying_in_vain_changes_nothing_and_forgets_no_version() -> None:
    order = placed(sold({"what": 2}))

    _, change = said(order, order.snapshot(), retry=True)

    assert Change(order, order) == change


def test_an_order_that_exists_cannot_be_told_no() -> None:
    """An imported request, edited by an instant call, must not vanish from what waits for a person."""
    request = placed(sold({"shirt": 99}))

    step = asked(request, sold({"shirt": 98}, revision="2"))

    assert (Outcome.REQUESTED, Reason.SHORTAGE, {"shirt": "88"}) == told(step)


@pytest.mark.parametrize("name", ["old", "shirt"])
def test_a_refused_order_that_is_asked_again_is_refused_again(name: str) -> None:
    refused = after(asked(None, sold({name: 99})))

    step = asked(refused, sold({name: 98}, revision="2"))

    assert Outcome.REFUSED is step[0]
