"""The ledger: every write of a level is one entry, and the entries explain the level (promise 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.catalogue import Sku
from lastunit.domain.events import Event, LevelChanged, ListingChanged, OrderChanged, SkuChanged
from lastunit.domain.exposure import Listing
from lastunit.domain.ledger import LevelEntry, OrderEntry
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Order
from lastunit.record import WriteLedger


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
        old = level or Level("shirt", "M")
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

    WriteLedger(ledger)(events)

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
    WriteLedger(ledger)(events)
    once = dict(ledger.levels)

    WriteLedger(ledger)(reversed(events))

    assert (once, 4) == (ledger.levels, ledger.writes)


def test_an_entry_says_what_moved_why_and_when() -> None:
    before = Level("shirt", "M", 5, 1, 4, bins={"A": Bin("A", BinKind.PICKING, 5)}, seq=7)
    bins = {"A": Bin("A", BinKind.PICKING, 3), "B": Bin("B", BinKind.STORAGE, 2)}
    after = replace(before, bins=bins, seq=8, cause="transfer t1")
    ledger = FakeLedger()

    WriteLedger(ledger)([LevelChanged(before, after, "noon")])

    assert [LevelEntry("shirt", "M", 8, 0, 0, 0, 5, 4, 1, "transfer t1", "noon", {"A": -2, "B": 2})] == list(
        ledger.levels.values()
    )


def test_a_write_that_moves_no_stock_is_no_entry() -> None:
    level = Level("shirt", "M", seq=3)
    binned = replace(level, bins={"A": Bin("A", BinKind.PICKING)})
    events: list[Event] = [
        LevelChanged(level, binned, "now"),
        LevelChanged(None, Level("shirt", "M"), "now"),
        SkuChanged(None, Sku("shirt")),
        ListingChanged(None, Listing("web", "tee", "shirt")),
    ]

    written = WriteLedger(FakeLedger())(events)

    assert 0 == written


def held_more(units: int) -> dict[str, int]:
    return {"on_hand": 0, "available": -units, "reserved": units}


def test_what_a_commit_promised_to_an_order_and_what_it_gave_back_is_kept() -> None:
    held = Allocation("1", "shirt", "M", 2)
    reserved = Order("web", "7", State.RESERVED, "1", allocations=(held,), commit="c1")
    moved = replace(reserved, allocations=(replace(held, location="L", quantity=3),), commit="c2")
    ledger = FakeLedger()

    WriteLedger(ledger)([OrderChanged(None, reserved, "noon"), OrderChanged(reserved, moved, "one")])

    assert {
        ("c1", "web:7"): OrderEntry("c1", "web:7", "reserved", "noon", {"shirt at M": held_more(2)}),
        ("c2", "web:7"): OrderEntry(
            "c2", "web:7", "reserved", "one", {"shirt at L": held_more(3), "shirt at M": held_more(-2)}
        ),
    } == ledger.orders
