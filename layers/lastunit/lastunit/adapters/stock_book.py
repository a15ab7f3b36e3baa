"""Stock and orders in DynamoDB: consistent reads, and the one transaction that reserves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from lastunit.adapters import items, tables
from lastunit.adapters.reasons import RETRYABLE, Verdict, is_cancelled, verdicts
from lastunit.domain.catalogue import Sku
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.groups import Group, ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.orders import Change, Order, Reason, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED_FOR_GOOD = frozenset({"ValidationException", "IdempotentParameterMismatchException"})
ACTION_REFUSED_FOR_GOOD = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
SERVER_ERROR = 500


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

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        wanted = set(names)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._orders,
            IndexName="waiting",
            KeyConditionExpression="waiting = :exception",
            FilterExpression="reason = :unknown",
            ExpressionAttributeValues={
                ":exception": items.value(State.EXCEPTION.value),
                ":unknown": items.value(Reason.UNKNOWN_SKU.value),
            },
        )
        held = [items.order_from(items.decode(item)) for page in pages for item in page["Items"]]
        return [
            order
            for order in held
            if order.channel == channel and any(wanted & set(line.names) for line in order.lines)
        ]

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        actions = [
            *(self._put(change, commit_id, at) for change in group.changes),
            *(self._reserve(key, units, commit_id) for key, units in group.levels.items()),
            *(self._count_sold(key, units) for key, units in group.listings.items()),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (HTTPClientError, ConnectionError) as error:
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
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
            raise OutcomeUnknown(f"commit {commit_id}: {code}") from error
        if not is_cancelled(error):
            raise error
        if any(reason.get("Code") in ACTION_REFUSED_FOR_GOOD for reason in error.response["CancellationReasons"]):
            raise Unwritable(f"commit {commit_id}: {code}") from error
        refused = _refusal(verdicts(error), group)
        if any(order and order.commit == commit_id for order in refused.orders.values()):
            return  # Our own rows are there: the answer to an earlier attempt was lost, all of it is written.
        raise refused from error


def _refusal(found: Sequence[Verdict], group: Group) -> CommitRefused:
    """Verdicts come in the order of the actions: orders, levels, listings."""
    orders, levels = len(group.changes), len(group.changes) + len(group.levels)
    by_order = zip((change.after.order_id for change in group.changes), found[:orders], strict=True)
    by_level = zip(group.levels, found[orders:levels], strict=True)
    by_listing = zip(group.listings, found[levels:], strict=True)
    return CommitRefused(
        {key: _maybe(items.order_from, one.image) for key, one in by_order if one.refused},
        {key: _maybe(items.level_from, one.image) for key, one in by_level if one.refused},
        frozenset(key for key, one in by_listing if one.refused),
        any(one.contended for one in found),
    )


def _maybe[Thing](build: Callable[[Mapping[str, Any]], Thing], image: Mapping[str, Any] | None) -> Thing | None:
    return build(image) if image else None
