"""The demo's whole day, and the same webhooks all over again."""

import random
from typing import Any

import pytest

from infra.local import demo
from infra.local.promises import rows
from infra.local.shop import Shop
from infra.local.stack import LocalStack
from tests.e2e.waiting import dead_letters, eventually, queues_are_empty


def kept(shop: Shop, table: str, prefix: str) -> list[dict[str, Any]]:
    found = [row for row in rows(shop.stack, table) if f"{row['pk']} {row['sk']}".startswith(prefix)]
    return sorted(found, key=lambda row: (row["pk"], row["sk"]))


def stock_orders_and_ledger(shop: Shop) -> tuple[list[dict[str, Any]], ...]:
    stock = [row for row in kept(shop, "StockTableName", "SKU#") if row["sk"].startswith("AT#")]
    return stock, kept(shop, "OrdersTableName", "ORDER#"), kept(shop, "LedgerTableName", "SKU#")


@pytest.mark.timeout(500)
def test_the_whole_day_replayed_twice_in_random_order_changes_nothing() -> None:
    """Every webhook of the demo, shuffled, twice: no level, order or ledger entry is any different."""
    with LocalStack() as stack, Shop(stack) as shop:
        held = demo.run(shop)
        before = stock_orders_and_ledger(shop)
        markets = [*shop.markets.values(), shop.shipping]
        day = [(market, delivery) for market in markets for delivery in market.posted] * 2
        random.Random(20261121).shuffle(day)  # noqa: S311 - a reproducible order

        for market, delivery in day:
            market.send(lambda again=delivery: again)  # Bound at once.
        delivered = [market.await_delivered(180) for market in markets]
        assert eventually(lambda: queues_are_empty(shop), 120)

        assert (True, {True}) == (held, set(delivered))
        assert len(day) > 500
        assert before == stock_orders_and_ledger(shop)
        assert 0 == dead_letters(shop)
