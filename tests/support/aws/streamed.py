"""Records of the tables' streams, made from the rows themselves: moto keeps no streams for these tests."""

from dataclasses import dataclass, field
from typing import Any

from lastunit.adapters.dynamodb import rows
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON


@dataclass(slots=True)
class StreamRecords:
    """Of one level and one order. Every `record` tells what became of the row since the one before."""

    store: HubStore
    seen: dict[str, Any] = field(default_factory=dict)

    def level(self, sku: str, location: str) -> dict[str, Any]:
        return self._record(self.store.tables.stock, rows.level_key(sku, location))

    def order(self, order_id: str) -> dict[str, Any]:
        return self._record(self.store.tables.orders, rows.order_key(order_id))

    def _record(self, table: str, key: rows.Item) -> dict[str, Any]:
        name = f"{table} {key}"
        new = self.store.client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": NOON.timestamp(),
            "Keys": key,
            "NewImage": new,
            **({"OldImage": self.seen[name]} if name in self.seen else {}),
        }
        event = "MODIFY" if name in self.seen else "INSERT"
        self.seen[name] = new
        return {"eventName": event, "dynamodb": change}
