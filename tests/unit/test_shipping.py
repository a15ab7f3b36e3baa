"""Auto depletion: what leaves, leaves once, from the picking bin of the place it was promised at."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Payment, Retry, Shipment, ShippedLine
from lastunit.domain.levels import Adjustment, Level, Place, Reason, Transfer
from lastunit.domain.lifecycle import Reason as Why
from lastunit.domain.lifecycle import State
from lastunit.domain.world import Outcome
from tests.fakes import sold
from tests.life import PICKING, STORAGE, Life, parcel, shelf

RETRY = Retry("web", "1")


def shop(*levels: Level, kits: Mapping[str, Mapping[str, int]] | None = None) -> Life:
    stock = {(level.sku, level.location): level for level in levels or (shelf("hat", "M", picking=10),)}
    items = {sku: Sku(sku) for sku, _ in stock} | {kit: Sku(kit, recipe=of) for kit, of in (kits or {}).items()}
    return Life(stock, items, Channel("web", "generic"))


# What leaves, and from where


def test_only_a_shipment_makes_units_leave() -> None:
    """Rules 1.1-1 and 1.1-2: neither import nor payment do, and nobody has to do anything but ship."""
    here = shop()

    here.tell(sold({"hat": 2}), Payment("web", "1"))
    reserved = here.stock("hat")
    here.tell(parcel({"hat": 2}))

    assert ((10, 2, 8), (8, 0, 8)) == (reserved, here.stock("hat"))
    assert State.SHIPPED is here.order().state


def test_units_leave_the_picking_bin_and_the_level_shows_it() -> None:
    """Rules 1.1-3, 1.1-4 and 1.1-9."""
    here = shop(shelf("hat", "M", picking=10, storage=20))

    here.tell(sold({"hat": 4}), parcel({"hat": 4}))

    assert {PICKING: 6, STORAGE: 20, "": 0} == here.bins("hat")
    assert (26, 0, 26) == here.stock("hat")


def test_storage_is_never_the_source_even_when_the_picking_bin_is_short() -> None:
    """Rules 1.1-6 and 1.1-12: the goods have left, so the picking bin falls to 0 and the rest is unplaced."""
    here = shop(shelf("hat", "M", picking=3, storage=20))

    here.tell(sold({"hat": 5}), parcel({"hat": 5}))

    assert {PICKING: 0, STORAGE: 20, "": -2} == here.bins("hat")
    assert (18, 0, 18) == here.stock("hat")


def test_a_sku_without_a_picking_bin_leaves_what_is_unplaced() -> None:
    """Rule 1.1-11: nothing names the place it lay at, so `unplaced` below zero shows it. The total stays right."""
    here = shop(replace(Level("hat", "M", 5, 0, 5, 5)))

    here.tell(sold({"hat": 5}), parcel({"hat": 5}))

    assert {"": 0} == here.bins("hat")
    assert (0, 0, 0) == here.stock("hat")


def test_replenishing_moves_units_from_storage_to_picking_and_keeps_the_total() -> None:
    """Rules 1.1-7 and 1.1-14: a person moves them, also the units that a short pick left unplaced."""
    here = shop(shelf("hat", "M", picking=3, storage=20))
    here.tell(sold({"hat": 5}), parcel({"hat": 5}))

    here.adjust(Transfer("t1", "hat", 12, Place("M", STORAGE), Place("M", PICKING)))

    assert ({PICKING: 12, STORAGE: 8, "": -2}, (18, 0, 18)) == (here.bins("hat"), here.stock("hat"))


def test_each_sku_leaves_its_own_bin_and_a_kit_leaves_by_its_components() -> None:
    """Rule 1.1-15."""
    here = shop(
        shelf("hat", "M", picking=10), shelf("shirt", "M", picking=10), kits={"set": {"shirt": 2, "hat": 1}}
    )

    here.tell(sold({"set": 2, "hat": 1}), parcel({"set": 2, "hat": 1}))

    assert ((7, 0, 7), (6, 0, 6)) == (here.stock("hat"), here.stock("shirt"))
    assert {PICKING: 7, STORAGE: 0, "": 0} == here.bins("hat")


def test_one_picking_bin_per_sku_and_location_so_each_location_leaves_its_own() -> None:
    """Rules 1.1-5 and 1.1-16: one order from two locations empties the picking bin of each."""
    here = shop(shelf("hat", "M", picking=3, storage=1), shelf("hat", "L", picking=4))

    here.tell(sold({"hat": 8}), parcel({"hat": 8}))

    assert {PICKING: 0, STORAGE: 1, "": -1} == here.bins("hat", "M")
    assert {PICKING: 0, STORAGE: 0, "": 0} == here.bins("hat", "L")


# Several shipments, and the same one again


def test_6_then_4_of_10_leave_as_two_shipments() -> None:
    """Rule 1.1-13."""
    here = shop()

    here.tell(sold({"hat": 10}), parcel({"hat": 6}))
    between = here.order().state, here.stock("hat")
    here.tell(parcel({"hat": 4}, "s2"))

    assert (State.PARTLY_SHIPPED, (4, 4, 0)) == between
    assert (State.SHIPPED, (0, 0, 0)) == (here.order().state, here.stock("hat"))


def test_the_same_shipment_three_times_depletes_once() -> None:
    """Rule 1.1-13."""
    here = shop()

    here.tell(sold({"hat": 10}), parcel({"hat": 6}))
    again = [here.tell(parcel({"hat": 6})) for _ in range(2)]

    assert [Outcome.DUPLICATE] * 2 == again
    assert (4, 4, 0) == here.stock("hat")


def test_of_two_lines_with_one_sku_the_one_that_waits_for_so_many_is_meant() -> None:
    here = shop()

    here.tell(sold([("hat", 1), ("hat", 3)]), parcel({"hat": 3}))

    assert [("1", 1)] == [(held.line_id, held.quantity) for held in here.order().allocations]


def test_a_shipment_that_names_lines_by_id_needs_no_sku() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), Shipment("web", "1", "s1", (ShippedLine(3, line_id="1"),)))

    assert State.SHIPPED is here.order().state


# Another location, more units


def test_a_shipment_from_elsewhere_moves_the_reservation_there() -> None:
    """Field bug 14: the other location must have the units to spare."""
    here = shop(shelf("hat", "M", picking=5), shelf("hat", "L", picking=5))

    here.tell(sold({"hat": 3}), parcel({"hat": 2}, location="L"))

    assert ((5, 1, 4), (3, 0, 3)) == (here.stock("hat", "M"), here.stock("hat", "L"))


def test_a_shipment_from_where_nothing_is_to_spare_is_an_exception_that_keeps_what_was_promised() -> None:
    """Field bug 14: units that another order was promised there are not taken."""
    here = shop(shelf("hat", "M", picking=5), shelf("hat", "L", picking=5))
    here.tell(sold({"hat": 5}, "2", location="L"), sold({"hat": 3}))

    outcome = here.tell(parcel({"hat": 3}, location="L"))

    assert (Outcome.EXCEPTION, Why.SHIPPED_UNCOVERED) == (outcome, here.order().reason)
    assert ((5, 3, 2), (5, 5, 0)) == (here.stock("hat", "M"), here.stock("hat", "L"))


def test_the_exception_ends_once_units_are_found_there() -> None:
    here = shop(shelf("hat", "M", picking=5), shelf("hat", "L"))
    here.tell(sold({"hat": 3}), parcel({"hat": 3}, location="L"))

    here.adjust(Adjustment("a1", Reason.CORRECT, "hat", "L", 3, PICKING))
    here.tell(RETRY)

    assert (State.SHIPPED, None) == (here.order().state, here.order().reason)
    assert ((5, 0, 5), (0, 0, 0)) == (here.stock("hat", "M"), here.stock("hat", "L"))


def test_a_shipment_from_a_place_the_hub_does_not_know_is_an_exception() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), parcel({"hat": 3}, location="Mars"))

    assert (Why.SHIPPED_UNCOVERED, "Mars") == (here.order().reason, here.order().details["location"])


def test_more_units_than_were_reserved_leave_if_they_are_there() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), parcel({"hat": 4}))

    assert (State.SHIPPED, (6, 0, 6)) == (here.order().state, here.stock("hat"))


def test_more_units_than_there_are_is_an_exception_and_books_nothing() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), parcel({"hat": 11}))

    assert (State.EXCEPTION, Why.SHIPPED_UNCOVERED) == (here.order().state, here.order().reason)
    assert (10, 3, 7) == here.stock("hat")


def test_a_shipment_that_cannot_be_booked_does_not_block_the_next_one() -> None:
    here = shop()

    here.tell(sold({"hat": 3}), parcel({"coat": 1}), parcel({"hat": 2}, "s2"))

    assert (State.EXCEPTION, Why.SHIPPED_UNKNOWN_LINE) == (here.order().state, here.order().reason)
    assert (8, 1, 7) == here.stock("hat")
