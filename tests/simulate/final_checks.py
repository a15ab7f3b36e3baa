"""At rest everything must have come to its end: nothing waits, the tables are as the model says, channels agree."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.linear import levels as linear
from tests.simulate import model
from tests.simulate.invariants.checks import CLOCKS, Violation, still_wanted
from tests.simulate.rows import Row, rows
from tests.simulate.scheduler import START

if TYPE_CHECKING:
    from tests.simulate.history import History

FREEZING = ("edit", "restock")
SUMS = ("on_hand", "available", "reserved")


def check_final_state(history: "History") -> None:
    """Raises Violation."""
    for promise, text in _wrong(history):
        raise Violation(promise, text)


def _wrong(history: "History") -> Iterator[tuple[str, str]]:
    yield from (("9", text) for text in history.shop_world.forged)
    yield from _unfinished(history)
    yield from _unseen(history)
    facts = sales_of(history)
    orders = {_order_id(row): row for row in rows(history.store.rows("OrdersTable"), "ORDER")}
    levels = rows(history.store.rows("StockTable"), "AT#")
    yield from model.wrong_orders(facts, orders)
    yield from _wrong_stock(facts, levels)
    yield from _wrong_ledger(history, levels)
    yield from _wrong_numbers(history, levels)
    yield from _unfinished_orders(history, orders.values(), levels)
    yield from _published_twice(history)
    yield from (("1", text) for text in linear.check(history.recorder.history()))


def _unfinished(history: "History") -> Iterator[tuple[str, str]]:
    for name, queue in history.cloud.queues.items():
        if queue.messages or queue.dead:
            bodies = [message.body for message in (*queue.messages.values(), *queue.dead.values())]
            yield "5", f"queue {name} still holds {len(queue.messages)} and {len(queue.dead)} dead: {bodies[:3]}"
    for table, stream in history.cloud.streams:
        if any(not shard.is_done or shard.failed for shard in stream.shards):
            yield "5", f"the stream of {table} is not read to its end"


def _unseen(history: "History") -> Iterator[tuple[str, str]]:
    """What cannot be understood is shown to a person, once per order or more."""
    kept = Counter(row["channel"] for row in rows(history.store.rows("OrdersTable"), "EXCEPTION"))
    for channel, number in Counter(channel for channel, _ in history.shop_world.odd).items():
        if kept[channel] < number:
            yield "5", f"{channel} sent {number} orders that cannot be understood, {kept[channel]} are kept"


def sales_of(history: "History") -> model.Facts:
    moved = Counter[str]()
    for (sku, _), units in history.shop_world.moved.items():
        moved[sku] += units
    return model.Facts(history.shop_world.sales, moved, history.scenario.recipes)


def _wrong_stock(facts: model.Facts, levels: Iterable[Row]) -> Iterator[tuple[str, str]]:
    found = Counter[str]()
    for level in levels:
        found[level["pk"].removeprefix("SKU#")] += level.get("on_hand", 0)
    for sku, units in model.on_hand(facts).items():
        if found[sku] != units:
            yield "3", f"{sku}: {found[sku]} on hand, {units} by what came and left"


def _wrong_ledger(history: "History", levels: Iterable[Row]) -> Iterator[tuple[str, str]]:
    steps = defaultdict[str, list[Row]](list)
    for row in rows(history.store.rows("LedgerTable"), ""):
        if row["pk"].startswith("SKU#"):
            steps[row["pk"]].append(row)
    for level in levels:
        entries = steps[f"{level['pk']}#{level['sk'].removeprefix('AT#')}"]
        numbers = sorted(entry["seq"] for entry in entries)
        if numbers != list(range(1, level.get("seq", 0) + 1)):
            yield "8", f"{level['pk']} {level['sk']}: seq {level.get('seq')}, entries {numbers}"
        for name in SUMS:
            if sum(entry.get(name, 0) for entry in entries) != level.get(name, 0):
                yield "8", f"{level['pk']} {level['sk']}: the entries of {name} do not add up to {level[name]}"


def _wrong_numbers(history: "History", levels: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Every channel shows the right number, unless it was found to show another and a person is told so."""
    settings = rows(history.store.rows("SettingsTable"), "")
    stock = model.ShownNumbers(
        {row["pk"].removeprefix("CHANNEL#"): row for row in settings if row["sk"] == "SETTINGS"},
        {row["sk"] for row in settings if row["pk"] == "LOCATIONS" and row["blacked_out"]},
        _available(levels),
        history.scenario.recipes,
    )
    drifted = {
        (row["pk"].removeprefix("DRIFT#"), row["sk"].split("#")[1])
        for row in settings
        if row["pk"].startswith("DRIFT#") and row["kind"] in FREEZING
    }
    shelves = {
        (channel.name, name): units
        for channel in history.scenario.markets
        for name, units in history.shop_world.markets[channel.name].shelves.items()
    }
    yield from (("6", f"{key} is frozen, and nobody edited it") for key in sorted(drifted - history.edited()))
    if history.scenario.mode == "escrow":
        yield from (("7", text) for text in stock.wrong_escrow(shelves, _sold_unallocated(history)))
    else:
        # Without an order list what looks like a sale on its way does so for ever, and is never shown again.
        told = {
            key: units
            for key, units in shelves.items()
            if key not in drifted and key[0] not in history.shop_world.trusting
        }
        yield from (("6", text) for text in stock.wrong_numbers(told))


def _unfinished_orders(
    history: "History", orders: Iterable[Row], levels: Iterable[Row]
) -> Iterator[tuple[str, str]]:
    """Nobody waits for units that are there, or for a clock that has run out."""
    settings = rows(history.store.rows("SettingsTable"), "")
    closed = {row["sk"] for row in settings if row["pk"] == "LOCATIONS" and row["blacked_out"]}
    there = {
        sku: sum(units for place, units in places.items() if place not in closed)
        for sku, places in _available(levels).items()
    }
    channels = {row["pk"].removeprefix("CHANNEL#"): row for row in settings if row["sk"] == "SETTINGS"}
    now = (START + timedelta(seconds=history.clocks_read_at)).isoformat()
    for order in orders:
        late = [order[clock] for clock in CLOCKS.values() if order.get(clock, now) < now]
        if late and not order.get("escalated"):
            yield "5", f"{order['pk']} {order['state']} was to be decided by {late}"
        for part in order.get("backorders", ()) if order["state"] != "exception" else ():
            if there.get(part["sku"], 0) > 0:
                yield "5", f"{order['pk']} waits for {part}, and {there[part['sku']]} are there"
        asks = order["state"] == "requested" and channels[order["pk"].split("#")[1]]["retry_requests_on_restock"]
        open_ = still_wanted(order) - _held_by(order)
        if asks and all(units <= there.get(sku, 0) for sku, units in open_.items()):
            yield "5", f"{order['pk']} asks for {dict(open_)}, and all of that is there"


def _published_twice(history: "History") -> Iterator[tuple[str, str]]:
    """Who is told increases only has not been told more of them than there were. A blind set, as on eBay, may go
    over a sale that came after the reading that it adds to, and nothing lowers such a number afterwards."""
    counted = Counter[str]()
    for entry in rows(history.store.rows("LedgerTable"), ""):
        if entry["pk"].startswith("SKU#"):
            counted[entry["sku"]] += max(0, entry["available"])
    for channel in history.scenario.markets:
        if channel.settings.get("sync") == "incremental" and channel.kind != "ebay":
            sold = _sold(history, channel.name)
            for name, units in history.shop_world.markets[channel.name].shelves.items():
                told = units + sold[name]
                if name in counted and told > counted[name] and (channel.name, name) not in history.edited():
                    yield "6", f"{channel.name} was told {told} of {name}, {counted[name]} came"


def _sold(history: "History", channel: str) -> Counter[str]:
    """Of all that was ever told. A request takes nothing from what is available: its units may be told once more
    (`respent_units.py`), and the channel adds its own to them when it is cancelled."""
    units = Counter[str]()
    for sale in (one for one in history.shop_world.sales if one.channel == channel):
        asked = sale.order_id in history.watch.asked
        if sale.cancelled and asked:
            units.subtract(sale.lines)
        elif not sale.cancelled and not asked:
            units.update(sale.lines)
    return units


def _sold_unallocated(history: "History") -> Counter[str]:
    """Stocked SKU → units that orders wait for."""
    units = Counter[str]()
    for row in rows(history.store.rows("OrdersTable"), "ORDER"):
        if row["state"] == "requested" and not row.get("on_request"):
            units += still_wanted(row)
            units.subtract(_held_by(row))
        for part in row.get("backorders", ()):
            units[part["sku"]] += part["quantity"]
    return units


def _held_by(order: Row) -> Counter[str]:
    units = Counter[str]()
    for part in order.get("allocations", ()):
        units[part["sku"]] += part["quantity"]
    return units


def _available(levels: Iterable[Row]) -> dict[str, dict[str, int]]:
    units = defaultdict[str, dict[str, int]](dict)
    for level in levels:
        units[level["pk"].removeprefix("SKU#")][level["sk"].removeprefix("AT#")] = level.get("available", 0)
    return units


def _order_id(row: Mapping[str, str]) -> str:
    _, channel, external_id = row["pk"].split("#", 2)
    return f"{channel}:{external_id}"
