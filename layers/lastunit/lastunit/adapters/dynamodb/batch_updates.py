"""Conditional updates of many rows, each on its own: what is refused keeps no other from being written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.refusals import REFUSED, Verdict, is_cancelled, verdicts
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import ListingKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOGETHER_MAX = 100  # Actions of one transaction.
TOGETHER_MIN = 5  # A transaction costs twice its writes; for fewer rows single calls take hardly longer.
CONTENDED_MAX = 8

Row = dict[str, Any] | None
"""What is stored where a condition did not hold; None: nothing."""

Companions = Mapping[ListingKey, Sequence[Any]]
"""Listing → more actions that are written with its row or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    expression: str
    condition: str
    values: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchUpdates:
    client: "DynamoDBClient"
    table: str

    def write(
        self, updates: Mapping[ListingKey, Update], companions: Companions | None = None
    ) -> dict[ListingKey, Row]:
        """Those that were refused, each with what is stored.

        Raises StoreUnavailable when the table does not answer, or too many write the same rows.
        """
        actions = {
            key: [self._action(key, update), *(companions or {}).get(key, ())] for key, update in updates.items()
        }
        refused: dict[ListingKey, Row] = {}
        open_, most, contended = list(actions), TOGETHER_MAX, 0
        while open_:
            batch = _that_fit(open_, actions, most)
            answer = self._write([action for key in batch for action in actions[key]])
            found = _by_listing(batch, actions, answer)
            refused |= found
            done = set(batch) if answer is None else found.keys()
            open_ = [key for key in open_ if key not in done]
            if not done:
                contended, most = contended + 1, max(1, len(batch) // 2)
            if contended > CONTENDED_MAX:
                raise StoreUnavailable("others write the same rows all the time")
        return refused

    def _write(self, actions: Sequence[Any]) -> list[Verdict] | None:
        """None: written. Else a verdict per action, and nothing was written."""
        try:
            with store_errors_translated():
                if len(actions) == 1 and "Update" in actions[0]:
                    self.client.update_item(**actions[0]["Update"])
                else:
                    self.client.transact_write_items(TransactItems=list(actions))
        except ClientError as error:
            return _explained(error)
        return None

    def _action(self, key: ListingKey, update: Update) -> Any:
        named: Any = {"ExpressionAttributeNames": dict(update.names)} if update.names else {}
        return {
            "Update": {
                "TableName": self.table,
                "Key": rows.listing_key(*key),
                "UpdateExpression": update.expression,
                "ConditionExpression": update.condition,
                "ExpressionAttributeValues": {name: rows.value(content) for name, content in update.values.items()},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                **named,
            }
        }


def _that_fit(
    open_: Sequence[ListingKey], actions: Mapping[ListingKey, Sequence[Any]], most: int
) -> list[ListingKey]:
    """The first listings whose actions fit one transaction; a few single rows go one by one."""
    if len(open_) < TOGETHER_MIN:
        return list(open_[:1])
    batch, size = list[ListingKey](), 0
    for key in open_[:most]:
        size += len(actions[key])
        if size > TOGETHER_MAX:
            break
        batch.append(key)
    return batch or list(open_[:1])


def _by_listing(
    batch: Sequence[ListingKey], actions: Mapping[ListingKey, Sequence[Any]], answer: Sequence[Verdict] | None
) -> dict[ListingKey, Row]:
    """The refused listings of a batch: those with a refused action. The first action is the listing's own."""
    refused: dict[ListingKey, Row] = {}
    rest = iter(answer or ())
    for key in batch if answer else ():
        own, *others = [next(rest) for _ in actions[key]]
        if own.refused or any(other.refused for other in others):
            refused[key] = own.image
    return refused


def _explained(error: ClientError) -> list[Verdict]:
    code = error.response["Error"]["Code"]
    if is_cancelled(error):
        return verdicts(error)
    if code == REFUSED:
        image: Any = error.response.get("Item")
        return [Verdict(True, False, rows.decode(image) if image else None)]
    if code == "TransactionConflictException":
        return [Verdict(False, True, None)]
    raise error
