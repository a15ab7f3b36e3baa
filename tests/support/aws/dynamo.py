"""DynamoDB in memory: tables as `infra/storage.yaml` declares them, and calls made atomic, watched or disturbed."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from cfnlint import decode

from lastunit.adapters.dynamodb import listing_rows, rows
from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
from lastunit.adapters.dynamodb.movements import DynamoMovements
from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.adapters.dynamodb.settings import DynamoSettings
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind, Level
from lastunit.ports.orders import OrderStore
from lastunit.use_cases.orders.change_orders import ChangeOrders
from tests.support.clock import NOON, FakeClock
from tests.support.orders.order_store import broken_promises
from tests.support.unexpected import raise_again

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Recovery is set by a call of its own. moto copies a table with its whole stream for every transaction.
NOT_IN_MEMORY = {"PointInTimeRecoverySpecification", "StreamSpecification"}
BATCH_MAX = 25  # Rows of one BatchWriteItem.

TEMPLATE = Path(__file__).parents[3] / "infra" / "storage.yaml"

Call = Callable[[], Any]
Around = Callable[[str, Call], Any]
"""(operation, the call) → its answer. May call once, twice or never, wait, or raise."""


def new_client() -> "DynamoDBClient":
    """Inside `mock_aws`. Each API call is atomic, as DynamoDB's are; threads interleave between calls.

    moto alone is not safe under threads: it oversells by itself.
    """
    client = boto3.client("dynamodb", region_name="eu-west-1")
    lock = threading.Lock()

    def serialised(_: str, call: Call) -> Any:
        with lock:
            return call()

    intercept(client, serialised)
    return client


def intercept(client: "DynamoDBClient", around: Around) -> None:
    """Every call of this client goes through `around`; those that a paginator makes as well."""
    inner = client._make_api_call  # type: ignore[attr-defined]

    def call(operation: str, parameters: Mapping[str, Any]) -> Any:
        return around(operation, lambda: inner(operation, parameters))

    client._make_api_call = call  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Tables:
    stock: str
    orders: str
    ledger: str
    settings: str

    def names(self) -> tuple[str, str, str, str]:
        return self.stock, self.orders, self.ledger, self.settings


@cache
def declared_tables() -> dict[str, Any]:
    template, problems = decode.decode(str(TEMPLATE))
    assert not problems, problems
    resources: dict[str, Any] = json.loads(json.dumps(template))["Resources"]
    return {name: resource["Properties"] for name, resource in resources.items()}


_suffix = count()


def create_tables(client: "DynamoDBClient") -> Tables:
    """Fresh ones on every call, named apart."""
    suffix = next(_suffix)
    for logical_id, declared in declared_tables().items():
        wanted = {name: value for name, value in declared.items() if name not in NOT_IN_MEMORY}
        client.create_table(TableName=f"{logical_id}-{suffix}", **wanted)
    return Tables(*(f"{name}Table-{suffix}" for name in ("Stock", "Orders", "Ledger", "Settings")))


@dataclass(slots=True)
class HubStore:
    """A deployment's tables, filled through the adapters that fill them in earnest."""

    client: "DynamoDBClient"
    tables: Tables
    ids: "count[int]" = field(default_factory=count)

    @property
    def order_store(self) -> DynamoOrderStore:
        return DynamoOrderStore(self.client, self.tables.stock, self.tables.orders)

    def change_orders(
        self, client: "DynamoDBClient | None" = None, order_store: OrderStore | None = None
    ) -> ChangeOrders:
        """A worker of its own: with its own client, or its own book."""
        used = client or self.client
        return ChangeOrders(
            order_store=order_store or DynamoOrderStore(used, self.tables.stock, self.tables.orders),
            settings=DynamoSettings(used, self.tables.settings),
            clock=FakeClock(),
            new_id=lambda: f"commit-{next(self.ids)}",
            pause=lambda round_number: None,
            report_error=raise_again,
        )

    def fill(self, levels: Mapping[LevelKey, int], kits: Mapping[str, Mapping[str, int]] | None = None) -> None:
        """Locations ranked as they come; every SKU and kit listed on the channel `web` under its own name."""
        catalogue = DynamoCatalogue(self.client, self.tables.stock, self.tables.settings)
        catalogue.put_channel(Channel(name="web", kind="generic", version=1), catalogue.revision(), NOON)
        for rank, location in enumerate(dict.fromkeys(at for _, at in levels), 1):
            catalogue.put_location(Location(location, rank))
        for sku in dict.fromkeys(sku for sku, _ in levels):
            catalogue.put_sku(Sku(sku=sku), None)
        for kit, recipe in (kits or {}).items():
            catalogue.put_sku(Sku(sku=kit, recipe=recipe), None)
        for name in {*(sku for sku, _ in levels), *(kits or {})}:
            catalogue.put_listing("web", Alias(name, name, name), {}, None)
        for (sku, location), units in levels.items():
            self.receive(sku, location, units)

    def copy(self) -> "HubStore":
        """The same content in tables of its own."""
        twin = HubStore(self.client, create_tables(self.client))
        for source, target in zip(self.tables.names(), twin.tables.names(), strict=True):
            stored = self.client.scan(TableName=source)["Items"]
            for start in range(0, len(stored), BATCH_MAX):
                puts: Any = [{"PutRequest": {"Item": row}} for row in stored[start : start + BATCH_MAX]]
                self.client.batch_write_item(RequestItems={target: puts})
        return twin

    def receive(self, sku: str, location: str, units: int) -> None:
        movements = DynamoMovements(self.client, self.tables.stock, self.tables.ledger, self.tables.settings)
        movements.move(
            Adjustment(
                operation=f"receive-{sku}-{location}",
                reason=AdjustmentReason.RECEIVE,
                sku=sku,
                location=location,
                delta=units,
            ),
            NOON,
        )

    def shelve(self, sku: str, location: str, bins: Mapping[str, tuple[BinKind, int]]) -> None:
        """Put up bins and receive units into them."""
        movements = DynamoMovements(self.client, self.tables.stock, self.tables.ledger, self.tables.settings)
        for name, (kind, units) in bins.items():
            movements.put_bin(sku, location, Bin(name=name, kind=kind))
            operation = f"receive-{sku}-{location}-{name}"
            movements.move(
                Adjustment(
                    operation=operation,
                    reason=AdjustmentReason.RECEIVE,
                    sku=sku,
                    location=location,
                    delta=units,
                    bin=name,
                ),
                NOON,
            )

    def rows(self, table: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [rows.decode(item) for page in pages for item in page["Items"]]

    def levels(self) -> dict[LevelKey, Level]:
        found = [rows.level_from(row) for row in self.rows(self.tables.stock) if row["sk"].startswith("AT#")]
        return {LevelKey(level.sku, level.location): level for level in found}

    def orders(self) -> dict[str, Order]:
        found = [rows.order_from(row) for row in self.rows(self.tables.orders) if row["sk"] == "ORDER"]
        return {order.order_id: order for order in found}

    def sold(self) -> dict[str, int]:
        """Listing name → units in imported orders."""
        stored = [row for row in self.rows(self.tables.stock) if row["sk"].startswith("ON#")]
        return {listing.name: listing.sold for listing in map(listing_rows.listing_from, stored)}

    def broken_promises(self) -> list[str]:
        return broken_promises(self.levels(), self.orders().values())


def new_store() -> HubStore:
    client = new_client()
    return HubStore(client, create_tables(client))
