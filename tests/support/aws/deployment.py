"""A deployment in memory: the tables, queues and secrets that the handlers find through their environment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.listings.listing import Listing
from lastunit.domain.stock.catalogue import Sku
from tests.support.aws.dynamo import HubStore, create_tables, new_client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PREFIX = "lastunit/"


@dataclass(slots=True)
class Deployment:
    """`store` looks into the tables; `queue` into what was sent."""

    store: HubStore
    sqs: "SQSClient"
    orders_url: str
    pushes_url: str

    def connect(self, channel: Channel, secret: Mapping[str, Any]) -> None:
        stored = bootstrap.hub().configure_channel.put_channel(channel).channel
        if channel.outbound:
            bootstrap.hub().configure_channel.switch_outbound(channel.name, on=True, seen=stored.settings_version)
        self.keep_secret(channel.name, secret)

    def keep_secret(self, channel: str, secret: Mapping[str, Any]) -> None:
        boto3.client("secretsmanager").create_secret(Name=PREFIX + channel, SecretString=json.dumps(secret))

    def add_listing(self, sku: str, channel: str, refs: Mapping[str, str] | None = None) -> None:
        """A SKU under its own name."""
        if sku not in bootstrap.hub().order_store.items([sku]):
            bootstrap.hub().configure_catalogue.put_sku(Sku(sku=sku))
        bootstrap.hub().configure_catalogue.put_listing(channel, sku, sku, refs or {}, [])

    def listing(self, sku: str, channel: str) -> Listing:
        view = bootstrap.hub().listings.view(sku)
        found = view.listing(channel, sku) if view else None
        assert found, f"{sku} is not listed on {channel}"
        return found

    def sent(self, url: str) -> list[dict[str, Any]]:
        """Messages of a queue, taken off it."""
        found = list[dict[str, Any]]()
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
        return found


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Inside `mock_aws`."""
    client = new_client()
    tables = create_tables(client)
    sqs = boto3.client("sqs")
    urls = [
        sqs.create_queue(QueueName=name)["QueueUrl"]
        for name in ("orders", "pushes", "webhooks", "coverage", "reconcile")
    ]
    boto3.client("events").create_event_bus(Name="announcements")
    environment = {
        "STOCK_TABLE": tables.stock,
        "ORDERS_TABLE": tables.orders,
        "LEDGER_TABLE": tables.ledger,
        "SETTINGS_TABLE": tables.settings,
        "ORDERS_QUEUE_URL": urls[0],
        "PUSHES_QUEUE_URL": urls[1],
        "WEBHOOKS_QUEUE_URL": urls[2],
        "COVERAGE_QUEUE_URL": urls[3],
        "RECONCILE_QUEUE_URL": urls[4],
        "EVENT_BUS_NAME": "announcements",
        "SECRETS_PREFIX": PREFIX,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget()
    try:
        yield Deployment(HubStore(client, tables), sqs, urls[0], urls[1])
    finally:
        forget()


def forget() -> None:
    """As a cold start: nothing built before is used again."""
    bootstrap.hub.cache_clear()


def context() -> Any:
    """What Lambda tells a handler about itself, as far as the logger reads it."""
    return SimpleNamespace(
        function_name="lastunit",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:000000000000:function:lastunit",
        aws_request_id="request-1",
    )


def http_event(
    method: str,
    path: str,
    body: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    channel: str | None = None,
    encoded: bool = False,
) -> dict[str, Any]:
    """An event of API Gateway's HTTP API, payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "headers": {"content-type": "application/json", **(headers or {})},
        "queryStringParameters": dict(query or {}),
        "pathParameters": {"channel": channel} if channel else {"proxy": path.removeprefix("/")},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "request-1",
            "stage": "$default",
            "timeEpoch": 1795262400000,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }
