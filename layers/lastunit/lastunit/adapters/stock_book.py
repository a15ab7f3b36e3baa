"""Stock and orders in DynamoDB: consistent reads, and the one transaction that reserves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from lastunit.adapters import items, tables
from lastunit.adapters.calls import reachable
from lastunit.adapters.movement_update import level_update
from lastunit.adapters.reasons import RETRYABLE, Verdict, is_cancelled, verdicts, was_retried
from lastunit.domain.catalogue import Sku
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.groups import Group, ListingKey, Want
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import Change, Order, names_of

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
            FilterExpression="reason IN (:unknown, :line)",
            ExpressionAttributeValues={
                ":exception": items.value(State.EXCEPTION.value),
                ":unknown": items.value(Reason.UNKNOWN_SKU.value),
                ":line": items.value(Reason.SHIPPED_UNKNOWN_LINE.value),
            },
        )
        with reachable():
            held = [items.order_from(items.decode(item)) for page in pages for item in page["Items"]]
        return [order for order in held if order.channel == channel and wanted & set(names_of(order))]

    def queue_for(self, sku: str, most: int) -> list[str]:
        with reachable():
            answer = self._client.query(
                TableName=self._stock,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :want)",
                ExpressionAttributeValues={":pk": items.value(f"SKU#{sku}"), ":want": items.value("WANT#")},
                ConsistentRead=True,
                Limit=most,
            )
        return [items.want_from(items.decode(item)).order_id for item in answer["Items"]]

    def awaiting_units(self) -> list[Order]:
        found = list[Order]()
        for kind in (items.UNITS, State.REQUESTED.value):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._orders,
                IndexName="waiting",
                KeyConditionExpression="waiting = :kind",
                ExpressionAttributeValues={":kind": items.value(kind)},
            )
            with reachable():
                found += [items.order_from(items.decode(item)) for page in pages for item in page["Items"]]
        return found

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        with reachable():
            answer = self._client.query(
                TableName=self._orders,
                IndexName="due",
                KeyConditionExpression="clock = :clock AND due_at <= :before",
                ExpressionAttributeValues={
                    ":clock": items.value(clock),
                    ":before": items.value(before.isoformat()),
                },
                Limit=most,
            )
        return [items.order_from(items.decode(item)).order_id for item in answer["Items"]]

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        actions = [
            *(self._put(change, commit_id, at) for change in group.changes),
            *(level_update(self._stock, one, f"orders {commit_id}", placed=False) for one in group.levels.values()),
            *(self._count_sold(key, group) for key in group.listed),
            *(self._count_grant(sku) for sku in sorted(group.grown)),
            *(self._queue_up(want) for want in group.wanted),
            *(self._leave_queue(want) for want in group.unwanted),
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

    def _count_sold(self, key: ListingKey, group: Group) -> Any:
        sold = group.listings.get(key, 0)
        # What the channel sold less than before, it has put back on its shelf itself.
        counts = {"sold": sold, "owed": group.owed.get(key, 0), "restocked": max(0, -sold)}
        counts["regrown"] = group.regrown.get(key, 0)
        counts = {name: units for name, units in counts.items() if units}
        sets = ", ".join(f"{name} = if_not_exists({name}, :none) + :{name}" for name in counts)
        return {
            "Update": {
                "TableName": self._stock,
                "Key": items.listing_key(*key),
                "UpdateExpression": f"SET {sets}",
                # An update would create the row of a listing that was removed meanwhile.
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": items.encode(
                    {":none": 0} | {f":{name}": units for name, units in counts.items()}
                ),
            }
        }

    def _count_grant(self, sku: str) -> Any:
        """Room that was taken without asking: plans made before do not hold."""
        return {
            "Update": {
                "TableName": self._stock,
                "Key": items.sku_key(sku),
                "UpdateExpression": "SET grants = if_not_exists(grants, :none) + :one",
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": {":none": items.value(0), ":one": items.value(1)},
            }
        }

    def _queue_up(self, want: Want) -> Any:
        # No condition: only this order writes its places, and its row is guarded.
        row = items.want_key(want) | {"units": items.value(want.units)}
        return {"Put": {"TableName": self._stock, "Item": row}}

    def _leave_queue(self, want: Want) -> Any:
        return {"Delete": {"TableName": self._stock, "Key": items.want_key(want)}}

    def _explain(self, error: ClientError, commit_id: str, group: Group) -> None:
        """Turn DynamoDB's answer into a domain outcome. Returns when the write turns out to have taken effect."""
        code = error.response["Error"]["Code"]
        if code in RETRYABLE and not was_retried(error):
            raise CommitRefused({}, {}, frozenset(), contended=True) from error
        if code in REFUSED_FOR_GOOD:
            raise Unwritable(f"commit {commit_id}: {code}") from error
        if code in RETRYABLE or error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
            raise OutcomeUnknown(f"commit {commit_id}: {code}") from error
        if not is_cancelled(error):
            raise error
        if any(reason.get("Code") in ACTION_REFUSED_FOR_GOOD for reason in error.response["CancellationReasons"]):
            raise Unwritable(f"commit {commit_id}: {code}") from error
        refused = _refusal(verdicts(error), group)
        if any(order and order.commit == commit_id for order in refused.orders.values()):
            return  # Our own rows are there: the answer to an earlier attempt was lost, all of it is written.
        if refused.contended and was_retried(error):
            raise OutcomeUnknown(f"commit {commit_id}: {code}") from error
        raise refused from error


def _refusal(found: Sequence[Verdict], group: Group) -> CommitRefused:
    """Verdicts come in the order of the actions: orders, levels, listings."""
    orders, levels = len(group.changes), len(group.changes) + len(group.levels)
    by_order = zip((change.after.order_id for change in group.changes), found[:orders], strict=True)
    by_level = zip(group.levels, found[orders:levels], strict=True)
    by_listing = zip(group.listed, found[levels : levels + len(group.listed)], strict=True)
    return CommitRefused(
        {key: _maybe(items.order_from, one.image) for key, one in by_order if one.refused},
        {key: _maybe(items.level_from, one.image) for key, one in by_level if one.refused},
        frozenset(key for key, one in by_listing if one.refused),
        any(one.contended for one in found),
    )


def _maybe[Thing](build: Callable[[Mapping[str, Any]], Thing], image: Mapping[str, Any] | None) -> Thing | None:
    return build(image) if image else None
