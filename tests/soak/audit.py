"""What channels, tills and people say happened, held against the tables. Shares no code with the layer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from infra.local.promises import Row, book_checks, depth, levels_of, order_id, rows
from tests.soak.catalogue import ESCROWED, POOLED, SKUS, STOCKED, stocked
from tests.soak.expected_orders import ExpectedOrder, differences, promised
from tests.soak.marketplaces import Marketplaces
from tests.soak.staff import StockKeeper

Counts = Counter[str]

SHORT = {"requested": "shortage", "exception": "edit_short"}
"""State → reason of an order that stock does not cover, and that a person can see."""

FAILURES = ("OrdersDeadLetterQueueUrl", "PushesDeadLetterQueueUrl", "StreamFailuresQueueUrl")


@dataclass(slots=True)
class Findings:
    """A sentence each. `waiting`: orders of shared channels that lack units, which is not promised there."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    waiting: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.oversold or self.unexplained)


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The tables as they stand."""

    levels: list[Row]
    orders: Mapping[str, Row]
    ledger: list[Row]
    frozen: list[Row]
    exceptions: list[Row]


def audit(marketplaces: Marketplaces, stock_keeper: StockKeeper) -> Findings:
    stored, found = _read(marketplaces), Findings()
    expected_orders = {
        expected.order_id: expected for driver in marketplaces.drivers for expected in driver.expected_orders()
    }
    families = {driver.name: driver.family for driver in marketplaces.drivers}
    for expected in expected_orders.values():
        _check_order(
            expected, stored.orders.get(expected.order_id), families[expected.order_id.partition(":")[0]], found
        )
    came = Counter(stock_keeper.moved)
    came.update(marketplaces.point_of_sale.returned)
    _check_stock(stored, expected_orders.values(), came, found)
    _check_history(stored.ledger, found)
    _check_shelves(marketplaces, stored, found)
    _check_leftovers(marketplaces, stored, expected_orders, found)
    _check_promises(stored, found)
    return found


def settled_rows(marketplaces: Marketplaces) -> bool:
    """The ledger has an entry for every step of every level."""
    stack = marketplaces.hub.stack
    steps = sum(row["seq"] for row in rows(stack, "StockTableName") if row["sk"].startswith("AT#"))
    return bool(steps == sum(row["pk"].startswith("SKU#") for row in rows(stack, "LedgerTableName")))


def disagreements(marketplaces: Marketplaces) -> list[str]:
    """Listings whose channel shows something else than the hub computes."""
    shelves = {
        (driver.name, sku): driver.market.shelves[sku]
        for driver in marketplaces.drivers
        for sku in driver.market.shelves
    }
    found = list[str]()
    for sku in (*SKUS[ESCROWED], *SKUS[POOLED]):
        for one in marketplaces.hub.ask("GET", f"/skus/{sku}").json()["listings"]:
            shown = shelves[one["channel"], one["listing"]]
            if shown != one["quantity"]:
                found.append(f"{one['channel']} {one['listing']}: shows {shown}, should show {one['quantity']}")
    return found


def _read(marketplaces: Marketplaces) -> StoredRows:
    stock, orders, ledger = (
        rows(marketplaces.hub.stack, table) for table in ("StockTableName", "OrdersTableName", "LedgerTableName")
    )
    return StoredRows(
        levels_of(stock),
        {order_id(row): row for row in orders if row["pk"].startswith("ORDER#")},
        ledger,
        [row for row in stock if row["sk"].startswith("ON#") and row.get("frozen")],
        [row for row in orders if row["pk"].startswith("EXCEPTION#") and "waiting" in row],
    )


def _check_order(expected: ExpectedOrder, row: Row | None, family: str, found: Findings) -> None:
    if row is None:
        found.lost.append(f"{expected.order_id}: never came")
        return
    found.lost += [f"{expected.order_id}: {difference}" for difference in differences(row, expected)]
    if row["state"] in SHORT:
        _check_waiting(expected, row, family, found)
    elif promised(row) != stocked(expected.unsent):
        found.lost.append(f"{expected.order_id}: holds {dict(promised(row))}, not {dict(stocked(expected.unsent))}")


def _check_waiting(expected: ExpectedOrder, row: Row, family: str, found: Findings) -> None:
    text = f"{expected.order_id}: {row['state']} for {row.get('reason')} {row.get('details')}"
    if family == ESCROWED:
        found.oversold.append(text)
    elif SHORT[row["state"]] != row.get("reason"):
        found.unexplained.append(text)
    else:
        found.waiting += 1


def _check_stock(
    stored: StoredRows, expected_orders: Iterable[ExpectedOrder], came: Counts, found: Findings
) -> None:
    """Units on hand, by what people moved, what left in parcels, and what came back."""
    there = _by_sku(stored.levels, "on_hand")
    left, held = Counter[str](), _by_sku(stored.levels, "reserved")
    for expected in expected_orders:
        left.update(stocked(expected.left))
    for sku in (*STOCKED[ESCROWED], *STOCKED[POOLED]):
        if there[sku] != came[sku] - left[sku]:
            found.doubled.append(f"{sku}: {there[sku]} on hand; {came[sku]} came, {left[sku]} left")
        if held[sku] + left[sku] > came[sku]:
            found.oversold.append(f"{sku}: {held[sku]} promised and {left[sku]} gone of {came[sku]}")


def _check_history(ledger: Iterable[Row], found: Findings) -> None:
    """No level was ever below zero, at any of its steps."""
    steps = sorted((row for row in ledger if row["pk"].startswith("SKU#")), key=lambda row: (row["pk"], row["seq"]))
    for level, taken in groupby(steps, key=lambda row: row["pk"]):
        stood = Counter[str]()
        for step in taken:
            stood.update({name: step[name] for name in ("available", "reserved")})
            if min(stood.values()) < 0:
                found.oversold.append(f"{level}: {dict(stood)} after step {step['seq']}")


def _check_shelves(marketplaces: Marketplaces, stored: StoredRows, found: Findings) -> None:
    """In escrow all shelves together show no more than there is (promise 7)."""
    available, shown = _by_sku(stored.levels, "available"), Counter[str]()
    for driver in marketplaces.drivers:
        if driver.family == ESCROWED:
            shown.update(stocked(driver.market.shelves))
    found.oversold += [
        f"{sku}: {shown[sku]} shown, {available[sku]} available" for sku in shown if shown[sku] > available[sku]
    ]
    found.unexplained += disagreements(marketplaces)


def _check_promises(stored: StoredRows, found: Findings) -> None:
    kinds = {1: found.oversold, 2: found.oversold, 4: found.unexplained, 8: found.doubled}
    for check in book_checks(stored.levels, list(stored.orders.values()), stored.ledger):
        if not check.held:
            kinds[check.promise].append(f"promise {check.promise}: {check.text}")


def _check_leftovers(
    marketplaces: Marketplaces, stored: StoredRows, expected_orders: Mapping[str, ExpectedOrder], found: Findings
) -> None:
    found.unexplained += [f"{row['pk']}: {row.get('kind')} {row.get('cause')}" for row in stored.exceptions]
    found.unexplained += [f"{row['sk']}: frozen, though nobody edited it" for row in stored.frozen]
    found.unexplained += [
        f"{key}: no channel knows it, {row['state']}"
        for key, row in stored.orders.items()
        if key not in expected_orders and row["state"] != "refused"  # A till that was told no sold nothing.
    ]
    left = {queue: depth(marketplaces.hub.stack, queue) for queue in FAILURES}
    found.unexplained += [f"{queue}: {messages} messages" for queue, messages in left.items() if messages]


def _by_sku(levels: Iterable[Row], name: str) -> Counts:
    units = Counter[str]()
    for row in levels:
        units[row["pk"].removeprefix("SKU#")] += row[name]
    return units
