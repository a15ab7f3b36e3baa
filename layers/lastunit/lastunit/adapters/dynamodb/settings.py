"""Channels, aliases and locations in DynamoDB."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.domain.channel import Channel
from lastunit.domain.stock.catalogue import Alias, Location

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoSettings:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def channel(self, name: str) -> Channel | None:
        key = rows.key(f"CHANNEL#{name}", "SETTINGS")
        with store_errors_translated():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return rows.channel_from(rows.decode(answer["Item"])) if "Item" in answer else None

    def channels(self) -> tuple[str, ...]:
        stored = reads.query(self._client, self._table, "CHANNELS")
        return tuple(row["sk"] for row in stored)

    def locations(self) -> tuple[Location, ...]:
        places = map(rows.location_from, reads.query(self._client, self._table, "LOCATIONS"))
        return tuple(sorted(places, key=lambda place: (place.rank, place.name)))

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        stored = reads.read(self._client, self._table, (rows.alias_key(channel, name) for name in names))
        return tuple(map(rows.alias_from, stored))
