"""Outgoing webhooks in the settings table: pk WEBHOOKS, sk <name>, attributes url, types, enabled."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import reads, rows
from lastunit.adapters.dynamodb.refusals import REFUSED
from lastunit.domain.events.subscriptions import WebhookSubscription

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWebhookSubscriptions:
    def __init__(self, client: "DynamoDBClient", settings_table: str) -> None:
        self._client, self._table = client, settings_table

    def all(self) -> tuple[WebhookSubscription, ...]:
        return tuple(map(_webhook, reads.query(self._client, self._table, "WEBHOOKS")))

    def find(self, name: str) -> WebhookSubscription | None:
        answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True)
        return _webhook(rows.decode(answer["Item"])) if "Item" in answer else None

    def put(self, webhook: WebhookSubscription) -> None:
        content = {"url": webhook.url, "types": list(webhook.types), "enabled": webhook.enabled}
        self._client.put_item(TableName=self._table, Item=_key(webhook.name) | rows.encode(content))

    def delete(self, name: str) -> bool:
        answer = self._client.delete_item(TableName=self._table, Key=_key(name), ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))

    def disable(self, webhook: WebhookSubscription) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(webhook.name),
                UpdateExpression="SET enabled = :no",
                # The address that is gone may have been replaced since, or the whole webhook deleted.
                ConditionExpression="#url = :url",
                ExpressionAttributeNames={"#url": "url"},
                ExpressionAttributeValues={":no": rows.value(False), ":url": rows.value(webhook.url)},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise


def _key(name: str) -> rows.Item:
    return rows.key("WEBHOOKS", name)


def _webhook(row: dict[str, Any]) -> WebhookSubscription:
    return WebhookSubscription(
        name=row["sk"], url=row["url"], types=tuple(row.get("types", ())), enabled=row["enabled"]
    )
