"""The stock ledger: what every write did to a level, and which orders it was for (promise 8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lastunit.domain.orders.order import Order
from lastunit.domain.orders.stock_effects import stock_delta
from lastunit.domain.stock.levels import AdjustmentReason, Level

NO_LEVEL = Level(sku="", location="")
ORDERS = "orders"  # The first word of a cause: a commit of orders wrote the level, else an operation did.


class MovementKind(StrEnum):
    """What a movement did, in the trade's words (docs/glossary.md)."""

    RECEIVED = "received"  # units arrived
    ALLOCATED = "allocated"  # orders reserved units
    RELEASED = "released"  # orders gave reserved units back
    SHIPPED = "shipped"  # shipments depleted the level, or a return that was inspected wrongly was corrected
    RETURNED = "returned"  # units of orders are on hand again: an inspected return, or a voided shipment
    TRANSFERRED = "transferred"  # units moved to or from another location or bin
    COUNTED = "counted"  # a count found more or fewer units
    ADJUSTED = "adjusted"  # a person corrected the level, or wrote units off


BY_OPERATION: Mapping[str, MovementKind] = {
    AdjustmentReason.RECEIVE: MovementKind.RECEIVED,
    AdjustmentReason.COUNT: MovementKind.COUNTED,
    AdjustmentReason.CORRECT: MovementKind.ADJUSTED,
    AdjustmentReason.DAMAGE: MovementKind.ADJUSTED,
    "transfer": MovementKind.TRANSFERRED,
}
"""The first word of an operation's cause → the kind of its movements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelEntry:
    """One movement of a level, with the balance after it. The sum of a level's movements is the level."""

    sku: str
    location: str
    seq: int  # runs without a gap from 1
    kind: MovementKind
    on_hand: int  # units more (or fewer) on hand; likewise available and reserved
    available: int
    reserved: int
    on_hand_after: int
    available_after: int
    reserved_after: int
    cause: str  # what it was for: "orders" and a commit's id, or the kind and id of an operation
    at: str
    bins: Mapping[str, int] = field(default_factory=dict)  # bin → units more (or fewer) that lie there


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntry:
    """What one commit did for an order: "SKU at location" → units on hand, available and reserved that it moved."""

    commit: str
    order_id: str
    state: str  # of the order afterwards
    at: str
    units: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def level_entry(before: Level | None, after: Level, at: str) -> LevelEntry | None:
    """The movement that one write of a level was; None when it moved no stock, as when a bin is added."""
    old = before or NO_LEVEL
    if old.seq == after.seq:
        return None
    bins = {
        name: moved
        for name, bin in after.bins.items()
        if (moved := bin.on_hand - (old.bins[name].on_hand if name in old.bins else 0))
    }
    on_hand, reserved = after.on_hand - old.on_hand, after.reserved - old.reserved
    return LevelEntry(
        sku=after.sku,
        location=after.location,
        seq=after.seq,
        kind=movement_kind(after.cause, on_hand, reserved),
        on_hand=on_hand,
        available=after.available - old.available,
        reserved=reserved,
        on_hand_after=after.on_hand,
        available_after=after.available,
        reserved_after=after.reserved,
        cause=after.cause,
        at=at,
        bins=bins,
    )


def movement_kind(cause: str, on_hand: int, reserved: int) -> MovementKind:
    """The kind of a movement by its cause, and by the units that it moved on hand and in reserve.

    A commit of many orders moves a level once: the kind is that of the sum. Its order entries tell them apart.
    """
    word = cause.partition(" ")[0]
    if word != ORDERS:
        return BY_OPERATION.get(word, MovementKind.ADJUSTED)
    if on_hand:
        return MovementKind.SHIPPED if on_hand < 0 else MovementKind.RETURNED
    return MovementKind.ALLOCATED if reserved > 0 else MovementKind.RELEASED


def order_entry(before: Order | None, after: Order, at: str) -> OrderEntry:
    units = {
        f"{sku} at {location}": {
            "on_hand": moved.on_hand,
            "available": moved.available,
            "reserved": moved.reserved,
        }
        for (sku, location), moved in stock_delta(before, after).items()
    }
    return OrderEntry(commit=after.commit_id, order_id=after.order_id, state=after.state.value, at=at, units=units)
