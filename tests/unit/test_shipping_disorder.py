"""Shipments that come before their order, after its cancel, or are taken back."""

from collections.abc import Mapping

import pytest

from lastunit.domain.catalogue import Alias, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.facts import Retry, ReturnAnnounced, Shipment, ShippedLine
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import PICKING, STORAGE, Life, accept, decline, parcel, shelf, voided

RETRY = Retry("web", "1")
HATS = {("hat", "M"): shelf("hat", "M", picking=10)}


def shop(levels: Mapping[LevelKey, Level] = HATS) -> Life:
    return Life(dict(levels), {sku: Sku(sku) for sku, _ in levels}, Channel("web", "generic"))


# Before the order


def test_a_shipment_before_its_order_is_seen_and_takes_effect_with_it() -> None:
    here = shop()

    first = here.tell(parcel({"hat": 4}))
    seen = here.order().reason, here.stock("hat")
    here.tell(sold({"hat": 10}))

    assert (Outcome.EXCEPTION, (Reason.SHIPMENT_BEFORE_ORDER, (10, 0, 10))) == (first, seen)
    assert (State.PARTLY_SHIPPED, None, (6, 6, 0)) == (here.order().state, here.order().reason, here.stock("hat"))


def test_an_order_never_seen_is_booked_by_its_shipments_when_a_person_says_so() -> None:
    here = shop()

    here.tell(parcel({"hat": 4}), RETRY)

    assert (State.SHIPPED, (6, 0, 6)) == (here.order().state, here.stock("hat"))


def test_an_order_that_comes_after_its_shipments_were_booked_alone_is_not_booked_twice() -> None:
    here = shop()
    here.tell(parcel({"hat": 7}), RETRY)

    here.tell(sold({"hat": 9}))

    assert (State.PARTLY_SHIPPED, (3, 2, 1)) == (here.order().state, here.stock("hat"))


def test_what_left_before_its_order_leaves_stock_although_the_rest_is_short() -> None:
    """Promise 3: the same facts in the other order end in the same stock."""
    early, late = shop(), shop()

    early.tell(parcel({"hat": 6}), sold({"hat": 12}))
    late.tell(sold({"hat": 12}), parcel({"hat": 6}))

    assert (4, 0, 4) == early.stock("hat") == late.stock("hat")
    assert State.REQUESTED is early.order().state is late.order().state


def test_a_parcel_of_an_order_with_an_unknown_sku_leaves_stock_before_or_after_it() -> None:
    early, late, order = shop(), shop(), sold({"hat": 2, "mystery": 1})

    early.tell(parcel({"hat": 2}), order)
    late.tell(order, parcel({"hat": 2}))

    assert (8, 0, 8) == early.stock("hat") == late.stock("hat")
    assert Reason.UNKNOWN_SKU is early.order().reason is late.order().reason


def test_a_void_before_its_shipment_leaves_nothing_to_book() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), voided())
    outcome = here.tell(parcel({"hat": 4}))

    assert (Outcome.DUPLICATE, (10, 4, 6)) == (outcome, here.stock("hat"))


def test_a_void_before_shipment_and_order_is_no_obstacle_to_either() -> None:
    here = shop()

    here.tell(voided(), parcel({"hat": 4}), sold({"hat": 4}))

    assert (State.RESERVED, (10, 4, 6)) == (here.order().state, here.stock("hat"))


def test_an_order_that_comes_after_a_void_and_is_short_is_a_request_like_any_other() -> None:
    here = shop()

    here.tell(voided(), sold({"hat": 12}))

    assert State.REQUESTED is here.order().state


def test_a_person_can_close_what_only_a_void_told_of() -> None:
    here = shop()

    here.tell(voided(), RETRY)
    closed = here.order().state
    here.tell(sold({"hat": 4}))

    assert (State.CANCELLED, State.RESERVED) == (closed, here.order().state)


# Unknown lines


def test_a_line_nobody_ordered_is_an_exception_that_books_nothing() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 1, "coat": 1}))

    assert (Reason.SHIPPED_UNKNOWN_LINE, {"line": "coat"}) == (here.order().reason, here.order().details)
    assert (10, 4, 6) == here.stock("hat")


def test_a_line_under_another_name_of_the_same_sku_is_found() -> None:
    here = shop()
    here.names["HAT-RED"] = Alias("HAT-RED", "hat", "hat")

    here.tell(sold({"hat": 4}), parcel({"HAT-RED": 4}))

    assert State.SHIPPED is here.order().state


def test_an_unbookable_shipment_is_listed_once_however_often_it_comes() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"coat": 1}))
    outcome = here.tell(parcel({"coat": 1}))

    assert (Outcome.DUPLICATE, 1) == (outcome, len(here.order().pending))


def test_a_part_that_is_booked_later_does_not_settle_a_request_nobody_decided() -> None:
    """Promise 4: what is still open was never promised."""
    here = shop()
    here.tell(sold({"hat": 12}), parcel({"hat": 11}), voided())

    here.tell(parcel({"hat": 1}, "s2"))

    assert (State.EXCEPTION, (9, 0, 9)) == (here.order().state, here.stock("hat"))


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_a_shipment_of_no_units_or_fewer_is_refused(quantity: int) -> None:
    with pytest.raises(UnreadableOrder, match="quantity"):
        ShippedLine(quantity, names=("hat",))


def test_a_shipment_names_its_order_itself_and_what_it_holds() -> None:
    line = ShippedLine(1, names=("hat",))

    for wrong in (("", "s1", (line,)), ("1", "", (line,)), ("1", "s1", ()), ("1", "s1", (line,) * 501)):
        with pytest.raises(UnreadableOrder):
            Shipment("web", *wrong)
    with pytest.raises(UnreadableOrder, match="neither"):
        ShippedLine(1)


# Voided


def test_a_voided_shipment_gives_back_bin_and_reservation() -> None:
    """Rule 1.1-17."""
    here = shop({("hat", "M"): shelf("hat", "M", picking=3, storage=7)})

    here.tell(sold({"hat": 5}), parcel({"hat": 5}), voided())

    assert (State.RESERVED, (10, 5, 5)) == (here.order().state, here.stock("hat"))
    assert {PICKING: 3, STORAGE: 7, "": 0} == here.bins("hat")


def test_a_void_gives_back_once_and_its_shipment_stays_voided() -> None:
    """Rule 1.1-17."""
    here = shop()
    here.tell(sold({"hat": 5}), parcel({"hat": 5}), voided())

    outcomes = [here.tell(voided()), here.tell(parcel({"hat": 5}))]

    assert ([Outcome.DUPLICATE] * 2, (10, 5, 5)) == (outcomes, here.stock("hat"))


def test_of_two_shipments_only_the_voided_one_comes_back() -> None:
    here = shop()

    here.tell(sold({"hat": 10}), parcel({"hat": 6}), parcel({"hat": 4}, "s2"), voided("s2"))

    assert (State.PARTLY_SHIPPED, (4, 4, 0)) == (here.order().state, here.stock("hat"))


def test_a_parcel_told_before_the_void_whose_units_it_holds_is_booked_with_it() -> None:
    """The same units packed anew: until the void comes, more have left than there were."""
    here = shop({("hat", "M"): shelf("hat", "M", picking=5)})
    here.tell(sold({"hat": 5}), parcel({"hat": 5}), parcel({"hat": 5}, "s2"))
    waiting = here.order().reason

    here.tell(voided())

    assert Reason.SHIPPED_UNCOVERED is waiting
    assert (State.SHIPPED, None, (0, 0, 0)) == (here.order().state, here.order().reason, here.stock("hat"))


def test_a_voided_shipment_that_was_never_promised_is_promised_now() -> None:
    """An open order must not end as cancelled because its label was."""
    here = shop({("hat", "M"): shelf("hat", "M", picking=4), ("hat", "L"): shelf("hat", "L")})
    here.tell(sold({"hat": 5}))
    here.tell(parcel({"hat": 4}))

    here.tell(accept(), parcel({"hat": 1}, "s2", location="L"), voided("s1"))

    assert [("hat", "M", 4)] == [(one.sku, one.location, one.quantity) for one in here.order().allocations]


def test_a_void_never_promises_more_than_is_still_wanted() -> None:
    here = shop()

    here.tell(sold({"hat": 10}), parcel({"hat": 6}), sold({"hat": 5}, revision="2"), voided())

    assert (State.RESERVED, (10, 5, 5)) == (here.order().state, here.stock("hat"))


def test_a_void_of_more_than_was_ordered_promises_the_order_alone() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), parcel({"hat": 4}), voided())

    assert (State.RESERVED, (10, 3, 7)) == (here.order().state, here.stock("hat"))


def test_a_voided_parcel_of_a_request_takes_nothing_again() -> None:
    """Rule 1.4-12: nothing is taken while undecided."""
    here = shop()

    here.tell(sold({"hat": 12}), parcel({"hat": 6}), voided())

    assert (State.REQUESTED, (10, 0, 10)) == (here.order().state, here.stock("hat"))


def test_a_void_of_goods_that_are_on_their_way_back_is_for_a_person_to_judge() -> None:
    """Or the same unit would come back twice: by the void and by the return."""
    here = shop()
    here.tell(sold({"hat": 5}), parcel({"hat": 5}), ReturnAnnounced("web", "1", "r1", {"1": 2}))

    outcomes = [here.tell(voided()), here.tell(voided())]

    assert [Outcome.EXCEPTION, Outcome.DUPLICATE] == outcomes
    assert (Reason.VOIDED_AFTER_RETURN, (5, 0, 5)) == (here.order().reason, here.stock("hat"))


def test_a_void_of_returned_goods_does_not_open_a_cancelled_order_again() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), parcel({"hat": 5}), ReturnAnnounced("web", "1", "r1", {"1": 2}), cancelled())

    here.tell(voided(), sold({"hat": 6}, revision="3"))

    assert (Reason.SHIPPED_AFTER_CANCEL, (5, 0, 5)) == (here.order().reason, here.stock("hat"))


# After a cancel


def test_a_shipment_after_the_cancel_leaves_stock_and_is_an_exception() -> None:
    here = shop()

    here.tell(sold({"hat": 5}), cancelled(), parcel({"hat": 2}))

    assert (State.EXCEPTION, Reason.SHIPPED_AFTER_CANCEL) == (here.order().state, here.order().reason)
    assert (8, 0, 8) == here.stock("hat")


def test_a_person_who_has_seen_it_ends_the_exception_and_nothing_is_promised_again() -> None:
    here = shop()

    here.tell(sold({"hat": 5}), cancelled(), parcel({"hat": 2}), RETRY)

    assert (State.SHIPPED, Reason.CANCELLED_AFTER_SHIPPING) == (here.order().state, here.order().reason)
    assert (8, 0, 8) == here.stock("hat")


def test_the_cancel_again_does_not_end_what_a_person_must_see() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), cancelled(), parcel({"hat": 2}))

    outcome = here.tell(cancelled())

    assert (Outcome.DUPLICATE, State.EXCEPTION) == (outcome, here.order().state)


def test_a_second_shipment_after_a_cancel_that_came_between_is_an_exception_too() -> None:
    here = shop()

    here.tell(sold({"hat": 5}), parcel({"hat": 2}), cancelled(), parcel({"hat": 1}, "s2"))

    assert (State.EXCEPTION, Reason.SHIPPED_AFTER_CANCEL) == (here.order().state, here.order().reason)
    assert (7, 0, 7) == here.stock("hat")


def test_a_cancel_between_a_shipment_and_its_order_hides_no_unit_that_left() -> None:
    """Promise 5: what left and is not booked stays visible, and is booked when a person says so."""
    here = shop()

    here.tell(parcel({"hat": 2}), cancelled())
    seen = here.order().reason
    here.tell(RETRY, RETRY)

    assert (Reason.SHIPPED_AFTER_CANCEL, (8, 0, 8)) == (seen, here.stock("hat"))
    assert (State.SHIPPED, Reason.CANCELLED_AFTER_SHIPPING) == (here.order().state, here.order().reason)


@pytest.mark.parametrize("answer", [decline(), accept({"1": 0})])
def test_a_shipment_of_a_declined_request_is_an_exception(answer: object) -> None:
    here = shop()

    here.tell(sold({"hat": 12}), answer, parcel({"hat": 2}))  # type: ignore[arg-type]  # Both are Answers.

    assert (Reason.SHIPPED_AFTER_CANCEL, (8, 0, 8)) == (here.order().reason, here.stock("hat"))


def test_a_shipment_of_a_refused_order_is_never_silent() -> None:
    """Rule 1.1-11: never silence."""
    here = shop()
    here.tell(sold({"hat": 12}), instant=True)

    here.tell(parcel({"hat": 2}))

    assert (State.EXCEPTION, (8, 0, 8)) == (here.order().state, here.stock("hat"))
