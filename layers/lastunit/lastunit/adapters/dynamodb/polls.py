"""How far each channel's list of orders was read: one row per channel, changed only from what was read of it.

table     pk                    sk              attributes
settings  POLL#<channel>        POLL            begun done cursor unended unimported found polled_at last_error
                                        saved
stock     AWAITING_POLL#<channel>   <sku>#<name>    poll: the finished poll that it waits for has a higher number
orders    EXCEPTION#<id>        EXCEPTION       waiting: nobody has resolved it
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.order_watermark import Position, Unended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPolls:
    def __init__(self, client: "DynamoDBClient", settings_table: str, stock_table: str, orders_table: str) -> None:
        self._client, self._settings, self._stock, self._orders = client, settings_table, stock_table, orders_table

    def begin(self, channel: str) -> Position:
        # A retry after a lost answer skips a number, which harms nothing: they only have to grow.
        with store_errors_translated():
            answer = self._client.update_item(
                TableName=self._settings,
                Key=_key(channel),
                UpdateExpression="ADD begun :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="ALL_NEW",
            )
        return _position(rows.decode(answer["Attributes"]))

    def save(self, channel: str, before: Position, after: Position) -> bool:
        row = _row(after)
        kept, gone = [name for name in row if row[name] is not None], [name for name in row if row[name] is None]
        sets = ", ".join(f"#{name} = :{name}" for name in kept)
        removes = f" REMOVE {', '.join(f'#{name}' for name in gone)}" if gone else ""
        try:
            with store_errors_translated():
                self._client.update_item(
                    TableName=self._settings,
                    Key=_key(channel),
                    UpdateExpression=f"SET {sets}{removes}",
                    # Nobody else has kept a position since; our own write, applied twice, may find its own mark.
                    ConditionExpression="attribute_exists(pk) AND (#saved = :saved OR "
                    + ("#saved = :before)" if before.saved else "attribute_not_exists(#saved))"),
                    ExpressionAttributeNames={f"#{name}": name for name in row},
                    ExpressionAttributeValues={f":{name}": rows.value(row[name]) for name in kept}
                    | ({":before": rows.value(before.saved)} if before.saved else {}),
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            return False
        return True

    def position(self, channel: str) -> Position:
        with store_errors_translated():
            answer = self._client.get_item(TableName=self._settings, Key=_key(channel), ConsistentRead=True)
        return _position(rows.decode(answer.get("Item", {})))

    def begun(self, channel: str) -> int:
        return self.position(channel).begun

    def done(self, channel: str) -> int:
        return self.position(channel).done

    def waiting(self, exceptions: Iterable[str]) -> set[str]:
        keys = (rows.key(f"EXCEPTION#{exception_id}", "EXCEPTION") for exception_id in exceptions)
        stored = reads.read(self._client, self._orders, keys)
        return {row["pk"].removeprefix("EXCEPTION#") for row in stored if "waiting" in row}

    def awaiting_poll(self, channel: str, before: int) -> Iterator[ListingKey]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._stock,
            KeyConditionExpression="pk = :pk",
            FilterExpression="#poll < :before",
            ExpressionAttributeNames={"#poll": "poll"},
            ExpressionAttributeValues={
                ":pk": rows.value(f"AWAITING_POLL#{channel}"),
                ":before": rows.value(before),
            },
            ConsistentRead=True,
        )
        with store_errors_translated():
            for page in pages:
                for row in map(rows.decode, page["Items"]):
                    sku, _, listing = row["sk"].partition("#")
                    yield ListingKey(sku, channel, listing)


def _key(channel: str) -> rows.Item:
    return rows.key(f"POLL#{channel}", "POLL")


def _row(position: Position) -> dict[str, Any]:
    """All but `begun`, which others raise meanwhile."""
    unended = position.unended
    return {
        "done": position.done,
        "cursor": position.cursor.isoformat() if position.cursor else None,
        "unended": {"number": unended.number, "reached": unended.reached.isoformat()} if unended else None,
        "unimported": {exception_id: since.isoformat() for exception_id, since in position.unimported.items()}
        or None,
        "found": position.found,
        "polled_at": position.polled_at.isoformat() if position.polled_at else None,
        "last_error": position.last_error,
        "saved": position.saved,
    }


def _position(row: Mapping[str, Any]) -> Position:
    unended = row.get("unended")
    return Position(
        begun=row.get("begun", 0),
        done=row.get("done", 0),
        cursor=_instant(row.get("cursor")),
        unended=Unended(unended["number"], datetime.fromisoformat(unended["reached"])) if unended else None,
        unimported={
            exception_id: datetime.fromisoformat(since) for exception_id, since in row.get("unimported", {}).items()
        },
        found=row.get("found", 0),
        polled_at=_instant(row.get("polled_at")),
        last_error=row.get("last_error"),
        saved=row.get("saved"),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
