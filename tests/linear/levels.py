"""One level of stock, one change after the other: what docs/design.md says of it, and nothing of the layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

from lastunit.domain.keys import LevelKey
from tests.linear.checker import NODES_MAX, Call, Failure, Undecided, unexplained

Bins = frozenset[tuple[str, int]]
"""(bin, units); bins with none are left out."""

Numbers = tuple[tuple[str, int | Bins], ...]

SHOWN_MAX = 25  # Calls of an explanation: the last ones tell what went wrong.


@dataclass(frozen=True, slots=True)
class LevelState:
    """What a level holds. `seq` counts its changes."""

    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    unplaced: int = 0
    seq: int = 0
    bins: Bins = frozenset()

    @property
    def numbers(self) -> Numbers:
        return tuple((one.name, getattr(self, one.name)) for one in fields(self))

    def __str__(self) -> str:
        return _written(self.numbers)


@dataclass(frozen=True, slots=True)
class LevelChange:
    """Units by which a level changes. `by_hand`: what lies in a bin may not be taken without naming the bin."""

    reserved: int = 0
    available: int = 0
    bins: Bins = frozenset()
    by_hand: bool = False

    @property
    def on_hand(self) -> int:
        return self.reserved + self.available

    @property
    def unplaced(self) -> int:
        return self.on_hand - sum(units for _, units in self.bins)

    def __str__(self) -> str:
        where = "".join(f", {units:+} in bin {name}" for name, units in sorted(self.bins))
        return f"{self._verb()}{where}"

    def _verb(self) -> str:
        match self.reserved, self.available:
            case units, rest if units > 0 and rest == -units:
                return f"reserve {units}"
            case units, rest if units < 0 and rest == -units:
                return f"release {rest}"
            case units, 0 if units < 0:
                return f"deplete {-units}"
            case 0, units:
                return f"adjust {units:+}"
        return f"reserved {self.reserved:+}, available {self.available:+}"


def reserve(units: int) -> LevelChange:
    return LevelChange(reserved=units, available=-units)


def release(units: int) -> LevelChange:
    return LevelChange(reserved=-units, available=units)


def deplete(units: int) -> LevelChange:
    return LevelChange(reserved=-units)


def adjust(units: int) -> LevelChange:
    return LevelChange(available=units, by_hand=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer that showed numbers of the level, and changed nothing. `refused`: because this was impossible."""

    numbers: Numbers
    refused: LevelChange | None = None

    def __str__(self) -> str:
        act = f"refused to {self.refused}," if self.refused else "read"
        return f"{act} {_written(self.numbers)}"


Op = LevelChange | Seen
History = Mapping[LevelKey, Sequence[Call[Op]]]
NOTHING = LevelState()


@dataclass(frozen=True, slots=True)
class OneLevel:
    """The sequential model of a level."""

    def apply(self, stock: LevelState, op: Op) -> LevelState | None:
        if isinstance(op, LevelChange):
            return plus(stock, op) if is_possible(stock, op) else None
        if any(getattr(stock, name) != number for name, number in op.numbers):
            return None
        return None if op.refused and is_possible(stock, op.refused) else stock

    def is_read(self, op: Op) -> bool:
        return isinstance(op, Seen)

    def is_past(self, stock: LevelState, op: Op) -> bool:
        """Every change raises `seq`, so a level is never again what it was."""
        seen = dict(op.numbers).get("seq") if isinstance(op, Seen) else None
        return isinstance(seen, int) and seen <= stock.seq


def plus(stock: LevelState, change: LevelChange) -> LevelState:
    bins = dict(stock.bins)
    for name, units in change.bins:
        bins[name] = bins.get(name, 0) + units
    return LevelState(
        stock.on_hand + change.on_hand,
        stock.reserved + change.reserved,
        stock.available + change.available,
        stock.unplaced + change.unplaced,
        stock.seq + 1,
        frozenset((name, units) for name, units in bins.items() if units),
    )


def is_possible(stock: LevelState, change: LevelChange) -> bool:
    """Only promised units can be given back or leave, only available ones be promised or taken away, and only what
    a bin holds be taken from it. Goods that a shipment took may have lain anywhere; a hand must say where."""
    held = dict(stock.bins)
    taken = [(change.reserved, stock.reserved), (change.available, stock.available)]
    taken += [(units, held.get(name, 0)) for name, units in change.bins]
    taken += [(change.unplaced, stock.unplaced)] if change.by_hand else []
    return all(units >= 0 or there >= -units for units, there in taken)


def check(
    history: History, start: Mapping[LevelKey, LevelState] | None = None, nodes_max: int = NODES_MAX
) -> list[str]:
    """What no order of the calls explains, level by level. Levels that are not in `start` begin with nothing."""
    begin = start or {}
    return [
        f"{key.sku} at {key.location}: {problem}"
        for key, calls in sorted(history.items())
        if (problem := _problem(begin.get(key, NOTHING), calls, nodes_max))
    ]


def check_sums(
    history: History, start: Mapping[LevelKey, LevelState], final: Mapping[LevelKey, LevelState]
) -> list[str]:
    """Levels that are not what they were, and all changes that were answered, and some of those that were not.

    In whatever order, and whether they were possible: a second opinion that needs no search.
    """
    return [
        f"{key.sku} at {key.location}: {final.get(key, NOTHING)} is no sum of the changes"
        for key in sorted({*history, *start, *final})
        if not _is_sum(final.get(key, NOTHING), start.get(key, NOTHING), history.get(key, ()))
    ]


def _is_sum(final: LevelState, start: LevelState, calls: Sequence[Call[Op]]) -> bool:
    stock, open_ = start, list[LevelChange]()
    for call in calls:
        if isinstance(call.op, LevelChange) and call.returned is not None:
            stock = plus(stock, call.op)
        elif isinstance(call.op, LevelChange):
            open_.append(call.op)

    @cache
    def reaches(at: int, stock: LevelState) -> bool:
        if at == len(open_) or stock.seq == final.seq:
            return stock == final
        return reaches(at + 1, plus(stock, open_[at])) or reaches(at + 1, stock)

    return reaches(0, stock)


def _problem(start: LevelState, calls: Sequence[Call[Op]], nodes_max: int) -> str:
    try:
        failure = unexplained(OneLevel(), start, calls, nodes_max)
    except Undecided:
        return f"undecided: {len(calls)} calls can be ordered in too many ways"
    return _explained(failure) if failure else ""


def _explained(failure: Failure[LevelState, Op]) -> str:
    begun = sorted(failure.before, key=lambda call: call.invoked)
    open_ = [call for call in begun if call.returned is None and isinstance(call.op, LevelChange)]
    answered = [call for call in begun if call.returned is not None]
    return "\n  ".join(
        [
            "no order of the calls explains the last answer",
            f"{len(answered[:-SHOWN_MAX])} answered calls before these",
            *map(str, answered[-SHOWN_MAX:]),
            f"open, and perhaps in effect: {len(open_)}",
            *map(str, open_[-SHOWN_MAX:]),
            f"which may have led to {failure.state}",
            f"but not to {failure.culprit}",
        ]
    )


def _written(numbers: Numbers) -> str:
    return " ".join(
        " ".join(f"{bin}={held}" for bin, held in sorted(units))
        if isinstance(units, frozenset)
        else f"{name}={units}"
        for name, units in numbers
        if units != frozenset()
    )
