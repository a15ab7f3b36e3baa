"""The rules of stock, orders and exposure in plain lines: no storage, no concurrency, no code of the layer.

What the shop knows to be true (sales, parcels, returns, what staff moved) and what was decided (states, places) go
in; what every number must be comes out.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tests.simulate.invariants.checks import gone, restocked, wanted
from tests.simulate.rows import Row
from tests.simulate.shop_world import Sale


@dataclass(frozen=True, slots=True)
class Facts:
    """`moved`: SKU → units in less units out by hand. `recipes`: what is sold → stocked SKU → units in one."""

    sales: Iterable[Sale]
    moved: Mapping[str, int]
    recipes: Mapping[str, Mapping[str, int]]

    def parts(self, lines: Mapping[str, int]) -> Counter[str]:
        units = Counter[str]()
        for name, quantity in lines.items():
            for sku, each in self.recipes[name].items():
                units[sku] += each * quantity
        return +units


def on_hand(facts: Facts) -> Counter[str]:
    """What came in less what left, plus what came back fit for sale."""
    units = Counter(dict(facts.moved))
    for sale in facts.sales:
        units.subtract(facts.parts(sale.left))
        units.update(facts.parts(sale.returned))
    return units


def wrong_orders(facts: Facts, orders: Mapping[str, Row]) -> list[tuple[str, str]]:
    """(Promise, what is wrong) of each order that is not what its channel says."""
    wrong = list[tuple[str, str]]()
    for sale in facts.sales:
        order = orders.get(sale.order_id)
        if order is None:
            wrong.append(("5", f"{sale.order_id} was sold and is not known"))
        else:
            wrong += [
                (promise, f"{sale.order_id} {order['state']}: {text}")
                for promise, text in _wrong(facts, sale, order)
            ]
    return wrong


def _wrong(facts: Facts, sale: Sale, order: Row) -> Iterable[tuple[str, str]]:
    held = sum((Counter({one["sku"]: one["quantity"]}) for one in order.get("allocations", ())), Counter[str]())
    if gone(order) != facts.parts(sale.left):
        yield "3", f"left {dict(facts.parts(sale.left))}, counted {dict(gone(order))}"
    if restocked(order) != facts.parts(sale.returned):
        yield "3", f"came back {dict(facts.parts(sale.returned))}, counted {dict(restocked(order))}"
    if order.get("reason") in ("unknown_sku", "shipped_unknown_line"):
        yield "5", f"waits for a name ({order['reason']}), and all of them are known"
    if sale.cancelled and held:
        yield "3", f"is cancelled and holds {dict(held)}"
    if not sale.cancelled and order["state"] == "cancelled" and not order.get("routing"):
        yield "5", "is cancelled, and nobody cancelled it"
    if not sale.cancelled and order["state"] not in ("exception", "cancelled"):
        declined = any(line.get("declined") for line in order["lines"])
        if not declined and wanted(order) != facts.parts(sale.lines):
            yield "3", f"wants {dict(wanted(order))}, its channel says {dict(facts.parts(sale.lines))}"


@dataclass(frozen=True, slots=True)
class ShownNumbers:
    """What every channel must show. `available`: SKU → location → units; `recipes` as above."""

    channels: Mapping[str, Row]
    closed: Collection[str]
    available: Mapping[str, Mapping[str, int]]
    recipes: Mapping[str, Mapping[str, int]]

    def wrong_numbers(self, shelves: Mapping[tuple[str, str], int]) -> list[str]:
        """Of channels that are told every change."""
        return [
            f"{channel} shows {units} of {name}, should show {right}"
            for (channel, name), units in shelves.items()
            if self.channels[channel]["sync"] == "live" and units != (right := self.number(channel, name))
        ]

    def number(self, channel: str, name: str) -> int:
        """min(cap, floor(share × max(0, what its locations have − buffer))); of a kit by its scarcest part."""
        row = self.channels[channel]
        if row["paused"]:
            return 0
        pool = min(self._pool(sku) // each for sku, each in self.recipes[name].items())
        if row["mode"] == "exclusive":
            return self._capped(row, self._part(channel, pool))
        return self._capped(row, row["share_percent"] * max(0, pool - row["buffer"]) // 100)

    def wrong_escrow(self, shelves: Mapping[tuple[str, str], int], unallocated: Mapping[str, int]) -> list[str]:
        """Together channels show no more than there is, and nobody shows less than it might."""
        buffer = max(row["buffer"] for row in self.channels.values() if row["mode"] == "escrow")
        left = {sku: max(0, self._pool(sku) - buffer - unallocated.get(sku, 0)) for sku in self.stocked}
        for (_, name), units in shelves.items():
            for sku, each in self.recipes[name].items():
                left[sku] -= units * each
        wrong = [
            f"{units} of {sku} were sold and are lacking"
            for sku, units in unallocated.items()
            if units > sum(self.available.get(sku, {}).values())
        ]
        wrong += [f"{sku}: {-units} more are shown than there are" for sku, units in left.items() if units < 0]
        # A blind set is moved seldom and far, and kits compete for several SKUs: there small parts stay unused.
        if len(self.recipes) == len(self.stocked) and all(row["kind"] != "ebay" for row in self.channels.values()):
            wrong += self._unused(shelves, left)
        return wrong

    def _unused(self, shelves: Mapping[tuple[str, str], int], left: Mapping[str, int]) -> list[str]:
        return [
            f"{channel} shows {units} of {sku}, and {left[sku]} are left"
            for (channel, sku), units in shelves.items()
            if left[sku] > 0 and units < self._capped(self.channels[channel], units + left[sku])
        ]

    @property
    def stocked(self) -> set[str]:
        return {sku for recipe in self.recipes.values() for sku in recipe}

    def _pool(self, sku: str) -> int:
        return sum(units for place, units in self.available.get(sku, {}).items() if place not in self.closed)

    def _part(self, channel: str, pool: int) -> int:
        """Exclusive shares of what is left after the largest buffer, by largest remainder."""
        rows = {name: row for name, row in self.channels.items() if row["mode"] == "exclusive"}
        units = max(0, pool - max(row["buffer"] for row in rows.values()))
        parts = {name: row["share_percent"] for name, row in rows.items()}
        parts["~"] = 100 - sum(parts.values())  # What nobody is given comes last in a tie.
        given = {name: units * percent // 100 for name, percent in parts.items()}
        order = sorted(parts, key=lambda name: (-(units * parts[name] % 100), name))
        for name in order[: units - sum(given.values())]:
            given[name] += 1
        part: int = given[channel]
        return part

    def _capped(self, row: Row, units: int) -> int:
        cap: int | None = row.get("cap")
        return units if cap is None else min(units, cap)
