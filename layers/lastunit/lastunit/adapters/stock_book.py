"""Stock and orders in DynamoDB: consistent reads, and the one transaction that reserves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError

from lastunit.adapters import items, tables
from lastunit.domain.catalogue import Sku
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.groups import Group, ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.orders import Change, Order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONTENDED = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
RETRYABLE = frozenset(
    {"TransactionInProgressException", "ThrottlingException", "ProvisionedThroughputExceededException"}
)
REFUSED_FOR_GOOD = frozenset({"ValidationException", "IdempotentParameterMismatchException"})


class DynamoStockBook:
    def __init__(self, client: "DynamoDBClient", stock_table: str, orders_table: str) -> None:
        self._client, self._stock, self._orders = client, stock_table, orders_table

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        rows = tables.read(self._client, self._orders, map(items.order_key, order_ids))
        return {order.order_id: order for order in map(items.order_from, rows)}

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        rows = tables.read(self._client, self._stock, map(items.sku_key, skus))
        return {sku.sku: sku for sku in map(items.sku_from, rows)}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        rows = tables.read(self._client, self._stock, (items.level_key(*key) for key in keys))
        return {(level.sku, level.location): level for level in map(items.level_from, rows)}

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        actions = [
            *(self._put(change, commit_id, at) for change in group.changes),
            *(self._reserve(key, units, commit_id) for key, units in group.levels.items()),
            *(self._count_sold(key, units) for key, units in group.listings.items()),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except HTTPClientError as error:
            raise OutcomeUnknown(f"no answer to commit {commit_id}") from error
        except ClientError as error:
            self._explain(error, commit_id, group)

    def _put(self, change: Change, commit_id: str, at: datetime) -> Any:
        before = change.before
        put: dict[str, Any] = {
            "TableName": self._orders,
            "Item": items.order_row(change.after, before.rev + 1 if before else 1, commit_id, at.isoformat()),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if before is None:
            return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
        expected = {":rev": items.value(before.rev)}
        return {"Put": put | {"ConditionExpression": "rev = :rev", "ExpressionAttributeValues": expected}}

    def _reserve(self, key: LevelKey, units: int, commit_id: str) -> Any:
        # The whole promise of this system is in this condition: a unit that is not there cannot be promised,
        # one that is not promised cannot be given back, and a level that does not exist fails both.
        condition = "available >= :units" if units > 0 else "reserved >= :back"
        values = {":units": units, ":one": 1, ":cause": f"orders {commit_id}"}
        if units < 0:
            values[":back"] = -units
        return {
            "Update": {
                "TableName": self._stock,
                "Key": items.level_key(*key),
                "UpdateExpression": (
                    "SET available = available - :units, reserved = reserved + :units, "
                    "seq = seq + :one, cause = :cause"
                ),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": items.encode(values),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _count_sold(self, key: ListingKey, units: int) -> Any:
        return {
            "Update": {
                "TableName": self._stock,
                "Key": items.listing_key(*key),
                "UpdateExpression": "SET sold = if_not_exists(sold, :none) + :units",
                # An update would create the row of a listing that was removed meanwhile.
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":units": items.value(units), ":none": items.value(0)},
            }
        }

    def _explain(self, error: ClientError, commit_id: str, group: Group) -> None:
        """Turn DynamoDB's answer into a domain outcome. Returns when the write turns out to have taken effect."""
        code = error.response["Error"]["Code"]
        if code in RETRYABLE:
            raise CommitRefused({}, {}, frozenset(), contended=True) from error
        if code in REFUSED_FOR_GOOD:
            raise Unwritable(f"commit {commit_id}: {code}") from error
        if code != "TransactionCanceledException":
            raise error
        refused = _refusal(error.response["CancellationReasons"], group)
        if any(order and order.commit == commit_id for order in refused.orders.values()):
            return  # Our own rows are there: the answer to an earlier attempt was lost, all of it is written.
        raise refused from error


def _refusal(reasons: Sequence[Mapping[str, Any]], group: Group) -> CommitRefused:
    """Reasons come in the order of the actions: orders, levels, listings."""
    failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
    images = [items.decode(reason["Item"]) if reason.get("Item") else None for reason in reasons]
    contended = any(reason.get("Code") in CONTENDED for reason in reasons)
    orders, levels = len(group.changes), len(group.changes) + len(group.levels)
    by_order = zip((change.after.order_id for change in group.changes), failed, images, strict=False)
    by_level = zip(group.levels, failed[orders:], images[orders:], strict=False)
    by_listing = zip(group.listings, failed[levels:], strict=True)
    return CommitRefused(
        {key: _maybe(items.order_from, image) for key, refused, image in by_order if refused},
        {key: _maybe(items.level_from, image) for key, refused, image in by_level if refused},
        frozenset(key for key, refused in by_listing if refused),
        contended,
    )


def _maybe[Thing](build: Callable[[Mapping[str, Any]], Thing], image: Mapping[str, Any] | None) -> Thing | None:
    return build(image) if image else None
