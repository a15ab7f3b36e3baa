"""The stock ledger: what every write did to a level, and which orders it was for (promise 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lastunit.domain.levels import Level
from lastunit.domain.orders import Order, difference

NO_LEVEL = Level("", "")


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """One step of a level: `seq` runs without a gap from 1, and the sum of all steps is the level."""

    sku: str
    location: str
    seq: int
    on_hand: int
    available: int
    reserved: int
    on_hand_after: int
    available_after: int
    reserved_after: int
    cause: str
    at: str
    bins: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """What one commit did for an order: "SKU at location" → units on hand, available and reserved that it moved."""

    commit: str
    order_id: str
    state: str
    at: str
    units: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def level_entry(before: Level | None, after: Level, at: str) -> LevelEntry | None:
    """None when the write moved no stock (a bin was added)."""
    old = before or NO_LEVEL
    if old.seq == after.seq:
        return None
    bins = {
        name: moved
        for name, bin in after.bins.items()
        if (moved := bin.on_hand - (old.bins[name].on_hand if name in old.bins else 0))
    }
    return LevelEntry(
        after.sku,
        after.location,
        after.seq,
        after.on_hand - old.on_hand,
        after.available - old.available,
        after.reserved - old.reserved,
        after.on_hand,
        after.available,
        after.reserved,
        after.cause,
        at,
        bins,
    )


def order_entry(before: Order | None, after: Order, at: str) -> OrderEntry:
    units = {
        f"{sku} at {location}": {
            "on_hand": moved.on_hand,
            "available": moved.available,
            "reserved": moved.reserved,
        }
        for (sku, location), moved in difference(before, after).items()
    }
    return OrderEntry(after.commit, after.order_id, after.state.value, at, units)
