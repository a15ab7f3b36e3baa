"""A thousand changes of one SKU in a moment are a few pushes, and the last one is right."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.promises import rows
from infra.local.shop import Shop
from infra.local.stack import LocalStack
from lastunit.adapters.dynamodb.level_update import level_update
from lastunit.domain.stock.levels import Movement
from tests.e2e.waiting import eventually, queues_are_empty

CHANGES = 1000
WRITERS = 16
SKU = "BURST"


@contextmanager
def held_back(stack: LocalStack, function: str) -> Iterator[None]:
    """What the streams tell waits: to the function, all of it happens in one moment."""
    client = stack.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=stack.functions[function])["EventSourceMappings"]
    for mapping in mappings:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        for mapping in mappings:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def listed_everywhere(shop: Shop, units: int) -> None:
    shop.put(f"/skus/{SKU}", {})
    for name, market in shop.markets.items():
        market.list_item(SKU, 0)
        shop.put(f"/channels/{name}/listings/{SKU}", {"sku": SKU, "refs": market.refs(SKU)})
    receipt = {"operation": "open-burst", "reason": "receive", "sku": SKU, "location": "laval", "quantity": units}
    shop.post("/adjustments", receipt)
    assert all(market.await_shown(SKU, units) for market in shop.markets.values())
    assert eventually(lambda: queues_are_empty(shop))


def sell_elsewhere(stack: LocalStack, times: int) -> None:
    """So many sales of one unit each, by the one way in which a level is written."""
    client, table = stack.client("dynamodb"), stack.outputs["StockTableName"]

    def sell(number: int) -> None:
        sale = Movement(sku=SKU, location="laval", on_hand=-1, available=-1)
        update: dict[str, Any] = level_update(table, sale, f"burst {number}", placed=False)["Update"]
        client.update_item(**{name: value for name, value in update.items() if not name.startswith("ReturnValues")})

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(sell, range(times)))


@pytest.mark.timeout(200)
def test_a_thousand_changes_in_a_moment_are_at_most_three_pushes_per_listing(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    listed_everywhere(shop, CHANGES + 7)
    before = {name: len(market.history) for name, market in shop.markets.items()}

    with held_back(shop.stack, "TrackStockFunction"):
        sell_elsewhere(shop.stack, CHANGES)
    assert all(market.await_shown(SKU, 7) for market in shop.markets.values())
    assert eventually(lambda: queues_are_empty(shop))

    told = {name: market.history[before[name] :] for name, market in shop.markets.items()}
    pushes = Counter({name: sum(one.name == SKU and one.cause == "push" for one in told[name]) for name in told})
    with capsys.disabled():
        print(f"\n{CHANGES} changes of one SKU: pushes per listing {dict(pushes)}")  # noqa: T201 - the figure to be shown
    assert {7} == {market.shelves[SKU] for market in shop.markets.values()}
    assert all(1 <= number <= 3 for number in pushes.values())
    level = next(row for row in rows(shop.stack, "StockTableName") if row["pk"] == f"SKU#{SKU}" and "seq" in row)
    assert (7, CHANGES + 1) == (level["available"], level["seq"])
