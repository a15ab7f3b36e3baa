"""Consistent reads of many keys, and of one partition."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.rows import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READ_MAX = 100  # Keys of one BatchGetItem.


def read(client: "DynamoDBClient", table: str, keys: Iterable[Item]) -> list[dict[str, Any]]:
    """The rows that exist, decoded, in no order. Repeated keys are asked once."""
    unique = list({(key["pk"]["S"], key["sk"]["S"]): key for key in keys}.values())
    stored = list[dict[str, Any]]()
    for start in range(0, len(unique), READ_MAX):
        asked: Any = {table: {"Keys": unique[start : start + READ_MAX], "ConsistentRead": True}}
        while asked:
            with store_errors_translated():
                answer = client.batch_get_item(RequestItems=asked)
            stored += map(rows.decode, answer["Responses"].get(table, []))
            asked = answer.get("UnprocessedKeys")
    return stored


def query(client: "DynamoDBClient", table: str, pk: str) -> list[dict[str, Any]]:
    """Every row of one partition, decoded, in the order of its sort key."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    with store_errors_translated():
        return [rows.decode(item) for page in pages for item in page["Items"]]
