"""Channels, aliases and locations in DynamoDB."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lastunit.adapters import items, tables
from lastunit.adapters.calls import reachable
from lastunit.domain.catalogue import Alias, Location
from lastunit.domain.channels import Channel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoSettings:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def channel(self, name: str) -> Channel | None:
        key = items.key(f"CHANNEL#{name}", "SETTINGS")
        with reachable():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return items.channel_from(items.decode(answer["Item"])) if "Item" in answer else None

    def channels(self) -> tuple[str, ...]:
        rows = tables.query(self._client, self._table, "CHANNELS")
        return tuple(row["sk"] for row in rows)

    def locations(self) -> tuple[Location, ...]:
        places = map(items.location_from, tables.query(self._client, self._table, "LOCATIONS"))
        return tuple(sorted(places, key=lambda place: (place.rank, place.name)))

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        rows = tables.read(self._client, self._table, (items.alias_key(channel, name) for name in names))
        return tuple(map(items.alias_from, rows))
