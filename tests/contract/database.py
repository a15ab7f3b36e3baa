"""One way to ask either store: the simulated one, or the local stack's, through boto3's calls and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.rows import Item

ROW = rows.key("SKU#shirt", "AT#M")
OTHER = rows.key("SKU#shirt", "AT#N")
PASSED = ("None", None)
FAILED = ("ConditionalCheckFailed", None)
INVALID = ("ValidationError", None)
BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class DatabaseRefusal:
    """`image`: what is stored, where the answer says so; `reasons`: code and image per action of a transaction."""

    code: str
    image: Mapping[str, Any] | None = None
    reasons: tuple[tuple[str, Mapping[str, Any] | None], ...] = ()
    status: int = BAD_REQUEST


REFUSED = DatabaseRefusal("ConditionalCheckFailedException")
INVALID_CALL = DatabaseRefusal("ValidationException")


def cancelled(*reasons: tuple[str, Mapping[str, Any] | None]) -> DatabaseRefusal:
    return DatabaseRefusal("TransactionCanceledException", None, reasons)


@dataclass(frozen=True, slots=True)
class Database:
    """`tables`: logical name → the table's name here. `records` reads the stream of a table from its beginning."""

    client: Any
    tables: Mapping[str, str]
    records: Callable[[str], Sequence[Mapping[str, Any]]]
    is_emulated: bool

    @property
    def table(self) -> str:
        return self.tables["OrdersTable"]

    def ask(self, operation: str, **parameters: Any) -> Any:
        """The answer without its metadata, or the refusal."""
        try:
            answer = dict(getattr(self.client, operation)(**parameters))
        except ClientError as error:
            return refusal(error)
        answer.pop("ResponseMetadata", None)
        return answer

    def put(self, key: Item = ROW, condition: str | None = None, **attributes: Any) -> Any:
        return self.ask("put_item", TableName=self.table, Item=row(key, **attributes), **_guard(condition))

    def update(self, expression: str, key: Item = ROW, **more: Any) -> Any:
        return self.ask("update_item", **self.change(expression, key, **more))

    def delete(self, key: Item = ROW) -> Any:
        return self.ask("delete_item", TableName=self.table, Key=key)

    def transact(self, *actions: Mapping[str, Any], **more: Any) -> Any:
        return self.ask("transact_write_items", TransactItems=list(actions), **more)

    def stored(self, key: Item = ROW) -> dict[str, Any] | None:
        """The row without its key, decoded."""
        answer = self.ask("get_item", TableName=self.table, Key=key, ConsistentRead=True)
        return rows.decode({name: answer["Item"][name] for name in answer["Item"].keys() - key}) if answer else None

    def change(
        self,
        expression: str,
        key: Item = ROW,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """The parameters of an update, alone or within a transaction."""
        update = {"TableName": self.table, "Key": key, "UpdateExpression": expression}
        return update | _guard(condition) | _used(values, names) | more

    def check(self, condition: str, key: Item = ROW, **used: Any) -> dict[str, Any]:
        guard = {"TableName": self.table, "Key": key, "ConditionExpression": condition}
        return {"ConditionCheck": guard | _used(used.get("values"), used.get("names"))}

    def not_asked_of_the_emulator(self, reason: str) -> None:
        """For what the local stack is known to do otherwise than DynamoDB, with the source that says so."""
        if self.is_emulated:
            pytest.skip(f"the local stack differs: {reason}")


def row(key: Item = ROW, **attributes: Any) -> Item:
    return key | {name: rows.value(content) for name, content in attributes.items()}


def _guard(condition: str | None) -> dict[str, Any]:
    return {} if condition is None else {"ConditionExpression": condition}


def _used(values: Mapping[str, Any] | None, names: Mapping[str, str] | None) -> dict[str, Any]:
    used: dict[str, Any] = {}
    if values is not None:
        used["ExpressionAttributeValues"] = {f":{name}": rows.value(content) for name, content in values.items()}
    if names is not None:
        used["ExpressionAttributeNames"] = dict(names)
    return used


def refusal(error: ClientError) -> DatabaseRefusal:
    answer: Any = error.response
    reasons = tuple((one["Code"], one.get("Item")) for one in answer.get("CancellationReasons", ()))
    return DatabaseRefusal(
        answer["Error"]["Code"], answer.get("Item"), reasons, answer["ResponseMetadata"]["HTTPStatusCode"]
    )
