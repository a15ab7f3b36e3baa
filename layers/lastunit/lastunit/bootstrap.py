"""Composition root: the only place that reads the environment and builds clients, each on first use."""

import importlib
import os
import random
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from pydantic import ValidationError

from lastunit.adapters.catalogue import DynamoCatalogue
from lastunit.adapters.event_bus import EventBridgeBus
from lastunit.adapters.exceptions import DynamoExceptions
from lastunit.adapters.http import UrllibClient
from lastunit.adapters.ledger import DynamoLedger
from lastunit.adapters.listings import DynamoListings
from lastunit.adapters.movements import DynamoMovements
from lastunit.adapters.outgoing import DynamoOutgoingWebhooks
from lastunit.adapters.queues import SqsQueue
from lastunit.adapters.secrets import ChannelSecrets
from lastunit.adapters.settings import DynamoSettings
from lastunit.adapters.stock_book import DynamoStockBook
from lastunit.adapters.streams import events
from lastunit.adapters.tasks import DynamoTasks
from lastunit.adjust import AdjustStock
from lastunit.announce import Announce, KeepTasks
from lastunit.change_orders import ChangeOrders
from lastunit.configure import Configure
from lastunit.deliver import DeliverWebhooks
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput
from lastunit.expire import ExpireOrders
from lastunit.outgoing import ConfigureWebhooks
from lastunit.ports import ChannelApi, Sign
from lastunit.process import ProcessOrders
from lastunit.push import PushQuantities
from lastunit.receive import ReceiveWebhook
from lastunit.record import RecordChanges, WriteLedger
from lastunit.resolve import ResolveException
from lastunit.show import ShowStock
from lastunit.track import TrackStock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CHANNEL_KINDS = ("ebay", "generic", "shipstation", "shopify")

# botocore would wait 60 s for one socket; a queue absorbs what a short patience gives back.
AWS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 4})

PAUSE_MAX_SECONDS = 2.0
_memories: dict[str, dict[str, Any]] = defaultdict(dict)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


def pause(round_number: int) -> None:
    """Full jitter, so that workers who met on one item do not meet there again."""
    time.sleep(random.uniform(0, min(PAUSE_MAX_SECONDS, 0.02 * 2**round_number)))  # noqa: S311 - not a secret


@cache
def _dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=AWS)


@cache
def _sqs() -> "SQSClient":
    return boto3.client("sqs", config=AWS)


@cache
def _event_bridge() -> "EventBridgeClient":
    return boto3.client("events", config=AWS)


def _secrets_manager() -> "SecretsManagerClient":
    return boto3.client("secretsmanager", config=AWS)


@cache
def _http() -> UrllibClient:
    return UrllibClient()


@cache
def _secrets() -> ChannelSecrets:
    return ChannelSecrets(_secrets_manager, os.environ["SECRETS_PREFIX"])


@cache
def settings() -> DynamoSettings:
    return DynamoSettings(_dynamodb(), os.environ["SETTINGS_TABLE"])


@cache
def stock_book() -> DynamoStockBook:
    return DynamoStockBook(_dynamodb(), os.environ["STOCK_TABLE"], os.environ["ORDERS_TABLE"])


@cache
def listings() -> DynamoListings:
    return DynamoListings(_dynamodb(), os.environ["STOCK_TABLE"], os.environ["SETTINGS_TABLE"])


@cache
def exceptions() -> DynamoExceptions:
    return DynamoExceptions(_dynamodb(), os.environ["ORDERS_TABLE"])


@cache
def orders_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["ORDERS_QUEUE_URL"])


@cache
def pushes_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["PUSHES_QUEUE_URL"])


stream_events = events
"""What the records of a table's stream tell, for the handlers of streams."""


@cache
def webhooks_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["WEBHOOKS_QUEUE_URL"])


@cache
def outgoing_webhooks() -> DynamoOutgoingWebhooks:
    return DynamoOutgoingWebhooks(_dynamodb(), os.environ["SETTINGS_TABLE"])


def channel_module(kind: str) -> Any:
    """The module of a channel kind, imported when the first channel of that kind is met."""
    if kind not in CHANNEL_KINDS:
        raise InvalidInput("kind", f"{kind!r} is not known", f"use one of {', '.join(CHANNEL_KINDS)}")
    return importlib.import_module(f"lastunit.channels.{kind}")


def channel_api(channel: Channel) -> ChannelApi:
    secret = _secrets().secret(channel.name)
    try:
        api: ChannelApi = channel_module(channel.kind).Api(
            channel, secret, _http(), SystemClock(), _memories[channel.name]
        )
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
        raise ChannelUnavailable(f"settings or secret of channel {channel.name!r} are wrong: {wrong}") from error
    return api


@cache
def receive_webhook() -> ReceiveWebhook:
    return ReceiveWebhook(settings(), channel_api, orders_queue(), SystemClock())


@cache
def change_orders() -> ChangeOrders:
    return ChangeOrders(stock_book(), settings(), SystemClock(), new_id, pause)


@cache
def process_orders() -> ProcessOrders:
    return ProcessOrders(settings(), channel_api, stock_book(), change_orders(), exceptions(), SystemClock())


@cache
def resolve_exception() -> ResolveException:
    return ResolveException(exceptions(), orders_queue(), SystemClock())


@cache
def track_stock() -> TrackStock:
    return TrackStock(listings(), pushes_queue(), orders_queue())


@cache
def expire_orders() -> ExpireOrders:
    return ExpireOrders(stock_book(), orders_queue(), SystemClock())


@cache
def push_quantities() -> PushQuantities:
    return PushQuantities(listings(), settings(), channel_api, pushes_queue(), SystemClock(), new_id)


@cache
def write_ledger() -> RecordChanges:
    ledger = DynamoLedger(_dynamodb(), os.environ["LEDGER_TABLE"])
    tasks = DynamoTasks(_dynamodb(), os.environ["ORDERS_TABLE"])
    bus = EventBridgeBus(_event_bridge(), os.environ["EVENT_BUS_NAME"], pause)
    return RecordChanges(WriteLedger(ledger), KeepTasks(tasks), Announce(bus, tasks, listings()))


@cache
def deliver_webhooks() -> DeliverWebhooks:
    # Imported here: only deliveries need its models and HMAC.
    signer = importlib.import_module("lastunit.channels.outgoing").Signer
    sign: Sign = signer(lambda name: _secrets().secret(f"webhooks/{name}"), SystemClock())
    return DeliverWebhooks(outgoing_webhooks(), webhooks_queue(), sign, _http())


@cache
def configure_webhooks() -> ConfigureWebhooks:
    # Only a local stack names the address of AWS; its receivers may be on this machine.
    return ConfigureWebhooks(outgoing_webhooks(), local="AWS_ENDPOINT_URL" in os.environ)


@cache
def adjust_stock() -> AdjustStock:
    tables = (os.environ["STOCK_TABLE"], os.environ["LEDGER_TABLE"], os.environ["SETTINGS_TABLE"])
    return AdjustStock(DynamoMovements(_dynamodb(), *tables), SystemClock())


@cache
def show_stock() -> ShowStock:
    return ShowStock(listings(), settings())


@cache
def configure() -> Configure:
    catalogue = DynamoCatalogue(_dynamodb(), os.environ["STOCK_TABLE"], os.environ["SETTINGS_TABLE"])
    return Configure(catalogue, settings(), stock_book(), pushes_queue(), orders_queue())
