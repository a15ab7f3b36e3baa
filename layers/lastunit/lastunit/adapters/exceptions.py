"""Exceptions a person must look at, beside the orders that wait for one."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items
from lastunit.adapters.calls import reachable
from lastunit.domain.errors import Conflict, NotFound
from lastunit.domain.exceptions import ExceptionRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoExceptions:
    def __init__(self, client: "DynamoDBClient", orders_table: str) -> None:
        self._client, self._table = client, orders_table

    def record(self, exception: ExceptionRecord) -> None:
        row = items.key(f"EXCEPTION#{exception.exception_id}", "EXCEPTION")
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
            with reachable():
                self._client.put_item(
                    TableName=self._table,
                    Item=row | items.encode(content),
                    # Once; but what was tried again and failed again is waiting again.
                    ConditionExpression="attribute_not_exists(pk) OR tried_again = :true",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> Mapping[str, Any]:
        """It waits no more. The notification it was made of; raises NotFound, or Conflict when it was resolved."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=items.key(f"EXCEPTION#{exception_id}", "EXCEPTION"),
                UpdateExpression="SET resolved_by = :by, resolved_at = :at, tried_again = :again "
                "REMOVE waiting, waiting_since",
                ConditionExpression="attribute_exists(waiting)",
                ExpressionAttributeValues={
                    ":by": items.value(by),
                    ":at": items.value(at),
                    ":again": items.value(tried_again),
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            stored: Any = error.response.get("Item")
            if not stored:
                raise NotFound("exception", exception_id) from error
            row = items.decode(stored)
            raise Conflict("it was resolved already", by=row["resolved_by"], at=row["resolved_at"]) from error
        notification: Mapping[str, Any] = json.loads(items.decode(answer["Attributes"])["payload"])
        return notification

    def waiting(self, kind: str, most: int) -> list[dict[str, Any]]:
        """Rows of orders and exceptions that wait, oldest first. From an index: may lag by seconds."""
        answer = self._client.query(
            TableName=self._table,
            IndexName="waiting",
            KeyConditionExpression="waiting = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
            Limit=most,
        )
        return [items.decode(item) for item in answer["Items"]]
