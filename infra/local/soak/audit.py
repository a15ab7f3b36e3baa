"""What channels, tills and people say happened, held against the tables. Shares no code with the layer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from infra.local.promises import Row, book_checks, depth, levels_of, order_id, rows
from infra.local.soak.deals import Deal, differences, promised
from infra.local.soak.goods import ESCROWED, POOLED, SKUS, STOCKED, stocked
from infra.local.soak.mall import Mall
from infra.local.soak.people import StockKeeper

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
class Books:
    """The tables as they stand."""

    levels: list[Row]
    orders: Mapping[str, Row]
    ledger: list[Row]
    frozen: list[Row]
    exceptions: list[Row]


def audit(mall: Mall, keeper: StockKeeper) -> Findings:
    books, found = _read(mall), Findings()
    deals = {deal.order_id: deal for stall in mall.stalls for deal in stall.deals()}
    families = {stall.name: stall.family for stall in mall.stalls}
    for deal in deals.values():
        _check_order(deal, books.orders.get(deal.order_id), families[deal.order_id.partition(":")[0]], found)
    came = Counter(keeper.moved)
    came.update(mall.till.returned)
    _check_stock(books, deals.values(), came, found)
    _check_history(books.ledger, found)
    _check_shelves(mall, books, found)
    _check_leftovers(mall, books, deals, found)
    _check_promises(books, found)
    return found


def quiet_books(mall: Mall) -> bool:
    """The ledger has an entry for every step of every level."""
    stack = mall.hub.stack
    steps = sum(row["seq"] for row in rows(stack, "StockTableName") if row["sk"].startswith("AT#"))
    return bool(steps == sum(row["pk"].startswith("SKU#") for row in rows(stack, "LedgerTableName")))


def disagreements(mall: Mall) -> list[str]:
    """Listings whose channel shows something else than the hub computes."""
    shelves = {
        (stall.name, sku): stall.market.shelves[sku] for stall in mall.stalls for sku in stall.market.shelves
    }
    found = list[str]()
    for sku in (*SKUS[ESCROWED], *SKUS[POOLED]):
        for one in mall.hub.ask("GET", f"/skus/{sku}").json()["listings"]:
            shown = shelves[one["channel"], one["name"]]
            if shown != one["wanted"]:
                found.append(f"{one['channel']} {one['name']}: shows {shown}, should show {one['wanted']}")
    return found


def _read(mall: Mall) -> Books:
    stock, orders, ledger = (
        rows(mall.hub.stack, table) for table in ("StockTableName", "OrdersTableName", "LedgerTableName")
    )
    return Books(
        levels_of(stock),
        {order_id(row): row for row in orders if row["pk"].startswith("ORDER#")},
        ledger,
        [row for row in stock if row["sk"].startswith("ON#") and row.get("frozen")],
        [row for row in orders if row["pk"].startswith("EXCEPTION#") and "waiting" in row],
    )


def _check_order(deal: Deal, row: Row | None, family: str, found: Findings) -> None:
    if row is None:
        found.lost.append(f"{deal.order_id}: never came")
        return
    found.lost += [f"{deal.order_id}: {difference}" for difference in differences(row, deal)]
    if row["state"] in SHORT:
        _check_waiting(deal, row, family, found)
    elif promised(row) != stocked(deal.unsent):
        found.lost.append(f"{deal.order_id}: holds {dict(promised(row))}, not {dict(stocked(deal.unsent))}")


def _check_waiting(deal: Deal, row: Row, family: str, found: Findings) -> None:
    text = f"{deal.order_id}: {row['state']} for {row.get('reason')} {row.get('details')}"
    if family == ESCROWED:
        found.oversold.append(text)
    elif SHORT[row["state"]] != row.get("reason"):
        found.unexplained.append(text)
    else:
        found.waiting += 1


def _check_stock(books: Books, deals: Iterable[Deal], came: Counts, found: Findings) -> None:
    """Units on hand, by what people moved, what left in parcels, and what came back."""
    there = _by_sku(books.levels, "on_hand")
    left, held = Counter[str](), _by_sku(books.levels, "reserved")
    for deal in deals:
        left.update(stocked(deal.left))
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


def _check_shelves(mall: Mall, books: Books, found: Findings) -> None:
    """In escrow all shelves together show no more than there is (promise 7)."""
    available, shown = _by_sku(books.levels, "available"), Counter[str]()
    for stall in mall.stalls:
        if stall.family == ESCROWED:
            shown.update(stocked(stall.market.shelves))
    found.oversold += [
        f"{sku}: {shown[sku]} shown, {available[sku]} available" for sku in shown if shown[sku] > available[sku]
    ]
    found.unexplained += disagreements(mall)


def _check_promises(books: Books, found: Findings) -> None:
    kinds = {1: found.oversold, 2: found.oversold, 4: found.unexplained, 8: found.doubled}
    for check in book_checks(books.levels, list(books.orders.values()), books.ledger):
        if not check.held:
            kinds[check.promise].append(f"promise {check.promise}: {check.text}")


def _check_leftovers(mall: Mall, books: Books, deals: Mapping[str, Deal], found: Findings) -> None:
    found.unexplained += [f"{row['pk']}: {row.get('kind')} {row.get('cause')}" for row in books.exceptions]
    found.unexplained += [f"{row['sk']}: frozen, though nobody edited it" for row in books.frozen]
    found.unexplained += [
        f"{key}: no channel knows it, {row['state']}"
        for key, row in books.orders.items()
        if key not in deals and row["state"] != "refused"  # A till that was told no sold nothing.
    ]
    left = {queue: depth(mall.hub.stack, queue) for queue in FAILURES}
    found.unexplained += [f"{queue}: {messages} messages" for queue, messages in left.items() if messages]


def _by_sku(levels: Iterable[Row], name: str) -> Counts:
    units = Counter[str]()
    for row in levels:
        units[row["pk"].removeprefix("SKU#")] += row[name]
    return units
