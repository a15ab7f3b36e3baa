"""Which parameters the calls take here. boto3 refuses others before they are sent, and so does the store."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ParamValidationError

EXPRESSED = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
GUARDED = EXPRESSED | {"TableName", "ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
READ = frozenset({"TableName", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"})
PAGED = READ | EXPRESSED | {"FilterExpression", "Limit", "ExclusiveStartKey"}

ACTIONS: Mapping[str, frozenset[str]] = {
    "Put": GUARDED | {"Item"},
    "Update": GUARDED | {"Key", "UpdateExpression"},
    "Delete": GUARDED | {"Key"},
    "ConditionCheck": GUARDED | {"Key"},
}
KNOWN: Mapping[str, frozenset[str]] = {
    **ACTIONS,
    "Keys": frozenset({"Keys", "ConsistentRead"}),
    "GetItem": READ | {"Key"},
    "BatchGetItem": frozenset({"RequestItems"}),
    "PutItem": ACTIONS["Put"] | {"ReturnValues"},
    "UpdateItem": ACTIONS["Update"] | {"ReturnValues"},
    "DeleteItem": ACTIONS["Delete"] | {"ReturnValues"},
    "Query": PAGED | {"KeyConditionExpression", "IndexName", "ScanIndexForward"},
    "Scan": PAGED,
    "TransactWriteItems": frozenset({"TransactItems", "ClientRequestToken"}),
    "BatchWriteItem": frozenset({"RequestItems"}),
}
REQUIRED: Mapping[str, frozenset[str]] = {
    "Put": frozenset({"TableName", "Item"}),
    "Update": frozenset({"TableName", "Key", "UpdateExpression"}),
    "Delete": frozenset({"TableName", "Key"}),
    "ConditionCheck": frozenset({"TableName", "Key", "ConditionExpression"}),
    "Keys": frozenset({"Keys"}),
    "GetItem": frozenset({"TableName", "Key"}),
    "BatchGetItem": frozenset({"RequestItems"}),
    "PutItem": frozenset({"TableName", "Item"}),
    "UpdateItem": frozenset({"TableName", "Key"}),
    "DeleteItem": frozenset({"TableName", "Key"}),
    "Query": frozenset({"TableName"}),
    "Scan": frozenset({"TableName"}),
    "TransactWriteItems": frozenset({"TransactItems"}),
    "BatchWriteItem": frozenset({"RequestItems"}),
}


def check(operation: str, parameters: Mapping[str, Any]) -> None:
    _check(operation, tuple(parameters))


@cache
def _check(operation: str, names: tuple[str, ...]) -> None:
    given = frozenset(names)
    if not REQUIRED[operation] <= given or not given <= KNOWN[operation]:
        odd = sorted(REQUIRED[operation] - given | given - KNOWN[operation])
        raise ParamValidationError(report=f"{operation}: missing, or not known here: {', '.join(odd)}")
