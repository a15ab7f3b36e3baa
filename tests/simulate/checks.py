"""The promises of design.md section 2 that must hold at every instant, looked at after every write."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulate.rows import Row, number, plain
from tests.simulate.store import Write

HOLDING = frozenset({"promised", "awaiting_payment", "reserved", "partly_shipped", "shipped"})
SUMS = ("on_hand", "available", "reserved", "unplaced")

LevelKey = tuple[str, str]


class Violation(Exception):
    """A promise is broken. `promise`: its number, or the word of issue 5 for what else must hold."""

    def __init__(self, promise: str, text: str) -> None:
        super().__init__(promise, text)
        self.promise, self.text = promise, text

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.text}"


@dataclass(slots=True)
class Watch:
    """Sees every write that takes effect."""

    promised: Counter[LevelKey] = field(default_factory=Counter)
    reserved: dict[LevelKey, int] = field(default_factory=dict)
    writes: int = 0

    def __call__(self, writes: Sequence[Write]) -> None:
        self.writes += len(writes)
        touched = set[LevelKey]()
        for write in writes:
            sk = write.key["sk"]["S"]
            if sk.startswith("AT#"):
                touched.add(self._level(write))
            elif sk == "ORDER":
                touched |= self._order(write)
        for key in touched:
            if self.promised[key] != self.reserved.get(key, 0):
                text = f"{key}: reserved {self.reserved.get(key, 0)}, orders hold {self.promised[key]}"
                raise Violation("2", text)

    def _level(self, write: Write) -> LevelKey:
        key = write.key["pk"]["S"].removeprefix("SKU#"), write.key["sk"]["S"].removeprefix("AT#")
        numbers = {name: number(write.after, name) for name in SUMS}
        if numbers["on_hand"] != numbers["available"] + numbers["reserved"]:
            raise Violation("1", f"{key}: {numbers}")
        if min(numbers["available"], numbers["reserved"]) < 0:
            raise Violation("1", f"{key}: {numbers}")
        moved = any(number(write.before, name) != numbers[name] for name in SUMS)
        if moved and number(write.after, "seq") != number(write.before, "seq") + 1:
            raise Violation("8", f"{key}: seq {number(write.before, 'seq')} → {number(write.after, 'seq')}")
        self.reserved[key] = numbers["reserved"]
        return key

    def _order(self, write: Write) -> set[LevelKey]:
        before, after = _held(write.before), _held(write.after)
        self.promised.subtract(before)
        self.promised.update(after)
        if write.after is None:
            raise Violation("5", f"{write.key['pk']['S']} was removed")
        order = plain(write.after)
        _check_whole(order)
        return before.keys() | after.keys()


def _held(item: Mapping[str, Any] | None) -> Counter[LevelKey]:
    units = Counter[LevelKey]()
    for part in (item or {}).get("allocations", {"L": ()})["L"]:
        one = part["M"]
        units[one["sku"]["S"], one["location"]["S"]] += int(one["quantity"]["N"])
    return units


def _check_whole(order: Row) -> None:
    """All lines of an order or none: what is wanted is promised, awaited or gone."""
    held = _sum(order.get("allocations", ())) + _sum(order.get("backorders", ()))
    if order["state"] == "exception":
        return  # What it held before stays held until a person has looked at it.
    open_ = wanted(order) - gone(order)  # More may have left than was wanted: shipments are never refused.
    if order["state"] in HOLDING and held != open_:
        raise Violation("4", f"{order['pk']} {order['state']}: holds {dict(held)}, {dict(open_)} are open")
    if order["state"] not in HOLDING and held:
        raise Violation("4", f"{order['pk']} {order['state']} holds {dict(held)}")


def wanted(order: Row) -> Counter[str]:
    """Stocked SKU → units that its lines ask for."""
    units = Counter[str]()
    for line in order.get("lines", ()):
        for sku, each in line.get("parts", {}).items():
            units[sku] += each * max(0, line["quantity"] - line.get("declined", 0))
    return +units


def gone(order: Row) -> Counter[str]:
    """Stocked SKU → units that left in parcels that were not voided."""
    units = Counter[str]()
    for parcel in order.get("parcels", ()):
        if not parcel.get("voided"):
            units += _sum(parcel.get("took", ()))
    return units


def restocked(order: Row) -> Counter[str]:
    return sum((_sum(one.get("restocked", ())) for one in order.get("returns", ())), Counter[str]())


def _sum(parts: Iterable[Mapping[str, Any]]) -> Counter[str]:
    units = Counter[str]()
    for part in parts:
        units[part["sku"]] += part["quantity"]
    return units
