"""Review: exceptions that a person must look at, and all else that waits for one."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.errors import Conflict, NotFound
from lastunit.domain.orders.order import Order
from lastunit.domain.review import ExceptionKind, ExceptionRecord, LowStock, ReviewItem, ReviewKind
from lastunit.domain.stock.replenishment import ReplenishmentTask, TaskKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoExceptions:
    def __init__(self, client: "DynamoDBClient", orders_table: str) -> None:
        self._client, self._table = client, orders_table

    def record(self, exception: ExceptionRecord) -> None:
        row = rows.key(f"EXCEPTION#{exception.exception_id}", "EXCEPTION")
        content = {
            "kind": exception.kind.value,
            "channel": exception.channel,
            "cause": exception.cause,
            # Kept as text: a payload nobody could read may hold numbers and names DynamoDB cannot store.
            "payload": exception.payload,
            "waiting": "exception",
            "waiting_since": exception.at,
        }
        try:
            with store_errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=row | rows.encode(content),
                    # Once; but what was tried again and failed again is waiting again.
                    ConditionExpression="attribute_not_exists(pk) OR tried_again = :true",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise

    def message(self, exception_id: str) -> str:
        """The message it was made of, as JSON text. Raises NotFound."""
        key = rows.key(f"EXCEPTION#{exception_id}", "EXCEPTION")
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound("exception", exception_id)
        text: str = rows.decode(answer["Item"]).get("payload", "")
        return text

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> None:
        """It waits no more. Raises NotFound, or Conflict when it was resolved."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=rows.key(f"EXCEPTION#{exception_id}", "EXCEPTION"),
                UpdateExpression="SET resolved_by = :by, resolved_at = :at, tried_again = :again "
                "REMOVE waiting, waiting_since",
                ConditionExpression="attribute_exists(waiting)",
                ExpressionAttributeValues={
                    ":by": rows.value(by),
                    ":at": rows.value(at),
                    ":again": rows.value(tried_again),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            stored: Any = error.response.get("Item")
            if not stored:
                raise NotFound("exception", exception_id) from error
            row = rows.decode(stored)
            raise Conflict("it was resolved already", by=row["resolved_by"], at=row["resolved_at"]) from error

    def review(self, kind: ReviewKind, most: int) -> list[ReviewItem]:
        """What waits for a person, oldest first. From an index: may lag by seconds."""
        answer = self._client.query(
            TableName=self._table,
            IndexName="waiting",
            KeyConditionExpression="waiting = :kind",
            ExpressionAttributeValues={":kind": {"S": kind.value}},
            Limit=most,
        )
        return [_item(rows.decode(item)) for item in answer["Items"]]


def _item(row: Mapping[str, Any]) -> ReviewItem:
    """The index holds rows of four sorts, told apart by their sort key."""
    return ReviewItem(SUBJECTS[row["sk"]](row), row["waiting_since"])


def _exception(row: Mapping[str, Any]) -> ExceptionRecord:
    return ExceptionRecord(
        exception_id=row["pk"].removeprefix("EXCEPTION#"),
        kind=ExceptionKind(row["kind"]),
        channel=row.get("channel", ""),
        cause=row["cause"],
        at=row["waiting_since"],
        payload=row.get("payload", ""),
    )


def _task(row: Mapping[str, Any]) -> ReplenishmentTask:
    return ReplenishmentTask(
        sku=row["sku"],
        location=row["location"],
        kind=TaskKind(row["kind"]),
        quantity=row["quantity"],
        take_from=row.get("take_from"),
        put_into=row.get("put_into"),
        missing=row["missing"],
    )


def _low_stock(row: Mapping[str, Any]) -> LowStock:
    return LowStock(row["sku"], row["available"], row["low_stock"])


SUBJECTS: Mapping[str, Callable[[Mapping[str, Any]], Order | ExceptionRecord | ReplenishmentTask | LowStock]] = {
    "ORDER": rows.order_from,
    "EXCEPTION": _exception,
    "TASK": _task,
    "LOW": _low_stock,
}
