"""Levels as tests set them up, and what they compare of a level."""

from collections.abc import Mapping
from dataclasses import dataclass

from lastunit.domain.keys import LevelKey
from lastunit.domain.stock.levels import Bin, BinKind, Level, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    on_hand: int
    reserved: int
    available: int


def stock_of(level: Level) -> Stock:
    return Stock(on_hand=level.on_hand, reserved=level.reserved, available=level.available)


def stocked(sku: str, location: str, units: int) -> Level:
    return Level(sku=sku, location=location, on_hand=units, available=units, unplaced=units)


PICKING, STORAGE = "P", "S"


def level_in_bins(sku: str, location: str, unplaced: int = 0, *, picking: int = 0, storage: int = 0) -> Level:
    """A level whose units lie in its picking bin P, in its storage bin S and outside any bin."""
    bins = {
        PICKING: Bin(name=PICKING, kind=BinKind.PICKING, on_hand=picking),
        STORAGE: Bin(name=STORAGE, kind=BinKind.STORAGE, on_hand=storage),
    }
    units = unplaced + picking + storage
    return Level(
        sku=sku, location=location, on_hand=units, reserved=0, available=units, unplaced=unplaced, bins=bins
    )


def reserving(units: Mapping[LevelKey, int]) -> dict[LevelKey, Movement]:
    """Units promised at each level; below zero: given back."""
    return {
        LevelKey(sku, at): Movement(sku=sku, location=at, available=-part, reserved=part)
        for (sku, at), part in units.items()
    }
