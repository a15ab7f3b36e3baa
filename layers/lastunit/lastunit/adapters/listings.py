"""What each channel was told about a SKU, and who may tell it next."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items, tables
from lastunit.adapters.calls import reachable
from lastunit.domain.exposure import LastError
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Shown
from lastunit.domain.stock_view import SkuView

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED = "ConditionalCheckFailedException"


class DynamoListings:
    def __init__(self, client: "DynamoDBClient", stock_table: str, settings_table: str) -> None:
        self._client, self._stock, self._settings = client, stock_table, settings_table

    def view(self, sku: str) -> SkuView | None:
        """Everything about one SKU, in one consistent read of its partition. None: no such SKU."""
        rows = list(tables.query(self._client, self._stock, f"SKU#{sku}"))
        item = next((items.sku_from(row) for row in rows if row["sk"] == "ITEM"), None)
        if item is None:
            return None
        return SkuView(
            item,
            tuple(items.level_from(row) for row in rows if row["sk"].startswith("AT#")),
            tuple(items.listing_from(row) for row in rows if row["sk"].startswith("ON#")),
            tuple(row["sk"].removeprefix("IN#") for row in rows if row["sk"].startswith("IN#")),
            any(row["sk"].startswith("WANT#") for row in rows),
        )

    def claim(self, key: ListingKey, worker: str, now: datetime, until: datetime) -> bool:
        """Become its one writer until `until`. False: another is at it and will look again when done."""
        while True:
            if self._update(
                key,
                "SET claim = :worker, claim_until = :until, "
                "#sequence = if_not_exists(#sequence, :zero) + :one REMOVE again",
                # A claim past its time belongs to a worker that died.
                "attribute_exists(pk) AND (attribute_not_exists(claim) OR claim = :worker OR claim_until < :now)",
                {":worker": worker, ":until": until.isoformat(), ":now": now.isoformat(), ":zero": 0, ":one": 1},
                {"#sequence": "sequence"},
            ):
                return True
            if self._update(
                key,
                "SET again = :true",
                "attribute_exists(claim) AND claim_until >= :now",
                {":true": True, ":now": now.isoformat()},
            ):
                return False
            if not self._exists(key):
                return False

    def sending(self, key: ListingKey, worker: str, quantity: int, sold: int, read: Shown | None) -> bool:
        """Book a number before it leaves: whatever happens next, the channel may show it. False: claim lost.

        `read`: what the channel was found to show. It settles what was in flight before, which is overwritten here.
        """
        sets = "SET in_flight = :quantity, in_flight_sold = :sold"
        values: dict[str, Any] = {":quantity": quantity, ":sold": sold, ":worker": worker}
        if read is not None:
            sets += ", acknowledged = :read, acknowledged_sold = :sold"
            values[":read"] = read.quantity
        if read is not None and read.version is not None:
            sets += ", channel_version = :version"
            values[":version"] = read.version
        return self._update(key, sets, "claim = :worker", values)

    def acknowledged(
        self, key: ListingKey, worker: str, quantity: int, sold: int, version: str | None, now: datetime
    ) -> bool:
        """Store what the channel said and end the claim. True when something changed meanwhile: look again.

        `sold`: the imported (and assumed) sales that this number takes into account.
        """
        sets = "SET acknowledged = :quantity, acknowledged_sold = :sold, acknowledged_at = :now"
        values = {":quantity": quantity, ":sold": sold, ":now": now.isoformat(), ":worker": worker}
        if version is not None:
            sets, values = f"{sets}, channel_version = :version", values | {":version": version}
        return self._release(
            key, f"{sets} REMOVE in_flight, in_flight_sold, last_error, claim, claim_until, again", values
        )

    def release(self, key: ListingKey, worker: str, error: LastError | None, settled: bool) -> bool:
        """End the claim without an answer to trust. `settled`: the number in flight certainly was not applied."""
        removes = "REMOVE claim, claim_until, again" + (", in_flight, in_flight_sold" if settled else "")
        values: dict[str, Any] = {":worker": worker}
        if error is None:
            return self._release(key, removes, values)
        values[":error"] = {"failure": error.failure.value, "message": error.message, "at": error.at}
        return self._release(key, f"SET last_error = :error {removes}", values)

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        """Listings of a channel in the order of their names, and where to go on (None: that was all)."""
        answer = self._client.query(
            TableName=self._settings,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={
                ":pk": {"S": f"CHANNEL#{channel}"},
                ":after": {"S": f"ALIAS#{after or ''}"},
            },
            Limit=most,
        )
        rows = map(items.decode, answer["Items"])
        aliases = [items.alias_from(row) for row in rows if row["sk"].startswith("ALIAS#")]
        more = aliases[-1].name if "LastEvaluatedKey" in answer and aliases else None
        return [(alias.sku, channel, alias.name) for alias in aliases if alias.is_listing], more

    def _release(self, key: ListingKey, expression: str, values: dict[str, Any]) -> bool:
        # An older worker's answer never overwrites a newer one: it lost its claim.
        old = self._update_old(key, expression, "claim = :worker", values)
        # A refusal may also be the retry of our own write whose answer was lost: looking once more is harmless.
        return old is None or bool(old.get("again"))

    def _exists(self, key: ListingKey) -> bool:
        row = items.listing_key(*key)
        return "Item" in self._client.get_item(TableName=self._stock, Key=row, ConsistentRead=True)

    def _update(
        self,
        key: ListingKey,
        expression: str,
        condition: str,
        values: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> bool:
        return self._update_old(key, expression, condition, values, names) is not None

    def _update_old(
        self,
        key: ListingKey,
        expression: str,
        condition: str,
        values: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> dict[str, Any] | None:
        """The row before the update; None when its condition did not hold."""
        named: Any = {"ExpressionAttributeNames": names} if names else {}
        try:
            answer = self._write(
                TableName=self._stock,
                Key=items.listing_key(*key),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues={name: items.value(content) for name, content in values.items()},
                ReturnValues="ALL_OLD",
                **named,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return None
        return items.decode(answer.get("Attributes", {}))

    def _write(self, **update: Any) -> Any:
        with reachable():
            return self._client.update_item(**update)
