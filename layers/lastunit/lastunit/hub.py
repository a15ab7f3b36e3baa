"""The hub put together: every use case with its adapters, each built on first use.

The functions run the one that `bootstrap` makes of the environment; the simulator runs the same wiring on its own
AWS.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from lastunit.adapters.catalogue import DynamoCatalogue
from lastunit.adapters.coverages import DynamoCoverages
from lastunit.adapters.drifts import DynamoDrifts
from lastunit.adapters.event_bus import EventBridgeBus
from lastunit.adapters.exceptions import DynamoExceptions
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
from lastunit.adapters.tasks import DynamoTasks
from lastunit.adjust import AdjustStock
from lastunit.announce import Announce, KeepTasks
from lastunit.change_orders import ChangeOrders
from lastunit.channel_ports import ChannelApi, HttpClient, SideBySide
from lastunit.configure import Configure
from lastunit.cover import AskForCoverage, CoverListings, RunFullCoverage
from lastunit.deliver import DeliverWebhooks
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput
from lastunit.expire import ExpireOrders
from lastunit.offer import OfferUnits
from lastunit.outgoing import ConfigureWebhooks
from lastunit.poll import PollChannels
from lastunit.pool import ReadPool
from lastunit.ports import Clock, Sign
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


class Aws(Protocol):
    """The clients, each made when it is asked for first."""

    @property
    def dynamodb(self) -> "DynamoDBClient": ...

    @property
    def sqs(self) -> "SQSClient": ...

    @property
    def events(self) -> "EventBridgeClient": ...

    @property
    def secrets(self) -> "SecretsManagerClient": ...


def channel_module(kind: str) -> Any:
    """The module of a channel kind, imported when the first channel of that kind is met."""
    if kind not in CHANNEL_KINDS:
        raise InvalidInput("kind", f"{kind!r} is not known", f"use one of {', '.join(CHANNEL_KINDS)}")
    return importlib.import_module(f"lastunit.channels.{kind}")


@dataclass
class Hub:
    """`names`: what the template calls its tables and queues. `pause(round)` waits between contended attempts."""

    aws: Aws
    names: Mapping[str, str]
    http: HttpClient
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    sleep: Callable[[float], None]
    side_by_side: SideBySide
    _memories: dict[str, dict[str, Any]] = field(default_factory=dict)

    def channel_api(self, channel: Channel) -> ChannelApi:
        secret, memory = self._secrets.secret(channel.name), self._memories.setdefault(channel.name, {})
        try:
            api: ChannelApi = channel_module(channel.kind).Api(channel, secret, self.http, self.clock, memory)
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False))
            raise ChannelUnavailable(
                f"settings or secret of channel {channel.name!r} are wrong: {wrong}"
            ) from error
        return api

    @cached_property
    def _secrets(self) -> ChannelSecrets:
        return ChannelSecrets(lambda: self.aws.secrets, self.names["SECRETS_PREFIX"])

    @cached_property
    def settings(self) -> DynamoSettings:
        return DynamoSettings(self.aws.dynamodb, self.names["SETTINGS_TABLE"])

    @cached_property
    def stock_book(self) -> DynamoStockBook:
        return DynamoStockBook(self.aws.dynamodb, self.names["STOCK_TABLE"], self.names["ORDERS_TABLE"])

    @cached_property
    def listings(self) -> DynamoListings:
        return DynamoListings(self.aws.dynamodb, self.names["STOCK_TABLE"], self.names["SETTINGS_TABLE"])

    @cached_property
    def exceptions(self) -> DynamoExceptions:
        return DynamoExceptions(self.aws.dynamodb, self.names["ORDERS_TABLE"])

    @cached_property
    def polls(self) -> DynamoPolls:
        return DynamoPolls(
            self.aws.dynamodb, self.names["SETTINGS_TABLE"], self.names["STOCK_TABLE"], self.names["ORDERS_TABLE"]
        )

    @cached_property
    def orders_queue(self) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.names["ORDERS_QUEUE_URL"])

    @cached_property
    def pushes_queue(self) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.names["PUSHES_QUEUE_URL"])

    @cached_property
    def coverage_queue(self) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.names["COVERAGE_QUEUE_URL"])

    @cached_property
    def risks(self) -> DynamoRisks:
        return DynamoRisks(self.aws.dynamodb, self.names["STOCK_TABLE"])

    @cached_property
    def delays(self) -> DynamoDelays:
        return DynamoDelays(self.aws.dynamodb, self.names["SETTINGS_TABLE"])

    @cached_property
    def coverages(self) -> DynamoCoverages:
        return DynamoCoverages(self.aws.dynamodb, self.names["SETTINGS_TABLE"])

    @cached_property
    def webhooks_queue(self) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.names["WEBHOOKS_QUEUE_URL"])

    @cached_property
    def outgoing_webhooks(self) -> DynamoOutgoingWebhooks:
        return DynamoOutgoingWebhooks(self.aws.dynamodb, self.names["SETTINGS_TABLE"])

    @cached_property
    def receive_webhook(self) -> ReceiveWebhook:
        return ReceiveWebhook(self.settings, self.channel_api, self.orders_queue, self.clock)

    @cached_property
    def change_orders(self) -> ChangeOrders:
        return ChangeOrders(self.stock_book, self.settings, self.clock, self.new_id, self.pause)

    @cached_property
    def process_orders(self) -> ProcessOrders:
        return ProcessOrders(
            self.settings,
            self.channel_api,
            self.stock_book,
            self.change_orders,
            self.exceptions,
            self.clock,
            self.side_by_side,
        )

    @cached_property
    def poll_channels(self) -> PollChannels:
        return PollChannels(
            self.polls,
            self.settings,
            self.channel_api,
            self.change_orders,
            self.exceptions,
            self.pushes_queue,
            self.pace,
            self.clock,
            self.sleep,
            self.side_by_side,
        )

    @cached_property
    def pace(self) -> DynamoPace:
        return DynamoPace(self.aws.dynamodb, self.names["SETTINGS_TABLE"], self.clock)

    @cached_property
    def reconcile_queue(self) -> SqsQueue:
        return SqsQueue(self.aws.sqs, self.names["RECONCILE_QUEUE_URL"])

    @cached_property
    def drifts(self) -> DynamoDrifts:
        return DynamoDrifts(self.aws.dynamodb, self.names["SETTINGS_TABLE"], self.names["STOCK_TABLE"])

    @cached_property
    def reconcile(self) -> Reconcile:
        return Reconcile(
            self.drifts,
            self.listings,
            self.settings,
            self.channel_api,
            self.poll_channels.poll,
            self.polls,
            self.pace,
            self.reconcile_queue,
            self.pushes_queue,
            self.clock,
            self.sleep,
        )

    @cached_property
    def decide_drift(self) -> DecideDrift:
        return DecideDrift(self.drifts, self.listings, self.settings, self.pushes_queue, self.clock, self.new_id)

    @cached_property
    def resolve_exception(self) -> ResolveException:
        return ResolveException(self.exceptions, self.orders_queue, self.clock)

    @cached_property
    def track_stock(self) -> TrackStock:
        keep_risk = KeepRisk(self.listings, self.risks, self.clock)
        return TrackStock(self.listings, self.settings, self.pushes_queue, self.orders_queue, keep_risk)

    @cached_property
    def expire_orders(self) -> ExpireOrders:
        return ExpireOrders(self.stock_book, self.orders_queue, self.clock)

    @cached_property
    def offer_units(self) -> OfferUnits:
        return OfferUnits(self.stock_book, self.settings, self.orders_queue)

    @cached_property
    def push_quantities(self) -> PushQuantities:
        return self._push_quantities(urgent=True)

    def _push_quantities(self, *, urgent: bool) -> PushQuantities:
        return PushQuantities(
            self.listings,
            self.stock_book,
            self.settings,
            self.read_pool,
            self.polls,
            self.channel_api,
            self.pace,
            self.delays,
            self.pushes_queue,
            self.clock,
            self.new_id,
            self.sleep,
            urgent,
        )

    @cached_property
    def read_pool(self) -> ReadPool:
        return ReadPool(
            self.listings, self.settings, lambda channel: channel_module(channel.kind).Api.form, self.clock
        )

    @cached_property
    def run_full_coverage(self) -> RunFullCoverage:
        return RunFullCoverage(
            self.coverages, self.settings, self.poll_channels.poll, self.coverage_queue, self.clock
        )

    @cached_property
    def ask_for_coverage(self) -> AskForCoverage:
        return AskForCoverage(self.coverages, self.coverages, self.settings, self.clock)

    @cached_property
    def cover_listings(self) -> CoverListings:
        push = self._push_quantities(urgent=False)  # The ordinary pushes go first.
        return CoverListings(
            self.coverages, self.settings, self.listings, push, self.pushes_queue, self.coverage_queue, self.clock
        )

    @cached_property
    def write_ledger(self) -> RecordChanges:
        ledger = DynamoLedger(self.aws.dynamodb, self.names["LEDGER_TABLE"])
        tasks = DynamoTasks(self.aws.dynamodb, self.names["ORDERS_TABLE"])
        bus = EventBridgeBus(self.aws.events, self.names["EVENT_BUS_NAME"], self.pause)
        return RecordChanges(WriteLedger(ledger), KeepTasks(tasks), Announce(bus, tasks, self.listings))

    @cached_property
    def deliver_webhooks(self) -> DeliverWebhooks:
        # Imported here: only deliveries need its models and HMAC.
        signer = importlib.import_module("lastunit.channels.outgoing").Signer
        sign: Sign = signer(lambda name: self._secrets.secret(f"webhooks/{name}"), self.clock)
        return DeliverWebhooks(self.outgoing_webhooks, self.webhooks_queue, sign, self.http)

    @cached_property
    def configure_webhooks(self) -> ConfigureWebhooks:
        # Only a local stack names the address of AWS; its receivers may be on this machine.
        return ConfigureWebhooks(self.outgoing_webhooks, local="AWS_ENDPOINT_URL" in self.names)

    @cached_property
    def adjust_stock(self) -> AdjustStock:
        tables = (self.names["STOCK_TABLE"], self.names["LEDGER_TABLE"], self.names["SETTINGS_TABLE"])
        return AdjustStock(DynamoMovements(self.aws.dynamodb, *tables), self.clock)

    @cached_property
    def show_stock(self) -> ShowStock:
        return ShowStock(self.listings, self.settings, self.read_pool)

    @cached_property
    def show_risk(self) -> ShowRisk:
        return ShowRisk(self.listings, self.settings, self.risks, self.read_pool)

    @cached_property
    def show_delay(self) -> ShowDelay:
        return ShowDelay(self.delays, self.settings, self.clock)

    @cached_property
    def simulate(self) -> Simulate:
        orders = DynamoPastOrders(self.aws.dynamodb, self.names["ORDERS_TABLE"], self.clock)
        return Simulate(orders, self.stock_book, self.settings, self.show_delay, self.clock)

    @cached_property
    def configure(self) -> Configure:
        catalogue = DynamoCatalogue(self.aws.dynamodb, self.names["STOCK_TABLE"], self.names["SETTINGS_TABLE"])
        return Configure(
            catalogue, self.settings, self.stock_book, self.pushes_queue, self.orders_queue, self.clock
        )

    @cached_property
    def rehearse(self) -> Rehearse:
        return Rehearse(self.listings, self.settings, self.show_stock)

    @cached_property
    def manual_sync(self) -> ManualSync:
        return ManualSync(self.listings, self.settings, self.pushes_queue)
