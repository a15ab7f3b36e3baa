"""What people are asked to do about stock: rows beside the orders that wait for a person.

pk                      sk     attributes
TASK#<sku>#<location>   TASK   sku, location, kind, quantity, take_from, put_into, missing, seq, waiting="replenish"
TASK#<sku>              LOW    sku, available, low_stock, waiting="low_stock"
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.stock.replenishment import ReplenishmentTask

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTasks:
    def __init__(self, client: "DynamoDBClient", orders_table: str) -> None:
        self._client, self._table = client, orders_table

    def open(self, task: ReplenishmentTask, seq: int, at: str) -> None:
        row = asdict(task) | {"kind": task.kind.value, "seq": seq, "waiting": "replenish"}
        kept = {name: content for name, content in row.items() if content is not None}
        sets = ", ".join(f"#{name} = :{name}" for name in kept)
        removes = ", ".join(f"#{name}" for name in row.keys() - kept.keys())
        self._newer(
            task.sku,
            task.location,
            f"SET {sets}, waiting_since = if_not_exists(waiting_since, :at)"
            + (f" REMOVE {removes}" if removes else ""),
            # An older image of the level must not bring back a task that a transfer has closed.
            "attribute_not_exists(pk) OR #seq <= :seq",
            {f":{name}": content for name, content in (kept | {"at": at}).items()},
            {f"#{name}": name for name in row},
        )

    def close(self, sku: str, location: str, seq: int) -> None:
        # The row stays, out of the index, because its seq is what keeps older images from opening it again.
        expression = "SET #seq = :seq REMOVE waiting, waiting_since"
        self._newer(sku, location, expression, "#seq <= :seq", {":seq": seq}, {"#seq": "seq"})

    def is_low(self, sku: str) -> bool:
        return "Item" in self._client.get_item(TableName=self._table, Key=_low_key(sku), ConsistentRead=True)

    def keep_low(self, announcement: BusinessEvent) -> None:
        row = {"waiting": "low_stock", "waiting_since": announcement.at, **announcement.data}
        self._client.put_item(
            TableName=self._table, Item=_low_key(str(announcement.data["sku"])) | rows.encode(row)
        )

    def clear_low(self, sku: str) -> None:
        self._client.delete_item(TableName=self._table, Key=_low_key(sku))

    def _newer(
        self,
        sku: str,
        location: str,
        expression: str,
        condition: str,
        values: Mapping[str, object],
        names: Mapping[str, str],
    ) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=rows.key(f"TASK#{sku}#{location}", "TASK"),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={name: rows.value(content) for name, content in values.items()},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise


def _low_key(sku: str) -> rows.Item:
    return rows.key(f"TASK#{sku}", "LOW")
