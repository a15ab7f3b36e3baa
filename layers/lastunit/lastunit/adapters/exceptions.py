"""Exceptions a person must look at, beside the orders that wait for one."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items
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
            self._client.put_item(
                TableName=self._table,
                Item=row | items.encode(content),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

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
