"""Ledger entries in DynamoDB: written once under their sequence number."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from lastunit.adapters.dynamodb import rows
from lastunit.domain.events.ledger import LevelEntry, OrderEntry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedger:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def write(self, entry: LevelEntry | OrderEntry) -> None:
        key = _level_key(entry) if isinstance(entry, LevelEntry) else _order_key(entry)
        # The same entry always has the same content, so writing it again is harmless: no condition, no read.
        self._client.put_item(TableName=self._table, Item=key | rows.encode(asdict(entry)))


def _level_key(entry: LevelEntry) -> rows.Item:
    return rows.key(f"SKU#{entry.sku}#{entry.location}", f"{entry.seq:012d}")


def _order_key(entry: OrderEntry) -> rows.Item:
    return rows.key(f"COMMIT#{entry.commit}", entry.order_id)
