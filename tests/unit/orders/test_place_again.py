"""What becomes of an order its channel speaks of again: duplicates, edits, cancels, and trying once more."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.channel_counts import sold_on_channel
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome
from lastunit.domain.orders.inbound import ConfirmShipment
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import demand, open_lines, release_all, reserved_units, shipped
from lastunit.domain.stock.catalogue import Alias
from tests.support.orders.deciding import (
    STOCK,
    after,
    decide_input,
    decide_instantly,
    decision_context,
    placed,
    reserved,
    reserved_delta,
    result,
)
from tests.support.orders.inputs import cancelled, retry, shipment_notice, sold

# Duplicates and older versions


def test_the_same_message_again_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}))

    assert Decided(Outcome.DUPLICATE) == decide_input(order, sold({"shirt": 2}))


def test_an_older_version_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}, revision="5"))

    assert Decided(Outcome.STALE) == decide_input(order, sold({"shirt": 9}, revision="4"))


def test_an_older_version_of_an_exception_changes_nothing() -> None:
    order = placed(sold({"what": 1}, revision="5"))

    assert Decided(Outcome.STALE) == decide_input(order, sold({"shirt": 1}, revision="4"))


def test_another_content_of_the_same_revision_is_applied_and_both_are_remembered() -> None:
    order = placed(sold({"shirt": 2}))

    step = decide_input(order, sold({"shirt": 3}))

    edited = after(step)
    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step.outcome, reserved(edited))
    assert [Decided(Outcome.DUPLICATE)] * 2 == [decide_input(edited, sold({"shirt": units})) for units in (2, 3)]


def test_a_newer_revision_of_the_same_lines_only_notes_the_revision() -> None:
    order = placed(sold({"shirt": 2}))

    step = decide_input(order, sold({"shirt": 2}, revision="2"), decision_context(stock={}))

    assert step.change is not None
    assert (Outcome.UPDATED, "2", {}) == (step.outcome, after(step).revision, reserved_delta(step))
    assert (order.state, order.allocations) == (after(step).state, after(step).allocations)


def test_a_redelivered_exception_waits_on() -> None:
    order = placed(sold({"what": 1}))

    assert Decided(Outcome.DUPLICATE) == decide_input(order, sold({"what": 1}))


# Edits


def edited(before: Mapping[str, int], to: Mapping[str, int], left: Mapping[LevelKey, int]) -> Decided:
    """An order of `before` is edited when the stock `left` is what others may have."""
    return decide_input(placed(sold(before)), sold(to, revision="2"), decision_context(left))


def test_an_edit_up_takes_only_the_difference() -> None:
    step = edited({"shirt": 2}, {"shirt": 5}, {LevelKey("shirt", "M"): 3})

    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step.outcome, reserved_delta(step))


def test_an_edit_down_gives_back_the_difference() -> None:
    step = edited({"shirt": 5}, {"shirt": 2}, {})

    assert (Outcome.RESERVED, {("shirt", "M"): -3}) == (step.outcome, reserved_delta(step))


def test_an_edit_that_drops_a_line_gives_its_units_back() -> None:
    step = edited({"shirt": 1, "hat": 2}, {"shirt": 1}, {})

    assert (Outcome.RESERVED, {("hat", "M"): -2}) == (step.outcome, reserved_delta(step))


def test_an_edit_down_keeps_the_first_places_and_gives_back_the_last() -> None:
    step = edited({"shirt": 8}, {"shirt": 6}, {})

    assert {("shirt", "M"): 5, ("shirt", "L"): 1} == reserved(after(step))


def test_an_edit_that_stock_cannot_cover_keeps_what_was_promised_and_waits_for_a_person() -> None:
    step = edited({"shirt": 2}, {"shirt": 9}, {LevelKey("shirt", "M"): 3})

    assert (Outcome.EXCEPTION, OrderReason.EDIT_SHORT, {"shirt": "4"}) == result(step)
    assert {("shirt", "M"): 2} == reserved(after(step))


def test_an_edit_to_an_unknown_sku_keeps_what_was_promised() -> None:
    step = edited({"shirt": 2}, {"what": 2}, STOCK)

    assert (Outcome.EXCEPTION, {("shirt", "M"): 2}) == (step.outcome, reserved(after(step)))


def test_a_request_edited_down_to_what_there_is_becomes_a_reservation() -> None:
    step = edited({"shirt": 99}, {"shirt": 3}, STOCK)

    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step.outcome, reserved(after(step)))


def test_a_newer_revision_of_an_exception_tries_again_even_with_the_same_lines() -> None:
    step = edited({"shirt": 99, "what": 1}, {"shirt": 2}, STOCK)
    again = decide_input(placed(sold({"what": 2})), sold({"what": 2}, revision="2"))

    assert (Outcome.RESERVED, Outcome.EXCEPTION) == (step.outcome, again.outcome)


def test_an_edit_down_to_nothing_releases_everything_and_an_edit_up_again_reserves() -> None:
    emptied = after(edited({"shirt": 2}, {"shirt": 0}, {}))

    step = decide_input(emptied, sold({"shirt": 1}, revision="3"))

    assert (State.CANCELLED, {}) == (emptied.state, reserved(emptied))
    assert (Outcome.RESERVED, {("shirt", "M"): 1}) == (step.outcome, reserved(after(step)))


@given(
    st.lists(st.dictionaries(st.sampled_from(["shirt", "hat", "set"]), st.integers(0, 6), min_size=1), max_size=6)
)
def test_however_an_order_is_edited_it_holds_what_it_says_or_what_it_held(edits: list[dict[str, int]]) -> None:
    """Σ allocations = ordered when reserved; otherwise exactly what was held before. Never below."""
    left, order = dict(STOCK), None
    for number, units in enumerate(edits):
        before = reserved_units(order)

        change = decide_input(order, sold(units, revision=str(number)), decision_context(left)).change

        if change is None:
            continue
        order = replace(change.after, rev=number)
        for key, movement in change.levels().items():
            left[key] += movement.available
        per_sku = dict.fromkeys(demand(open_lines(order)), 0)
        for (sku, _), quantity in reserved_units(order).items():
            per_sku[sku] = per_sku.get(sku, 0) + quantity
        if order.state is State.RESERVED:
            assert demand(open_lines(order)) == per_sku
        else:
            assert reserved_units(order) in (before, {})
        assert min(left.values()) >= 0


# Cancels


def test_a_cancel_gives_everything_back() -> None:
    order = placed(sold({"shirt": 2, "hat": 1}))

    step = decide_input(order, cancelled())

    assert (Outcome.CANCELLED, OrderReason.CANCELLED_BY_CHANNEL, {}) == result(step)
    assert {("shirt", "M"): -2, ("hat", "M"): -1} == reserved_delta(step)


def test_a_cancel_wins_whatever_its_revision() -> None:
    order = placed(sold({"shirt": 2}, revision="5"))

    step = decide_input(order, cancelled(revision="1"))

    assert (Outcome.CANCELLED, "5", {}) == (step.outcome, after(step).revision, reserved(after(step)))


def test_a_second_cancel_gives_nothing_back() -> None:
    order = after(decide_input(placed(sold({"shirt": 2})), cancelled()))

    assert Decided(Outcome.DUPLICATE) == decide_input(order, cancelled(revision="3"))


def test_a_cancelled_order_never_takes_stock_again() -> None:
    order = after(decide_input(placed(sold({"shirt": 2})), cancelled()))

    assert Decided(Outcome.DUPLICATE) == decide_input(order, sold({"shirt": 9}, revision="9"))


def test_a_cancel_before_its_order_is_remembered_and_the_order_takes_nothing() -> None:
    tombstone = decide_input(None, cancelled())

    late = decide_input(after(tombstone), sold({"shirt": 2}))

    assert (Outcome.CANCELLED, OrderReason.CANCELLED_BEFORE_ORDER, {}) == result(tombstone)
    assert (Outcome.CANCELLED, State.CANCELLED, {}) == (late.outcome, after(late).state, reserved_delta(late))


@pytest.mark.parametrize(("restocked", "fewer"), [(False, {("shirt", "shirt"): 2}), (True, {})])
def test_an_order_first_reported_when_it_is_cancelled_was_sold_on_its_channel(
    restocked: bool, fewer: dict[tuple[str, str], int]
) -> None:
    """eBay puts nothing back: without this its number, lower by the order, would look like somebody's edit."""
    known = replace(sold({"shirt": 2}), cancelled=True, restocked=restocked)

    step = decide_input(None, known).change

    assert step is not None
    assert (fewer, {}) == (step.listings(), step.levels())


def test_an_edit_of_a_declined_order_takes_nothing_and_counts_as_sold() -> None:
    asked_for = placed(sold({"shirt": 99}))
    declined = replace(asked_for, state=State.CANCELLED, reason=OrderReason.DECLINED, queued_at=None)

    edit = decide_input(declined, sold({"shirt": 100}, revision="3"))

    assert edit.change is not None
    assert ({("shirt", "shirt"): 1}, {}, State.CANCELLED) == (
        edit.change.listings(),
        edit.change.levels(),
        after(edit).state,
    )


def test_what_a_channel_puts_back_after_we_had_cancelled_counts_as_put_back() -> None:
    """Somebody declined the request here; the buyer cancels there later."""
    declined = after(decide_input(placed(sold({"shirt": 99})), cancelled()))

    late = decide_input(declined, cancelled(revision="3", restocked=True))

    assert late.change is not None
    assert (Outcome.CANCELLED, {("shirt", "shirt"): -99}, {}) == (
        late.outcome,
        late.change.listings(),
        late.change.levels(),
    )
    assert Decided(Outcome.DUPLICATE) == decide_input(after(late), cancelled(revision="3", restocked=True))


def test_a_cancelled_request_gives_nothing_back_because_nothing_was_taken() -> None:
    step = decide_input(placed(sold({"shirt": 99})), cancelled())

    assert step.change is not None
    assert (Outcome.CANCELLED, {}) == (step.outcome, reserved_delta(step))


def test_a_cancelled_refusal_was_never_sold_on_its_channel() -> None:
    refused = after(decide_instantly(None, sold({"shirt": 99})))

    step = decide_instantly(refused, cancelled())

    assert step.change is not None
    assert (Outcome.CANCELLED, {}) == (step.outcome, step.change.listings())


def test_an_order_cancelled_after_a_part_has_left_never_takes_stock_again() -> None:
    partly = after(decide_input(placed(sold({"shirt": 4})), shipment_notice({"shirt": 3})))
    order = after(decide_input(partly, cancelled()))

    late = decide_input(order, sold({"shirt": 9}, revision="9"))

    assert (State.SHIPPED, OrderReason.CANCELLED_AFTER_SHIPPING, {}) == (order.state, order.reason, reserved(order))
    assert Decided(Outcome.DUPLICATE) == late


def test_a_cancel_hides_no_shipment_that_could_not_be_booked() -> None:
    """Goods that left before anyone heard of their order, and then the order is cancelled."""
    stub = after(decide_input(None, shipment_notice({"shirt": 1})))

    order = after(decide_input(stub, cancelled()))
    named = after(decide_input(order, sold({"shirt": 3})))
    settled = after(decide_input(named, retry()))

    assert (State.EXCEPTION, OrderReason.SHIPPED_AFTER_CANCEL) == (order.state, order.reason)
    assert (OrderReason.SHIPPED_AFTER_CANCEL, (), {"1": 1}, {}) == (
        named.reason,
        named.pending_shipments,
        dict(shipped(named)),
        reserved(named),
    )
    assert (State.SHIPPED, OrderReason.CANCELLED_AFTER_SHIPPING, {}) == (
        settled.state,
        settled.reason,
        reserved(settled),
    )


def test_a_shipment_of_an_order_that_comes_edited_down_to_nothing_waits_for_a_person() -> None:
    stub = after(decide_input(None, shipment_notice({"shirt": 1})))
    order = after(decide_input(stub, sold({"shirt": 0})))

    said = after(decide_input(order, ConfirmShipment("web", "1", "s1")))

    assert (OrderReason.SHIPPED_BEYOND_ORDER, {}) == (order.reason, dict(shipped(order)))
    assert ((), {"1": 1}, {}) == (said.pending_shipments, dict(shipped(said)), reserved(said))


# Trying again


def with_alias(shop: DecisionContext) -> DecisionContext:
    return replace(shop, names={**shop.names, "what": Alias("what", "shirt", "shirt")})


def test_an_exception_is_placed_once_its_cause_is_gone() -> None:
    order = placed(sold({"what": 2}))

    step = decide_input(order, retry(), with_alias(decision_context()))

    assert (Outcome.RESERVED, {("shirt", "M"): 2}) == (step.outcome, reserved(after(step)))


def test_a_retry_that_comes_late_uses_what_the_channel_said_last() -> None:
    first = placed(sold({"what": 2}))
    newer = after(decide_input(first, sold({"what": 1}, revision="2")))

    step = decide_input(newer, retry(), with_alias(decision_context()))

    assert (Outcome.RESERVED, "2", {("shirt", "M"): 1}) == (
        step.outcome,
        after(step).revision,
        reserved(after(step)),
    )


def test_a_retry_of_anything_but_an_exception_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}))

    assert Decided(Outcome.DUPLICATE) == decide_input(order, retry())


@pytest.mark.parametrize("paid", [None, False, True])
def test_retrying_in_vain_changes_nothing_and_forgets_no_version(paid: bool | None) -> None:
    order = placed(replace(sold({"what": 2}), paid=paid))

    change = decide_input(order, retry()).change

    assert OrderChange(before=order, after=order) == change


def test_an_order_that_exists_cannot_be_refused() -> None:
    """An imported request, edited by an instant call, must not vanish from what waits for a person."""
    request = placed(sold({"shirt": 99}))

    step = decide_instantly(request, sold({"shirt": 98}, revision="2"))

    assert (Outcome.REQUESTED, OrderReason.SHORTAGE, {"shirt": "88"}) == result(step)


@pytest.mark.parametrize("name", ["old", "shirt"])
def test_a_refused_order_that_is_asked_again_is_refused_again(name: str) -> None:
    refused = after(decide_instantly(None, sold({name: 99})))

    step = decide_instantly(refused, sold({name: 98}, revision="2"))

    assert Outcome.REFUSED is step.outcome


def test_a_line_cancelled_for_good_is_not_revived_by_a_later_list() -> None:
    """Two partial cancellations on eBay: the second one's order still lists the first one's line."""
    both = sold({"shirt": 2, "hat": 3})
    first, second = both.lines
    once = after(decide_input(placed(both), replace(both, revision="2", cancelled_lines=(first.line_id,))))

    step = decide_input(once, replace(both, revision="3", cancelled_lines=(second.line_id,)))

    assert ([3], State.CANCELLED, {}) == (list(reserved(once).values()), after(step).state, reserved(after(step)))


def test_an_older_version_ends_the_lines_it_names_and_changes_nothing_else() -> None:
    """Cancelled in the second of the sale, or after another line, on eBay; the notification was lost."""
    both = sold({"shirt": 2, "hat": 3}, revision="5")
    first, second = both.lines
    order = placed(both)
    older = replace(
        both, revision="4", lines=(replace(first, quantity=9), second), cancelled_lines=(second.line_id,)
    )

    step = decide_input(order, older)

    assert (Outcome.RESERVED, "5", {("shirt", "M"): 2}) == (
        step.outcome,
        after(step).revision,
        reserved(after(step)),
    )
    assert [Decided(Outcome.STALE), Outcome.UPDATED] == [
        decide_input(after(step), older),
        decide_input(after(step), replace(both, revision="6")).outcome,
    ]


def test_an_older_version_revives_no_order_that_was_not_paid_in_time() -> None:
    both = sold({"shirt": 2, "hat": 3}, revision="5")
    expired = replace(release_all(placed(both)), state=State.CANCELLED, reason=OrderReason.UNPAID_IN_TIME)

    step = decide_input(expired, replace(both, revision="4", cancelled_lines=(both.lines[0].line_id,)))

    assert (State.CANCELLED, {}) == (after(step).state, reserved(after(step)))


def test_what_a_channel_is_short_of_for_a_line_it_cancelled_is_known_once_its_alias_exists() -> None:
    both = sold({"what": 3, "who": 1})
    held_up = after(
        decide_input(placed(both), replace(both, revision="2", cancelled_lines=(both.lines[0].line_id,)))
    )

    step = decide_input(held_up, retry(), with_alias(decision_context()))

    assert (State.EXCEPTION, {("shirt", "shirt"): 3}) == (after(step).state, sold_on_channel(after(step)))
