"""Listings that show another number than they were told.

table     pk                sk                    attributes
settings  DRIFT#<channel>   <sku>#<name>          kind shown believed since seen_at acknowledged acknowledged_sold,
                                                  and once decided: decision decided_by decided_at
                                                  sold
stock     SKU#<sku>         ON#<channel>#<name>   frozen: told nothing but overwrites; granted: its exposure
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items, tables
from lastunit.adapters.calls import reachable
from lastunit.domain.drift import Decision, Drift, Kind
from lastunit.domain.errors import Conflict
from lastunit.domain.groups import ListingKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED = "ConditionalCheckFailedException"


class DynamoDrifts:
    def __init__(self, client: "DynamoDBClient", settings_table: str, stock_table: str) -> None:
        self._client, self._settings, self._stock = client, settings_table, stock_table

    def of(self, channel: str) -> tuple[Drift, ...]:
        return tuple(map(_drift, tables.query(self._client, self._settings, f"DRIFT#{channel}")))

    def find(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Drift]:
        rows = tables.read(self._client, self._settings, map(_key, keys))
        return {drift.key: drift for drift in map(_drift, rows)}

    def keep(self, drift: Drift) -> bool:
        if drift.kind.freezes and not self._freeze(drift):
            return False
        row = asdict(drift) | {"key": None, "kind": drift.kind.value}
        with reachable():
            self._client.put_item(TableName=self._settings, Item=_key(drift.key) | items.encode(row))
        return True

    def decide(self, drift: Drift) -> None:
        decided = {"decision": drift.decision, "decided_by": drift.decided_by, "decided_at": drift.decided_at}
        kept = self._update(
            self._settings,
            _key(drift.key),
            "SET decision = :decision, decided_by = :decided_by, decided_at = :decided_at",
            # As it was shown to the person, and decided by nobody else; a retry of our own finds its own words.
            "seen_at = :seen_at AND (attribute_not_exists(decision) OR "
            "(decision = :decision AND decided_by = :decided_by AND decided_at = :decided_at))",
            {":seen_at": drift.seen_at} | {f":{name}": content for name, content in decided.items()},
        )
        if not kept:
            raise Conflict("the drift was decided, or seen anew, since you looked")
        self._unfreeze(drift.key)

    def clear(self, key: ListingKey) -> None:
        # Last the row, so that a listing whose thaw failed is found again.
        self._unfreeze(key)
        with reachable():
            self._client.delete_item(TableName=self._settings, Key=_key(key))

    def _freeze(self, drift: Drift) -> bool:
        """With the units it shows counted as its exposure: it may sell them, whoever put them there."""
        key, values = items.listing_key(*drift.key), dict[str, Any]({":acknowledged": drift.acknowledged})
        sold = "attribute_not_exists(acknowledged_sold)"
        if drift.acknowledged_sold:
            sold, values[":sold"] = "acknowledged_sold = :sold", drift.acknowledged_sold
        # What it was told since the reading, or is being told now, may well be what it shows.
        free = "(attribute_not_exists(claim) OR claimed_until < :now)"
        same, values[":now"] = f"acknowledged = :acknowledged AND {sold} AND {free}", drift.seen_at
        if not self._update(self._stock, key, "SET frozen = :frozen", same, values | {":frozen": True}):
            return False
        more = f"{same} AND (attribute_not_exists(granted) OR granted < :granted)"
        self._update(self._stock, key, "SET granted = :granted", more, values | {":granted": drift.granted})
        return True

    def _unfreeze(self, key: ListingKey) -> None:
        self._update(self._stock, items.listing_key(*key), "REMOVE frozen", "attribute_exists(pk)", {})

    def _update(
        self, table: str, key: items.Item, expression: str, condition: str, values: Mapping[str, Any]
    ) -> bool:
        typed: Any = {name: items.value(content) for name, content in values.items()}
        update: Any = {"UpdateExpression": expression, "ConditionExpression": condition}
        try:
            with reachable():
                self._client.update_item(
                    TableName=table,
                    Key=key,
                    **update,
                    **({"ExpressionAttributeValues": typed} if typed else {}),
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True


def _key(key: ListingKey) -> items.Item:
    sku, channel, name = key
    return items.key(f"DRIFT#{channel}", f"{sku}#{name}")


def _drift(row: Mapping[str, Any]) -> Drift:
    sku, _, name = row["sk"].partition("#")
    return Drift(
        (sku, row["pk"].removeprefix("DRIFT#"), name),
        Kind(row["kind"]),
        row["shown"],
        row["believed"],
        row["since"],
        row["seen_at"],
        row["acknowledged"],
        row["acknowledged_sold"],
        row["sold"],
        Decision(row["decision"]) if "decision" in row else None,
        row.get("decided_by"),
        row.get("decided_at"),
    )
