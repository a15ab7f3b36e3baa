"""Outgoing webhooks in the settings table: pk WEBHOOKS, sk <name>, attributes url, types, enabled."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lastunit.adapters import items, tables
from lastunit.domain.outgoing import OutgoingWebhook

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFUSED = "ConditionalCheckFailedException"


class DynamoOutgoingWebhooks:
    def __init__(self, client: "DynamoDBClient", settings_table: str) -> None:
        self._client, self._table = client, settings_table

    def all(self) -> tuple[OutgoingWebhook, ...]:
        return tuple(map(_webhook, tables.query(self._client, self._table, "WEBHOOKS")))

    def find(self, name: str) -> OutgoingWebhook | None:
        answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True)
        return _webhook(items.decode(answer["Item"])) if "Item" in answer else None

    def put(self, webhook: OutgoingWebhook) -> None:
        content = {"url": webhook.url, "types": list(webhook.types), "enabled": webhook.enabled}
        self._client.put_item(TableName=self._table, Item=_key(webhook.name) | items.encode(content))

    def delete(self, name: str) -> bool:
        answer = self._client.delete_item(TableName=self._table, Key=_key(name), ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))

    def disable(self, webhook: OutgoingWebhook) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(webhook.name),
                UpdateExpression="SET enabled = :no",
                # The address that is gone may have been replaced since, or the whole webhook deleted.
                ConditionExpression="#url = :url",
                ExpressionAttributeNames={"#url": "url"},
                ExpressionAttributeValues={":no": items.value(False), ":url": items.value(webhook.url)},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise


def _key(name: str) -> items.Item:
    return items.key("WEBHOOKS", name)


def _webhook(row: dict[str, Any]) -> OutgoingWebhook:
    return OutgoingWebhook(row["sk"], row["url"], tuple(row.get("types", ())), row["enabled"])
