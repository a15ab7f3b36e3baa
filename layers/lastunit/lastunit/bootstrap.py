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
from lastunit.adapters.coverages import DynamoCoverages
from lastunit.adapters.drifts import DynamoDrifts
from lastunit.adapters.event_bus import EventBridgeBus
from lastunit.adapters.exceptions import DynamoExceptions
from lastunit.adapters.http import UrllibClient
from lastunit.adapters.ledger import DynamoLedger
from lastunit.adapters.listings import DynamoListings
from lastunit.adapters.movements import DynamoMovements
from lastunit.adapters.outgoing import DynamoOutgoingWebhooks
from lastunit.adapters.pace import DynamoPace
from lastunit.adapters.polls import DynamoPolls
from lastunit.adapters.queues import SqsQueue
from lastunit.adapters.risks import DynamoDelays, DynamoPastOrders, DynamoRisks
from lastunit.adapters.secrets import ChannelSecrets
from lastunit.adapters.settings import DynamoSettings
from lastunit.adapters.stock_book import DynamoStockBook
from lastunit.adapters.streams import events
from lastunit.adapters.tasks import DynamoTasks
from lastunit.adjust import AdjustStock
from lastunit.announce import Announce, KeepTasks
from lastunit.change_orders import ChangeOrders
from lastunit.channel_ports import ChannelApi
from lastunit.configure import Configure
from lastunit.cover import AskForCoverage, CoverListings, RunFullCoverage
from lastunit.deliver import DeliverWebhooks
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput
from lastunit.expire import ExpireOrders
from lastunit.outgoing import ConfigureWebhooks
from lastunit.poll import PollChannels
from lastunit.pool import ReadPool
from lastunit.ports import Sign
from lastunit.process import ProcessOrders
from lastunit.push import PushQuantities
from lastunit.receive import ReceiveWebhook
from lastunit.reconcile import DecideDrift, Reconcile
from lastunit.record import RecordChanges, WriteLedger
from lastunit.rehearse import Rehearse
from lastunit.resolve import ResolveException
from lastunit.risk import KeepRisk, ShowDelay, ShowRisk, Simulate
from lastunit.show import ShowStock
from lastunit.sync import ManualSync
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
def polls() -> DynamoPolls:
    return DynamoPolls(
        _dynamodb(), os.environ["SETTINGS_TABLE"], os.environ["STOCK_TABLE"], os.environ["ORDERS_TABLE"]
    )


@cache
def orders_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["ORDERS_QUEUE_URL"])


@cache
def pushes_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["PUSHES_QUEUE_URL"])


@cache
def coverage_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["COVERAGE_QUEUE_URL"])


@cache
def risks() -> DynamoRisks:
    return DynamoRisks(_dynamodb(), os.environ["STOCK_TABLE"])


@cache
def delays() -> DynamoDelays:
    return DynamoDelays(_dynamodb(), os.environ["SETTINGS_TABLE"])


@cache
def coverages() -> DynamoCoverages:
    return DynamoCoverages(_dynamodb(), os.environ["SETTINGS_TABLE"])


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
def poll_channels() -> PollChannels:
    return PollChannels(
        polls(),
        settings(),
        channel_api,
        change_orders(),
        exceptions(),
        pushes_queue(),
        pace(),
        SystemClock(),
        time.sleep,
    )


@cache
def pace() -> DynamoPace:
    return DynamoPace(_dynamodb(), os.environ["SETTINGS_TABLE"], SystemClock())


@cache
def reconcile_queue() -> SqsQueue:
    return SqsQueue(_sqs(), os.environ["RECONCILE_QUEUE_URL"])


@cache
def drifts() -> DynamoDrifts:
    return DynamoDrifts(_dynamodb(), os.environ["SETTINGS_TABLE"], os.environ["STOCK_TABLE"])


@cache
def reconcile() -> Reconcile:
    return Reconcile(
        drifts(),
        listings(),
        settings(),
        channel_api,
        poll_channels().poll,
        polls(),
        pace(),
        reconcile_queue(),
        pushes_queue(),
        SystemClock(),
        time.sleep,
    )


@cache
def decide_drift() -> DecideDrift:
    return DecideDrift(drifts(), listings(), settings(), pushes_queue(), SystemClock(), new_id)


@cache
def resolve_exception() -> ResolveException:
    return ResolveException(exceptions(), orders_queue(), SystemClock())


@cache
def track_stock() -> TrackStock:
    keep_risk = KeepRisk(listings(), risks(), SystemClock())
    return TrackStock(listings(), settings(), pushes_queue(), orders_queue(), keep_risk)


@cache
def expire_orders() -> ExpireOrders:
    return ExpireOrders(stock_book(), orders_queue(), SystemClock())


@cache
def push_quantities() -> PushQuantities:
    return _push_quantities(urgent=True)


def _push_quantities(*, urgent: bool) -> PushQuantities:
    return PushQuantities(
        listings(),
        stock_book(),
        settings(),
        read_pool(),
        polls(),
        channel_api,
        pace(),
        delays(),
        pushes_queue(),
        SystemClock(),
        new_id,
        time.sleep,
        urgent,
    )


@cache
def read_pool() -> ReadPool:
    return ReadPool(listings(), settings(), lambda channel: channel_module(channel.kind).Api.form, SystemClock())


@cache
def run_full_coverage() -> RunFullCoverage:
    return RunFullCoverage(coverages(), settings(), poll_channels().poll, coverage_queue(), SystemClock())


@cache
def ask_for_coverage() -> AskForCoverage:
    return AskForCoverage(coverages(), coverages(), settings(), SystemClock())


@cache
def cover_listings() -> CoverListings:
    push = _push_quantities(urgent=False)  # The ordinary pushes go first.
    return CoverListings(coverages(), settings(), listings(), push, pushes_queue(), coverage_queue(), SystemClock())


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
    return ShowStock(listings(), settings(), read_pool())


@cache
def show_risk() -> ShowRisk:
    return ShowRisk(listings(), settings(), risks(), read_pool())


@cache
def show_delay() -> ShowDelay:
    return ShowDelay(delays(), settings(), SystemClock())


@cache
def simulate() -> Simulate:
    orders = DynamoPastOrders(_dynamodb(), os.environ["ORDERS_TABLE"], SystemClock())
    return Simulate(orders, stock_book(), settings(), show_delay(), SystemClock())


@cache
def configure() -> Configure:
    catalogue = DynamoCatalogue(_dynamodb(), os.environ["STOCK_TABLE"], os.environ["SETTINGS_TABLE"])
    return Configure(catalogue, settings(), stock_book(), pushes_queue(), orders_queue(), SystemClock())


@cache
def rehearse() -> Rehearse:
    return Rehearse(listings(), settings(), show_stock())


@cache
def manual_sync() -> ManualSync:
    return ManualSync(listings(), settings(), pushes_queue())
