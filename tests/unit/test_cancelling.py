"""Cancels and edits: what was not shipped is given back once, and what has left comes back by a return only."""

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Fact, Retry
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.snapshots import Snapshot
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import Life, parcel, shelf, voided


def shop() -> Life:
    stock = {("hat", "M"): shelf("hat", "M", picking=10), ("shirt", "M"): shelf("shirt", "M", picking=10)}
    items = {"hat": Sku("hat"), "shirt": Sku("shirt"), "set": Sku("set", recipe={"shirt": 2, "hat": 1})}
    return Life(stock, items, Channel("web", "generic"))


def test_a_cancel_gives_everything_back_once() -> None:
    """Complaints 4 and 5, field bugs 7 and 8."""
    here = shop()
    here.tell(sold({"hat": 4, "set": 2}))

    outcomes = [here.tell(cancelled()), here.tell(cancelled()), here.tell(cancelled(revision="3"))]

    assert [Outcome.CANCELLED, Outcome.DUPLICATE, Outcome.DUPLICATE] == outcomes
    assert ((10, 0, 10), (10, 0, 10)) == (here.stock("hat"), here.stock("shirt"))


def test_a_line_cancelled_gives_that_line_back() -> None:
    here = shop()

    here.tell(sold([("hat", 4), ("shirt", 2)]), sold([("hat", 4), ("shirt", 0)], revision="2"))

    assert (State.RESERVED, (10, 4, 6), (10, 0, 10)) == (
        here.order().state,
        here.stock("hat"),
        here.stock("shirt"),
    )


def test_a_quantity_cancelled_gives_that_quantity_back() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), sold({"hat": 1}, revision="2"))

    assert (10, 1, 9) == here.stock("hat")


def test_a_cancel_before_its_order_leaves_nothing_for_the_order_to_take() -> None:
    here = shop()

    outcomes = [here.tell(cancelled()), here.tell(sold({"hat": 4}))]

    assert [Outcome.CANCELLED] * 2 == outcomes
    assert (10, 0, 10) == here.stock("hat")


def test_a_cancel_before_its_order_and_its_shipment_knows_what_left() -> None:
    here = shop()

    here.tell(cancelled(), sold({"hat": 4}), parcel({"hat": 1}))

    assert (Reason.SHIPPED_AFTER_CANCEL, (9, 0, 9)) == (here.order().reason, here.stock("hat"))


def test_a_cancel_after_shipping_returns_nothing() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 4}), cancelled())

    assert (State.SHIPPED, Reason.CANCELLED_AFTER_SHIPPING) == (here.order().state, here.order().reason)
    assert (6, 0, 6) == here.stock("hat")


def test_a_cancel_between_two_parcels_gives_back_what_has_not_left() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 1}), cancelled())

    assert (State.SHIPPED, (9, 0, 9)) == (here.order().state, here.stock("hat"))


def test_a_void_after_the_cancel_gives_the_units_back_and_promises_none() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 1}), cancelled(), voided())

    assert (State.CANCELLED, (10, 0, 10)) == (here.order().state, here.stock("hat"))


def test_of_two_parcels_voided_after_the_cancel_the_last_one_ends_it() -> None:
    here = shop()
    here.tell(sold({"hat": 4}), parcel({"hat": 1}), parcel({"hat": 1}, "s2"), cancelled())

    states = [(here.tell(voided(key)), here.order().state) for key in ("s1", "s2")]

    assert [(Outcome.UPDATED, State.SHIPPED), (Outcome.CANCELLED, State.CANCELLED)] == states


@pytest.mark.parametrize("late", [sold({"hat": 9}, revision="3"), sold({"hat": 4}), cancelled(revision="9")])
def test_nothing_the_channel_says_opens_a_cancelled_order_again(late: Snapshot) -> None:
    stories: list[list[Fact]] = [[sold({"hat": 4})], [sold({"hat": 4}), parcel({"hat": 1})]]
    for facts in stories:
        here = shop()
        here.tell(*facts, cancelled())
        before = here.stock("hat"), here.order().state

        here.tell(late)

        assert before == (here.stock("hat"), here.order().state)


# Edits


def test_an_edit_to_another_sku_releases_and_reserves_in_one_step() -> None:
    here = shop()
    here.tell(sold({"hat": 4}))

    _, change = here.would(sold({"shirt": 3}, revision="2"))

    assert change is not None
    assert {("hat", "M"): (4, -4), ("shirt", "M"): (-3, 3)} == {
        key: (moved.available, moved.reserved) for key, moved in change.levels().items()
    }


def test_an_edit_after_shipping_asks_for_the_rest_only() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 4}), sold({"hat": 6}, revision="2"))

    assert (State.PARTLY_SHIPPED, (6, 2, 4)) == (here.order().state, here.stock("hat"))


def test_an_edit_below_what_has_left_returns_nothing() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 3}), sold({"hat": 1}, revision="2"))

    assert (State.SHIPPED, (7, 0, 7)) == (here.order().state, here.stock("hat"))


def test_a_line_removed_after_it_left_still_finds_its_parcel() -> None:
    here = shop()
    here.tell(sold([("hat", 2), ("shirt", 1)]), parcel({"hat": 2}))

    here.tell(sold([("hat", 0), ("shirt", 1)], revision="2"), voided())

    assert (State.RESERVED, (10, 0, 10), (10, 1, 9)) == (
        here.order().state,
        here.stock("hat"),
        here.stock("shirt"),
    )


def test_an_edit_that_cannot_be_covered_keeps_what_was_promised_and_waits_for_a_person() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), sold({"hat": 11}, revision="2"))

    assert (State.EXCEPTION, Reason.EDIT_SHORT, (10, 4, 6)) == (
        here.order().state,
        here.order().reason,
        here.stock("hat"),
    )


def test_an_order_edited_down_to_nothing_can_be_edited_up_again() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), sold({"hat": 0}, revision="2"))
    nothing = here.order().state, here.stock("hat")
    here.tell(sold({"hat": 2}, revision="3"))

    assert ((State.CANCELLED, (10, 0, 10)), (10, 2, 8)) == (nothing, here.stock("hat"))


def test_an_edit_down_to_nothing_does_not_hide_a_parcel_that_could_not_be_booked() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"coat": 1}), sold({"hat": 0}, revision="2"))

    assert (State.EXCEPTION, 1) == (here.order().state, len(here.order().pending))


def test_what_left_after_an_edit_down_to_nothing_is_no_cancel() -> None:
    """The same stock and state as if it had left before the edit; it can be edited up again."""
    early, late, nothing = shop(), shop(), sold({"hat": 0}, revision="2")

    early.tell(sold({"hat": 4}), parcel({"hat": 1}), nothing, sold({"hat": 3}, revision="3"))
    late.tell(sold({"hat": 4}), nothing, parcel({"hat": 1}), sold({"hat": 3}, revision="3"))

    assert (9, 2, 7) == early.stock("hat") == late.stock("hat")
    assert State.PARTLY_SHIPPED is early.order().state is late.order().state


def test_edits_out_of_order_end_in_the_newest() -> None:
    here = shop()

    here.tell(sold({"hat": 2}, revision="3"), sold({"hat": 9}, revision="1"), sold({"hat": 5}, revision="2"))

    assert (10, 2, 8) == here.stock("hat")


def test_a_retry_takes_what_the_channel_said_last() -> None:
    here = shop()
    here.tell(sold({"hat": 4}), sold({"hat": 11}, revision="2"), sold({"hat": 8}, revision="3"))

    assert (Outcome.DUPLICATE, (10, 8, 2)) == (here.tell(Retry("web", "1")), here.stock("hat"))
