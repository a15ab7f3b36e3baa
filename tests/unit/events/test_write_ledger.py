"""The ledger: every write of a level is one entry, and the entries explain the level (promise 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.events.ledger import BY_OPERATION, LevelEntry, MovementKind, OrderEntry, level_entry
from lastunit.domain.events.row_changes import ListingChanged, OrderChanged, RowChange, SkuChanged
from lastunit.domain.listings.listing import Listing
from lastunit.domain.orders.order import Allocation, Order
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.levels import AdjustmentReason, Bin, BinKind, Level
from lastunit.use_cases.events.write_ledger import RecordEntries


@dataclass(slots=True)
class FakeLedger:
    """As the table keeps them: one entry per key."""

    levels: dict[tuple[str, str, int], LevelEntry] = field(default_factory=dict)
    orders: dict[tuple[str, str], OrderEntry] = field(default_factory=dict)
    writes: int = 0

    def write(self, entry: LevelEntry | OrderEntry) -> None:
        self.writes += 1
        if isinstance(entry, LevelEntry):
            self.levels[entry.sku, entry.location, entry.seq] = entry
        else:
            self.orders[entry.commit, entry.order_id] = entry


def steps(moves: Sequence[tuple[int, int]]) -> list[LevelChanged]:
    """(received, then reserved) units, one write each, as the stream of the table tells them."""
    events, level = list[LevelChanged](), None
    for received, reserved in moves:
        old = level or Level(sku="shirt", location="M")
        level = replace(
            old,
            on_hand=old.on_hand + received,
            available=old.available + received - reserved,
            reserved=old.reserved + reserved,
            seq=old.seq + 1,
            cause=f"act {old.seq + 1}",
        )
        events.append(LevelChanged(old if events else None, level, f"at {level.seq}"))
    return events


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=20))
def test_the_sequence_has_no_gap_and_the_sum_of_its_steps_is_the_level(moves: list[tuple[int, int]]) -> None:
    ledger, events = FakeLedger(), steps(moves)

    RecordEntries(ledger).record(events)

    entries, level = list(ledger.levels.values()), events[-1].after
    assert list(range(1, len(moves) + 1)) == [entry.seq for entry in entries]
    assert (level.on_hand, level.available, level.reserved) == (
        sum(entry.on_hand for entry in entries),
        sum(entry.available for entry in entries),
        sum(entry.reserved for entry in entries),
    )
    assert (level.on_hand, level.available, level.reserved) == (
        entries[-1].on_hand_after,
        entries[-1].available_after,
        entries[-1].reserved_after,
    )


def test_the_same_event_again_is_the_same_entry() -> None:
    ledger, events = FakeLedger(), steps([(5, 0), (0, 2)])
    RecordEntries(ledger).record(events)
    once = dict(ledger.levels)

    RecordEntries(ledger).record(reversed(events))

    assert (once, 4) == (ledger.levels, ledger.writes)


def test_an_entry_says_what_moved_why_and_when() -> None:
    before = Level(
        sku="shirt",
        location="M",
        on_hand=5,
        reserved=1,
        available=4,
        bins={"A": Bin(name="A", kind=BinKind.PICKING, on_hand=5)},
        seq=7,
    )
    bins = {
        "A": Bin(name="A", kind=BinKind.PICKING, on_hand=3),
        "B": Bin(name="B", kind=BinKind.STORAGE, on_hand=2),
    }
    after = replace(before, bins=bins, seq=8, cause="transfer t1")
    ledger = FakeLedger()

    RecordEntries(ledger).record([LevelChanged(before, after, "noon")])

    assert [
        LevelEntry(
            sku="shirt",
            location="M",
            seq=8,
            kind=MovementKind.TRANSFERRED,
            on_hand=0,
            available=0,
            reserved=0,
            on_hand_after=5,
            available_after=4,
            reserved_after=1,
            cause="transfer t1",
            at="noon",
            bins={"A": -2, "B": 2},
        )
    ] == list(ledger.levels.values())


@pytest.mark.parametrize(
    ("cause", "on_hand", "reserved", "kind"),
    [
        ("receive po-1", 5, 0, MovementKind.RECEIVED),
        ("count c-1", -1, 0, MovementKind.COUNTED),
        ("correct x-1", 1, 0, MovementKind.ADJUSTED),
        ("damage d-1", -2, 0, MovementKind.ADJUSTED),
        ("transfer t-1", -2, 0, MovementKind.TRANSFERRED),
        ("orders c1", 0, 3, MovementKind.ALLOCATED),
        ("orders c1", 0, -3, MovementKind.RELEASED),
        ("orders c1", -2, -2, MovementKind.SHIPPED),
        ("orders c1", -2, 1, MovementKind.SHIPPED),
        ("orders c1", 2, 2, MovementKind.RETURNED),
        ("orders c1", 2, 0, MovementKind.RETURNED),
    ],
)
def test_a_movement_has_the_kind_of_its_operation_or_of_what_orders_did(
    cause: str, on_hand: int, reserved: int, kind: MovementKind
) -> None:
    before = Level(sku="shirt", location="M", on_hand=9, reserved=4, available=5, seq=1)
    after = replace(
        before,
        on_hand=before.on_hand + on_hand,
        reserved=before.reserved + reserved,
        available=before.available + on_hand - reserved,
        seq=2,
        cause=cause,
    )

    entry = level_entry(before, after, "noon")

    assert entry is not None
    assert kind is entry.kind


@pytest.mark.parametrize("reason", AdjustmentReason)
def test_every_reason_of_an_adjustment_has_a_kind_of_movement(reason: AdjustmentReason) -> None:
    assert reason in BY_OPERATION


def test_a_write_that_moves_no_stock_is_no_entry() -> None:
    level = Level(sku="shirt", location="M", seq=3)
    binned = replace(level, bins={"A": Bin(name="A", kind=BinKind.PICKING)})
    events: list[RowChange] = [
        LevelChanged(level, binned, "now"),
        LevelChanged(None, Level(sku="shirt", location="M"), "now"),
        SkuChanged(None, Sku(sku="shirt")),
        ListingChanged(None, Listing(channel="web", name="tee", sku="shirt")),
    ]

    written = RecordEntries(FakeLedger()).record(events)

    assert 0 == written


def held_more(units: int) -> dict[str, int]:
    return {"on_hand": 0, "available": -units, "reserved": units}


def test_what_a_commit_promised_to_an_order_and_what_it_gave_back_is_kept() -> None:
    held = Allocation(line_id="1", sku="shirt", location="M", quantity=2)
    reserved = Order(
        channel="web", external_id="7", state=State.RESERVED, revision="1", allocations=(held,), commit_id="c1"
    )
    moved = replace(reserved, allocations=(replace(held, location="L", quantity=3),), commit_id="c2")
    ledger = FakeLedger()

    RecordEntries(ledger).record([OrderChanged(None, reserved, "noon"), OrderChanged(reserved, moved, "one")])

    assert {
        ("c1", "web:7"): OrderEntry(
            commit="c1", order_id="web:7", state="reserved", at="noon", units={"shirt at M": held_more(2)}
        ),
        ("c2", "web:7"): OrderEntry(
            commit="c2",
            order_id="web:7",
            state="reserved",
            at="one",
            units={"shirt at L": held_more(3), "shirt at M": held_more(-2)},
        ),
    } == ledger.orders
