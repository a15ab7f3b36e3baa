"""Replenishment: when somebody should carry units from storage to the picking bin, and how many (rule 1.1-7).

A task follows from a level's row alone, so it opens and closes by itself with every write of the level.
"""

from dataclasses import dataclass
from enum import StrEnum

from lastunit.domain.stock.levels import Bin, BinKind, Level


class TaskKind(StrEnum):
    """Why units must be carried; of several reasons the most pressing one."""

    NO_PICKING_BIN = "no_picking_bin"  # units left, and no bin says from where: name one, then fill it
    SHORT = "short"  # more left than the picking bin held
    RESERVED = "reserved"  # orders reserve more than the picking bin holds: it will run dry
    BELOW_MARK = "below_mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplenishmentTask:
    """Carry `quantity` units of a SKU within a location: one transfer, as the API takes it.

    `take_from` None: the units that lie in no bin. `put_into` None: no picking bin is named yet. `missing`: what is
    lacking beyond all that lies there.
    """

    sku: str
    location: str
    kind: TaskKind
    quantity: int
    take_from: str | None
    put_into: str | None
    missing: int = 0


def task_for(level: Level | None) -> ReplenishmentTask | None:
    """What is to be carried at this level; None when nothing needs to be, or nothing is there to carry."""
    if level is None:
        return None
    picking = level.bins[level.picking_bin] if level.picking_bin else None
    lacking = _lacking(level, picking)
    source = _fullest_storage(level)
    there = source.on_hand if source else max(0, level.unplaced) if picking else 0
    quantity = min(lacking, there)
    if quantity < 1:
        return None
    return ReplenishmentTask(
        sku=level.sku,
        location=level.location,
        kind=_kind(level, picking),
        quantity=quantity,
        take_from=source.name if source else None,
        put_into=picking.name if picking else None,
        missing=max(0, lacking - _carriable(level)),
    )


def _lacking(level: Level, picking: Bin | None) -> int:
    """Units that the picking bin lacks."""
    short = max(0, -level.unplaced)
    if picking is None:
        return short  # What is reserved leaves from wherever it lies; only what was booked short is to be settled.
    # Units booked short left as if from the picking bin: carrying as many over makes up for them.
    return max(picking.mark or 0, level.reserved) + short - picking.on_hand


def _kind(level: Level, picking: Bin | None) -> TaskKind:
    if picking is None:
        return TaskKind.NO_PICKING_BIN
    if level.unplaced < 0:
        return TaskKind.SHORT
    return TaskKind.RESERVED if picking.on_hand < level.reserved else TaskKind.BELOW_MARK


def _storage(level: Level) -> list[Bin]:
    return [bin for bin in level.bins.values() if bin.kind is BinKind.STORAGE and bin.on_hand > 0]


def _fullest_storage(level: Level) -> Bin | None:
    """Names decide between equals, so that the same stock always names the same bin."""
    return min(_storage(level), key=lambda bin: (-bin.on_hand, bin.name), default=None)


def _carriable(level: Level) -> int:
    return sum(bin.on_hand for bin in _storage(level)) + max(0, level.unplaced)
