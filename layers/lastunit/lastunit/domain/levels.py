"""The stock of one SKU at one location, and the changes it can undergo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lastunit.domain.errors import InvalidInput

QUANTITY_MAX = 1_000_000_000
BINS_MAX = 20  # Keeps a level well under 1 KB, the unit that DynamoDB charges and limits by.

LevelKey = tuple[str, str]
"""(SKU, location)."""


class BinKind(StrEnum):
    PICKING = "picking"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Bin:
    name: str
    kind: BinKind
    on_hand: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """`on_hand = available + reserved = Σ bins + unplaced`. What lies in no bin is `unplaced`; a short pick makes
    it negative."""

    sku: str
    location: str
    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    unplaced: int = 0
    bins: Mapping[str, Bin] = field(default_factory=dict)
    seq: int = 0
    cause: str = ""

    @property
    def picking_bin(self) -> str | None:
        return next((bin.name for bin in self.bins.values() if bin.kind is BinKind.PICKING), None)


class Reason(StrEnum):
    """Why a person changes stock."""

    RECEIVE = "receive"
    COUNT = "count"
    CORRECT = "correct"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`delta` units come (positive) or go (negative), in one bin or unplaced.

    `operation` is the caller's own id of this act: the same id never changes stock twice.
    """

    operation: str
    reason: Reason
    sku: str
    location: str
    delta: int
    bin: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if abs(self.delta) > QUANTITY_MAX:
            raise InvalidInput("quantity", f"at most {QUANTITY_MAX}, got {self.delta}")
        if self.reason is Reason.RECEIVE and self.delta <= 0:
            raise InvalidInput("quantity", f"receiving takes 1 or more, got {self.delta}")
        if self.reason is Reason.DAMAGE and self.delta >= 0:
            raise InvalidInput("quantity", f"damage takes units away, got {self.delta}", "give a negative number")

    @classmethod
    def counted(
        cls, operation: str, sku: str, location: str, counted: int, expected: int, bin: str | None, note: str
    ) -> "Adjustment":
        """A count is a statement about one instant: what was sold while counting stays sold (complaint 19)."""
        return cls(operation, Reason.COUNT, sku, location, counted - expected, bin, note)


@dataclass(frozen=True, slots=True)
class Place:
    """A location, and a bin there; no bin means unplaced."""

    location: str
    bin: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """`quantity` units move between places. The SKU's total never changes."""

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


@dataclass(frozen=True, slots=True)
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
        return self.sku, self.location

    @property
    def unplaced(self) -> int:
        return self.on_hand - sum(self.bins.values())


Operation = Adjustment | Transfer


def movements(operation: Operation) -> tuple[Movement, ...]:
    return _of_adjustment(operation) if isinstance(operation, Adjustment) else _of_transfer(operation)


def _of_adjustment(adjustment: Adjustment) -> tuple[Movement, ...]:
    bins = {adjustment.bin: adjustment.delta} if adjustment.bin else {}
    return (
        Movement(
            adjustment.sku, adjustment.location, on_hand=adjustment.delta, available=adjustment.delta, bins=bins
        ),
    )


def _of_transfer(transfer: Transfer) -> tuple[Movement, ...]:
    source, destination, quantity = transfer.source, transfer.destination, transfer.quantity
    if source.location == destination.location:
        bins = {place.bin: sign * quantity for place, sign in ((source, -1), (destination, 1)) if place.bin}
        return (Movement(transfer.sku, source.location, bins=bins),)
    return tuple(
        Movement(
            transfer.sku,
            place.location,
            on_hand=sign * quantity,
            available=sign * quantity,
            bins={place.bin: sign * quantity} if place.bin else {},
        )
        for place, sign in ((source, -1), (destination, 1))
    )
