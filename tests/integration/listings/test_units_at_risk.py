"""Units at risk, measured delays and past orders in DynamoDB."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.streams import events
from lastunit.adapters.dynamodb.units_at_risk import DynamoDelays, DynamoPastOrders, DynamoUnitsAtRisk
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.units_at_risk import AtRisk
from lastunit.domain.orders.inbound import OrderInput
from lastunit.ports.system import Clock
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.aws.dynamo import Call, HubStore, intercept
from tests.support.clock import NOON, FakeClock
from tests.support.orders.inputs import cancelled, sold

TODAY = NOON.date()


@pytest.fixture
def risks(store: HubStore) -> DynamoUnitsAtRisk:
    return DynamoUnitsAtRisk(store.client, store.tables.stock)


@pytest.fixture
def delays(store: HubStore) -> DynamoDelays:
    return DynamoDelays(store.client, store.tables.settings)


def past_orders(store: HubStore, clock: Clock | None = None) -> DynamoPastOrders:
    return DynamoPastOrders(store.client, store.tables.orders, clock or FakeClock())


# Units at risk


def test_skus_at_risk_are_kept_with_their_units_and_the_time(risks: DynamoUnitsAtRisk) -> None:
    changed = risks.keep({"shirt": 3, "hat": 1, "tie": 0}, NOON)

    found = sorted(risks.all(), key=lambda row: row.sku)
    assert {"shirt", "hat"} == changed
    assert [AtRisk("hat", 1, NOON), AtRisk("shirt", 3, NOON)] == found


def test_a_sku_at_risk_no_more_is_forgotten(risks: DynamoUnitsAtRisk) -> None:
    risks.keep({"shirt": 3, "hat": 1}, NOON)

    assert {"shirt"} == risks.keep({"shirt": 0}, NOON)
    assert ["hat"] == [row.sku for row in risks.all()]


def test_what_is_as_it_was_is_not_written(risks: DynamoUnitsAtRisk, store: HubStore) -> None:
    risks.keep({"shirt": 3}, NOON)
    called = list[str]()

    def watched(operation: str, call: Call) -> Any:
        called.append(operation)
        return call()

    intercept(store.client, watched)
    changed = risks.keep({"shirt": 3, "hat": 0}, NOON + timedelta(hours=1))

    assert (set(), ["BatchGetItem"]) == (changed, called)


def test_many_skus_at_risk_are_spread_over_the_partitions(risks: DynamoUnitsAtRisk, store: HubStore) -> None:
    skus = {f"sku-{number}" for number in range(120)}

    risks.keep(dict.fromkeys(skus, 1), NOON)

    stored = [row for row in store.rows(store.tables.stock) if row["pk"].startswith("RISK#")]
    assert skus == {row.sku for row in risks.all()}
    assert 10 == len({row["pk"] for row in stored})


@pytest.mark.parametrize("sku", ["ITEM", "ORDER", "AT", "ON"])
def test_a_row_at_risk_is_nothing_to_readers_of_the_stream_whatever_the_sku_is_called(
    risks: DynamoUnitsAtRisk, store: HubStore, sku: str
) -> None:
    risks.keep({sku: 1}, NOON)

    [row] = store.client.scan(TableName=store.tables.stock)["Items"]
    change = {"ApproximateCreationDateTime": NOON.timestamp(), "NewImage": row}
    assert [] == list(events([{"eventName": "INSERT", "dynamodb": change}]))


# Delays


def test_delays_add_up_by_channel_and_day(delays: DynamoDelays) -> None:
    delays.count("web", TODAY, Counter({1: 2, 64: 1}))
    delays.count("web", TODAY, Counter({1: 3}))
    delays.count("web", TODAY - timedelta(days=6), Counter({4: 1}))
    delays.count("web", TODAY - timedelta(days=7), Counter({8: 1}))
    delays.count("ebay", TODAY, Counter({2: 1}))

    assert {1: 5, 4: 1, 64: 1} == delays.since("web", TODAY - timedelta(days=6))


def test_a_channel_without_pushes_has_no_delays(delays: DynamoDelays) -> None:
    assert {} == delays.since("web", TODAY)


def test_a_measure_that_cannot_be_kept_keeps_no_push_from_being_done(delays: DynamoDelays, store: HubStore) -> None:
    def silent(operation: str, call: Call) -> Any:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    intercept(store.client, silent)

    delays.count("web", TODAY, Counter({1: 1}))
    with pytest.raises(StoreUnavailable):
        delays.since("web", TODAY)


# Past orders


def test_orders_that_are_not_cancelled_are_read_with_what_they_took(store: HubStore) -> None:
    store.fill({LevelKey("shirt", "M"): 9})
    tell(store, sold({"shirt": 2}, "1"), sold({"shirt": 2}, "2"))
    tell(store, cancelled("2"))

    [order], complete = past_orders(store).since(NOON - timedelta(days=30), 10, 1)

    kept = store.orders()["web:1"]
    assert complete
    assert (kept.order_id, kept.placed_at, kept.lines, kept.allocations, kept.changed_at) == (
        order.order_id,
        order.placed_at,
        order.lines,
        order.allocations,
        order.changed_at,
    )


def test_what_has_not_changed_since_then_is_not_read(store: HubStore) -> None:
    store.fill({LevelKey("shirt", "M"): 9})
    tell(store, sold({"shirt": 2}))

    assert ([], True) == past_orders(store).since(NOON + timedelta(seconds=1), 10, 1)


def test_reading_ends_with_as_many_as_were_asked_for(store: HubStore) -> None:
    fill_orders(store, 5)

    found, complete = past_orders(store).since(NOON, 3, 60)
    whole, all_of_them = past_orders(store).since(NOON, 5, 60)

    assert (3, False, 5, True) == (len(found), complete, len(whole), all_of_them)


def test_reading_ends_when_its_time_is_up(store: HubStore) -> None:
    fill_orders(store, 5)
    in_pages(store, 2)

    found, complete = past_orders(store, Hurrying()).since(NOON, 10, 1)

    assert (4, False) == (len(found), complete)


class Hurrying:
    """A second is gone at every look."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def tell(store: HubStore, *facts: OrderInput) -> None:
    store.change_orders().apply([Incoming(str(key), fact) for key, fact in enumerate(facts)])


def fill_orders(store: HubStore, number: int) -> None:
    for external_id in range(number):
        row = {"state": "reserved", "lines": [], "changed_at": NOON}
        item = rows.order_key(f"web:{external_id}") | rows.encode(row)
        store.client.put_item(TableName=store.tables.orders, Item=item)


def in_pages(store: HubStore, size: int) -> None:
    """As DynamoDB divides what is larger than 1 MB."""
    handlers = store.client.meta.events
    handlers.register("provide-client-params.dynamodb.Scan", lambda params, **_: params | {"Limit": size})
