"""Listings that show another number than was pushed to them.

table     pk                sk                    attributes
settings  DRIFT#<channel>   <sku>#<name>          kind shown expected_shown since seen_at acknowledged
                                                  acknowledged_sold sold, and once decided: decision decided_by
                                                  decided_at
stock     SKU#<sku>         ON#<channel>#<name>   frozen: nothing but overwrites is pushed; granted: its exposure
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.drift import Drift, DriftDecision, DriftKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDrifts:
    def __init__(self, client: "DynamoDBClient", settings_table: str, stock_table: str) -> None:
        self._client, self._settings, self._stock = client, settings_table, stock_table

    def of(self, channel: str) -> tuple[Drift, ...]:
        return tuple(map(_drift, reads.query(self._client, self._settings, f"DRIFT#{channel}")))

    def find(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Drift]:
        stored = reads.read(self._client, self._settings, map(_key, keys))
        return {drift.key: drift for drift in map(_drift, stored)}

    def keep(self, drift: Drift) -> bool:
        if drift.kind.freezes and not self._freeze(drift):
            return False
        row = asdict(drift) | {"key": None, "kind": drift.kind.value}
        with store_errors_translated():
            self._client.put_item(TableName=self._settings, Item=_key(drift.key) | rows.encode(row))
        return True

    def decide(self, drift: Drift) -> None:
        values = {
            ":seen_at": drift.seen_at,
            ":decision": drift.decision,
            ":decided_by": drift.decided_by,
            ":decided_at": drift.decided_at,
        }
        kept = self._update(
            self._settings,
            _key(drift.key),
            "SET decision = :decision, decided_by = :decided_by, decided_at = :decided_at",
            # As it was shown to the person, and decided by nobody else; a retry of our own finds its own words.
            "seen_at = :seen_at AND (attribute_not_exists(decision) OR "
            "(decision = :decision AND decided_by = :decided_by AND decided_at = :decided_at))",
            values,
        )
        if not kept:
            raise Conflict("the drift was decided, or seen anew, since you looked")
        self._unfreeze(drift.key)

    def clear(self, key: ListingKey) -> None:
        # Last the row, so that a listing whose thaw failed is found again.
        self._unfreeze(key)
        with store_errors_translated():
            self._client.delete_item(TableName=self._settings, Key=_key(key))

    def _freeze(self, drift: Drift) -> bool:
        """With the units it shows counted as its exposure: it may sell them, whoever put them there."""
        key = rows.listing_key(*drift.key)
        values: dict[str, Any] = {
            ":quantity": drift.acknowledged,
            ":sold": drift.acknowledged_sold,
            ":now": drift.seen_at,
        }
        # What was pushed since the reading, or is being pushed now, may well be what it shows.
        free = "(attribute_not_exists(claim) OR claimed_until < :now)"
        same = f"acknowledged.quantity = :quantity AND acknowledged.sold = :sold AND {free}"
        if not self._update(self._stock, key, "SET frozen = :frozen", same, values | {":frozen": True}):
            return False
        more = f"{same} AND (attribute_not_exists(granted) OR granted < :granted)"
        self._update(self._stock, key, "SET granted = :granted", more, values | {":granted": drift.granted})
        return True

    def _unfreeze(self, key: ListingKey) -> None:
        self._update(self._stock, rows.listing_key(*key), "REMOVE frozen", "attribute_exists(pk)", {})

    def _update(
        self, table: str, key: rows.Item, expression: str, condition: str, values: Mapping[str, Any]
    ) -> bool:
        typed: Any = {name: rows.value(content) for name, content in values.items()}
        update: Any = {"UpdateExpression": expression, "ConditionExpression": condition}
        try:
            with store_errors_translated():
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


def _key(key: ListingKey) -> rows.Item:
    sku, channel, name = key
    return rows.key(f"DRIFT#{channel}", f"{sku}#{name}")


def _drift(row: Mapping[str, Any]) -> Drift:
    sku, _, name = row["sk"].partition("#")
    return Drift(
        key=ListingKey(sku, row["pk"].removeprefix("DRIFT#"), name),
        kind=DriftKind(row["kind"]),
        shown=row["shown"],
        expected_shown=row["expected_shown"],
        since=datetime.fromisoformat(row["since"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
        acknowledged=row["acknowledged"],
        acknowledged_sold=row["acknowledged_sold"],
        sold=row["sold"],
        decision=DriftDecision(row["decision"]) if "decision" in row else None,
        decided_by=row.get("decided_by"),
        decided_at=datetime.fromisoformat(row["decided_at"]) if "decided_at" in row else None,
    )
