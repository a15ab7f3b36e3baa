"""What becomes of an order its channel speaks of again: duplicates, edits, cancels, and trying once more."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.catalogue import Alias
from lastunit.domain.levels import LevelKey
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import Change, demand, open_lines, promised, shipped, sold_on_channel, withdraw
from lastunit.domain.world import Outcome, Step, World
from tests.deciding import STOCK, after, asked, held, moved, placed, said, told, world
from tests.fakes import again, cancelled, left_us, sold

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
    assert (Outcome.UPDATED, "2", {}) == (step[0], after(step).revision, moved(step))
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

    assert (Outcome.RESERVED, {("shirt", "M"): 3}) == (step[0], moved(step))


def test_an_edit_down_gives_back_the_difference() -> None:
    step = edited({"shirt": 5}, {"shirt": 2}, {})

    assert (Outcome.RESERVED, {("shirt", "M"): -3}) == (step[0], moved(step))


def test_an_edit_that_drops_a_line_gives_its_units_back() -> None:
    step = edited({"shirt": 1, "hat": 2}, {"shirt": 1}, {})

    assert (Outcome.RESERVED, {("hat", "M"): -2}) == (step[0], moved(step))


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
        for key, movement in change.levels().items():
            left[key] += movement.available
        per_sku = dict.fromkeys(demand(open_lines(order)), 0)
        for (sku, _), quantity in promised(order).items():
            per_sku[sku] = per_sku.get(sku, 0) + quantity
        if order.state is State.RESERVED:
            assert demand(open_lines(order)) == per_sku
        else:
            assert promised(order) in (before, {})
        assert min(left.values()) >= 0


# Cancels


def test_a_cancel_gives_everything_back() -> None:
    order = placed(sold({"shirt": 2, "hat": 1}))

    step = said(order, cancelled())

    assert (Outcome.CANCELLED, Reason.CANCELLED_BY_CHANNEL, {}) == told(step)
    assert {("shirt", "M"): -2, ("hat", "M"): -1} == moved(step)


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
    assert (Outcome.CANCELLED, State.CANCELLED, {}) == (late[0], after(late).state, moved(late))


@pytest.mark.parametrize(("restocked", "fewer"), [(False, {("shirt", "shirt"): 2}), (True, {})])
def test_an_order_first_heard_of_when_it_is_cancelled_was_sold_on_its_channel(
    restocked: bool, fewer: dict[tuple[str, str], int]
) -> None:
    """eBay puts nothing back: without this its number, lower by the order, would look like somebody's edit."""
    known = replace(sold({"shirt": 2}), cancelled=True, restocked=restocked)

    _, step = said(None, known)

    assert step is not None
    assert (fewer, {}) == (step.listings(), step.levels())


def test_an_edit_of_a_declined_order_takes_nothing_and_counts_as_sold() -> None:
    asked_for = placed(sold({"shirt": 99}))
    declined = replace(asked_for, state=State.CANCELLED, reason=Reason.DECLINED, queued_at=None)

    edit = said(declined, sold({"shirt": 100}, revision="3"))

    assert edit[1] is not None
    assert ({("shirt", "shirt"): 1}, {}, State.CANCELLED) == (
        edit[1].listings(),
        edit[1].levels(),
        after(edit).state,
    )


def test_what_a_channel_puts_back_after_we_had_cancelled_counts_as_put_back() -> None:
    """Somebody declined the request here; the buyer cancels there later."""
    declined = after(said(placed(sold({"shirt": 99})), cancelled()))

    late = said(declined, cancelled(revision="3", restocked=True))

    assert late[1] is not None
    assert (Outcome.CANCELLED, {("shirt", "shirt"): -99}, {}) == (late[0], late[1].listings(), late[1].levels())
    assert (Outcome.DUPLICATE, None) == said(after(late), cancelled(revision="3", restocked=True))


def test_a_cancelled_request_gives_nothing_back_because_nothing_was_taken() -> None:
    step = said(placed(sold({"shirt": 99})), cancelled())

    assert step[1] is not None
    assert (Outcome.CANCELLED, {}) == (step[0], moved(step))


def test_a_cancelled_refusal_was_never_sold_on_its_channel() -> None:
    refused = after(asked(None, sold({"shirt": 99})))

    step = asked(refused, cancelled())

    assert step[1] is not None
    assert (Outcome.CANCELLED, {}) == (step[0], step[1].listings())


def test_an_order_cancelled_after_a_part_has_left_never_takes_stock_again() -> None:
    partly = after(said(placed(sold({"shirt": 4})), left_us({"shirt": 3})))
    order = after(said(partly, cancelled()))

    late = said(order, sold({"shirt": 9}, revision="9"))

    assert (State.SHIPPED, Reason.CANCELLED_AFTER_SHIPPING, {}) == (order.state, order.reason, held(order))
    assert (Outcome.DUPLICATE, None) == late


def test_a_cancel_hides_no_shipment_that_could_not_be_booked() -> None:
    """Goods that left before anyone heard of their order, and then the order is cancelled."""
    stub = after(said(None, left_us({"shirt": 1})))

    order = after(said(stub, cancelled()))
    named = after(said(order, sold({"shirt": 3})))
    settled = after(said(named, again()))

    assert (State.EXCEPTION, Reason.SHIPPED_AFTER_CANCEL) == (order.state, order.reason)
    assert (Reason.SHIPPED_AFTER_CANCEL, (), {"1": 1}, {}) == (
        named.reason,
        named.pending,
        dict(shipped(named)),
        held(named),
    )
    assert (State.SHIPPED, Reason.CANCELLED_AFTER_SHIPPING, {}) == (settled.state, settled.reason, held(settled))


def test_a_shipment_of_an_order_that_comes_edited_down_to_nothing_is_booked_all_the_same() -> None:
    stub = after(said(None, left_us({"shirt": 1})))

    order = after(said(stub, sold({"shirt": 0})))

    assert ((), {"1": 1}, {}) == (order.pending, dict(shipped(order)), held(order))


# Trying again


def with_alias(here: World) -> World:
    return replace(here, names={**here.names, "what": Alias("what", "shirt", "shirt")})


def test_an_exception_is_placed_once_its_cause_is_gone() -> None:
    order = placed(sold({"what": 2}))

    step = said(order, again(), with_alias(world()))

    assert (Outcome.RESERVED, {("shirt", "M"): 2}) == (step[0], held(after(step)))


def test_a_retry_that_comes_late_uses_what_the_channel_said_last() -> None:
    first = placed(sold({"what": 2}))
    newer = after(said(first, sold({"what": 1}, revision="2")))

    step = said(newer, again(), with_alias(world()))

    assert (Outcome.RESERVED, "2", {("shirt", "M"): 1}) == (step[0], after(step).revision, held(after(step)))


def test_a_retry_of_anything_but_an_exception_changes_nothing() -> None:
    order = placed(sold({"shirt": 2}))

    assert (Outcome.DUPLICATE, None) == said(order, again())


@pytest.mark.parametrize("paid", [None, False, True])
def test_retrying_in_vain_changes_nothing_and_forgets_no_version(paid: bool | None) -> None:
    order = placed(replace(sold({"what": 2}), paid=paid))

    _, change = said(order, again())

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


def test_a_line_cancelled_for_good_is_not_revived_by_a_later_list() -> None:
    """Two partial cancellations on eBay: the second one's order still lists the first one's line."""
    both = sold({"shirt": 2, "hat": 3})
    first, second = both.lines
    once = after(said(placed(both), replace(both, revision="2", cancelled_lines=(first.line_id,))))

    step = said(once, replace(both, revision="3", cancelled_lines=(second.line_id,)))

    assert ([3], State.CANCELLED, {}) == (list(held(once).values()), after(step).state, held(after(step)))


def test_an_older_version_ends_the_lines_it_names_and_changes_nothing_else() -> None:
    """Cancelled in the second of the sale, or after another line, on eBay; the notification was lost."""
    both = sold({"shirt": 2, "hat": 3}, revision="5")
    first, second = both.lines
    order = placed(both)
    older = replace(
        both, revision="4", lines=(replace(first, quantity=9), second), cancelled_lines=(second.line_id,)
    )

    step = said(order, older)

    assert (Outcome.RESERVED, "5", {("shirt", "M"): 2}) == (step[0], after(step).revision, held(after(step)))
    assert [(Outcome.STALE, None), Outcome.UPDATED] == [
        said(after(step), older),
        said(after(step), replace(both, revision="6"))[0],
    ]


def test_an_older_version_revives_no_order_that_was_not_paid_in_time() -> None:
    both = sold({"shirt": 2, "hat": 3}, revision="5")
    expired = replace(withdraw(placed(both)), state=State.CANCELLED, reason=Reason.UNPAID_IN_TIME)

    step = said(expired, replace(both, revision="4", cancelled_lines=(both.lines[0].line_id,)))

    assert (State.CANCELLED, {}) == (after(step).state, held(after(step)))


def test_what_a_channel_is_short_of_for_a_line_it_cancelled_is_known_once_its_alias_exists() -> None:
    both = sold({"what": 3, "who": 1})
    held_up = after(said(placed(both), replace(both, revision="2", cancelled_lines=(both.lines[0].line_id,))))

    step = said(held_up, again(), with_alias(world()))

    assert (State.EXCEPTION, {("shirt", "shirt"): 3}) == (after(step).state, sold_on_channel(after(step)))
