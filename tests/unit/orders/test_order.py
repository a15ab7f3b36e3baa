"""An order's arithmetic: demand, allocations, and what one step moves."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.events.ledger import order_entry
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.allocation import allocate
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order, PickedUnits, Shipment
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import demand
from lastunit.domain.stock.levels import Movement
from lastunit.domain.stock.routing import RoutedUnits
from tests.support.clock import NOON
from tests.support.orders.inputs import lines, sold
from tests.support.stock.levels import reserving

SHIRT = Line(line_id="1", names=("shirt",), quantity=2, listing="shirt", sku="shirt", parts={"shirt": 1})
MORE_SHIRTS = replace(SHIRT, line_id="2", quantity=3)
SET = Line(line_id="3", names=("set",), quantity=2, listing="set", sku="set", parts={"shirt": 2, "hat": 1})
RESERVED = Order(
    channel="web",
    external_id="1",
    state=State.RESERVED,
    revision="1",
    lines=(SHIRT,),
    allocations=(Allocation(line_id="1", sku="shirt", location="M", quantity=2),),
)


def whole(*lines_: Line) -> list[tuple[Line, int]]:
    """Each line with all its units."""
    return [(line, line.quantity) for line in lines_]


def test_an_order_id_divides_at_its_first_colon() -> None:
    order = replace(RESERVED, external_id="gid:7")

    assert "web:gid:7" == order.order_id


def test_demand_sums_lines_of_one_sku_and_the_components_of_kits() -> None:
    total = demand(whole(SHIRT, MORE_SHIRTS, SET))

    assert {"hat": 2, "shirt": 9} == total


def test_lines_of_nothing_or_of_the_unknown_demand_nothing() -> None:
    total = demand(whole(replace(SHIRT, quantity=0), Line(line_id="9", names=("what",), quantity=5)))

    assert {} == total


def test_what_was_taken_is_spread_over_the_lines_first_line_first() -> None:
    takes = [
        RoutedUnits(sku="shirt", location="M", quantity=3, rule="r"),
        RoutedUnits(sku="shirt", location="L", quantity=2, rule="s"),
    ]

    spread, missing = allocate(whole(SHIRT, MORE_SHIRTS), takes)

    assert (
        Allocation(line_id="1", sku="shirt", location="M", quantity=2, rule="r"),
        Allocation(line_id="2", sku="shirt", location="M", quantity=1, rule="r"),
        Allocation(line_id="2", sku="shirt", location="L", quantity=2, rule="s"),
    ) == spread
    assert () == missing


def test_units_that_routing_does_not_cover_are_missing_from_the_last_lines() -> None:
    spread, missing = allocate(
        whole(SHIRT, MORE_SHIRTS, SET),
        [
            RoutedUnits(sku="shirt", location="M", quantity=3, rule=""),
            RoutedUnits(sku="hat", location="M", quantity=2, rule=""),
        ],
    )

    assert [("1", 2), ("2", 1), ("3", 2)] == [(held.line_id, held.quantity) for held in spread]
    assert (Backorder("2", "shirt", 2), Backorder("3", "shirt", 4)) == missing


def test_a_kit_line_has_an_allocation_per_component() -> None:
    spread, _ = allocate(
        whole(SET),
        [
            RoutedUnits(sku="shirt", location="M", quantity=4, rule=""),
            RoutedUnits(sku="hat", location="L", quantity=2, rule=""),
        ],
    )

    assert (
        Allocation(line_id="3", sku="hat", location="L", quantity=2),
        Allocation(line_id="3", sku="shirt", location="M", quantity=4),
    ) == spread


@given(st.lists(st.tuples(st.sampled_from(["shirt", "hat"]), st.integers(0, 9)), min_size=1), st.integers(1, 5))
def test_every_unit_taken_is_allocated_to_exactly_one_line(wanted: list[tuple[str, int]], piece: int) -> None:
    ordered = [
        Line(line_id=str(at), names=(sku,), quantity=units, listing=sku, sku=sku, parts={sku: 1})
        for at, (sku, units) in enumerate(wanted)
    ]
    takes = [
        RoutedUnits(sku=sku, location=f"l{start}", quantity=min(piece, units - start), rule="")
        for sku, units in demand(whole(*ordered)).items()
        for start in range(0, units, piece)
    ]

    spread, missing = allocate(whole(*ordered), takes)

    per_line, per_place = Counter[str](), Counter[tuple[str, str]]()
    for held in spread:
        per_line[held.line_id] += held.quantity
        per_place[held.sku, held.location] += held.quantity
    assert Counter({line.line_id: line.quantity for line in ordered if line.quantity}) == per_line
    assert Counter({(take.sku, take.location): take.quantity for take in takes}) == per_place
    assert () == missing


def test_a_new_order_takes_what_it_holds() -> None:
    change = OrderChange(before=None, after=RESERVED)

    assert (reserving({LevelKey("shirt", "M"): 2}), {("shirt", "shirt"): 2}) == (change.levels(), change.listings())


def test_a_cancel_gives_back_exactly_what_the_row_holds_whatever_its_lines_say() -> None:
    edited = replace(RESERVED, lines=(replace(SHIRT, quantity=9),), state=State.EXCEPTION)

    change = OrderChange(before=edited, after=replace(edited, state=State.CANCELLED, allocations=()))

    assert reserving({LevelKey("shirt", "M"): -2}) == change.levels()


def test_an_edit_moves_only_the_difference() -> None:
    after = replace(
        RESERVED,
        allocations=(
            Allocation(line_id="1", sku="shirt", location="M", quantity=1),
            Allocation(line_id="1", sku="shirt", location="L", quantity=4),
        ),
    )

    change = OrderChange(before=RESERVED, after=after)

    assert reserving({LevelKey("shirt", "M"): -1, LevelKey("shirt", "L"): 4}) == change.levels()


def test_what_left_is_gone_from_hand_and_is_not_given_back() -> None:
    parcel = Shipment(
        shipment_id="s1",
        lines={"1": 2},
        picked=(PickedUnits(line_id="1", sku="shirt", location="M", quantity=2, bins={"P": 1}),),
    )
    gone = replace(RESERVED, state=State.SHIPPED, allocations=(), shipments=(parcel,))

    left, cancelled_later = (
        OrderChange(before=RESERVED, after=gone),
        OrderChange(before=gone, after=replace(gone, reason=OrderReason.CANCELLED_AFTER_SHIPPING)),
    )

    assert {
        ("shirt", "M"): Movement(sku="shirt", location="M", on_hand=-2, reserved=-2, bins={"P": -1})
    } == left.levels()
    assert {} == cancelled_later.levels()


def test_a_voided_parcel_takes_nothing() -> None:
    parcel = Shipment(
        shipment_id="s1",
        lines={"1": 2},
        picked=(PickedUnits(line_id="1", sku="shirt", location="M", quantity=2, bins={"P": 1}),),
    )
    gone = replace(RESERVED, state=State.SHIPPED, allocations=(), shipments=(parcel,))
    back = replace(RESERVED, shipments=(replace(parcel, voided=True),))

    change = OrderChange(before=gone, after=back)

    assert {
        ("shirt", "M"): Movement(sku="shirt", location="M", on_hand=2, reserved=2, bins={"P": 1})
    } == change.levels()


def test_no_step_leaves_the_table_of_states() -> None:
    cancelled_order = replace(RESERVED, state=State.CANCELLED, allocations=())

    with pytest.raises(ValueError, match="no way leads from cancelled to backordered"):
        OrderChange(before=cancelled_order, after=replace(cancelled_order, state=State.BACKORDERED))


def test_several_steps_in_one_change_are_checked_one_by_one() -> None:
    requested = replace(RESERVED, state=State.REQUESTED, allocations=())

    change = OrderChange(before=RESERVED, after=requested, through=(State.CANCELLED,))

    assert reserving({LevelKey("shirt", "M"): -2}) == change.levels()
    with pytest.raises(ValueError, match="no way leads from reserved to requested"):
        OrderChange(before=RESERVED, after=requested)
    with pytest.raises(ValueError, match="no way leads from reserved to recorded"):
        OrderChange(before=RESERVED, after=requested, through=(State.RECORDED,))


def test_the_ledger_shows_what_one_write_moved_whatever_states_it_led_through() -> None:
    """A stream shows the rows before and after a commit, not the facts in between."""
    requested = replace(RESERVED, state=State.REQUESTED, allocations=(), commit_id="c2")

    entry = order_entry(RESERVED, requested, "noon")

    assert {"shirt at M": {"on_hand": 0, "available": 2, "reserved": -2}} == entry.units


def test_what_stays_the_same_moves_nothing() -> None:
    change = OrderChange(before=RESERVED, after=replace(RESERVED, revision="2"))

    assert ({}, {}) == (change.levels(), change.listings())


@pytest.mark.parametrize("state", [State.RESERVED, State.REQUESTED, State.EXCEPTION])
def test_a_channel_has_lowered_itself_for_every_order_that_exists_there(state: State) -> None:
    change = OrderChange(before=None, after=replace(RESERVED, state=state))

    assert {("shirt", "shirt"): 2} == change.listings()


def test_a_refused_order_was_never_sold_on_its_channel() -> None:
    change = OrderChange(before=None, after=replace(RESERVED, state=State.REFUSED, allocations=()))

    assert {} == change.listings()


def test_a_cancel_raises_the_channel_only_when_it_restocked_itself() -> None:
    kept = replace(RESERVED, state=State.CANCELLED, reason=OrderReason.CANCELLED_BY_CHANNEL, allocations=())

    moved = (
        OrderChange(before=RESERVED, after=kept).listings(),
        OrderChange(before=RESERVED, after=replace(kept, restocked=True)).listings(),
    )

    assert ({}, {("shirt", "shirt"): -2}) == moved


def test_the_stored_row_gives_the_order_as_the_channel_reported_it() -> None:
    snapshot = OrderSnapshot(
        channel="web",
        external_id="1",
        revision="7",
        lines=(SnapshotLine("1", ("shirt", "s-1"), 2),),
        location="M",
        placed_at=NOON,
    )
    row = replace(
        RESERVED, revision="7", lines=(replace(SHIRT, names=("shirt", "s-1")),), location="M", placed_at=NOON
    )

    again = row.snapshot()

    assert snapshot == again


def test_one_instant_has_one_fingerprint_in_whatever_zone_it_is_written() -> None:
    snapshot = OrderSnapshot(
        channel="web", external_id="1", revision="7", lines=(SnapshotLine("1", ("shirt",), 2),)
    )
    placed = replace(snapshot, placed_at=NOON)
    in_berlin = replace(snapshot, placed_at=NOON.astimezone(timezone(timedelta(hours=1))))

    assert placed.fingerprint == in_berlin.fingerprint
    assert placed.fingerprint != replace(snapshot, placed_at=NOON + timedelta(microseconds=1)).fingerprint
    assert placed.fingerprint != snapshot.fingerprint


def test_one_content_has_one_fingerprint_whatever_the_order_of_its_lines() -> None:
    snapshot = sold({"shirt": 1, "hat": 2})

    turned = replace(snapshot, lines=tuple(reversed(snapshot.lines)))

    assert snapshot.fingerprint == turned.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        sold({"shirt": 2, "hat": 2}),
        sold({"shirt": 1, "cap": 2}),
        sold({"shirt": 1}),
        sold({"shirt": 1, "hat": 2}, location="M"),
        sold({"shirt": 1, "hat": 2}, revision="2"),
    ],
)
def test_two_contents_have_two_fingerprints(other: OrderSnapshot) -> None:
    snapshot = sold({"shirt": 1, "hat": 2})

    assert snapshot.fingerprint != other.fingerprint


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_a_line_of_an_impossible_quantity_is_unreadable(quantity: int) -> None:
    with pytest.raises(UnreadableOrder, match=r"lines\[1\].quantity"):
        lines({"shirt": quantity})


def test_an_order_without_lines_is_unreadable_but_its_cancel_is_not() -> None:
    cancel = OrderSnapshot(channel="web", external_id="1", revision="2", lines=(), cancelled=True)

    assert cancel.cancelled
    with pytest.raises(UnreadableOrder, match="at least one line"):
        OrderSnapshot(channel="web", external_id="1", revision="1", lines=())


def test_two_lines_of_one_id_are_unreadable() -> None:
    twice = lines({"shirt": 1}) * 2

    with pytest.raises(UnreadableOrder, match="share one line id"):
        OrderSnapshot(channel="web", external_id="1", revision="1", lines=twice)
