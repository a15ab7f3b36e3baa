"""Units at risk, how late channels are told, and the orders of the past.

table     pk                   sk               attributes
stock     RISK#<0..9>          SKU#<sku>        units at; only SKUs with units at risk
settings  RATE_LIMIT#<channel>       DELAY#<day>      s1 s2 s4 …: pushes acknowledged within so many seconds
"""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.listings.push_delays import Delays
from lastunit.domain.listings.units_at_risk import AtRisk
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State
from lastunit.ports.system import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITIONS = 10  # So that no partition gets hot, and all are read with ten queries.
READ = ("pk", "state", "revision", "lines", "allocations", "shipments", "returns", "placed_at", "changed_at")
"""Of an order: what was wanted, and what it took."""


class DynamoUnitsAtRisk:
    def __init__(self, client: "DynamoDBClient", stock_table: str) -> None:
        self._client, self._table = client, stock_table

    def keep(self, units: Mapping[str, int], at: datetime) -> set[str]:
        # Most changes of stock leave nothing at risk, and a read costs a fifth of a write that changes nothing.
        stored = reads.read(self._client, self._table, map(_risk_key, units))
        known = Counter({row["sk"].removeprefix("SKU#"): row["units"] for row in stored})
        changed = {sku for sku in units if units[sku] != known[sku]}
        for sku in sorted(changed):
            self._keep(sku, units[sku], at)
        return changed

    def all(self) -> Iterator[AtRisk]:
        for partition in range(PARTITIONS):
            for row in reads.query(self._client, self._table, f"RISK#{partition}"):
                yield AtRisk(row["sk"].removeprefix("SKU#"), row["units"], datetime.fromisoformat(row["at"]))

    def _keep(self, sku: str, units: int, at: datetime) -> None:
        key = _risk_key(sku)
        with store_errors_translated():
            if units:
                row = key | rows.encode({"units": units, "at": at.isoformat()})
                self._client.put_item(TableName=self._table, Item=row)
            else:
                self._client.delete_item(TableName=self._table, Key=key)


class DynamoDelays:
    def __init__(self, client: "DynamoDBClient", settings_table: str) -> None:
        self._client, self._table = client, settings_table

    def count(self, channel: str, day: date, delays: Delays) -> None:
        # Not idempotent, and need not be: a batch that is counted twice or not at all moves no percentile.
        with suppress(StoreUnavailable), store_errors_translated():
            self._client.update_item(
                TableName=self._table,
                Key=rows.key(f"RATE_LIMIT#{channel}", f"DELAY#{day.isoformat()}"),
                UpdateExpression="ADD " + ", ".join(f"s{bound} :s{bound}" for bound in delays),
                ExpressionAttributeValues={f":s{bound}": rows.value(pushes) for bound, pushes in delays.items()},
            )

    def since(self, channel: str, day: date) -> Delays:
        with store_errors_translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={
                    ":pk": rows.value(f"RATE_LIMIT#{channel}"),
                    ":first": rows.value(f"DELAY#{day.isoformat()}"),
                    ":last": rows.value("DELAY#~"),
                },
            )
        found = Counter[int]()
        for row in map(rows.decode, answer["Items"]):
            found.update({int(name[1:]): row[name] for name in row if name not in ("pk", "sk")})
        return found


class DynamoPastOrders:
    def __init__(self, client: "DynamoDBClient", orders_table: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, orders_table, clock

    def since(self, at: datetime, most: int, seconds: float) -> tuple[list[Order], bool]:
        until = self._clock.now() + timedelta(seconds=seconds)
        orders, is_last = list[Order](), False
        for page in self._pages(at):
            orders += [rows.order_from(rows.decode(item)) for item in page["Items"]]
            is_last = "LastEvaluatedKey" not in page
            if len(orders) > most or self._clock.now() > until:
                break
        return orders[:most], is_last and len(orders) <= most

    def _pages(self, at: datetime) -> Iterator[Any]:
        """An order that was placed since then was also changed since then. Cancelled ones took nothing."""
        pages: Any = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="sk = :order AND changed_at >= :at AND #state <> :cancelled",
            ProjectionExpression=", ".join(f"#{name}" for name in READ),
            ExpressionAttributeNames={f"#{name}": name for name in READ},
            ExpressionAttributeValues={
                ":order": rows.value("ORDER"),
                ":at": rows.value(at),
                ":cancelled": rows.value(State.CANCELLED.value),
            },
        )
        with store_errors_translated():
            yield from pages


def _risk_key(sku: str) -> rows.Item:
    """The prefix keeps a SKU's name from looking like another kind of row to who reads the table's stream."""
    return rows.key(f"RISK#{zlib.crc32(sku.encode()) % PARTITIONS}", f"SKU#{sku}")
