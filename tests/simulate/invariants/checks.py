"""The promises of docs/design.md section 2 that must hold at every instant, looked at after every write."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulate.rows import Row, number, plain
from tests.simulate.store import Write

HOLDING = frozenset({"backordered", "awaiting_payment", "reserved", "partly_shipped", "shipped"})
SUMS = ("on_hand", "available", "reserved", "unplaced")

CLOCKS = {"undecided_in_time": "decide_by", "unpaid_in_time": "pay_by"}
"""Reason of a cancel → the clock that must have run out."""

LevelKey = tuple[str, str]
LineKey = tuple[str, str]
"""(Line id, stocked SKU)."""


class Violation(BaseException):
    """A promise is broken. `promise`: its number, or a word for what else must hold. No hub code stops it."""

    def __init__(self, promise: str, text: str) -> None:
        super().__init__(promise, text)
        self.promise, self.text = promise, text

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.text}"


@dataclass(slots=True)
class Watch:
    """Sees every write that takes effect. `asked`: order → the most units that it ever was a request for."""

    promised: Counter[LevelKey] = field(default_factory=Counter)
    reserved: dict[LevelKey, int] = field(default_factory=dict)
    on_hand: Counter[str] = field(default_factory=Counter)
    gone: dict[str, Counter[str]] = field(default_factory=dict)
    asked: dict[str, Counter[str]] = field(default_factory=dict)
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
        _check_bins(key, write.after or {}, numbers)
        self.reserved[key] = numbers["reserved"]
        self.on_hand[key[0]] += numbers["on_hand"] - number(write.before, "on_hand")
        return key

    def _order(self, write: Write) -> set[LevelKey]:
        before, after = _held(write.before), _held(write.after)
        self.promised.subtract(before)
        self.promised.update(after)
        if write.after is None:
            raise Violation("5", f"{write.key['pk']['S']} was removed")
        order = plain(write.after)
        _check_whole(order)
        order_id = ":".join(order["pk"].split("#", 2)[1:])
        self.gone[order_id] = gone(order)
        if order["state"] == "requested":
            self.asked[order_id] = self.asked.get(order_id, Counter()) | wanted(order)
        if write.before:
            _check_clock(plain(write.before), order)
        return before.keys() | after.keys()


def _check_bins(key: LevelKey, level: Mapping[str, Any], numbers: Mapping[str, int]) -> None:
    """What a level has lies in its bins or is unplaced, and no bin holds less than nothing."""
    bins = [number(one["M"], "on_hand") for one in level.get("bins", {"M": {}})["M"].values()]
    if min(bins, default=0) < 0 or sum(bins) + numbers["unplaced"] != numbers["on_hand"]:
        raise Violation("1", f"{key}: {bins} in bins of {numbers}")


def _held(item: Mapping[str, Any] | None) -> Counter[LevelKey]:
    units = Counter[LevelKey]()
    for part in (item or {}).get("allocations", {"L": ()})["L"]:
        one = part["M"]
        units[one["sku"]["S"], one["location"]["S"]] += int(one["quantity"]["N"])
    return units


def _check_whole(order: Row) -> None:
    """All lines of an order or none: what is wanted is promised, awaited or gone. A request may hold some lines."""
    held = _sum(order.get("allocations", ())) + _sum(order.get("backorders", ()))
    if order["state"] == "exception":
        return  # What it held before stays held until a person has looked at it.
    open_ = still_wanted(order)
    if order["state"] in HOLDING and held != open_:
        raise Violation("4", f"{order['pk']} {order['state']}: holds {dict(held)}, {dict(open_)} are open")
    if order["state"] == "requested" and held <= open_ and not order.get("backorders"):
        return
    if order["state"] not in HOLDING and held:
        raise Violation("4", f"{order['pk']} {order['state']} holds {dict(held)}")


def _check_clock(before: Row, after: Row) -> None:
    """Nobody loses an order to a clock that has not run out, by the clock of the machine that says so."""
    clock = CLOCKS.get(after.get("reason", ""))
    if clock is None or before.get("reason") == after["reason"]:
        return
    early = datetime.fromisoformat(before[clock]) - datetime.fromisoformat(after["changed_at"])
    if early > timedelta(0):
        raise Violation("5", f"{after['pk']} is {after['reason']} {early} before its time")


def wanted(order: Row) -> Counter[str]:
    """Stocked SKU → units that its lines ask for."""
    return _of_all_lines(_asked(order))


def gone(order: Row) -> Counter[str]:
    """Stocked SKU → units that left in parcels that were not voided."""
    return _of_all_lines(_left(order))


def still_wanted(order: Row) -> Counter[str]:
    """Stocked SKU → units asked for that have not left. More may have left of a line than it asked for, as no
    shipment is ever refused; what is too much of one line is nothing of another that asks for the same SKU."""
    return _of_all_lines(_asked(order) - _left(order))


def _asked(order: Row) -> Counter[LineKey]:
    units = Counter[LineKey]()
    for line in order.get("lines", ()):
        for sku, each in line.get("parts", {}).items():
            units[line["line_id"], sku] += each * max(0, line["quantity"] - line.get("declined", 0))
    return units


def _left(order: Row) -> Counter[LineKey]:
    units = Counter[LineKey]()
    for parcel in order.get("shipments", ()):
        for taken in () if parcel.get("voided") else parcel.get("picked", ()):
            units[taken["line_id"], taken["sku"]] += taken["quantity"]
    return units


def _of_all_lines(units: Counter[LineKey]) -> Counter[str]:
    summed = Counter[str]()
    for (_, sku), quantity in units.items():
        summed[sku] += quantity
    return +summed


def restocked(order: Row) -> Counter[str]:
    return sum((_sum(one.get("restocked", ())) for one in order.get("returns", ())), Counter[str]())


def _sum(parts: Iterable[Mapping[str, Any]]) -> Counter[str]:
    units = Counter[str]()
    for part in parts:
        units[part["sku"]] += part["quantity"]
    return units
