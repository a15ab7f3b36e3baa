"""`make demo`: deploy, sell through three channels at once, report whether every promise was kept."""

import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from infra.local.promises import Check, check_all, depth, differences, rows
from infra.local.shop import Shop
from infra.local.stack import LocalStack
from infra.local.tools import StackError
from tests.channels.marketplace import Misbehaviour, SoldOut

IDLE_SALES = 9
RUSH_ORDERS = 30  # Per channel.
SETTLE_SECONDS = 150
LAST = "LAST-LAMP"


@dataclass(slots=True)
class Sales:
    """What was sold where. `states`: order id → the state it must end in, "" for any."""

    states: dict[str, str] = field(default_factory=dict)
    sold_out: int = 0
    seconds: list[float] = field(default_factory=list)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with LocalStack(say=say) as stack, Shop(stack, say=say) as shop:
            kept = run(shop)
            if os.environ.get("ONCE"):
                return 0 if kept else 1
            _stay(shop)
    except StackError as problem:
        say(f"The demo stopped: {problem}")
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
    return 0


def run(shop: Shop) -> bool:
    """Sell, wait until all is quiet, report. True when every promise that was checked is kept."""
    sales, began = Sales(), time.monotonic()
    _sell_one_by_one(shop, sales)
    _sell_the_last_unit(shop, sales)
    _rush(shop, sales)
    _cancel_some(shop, sales)
    _ship_one(shop, sales)
    _ask_the_api(shop, sales)
    say("Waiting until everything is quiet …")
    _settle(shop, sales)
    checks = check_all(shop, sales.states)
    _report(shop, sales, checks, time.monotonic() - began)
    return all(check.held is not False for check in checks) and _last_unit_states(shop)["reserved"] == 1


def _sell_one_by_one(shop: Shop, sales: Sales) -> None:
    """On the idle stack: how long from the webhook's answer to the new number on the other channels?"""
    say(f"Selling {IDLE_SALES} posters, one after the other …")
    for number in range(IDLE_SALES):
        channel = list(shop.markets)[number % len(shop.markets)]
        market = shop.markets[channel]
        listing = shop.listing_of(channel, "POSTER")
        answered_before, shown = len(market.answered), market.shelves[listing] - 1
        sales.states[f"{channel}:{market.sell({listing: 1})}"] = "reserved"
        others = [name for name in shop.markets if name != channel]
        for other in others:
            if not shop.markets[other].await_shown(shop.listing_of(other, "POSTER"), shown):
                raise StackError(f"{other} was not told about a sale on {channel}; see {shop.stack.log}")
        reached = max(_last_change(shop, other, "POSTER") for other in others)
        sales.seconds.append(max(0.0, reached - market.answered[answered_before]))


def _last_change(shop: Shop, channel: str, sku: str) -> float:
    listing, market = shop.listing_of(channel, sku), shop.markets[channel]
    changes: list[float] = [change.at for change in market.history if change.name == listing]
    return max(changes)


def _sell_the_last_unit(shop: Shop, sales: Sales) -> None:
    say("Selling the last lamp on all three channels at the same moment …")
    gate = threading.Barrier(len(shop.markets))

    def buy(channel: str) -> str:
        gate.wait()
        return f"{channel}:{shop.markets[channel].sell({shop.listing_of(channel, LAST): 1})}"

    with ThreadPoolExecutor(len(shop.markets)) as buyers:
        sales.states |= dict.fromkeys(buyers.map(buy, shop.markets), "")


def _rush(shop: Shop, sales: Sales) -> None:
    say(f"A rush: {RUSH_ORDERS} orders on each channel; webhooks doubled and late, calls throttled and lost …")
    for market in shop.markets.values():
        market.misbehaviour = Misbehaviour(throttled=0.1, lost=0.05, duplicated=0.3, delay_seconds=1.0)
    with ThreadPoolExecutor(len(shop.markets)) as buyers:
        for states, sold_out in buyers.map(lambda channel: _shop_for(shop, channel), shop.markets):
            sales.states |= states
            sales.sold_out += sold_out
    _progress(shop, sales)
    for market in shop.markets.values():
        market.misbehaviour = Misbehaviour()


def _shop_for(shop: Shop, channel: str) -> tuple[dict[str, str], int]:
    """Random baskets of one to three SKUs, kits among them."""
    chance, market = random.Random(channel), shop.markets[channel]  # noqa: S311 - a reproducible demo
    skus = [sku for sku in shop.seed["skus"] if sku not in (LAST, "POSTER")]
    states, sold_out = dict[str, str](), 0
    for _ in range(RUSH_ORDERS):
        basket = {
            shop.listing_of(channel, sku): chance.randint(1, 3) for sku in chance.sample(skus, chance.randint(1, 3))
        }
        try:
            states[f"{channel}:{market.sell(basket)}"] = ""
        except SoldOut:
            sold_out += 1
    return states, sold_out


def _progress(shop: Shop, sales: Sales) -> None:
    """Until every webhook of the rush has its answer."""
    markets: list[Any] = list(shop.markets.values())
    while not all(market.await_delivered(1.0) for market in markets):
        delivered = sum(market.counts.delivered for market in markets)
        say(f"  {delivered} webhooks answered, {_waiting(shop)} messages waiting")


def _cancel_some(shop: Shop, sales: Sales) -> None:
    """One order of each channel is cancelled by its buyer."""
    for channel, market in shop.markets.items():
        order = next(key for key, state in sales.states.items() if key.startswith(f"{channel}:") and state)
        market.cancel(order.partition(":")[2])
        sales.states[order] = "cancelled"


def _ship_one(shop: Shop, sales: Sales) -> None:
    """A parcel leaves, and ShipStation tells of it three times."""
    order = next(key for key, state in sales.states.items() if key.startswith("shopify:") and state == "reserved")
    line = shop.markets["shopify"].orders[order.partition(":")[2]]["line_items"][0]
    shop.shipping.ship(order.partition(":")[2], {str(line["id"]): (line["sku"], line["quantity"])})
    shop.shipping.await_delivered()
    for delivery in list(shop.shipping.posted) * 2:
        shop.shipping.send(lambda again=delivery: again)  # Bound at once.
    shop.shipping.await_delivered()
    sales.states[order] = "shipped"


def _ask_the_api(shop: Shop, sales: Sales) -> None:
    """The own store's checkout asks before it sells: a yes, the same yes again, and a no."""
    lines = [{"line_id": "1", "sku": "POSTER", "quantity": 1}]
    for order_id, quantity, state in (("C-1", 1, "reserved"), ("C-1", 1, "reserved"), ("C-2", 100_000, "refused")):
        body = {
            "channel": "own-store",
            "order_id": order_id,
            "version": 1,
            "lines": [lines[0] | {"quantity": quantity}],
        }
        answer = shop.post("/orders", body)
        if answer["order"]["state"] != state:
            raise StackError(f"POST /orders answered {answer}")
        sales.states[f"own-store:{order_id}"] = state


def _settle(shop: Shop, sales: Sales) -> None:
    """Until no message is under way and every channel shows what it should; the report says if that never came."""
    deadline = time.monotonic() + SETTLE_SECONDS
    for market in shop.markets.values():
        market.await_delivered()
    while time.monotonic() < deadline:
        if not _waiting(shop) and not differences(shop) and _ledger_is_complete(shop):
            return
        time.sleep(0.5)


def _waiting(shop: Shop) -> int:
    return sum(depth(shop.stack, queue) for queue in ("OrdersQueueUrl", "PushesQueueUrl"))


def _ledger_is_complete(shop: Shop) -> bool:
    steps = sum(row["seq"] for row in rows(shop.stack, "StockTableName") if row["sk"].startswith("AT#"))
    entries = sum(row["pk"].startswith("SKU#") for row in rows(shop.stack, "LedgerTableName"))
    return bool(steps == entries)


def _states(shop: Shop, of: Callable[[dict[str, Any]], bool]) -> Counter[str]:
    orders = [row for row in rows(shop.stack, "OrdersTableName") if row["pk"].startswith("ORDER#")]
    return Counter(row["state"] for row in orders if of(row))


def _last_unit_states(shop: Shop) -> Counter[str]:
    return _states(shop, lambda row: any(line.get("sku") == LAST for line in row.get("lines", ())))


def _report(shop: Shop, sales: Sales, checks: list[Check], seconds: float) -> None:
    states, last = _states(shop, lambda row: True), _last_unit_states(shop)
    markets: list[Any] = list(shop.markets.values())
    delivered = sum(market.counts.delivered for market in markets)
    pushes = sum(change.cause == "push" for market in markets for change in market.history)
    per_channel = Counter(key.partition(":")[0] for key in sales.states)
    say("\n--- What happened ---")
    say("orders per channel      " + ", ".join(f"{name} {count}" for name, count in per_channel.items()))
    say("orders by state         " + ", ".join(f"{name} {count}" for name, count in sorted(states.items())))
    say(f"refused by the channel  {sales.sold_out} (its shelf already showed too little)")
    say(f"webhooks answered       {delivered}, of which {delivered - len(sales.states) + 2} told nothing new")
    say(f"pushes acknowledged     {pushes}")
    say(f"the last {LAST}      reserved {last['reserved']}, waiting for a decision {last['requested']}")
    say(
        f"seconds from a webhook's answer to the new number on the other channels, idle: "
        f"median {statistics.median(sales.seconds):.2f}, slowest {max(sales.seconds):.2f}"
    )
    say("                        (without batching windows: on AWS add up to 1 s for each of the two queues)")
    say(f"all of it took          {seconds:.0f} s")
    say("\n--- The promises (docs/design.md, section 2) ---")
    for check in checks:
        mark = {True: "kept", False: "BROKEN", None: "  - "}[check.held]
        say(f"{check.promise}. {mark:6} {check.text}")


def _stay(shop: Shop) -> None:
    say("\nThe shop stays open until Ctrl-C:")
    say(f"  API       {shop.stack.url}  (sign requests with AWS_IAM, credentials test/test)")
    say(f"  AWS       {shop.stack.endpoint}")
    for name, market in shop.markets.items():
        say(f"  {name:9} {market.url}")
    say(f"  log       {shop.stack.log}")
    threading.Event().wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
