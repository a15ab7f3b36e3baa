"""Orders and stock in DynamoDB: consistent reads, and the one transaction that reserves, releases and depletes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.level_update import level_update
from lastunit.adapters.dynamodb.refusals import (
    RETRYABLE,
    SERVER_ERROR,
    Verdict,
    is_cancelled,
    verdicts,
    was_retried,
)
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.events.ledger import ORDERS
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import CommitGroup, CommitRefused, QueueEntry
from lastunit.domain.orders.order import Order, names_of
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Level

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED_FOR_GOOD = frozenset({"ValidationException", "IdempotentParameterMismatchException"})
ACTION_REFUSED_FOR_GOOD = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})


class DynamoOrderStore:
    def __init__(self, client: "DynamoDBClient", stock_table: str, orders_table: str) -> None:
        self._client, self._stock, self._orders = client, stock_table, orders_table

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        stored = reads.read(self._client, self._orders, map(rows.order_key, order_ids))
        return {order.order_id: order for order in map(rows.order_from, stored)}

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        stored = reads.read(self._client, self._stock, map(rows.sku_key, skus))
        return {sku.sku: sku for sku in map(rows.sku_from, stored)}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        stored = reads.read(self._client, self._stock, (rows.level_key(*key) for key in keys))
        return {LevelKey(level.sku, level.location): level for level in map(rows.level_from, stored)}

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        wanted = None if names is None else set(names)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._orders,
            IndexName="waiting",
            KeyConditionExpression="waiting = :exception",
            FilterExpression="reason IN (:unknown, :line)",
            ExpressionAttributeValues={
                ":exception": rows.value(State.EXCEPTION.value),
                ":unknown": rows.value(OrderReason.UNKNOWN_SKU.value),
                ":line": rows.value(OrderReason.SHIPPED_UNKNOWN_LINE.value),
            },
        )
        with store_errors_translated():
            waiting = [rows.order_from(rows.decode(item)) for page in pages for item in page["Items"]]
        of_channel = [order for order in waiting if order.channel == channel]
        return [order for order in of_channel if wanted is None or wanted & set(names_of(order))]

    def queue_for(self, sku: str, most: int) -> list[str]:
        with store_errors_translated():
            answer = self._client.query(
                TableName=self._stock,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :queue)",
                ExpressionAttributeValues={":pk": rows.value(f"SKU#{sku}"), ":queue": rows.value("QUEUE#")},
                ConsistentRead=True,
                Limit=most,
            )
        return [rows.queue_entry_from(rows.decode(item)).order_id for item in answer["Items"]]

    def awaiting_units(self) -> list[Order]:
        found = list[Order]()
        for kind in (rows.UNITS, State.REQUESTED.value):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._orders,
                IndexName="waiting",
                KeyConditionExpression="waiting = :kind",
                ExpressionAttributeValues={":kind": rows.value(kind)},
            )
            with store_errors_translated():
                found += [rows.order_from(rows.decode(item)) for page in pages for item in page["Items"]]
        return found

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        with store_errors_translated():
            answer = self._client.query(
                TableName=self._orders,
                IndexName="due",
                KeyConditionExpression="clock = :clock AND due_at <= :before",
                ExpressionAttributeValues={
                    ":clock": rows.value(clock),
                    ":before": rows.value(before),
                },
                Limit=most,
            )
        return [rows.order_from(rows.decode(item)).order_id for item in answer["Items"]]

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        actions = [
            *(self._put(change, commit_id, at) for change in group.changes),
            *(
                level_update(self._stock, one, f"{ORDERS} {commit_id}", placed=False)
                for one in group.levels.values()
            ),
            *(self._count_sold(key, group) for key in group.listed),
            *(self._count_grant(sku, group) for sku in sorted(group.skus_losing_room | group.skus_brought_in)),
            *(self._queue_up(entry) for entry in group.queue_added),
            *(self._leave_queue(entry) for entry in group.queue_removed),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (HTTPClientError, ConnectionError) as error:
            raise OutcomeUnknown(f"no answer to commit {commit_id}") from error
        except ClientError as error:
            self._explain(error, commit_id, group)

    def _put(self, change: OrderChange, commit_id: str, at: datetime) -> Any:
        before = change.before
        put: dict[str, Any] = {
            "TableName": self._orders,
            "Item": rows.order_row(change.after, before.rev + 1 if before else 1, commit_id, at),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if before is None:
            return {"Put": put | {"ConditionExpression": "attribute_not_exists(pk)"}}
        expected = {":rev": rows.value(before.rev)}
        return {"Put": put | {"ConditionExpression": "rev = :rev", "ExpressionAttributeValues": expected}}

    def _count_sold(self, key: ListingKey, group: CommitGroup) -> Any:
        sold = group.listings.get(key, 0)
        # Units that the channel sold fewer than before are back on its own shelf.
        counts = {
            "sold": sold,
            "sold_unallocated": group.sold_unallocated.get(key, 0),
            "deducted_restock": max(0, -sold),
        }
        counts["restocked_by_channel"] = group.restocked_by_channel.get(key, 0)
        counts = {name: units for name, units in counts.items() if units}
        sets = ", ".join(f"{name} = if_not_exists({name}, :none) + :{name}" for name in counts)
        return {
            "Update": {
                "TableName": self._stock,
                "Key": rows.listing_key(*key),
                "UpdateExpression": f"SET {sets}",
                # An update would create the row of a listing that was removed meanwhile.
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": rows.encode(
                    {":none": 0} | {f":{name}": units for name, units in counts.items()}
                ),
            }
        }

    def _count_grant(self, sku: str, group: CommitGroup) -> Any:
        """The SKU loses room though no level falls: grants that were planned before do not hold.

        One that is brought in has stock from now on, and can no longer become a kit.
        """
        brought_in = sku in group.skus_brought_in
        values = {":none": rows.value(0), ":one": rows.value(1)}
        return {
            "Update": {
                "TableName": self._stock,
                "Key": rows.sku_key(sku),
                "UpdateExpression": "SET grants = if_not_exists(grants, :none) + :one"
                + (", stocked = :true" if brought_in else ""),
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeValues": values | ({":true": rows.value(True)} if brought_in else {}),
            }
        }

    def _queue_up(self, entry: QueueEntry) -> Any:
        # No condition: only this order writes its places, and its row is guarded.
        row = rows.queue_key(entry) | {"units": rows.value(entry.units)}
        return {"Put": {"TableName": self._stock, "Item": row}}

    def _leave_queue(self, entry: QueueEntry) -> Any:
        return {"Delete": {"TableName": self._stock, "Key": rows.queue_key(entry)}}

    def _explain(self, error: ClientError, commit_id: str, group: CommitGroup) -> None:
        """Raise what DynamoDB's answer means. Returns when the write turns out to have taken effect."""
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
        if any(order and order.commit_id == commit_id for order in refused.orders.values()):
            return  # Our own rows are there: the answer to an earlier attempt was lost, all of it is written.
        if refused.contended and was_retried(error):
            raise OutcomeUnknown(f"commit {commit_id}: {code}") from error
        raise refused from error


def _refusal(found: Sequence[Verdict], group: CommitGroup) -> CommitRefused:
    """Verdicts come in the order of the actions: orders, levels, listings."""
    orders, levels = len(group.changes), len(group.changes) + len(group.levels)
    by_order = zip((change.after.order_id for change in group.changes), found[:orders], strict=True)
    by_level = zip(group.levels, found[orders:levels], strict=True)
    by_listing = zip(group.listed, found[levels : levels + len(group.listed)], strict=True)
    return CommitRefused(
        {key: _maybe(rows.order_from, one.image) for key, one in by_order if one.refused},
        {key: _maybe(rows.level_from, one.image) for key, one in by_level if one.refused},
        frozenset(key for key, one in by_listing if one.refused),
        any(one.contended for one in found),
    )


def _maybe[Thing](build: Callable[[Mapping[str, Any]], Thing], image: Mapping[str, Any] | None) -> Thing | None:
    return build(image) if image else None
