"""The level: the stock of one SKU at one location, and the movements that change it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from lastunit.domain.errors import InvalidInput
from lastunit.domain.keys import LevelKey

QUANTITY_MAX = 1_000_000_000
BINS_MAX = 20  # Keeps a level well under 1 KB, the unit that DynamoDB charges and limits by.


class BinKind(StrEnum):
    PICKING = "picking"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A place inside a location. `mark`: a picking bin with fewer units gets a replenishment task."""

    name: str
    kind: BinKind
    on_hand: int = 0
    mark: int | None = None

    def __post_init__(self) -> None:
        if self.mark is not None and self.kind is not BinKind.PICKING:
            raise InvalidInput("mark", "only a picking bin is filled up", "leave it out")
        if self.mark is not None and not 0 <= self.mark <= QUANTITY_MAX:
            raise InvalidInput("mark", f"must be 0 to {QUANTITY_MAX}, got {self.mark}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The stock of one SKU at one location, in units: `on_hand = available + reserved = Σ bins + unplaced`."""

    sku: str
    location: str
    on_hand: int = 0  # physically there
    reserved: int = 0  # on hand, and held by open allocations
    available: int = 0  # on hand, and free to be reserved
    unplaced: int = 0  # on hand in no bin; below zero after a picking bin was short
    bins: Mapping[str, Bin] = field(default_factory=dict)  # by name; at most one of them is a picking bin
    seq: int = 0  # counts the movements without a gap
    cause: str = ""  # of the last movement: "orders" and a commit's id, or the kind and id of an operation

    @property
    def picking_bin(self) -> str | None:
        """The bin from which shipments are depleted (rule 1.1-3)."""
        return next((bin.name for bin in self.bins.values() if bin.kind is BinKind.PICKING), None)


class AdjustmentReason(StrEnum):
    """Why a person adjusts stock."""

    RECEIVE = "receive"
    COUNT = "count"
    CORRECT = "correct"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A change of stock that a person makes. Raises InvalidInput."""

    operation: str  # the caller's own id of this act: the same id never changes stock twice
    reason: AdjustmentReason
    sku: str
    location: str
    delta: int  # units that come (positive) or go (negative)
    bin: str | None = None  # None: unplaced
    note: str = ""

    def __post_init__(self) -> None:
        if abs(self.delta) > QUANTITY_MAX:
            raise InvalidInput("quantity", f"at most {QUANTITY_MAX}, got {self.delta}")
        if self.reason is AdjustmentReason.RECEIVE and self.delta <= 0:
            raise InvalidInput("quantity", f"receiving takes 1 or more, got {self.delta}")
        if self.reason is AdjustmentReason.DAMAGE and self.delta >= 0:
            raise InvalidInput("quantity", f"damage takes units away, got {self.delta}", "give a negative number")

    @classmethod
    def counted(
        cls, operation: str, sku: str, location: str, counted: int, expected: int, bin: str | None, note: str
    ) -> "Adjustment":
        """Only counted less expected is applied: what was sold while somebody counted stays sold."""
        return cls(
            operation=operation,
            reason=AdjustmentReason.COUNT,
            sku=sku,
            location=location,
            delta=counted - expected,
            bin=bin,
            note=note,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A location, and a bin there; no bin means unplaced."""

    location: str
    bin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`quantity` units move between places; the SKU's total stays as it is. Raises InvalidInput."""

    operation: str
    sku: str
    quantity: int
    source: Place
    destination: Place
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise InvalidInput("quantity", f"must be 1 to {QUANTITY_MAX}, got {self.quantity}")
        if self.source == self.destination:
            raise InvalidInput("destination", "is the same place as the source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A relative change of one level, in units. `bins` maps a bin to its own delta; the rest is unplaced."""

    sku: str
    location: str
    on_hand: int = 0
    available: int = 0
    reserved: int = 0
    bins: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.on_hand != self.available + self.reserved:
            raise ValueError("a movement keeps on_hand = available + reserved")

    @property
    def key(self) -> LevelKey:
        return LevelKey(self.sku, self.location)

    @property
    def unplaced(self) -> int:
        return self.on_hand - sum(self.bins.values())

    def reversed(self) -> "Movement":
        bins = {name: -units for name, units in self.bins.items()}
        return Movement(
            sku=self.sku,
            location=self.location,
            on_hand=-self.on_hand,
            available=-self.available,
            reserved=-self.reserved,
            bins=bins,
        )

    @property
    def is_nothing(self) -> bool:
        return not (self.on_hand or self.available or self.reserved or any(self.bins.values()))


def sum_by_level(movements: Iterable[Movement]) -> dict[LevelKey, Movement]:
    """Movements summed per level, those that cancel out left out: a transaction may touch a level only once."""
    sums: dict[LevelKey, Movement] = {}
    for one in movements:
        sums[one.key] = _plus(sums[one.key], one) if one.key in sums else one
    return {key: one for key, one in sums.items() if not one.is_nothing}


def _plus(first: Movement, second: Movement) -> Movement:
    bins = {name: first.bins.get(name, 0) + second.bins.get(name, 0) for name in {**first.bins, **second.bins}}
    return Movement(
        sku=first.sku,
        location=first.location,
        on_hand=first.on_hand + second.on_hand,
        available=first.available + second.available,
        reserved=first.reserved + second.reserved,
        bins={name: units for name, units in bins.items() if units},
    )


def level_after(level: Level, movement: Movement) -> Level:
    """The level once the movement has taken effect."""
    bins = {
        name: replace(bin, on_hand=bin.on_hand + movement.bins.get(name, 0)) for name, bin in level.bins.items()
    }
    return replace(
        level,
        on_hand=level.on_hand + movement.on_hand,
        available=level.available + movement.available,
        reserved=level.reserved + movement.reserved,
        unplaced=level.unplaced + movement.unplaced,
        bins=bins,
    )


Operation = Adjustment | Transfer


def movements(operation: Operation) -> tuple[Movement, ...]:
    return _of_adjustment(operation) if isinstance(operation, Adjustment) else _of_transfer(operation)


def _of_adjustment(adjustment: Adjustment) -> tuple[Movement, ...]:
    bins = {adjustment.bin: adjustment.delta} if adjustment.bin else {}
    return (
        Movement(
            sku=adjustment.sku,
            location=adjustment.location,
            on_hand=adjustment.delta,
            available=adjustment.delta,
            bins=bins,
        ),
    )


def _of_transfer(transfer: Transfer) -> tuple[Movement, ...]:
    source, destination, quantity = transfer.source, transfer.destination, transfer.quantity
    if source.location == destination.location:
        bins = {place.bin: sign * quantity for place, sign in ((source, -1), (destination, 1)) if place.bin}
        return (Movement(sku=transfer.sku, location=source.location, bins=bins),)
    return tuple(
        Movement(
            sku=transfer.sku,
            location=place.location,
            on_hand=sign * quantity,
            available=sign * quantity,
            bins={place.bin: sign * quantity} if place.bin else {},
        )
        for place, sign in ((source, -1), (destination, 1))
    )
