"""The hub put together: every use case with its adapters, each built on first use.

The functions run the one that `bootstrap` makes of the environment; the simulator runs the same wiring on its own
AWS.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from lastunit.channels.registry import KINDS, Kinds
from lastunit.ports.events import Sign
from lastunit.ports.system import Clock, HttpClient, ReportError, RunParallel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue
    from lastunit.adapters.dynamodb.coverages import DynamoCoverages
    from lastunit.adapters.dynamodb.drifts import DynamoDrifts
    from lastunit.adapters.dynamodb.exceptions import DynamoExceptions
    from lastunit.adapters.dynamodb.listings import DynamoListings
    from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
    from lastunit.adapters.dynamodb.polls import DynamoPolls
    from lastunit.adapters.dynamodb.rate_limit import DynamoRateLimit
    from lastunit.adapters.dynamodb.settings import DynamoSettings
    from lastunit.adapters.dynamodb.units_at_risk import DynamoDelays, DynamoUnitsAtRisk
    from lastunit.adapters.dynamodb.webhook_subscriptions import DynamoWebhookSubscriptions
    from lastunit.adapters.secrets_manager import ChannelSecrets
    from lastunit.adapters.sqs import SqsQueue
    from lastunit.channels.accounts import ChannelAccounts
    from lastunit.use_cases.events.configure_webhooks import ConfigureWebhooks
    from lastunit.use_cases.events.deliver_webhooks import DeliverWebhooks
    from lastunit.use_cases.events.write_ledger import WriteLedger
    from lastunit.use_cases.listings.ask_for_coverage import AskForCoverage
    from lastunit.use_cases.listings.cover_listings import CoverListings
    from lastunit.use_cases.listings.decide_drift import DecideDrift
    from lastunit.use_cases.listings.manual_sync import ManualSync
    from lastunit.use_cases.listings.push.push_quantities import PushQuantities
    from lastunit.use_cases.listings.reconcile_listings import ReconcileListings
    from lastunit.use_cases.listings.rehearse import Rehearse
    from lastunit.use_cases.listings.run_full_coverage import RunFullCoverage
    from lastunit.use_cases.listings.shared_pool import ReadPool
    from lastunit.use_cases.listings.show_push_delay import ShowPushDelay
    from lastunit.use_cases.listings.show_units_at_risk import ShowUnitsAtRisk
    from lastunit.use_cases.listings.simulate_modes import SimulateModes
    from lastunit.use_cases.listings.track_stock import TrackStock
    from lastunit.use_cases.orders.change_orders import ChangeOrders
    from lastunit.use_cases.orders.expire_orders import ExpireOrders
    from lastunit.use_cases.orders.offer_stock import OfferStock
    from lastunit.use_cases.orders.poll_channels import PollChannels
    from lastunit.use_cases.orders.process_orders import ProcessOrders
    from lastunit.use_cases.orders.receive_webhook import ReceiveWebhook
    from lastunit.use_cases.orders.resolve_exception import ResolveException
    from lastunit.use_cases.settings.configure_catalogue import ConfigureCatalogue
    from lastunit.use_cases.settings.configure_channel import ConfigureChannel
    from lastunit.use_cases.stock.adjust_stock import AdjustStock
    from lastunit.use_cases.stock.show_stock import ShowStock


class Aws(Protocol):
    """The clients, each made when it is asked for first."""

    @property
    def dynamodb(self) -> DynamoDBClient: ...

    @property
    def sqs(self) -> SQSClient: ...

    @property
    def events(self) -> EventBridgeClient: ...

    @property
    def secrets(self) -> SecretsManagerClient: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the template calls its tables, queues and bus. `is_local`: the stack is on a developer's machine."""

    stock_table: str
    orders_table: str
    ledger_table: str
    settings_table: str
    orders_queue_url: str
    pushes_queue_url: str
    coverage_queue_url: str
    reconcile_queue_url: str
    webhooks_queue_url: str
    event_bus_name: str
    secrets_prefix: str
    is_local: bool = False


@dataclass(kw_only=True)
class Hub:
    """`pause(round)` waits between contended attempts."""

    aws: Aws
    resources: Resources
    http: HttpClient
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    sleep: Callable[[float], None]
    run_parallel: RunParallel
    report_error: ReportError
    kinds: Kinds = KINDS

    @cached_property
    def accounts(self) -> ChannelAccounts:
        from lastunit.channels.accounts import ChannelAccounts

        secrets = self._secrets  # Built here: accounts are opened in threads.
        return ChannelAccounts(kinds=self.kinds, secret=secrets.secret, http=self.http, clock=self.clock)

    @cached_property
    def _secrets(self) -> ChannelSecrets:
        from lastunit.adapters.secrets_manager import ChannelSecrets

        return ChannelSecrets(lambda: self.aws.secrets, prefix=self.resources.secrets_prefix)

    @cached_property
    def settings(self) -> DynamoSettings:
        from lastunit.adapters.dynamodb.settings import DynamoSettings

        return DynamoSettings(self.aws.dynamodb, table=self.resources.settings_table)

    @cached_property
    def order_store(self) -> DynamoOrderStore:
        from lastunit.adapters.dynamodb.order_store import DynamoOrderStore

        return DynamoOrderStore(
            self.aws.dynamodb, stock_table=self.resources.stock_table, orders_table=self.resources.orders_table
        )

    @cached_property
    def listings(self) -> DynamoListings:
        from lastunit.adapters.dynamodb.listings import DynamoListings

        return DynamoListings(
            self.aws.dynamodb, stock_table=self.resources.stock_table, settings_table=self.resources.settings_table
        )

    @cached_property
    def exceptions(self) -> DynamoExceptions:
        from lastunit.adapters.dynamodb.exceptions import DynamoExceptions

        return DynamoExceptions(self.aws.dynamodb, orders_table=self.resources.orders_table)

    @cached_property
    def polls(self) -> DynamoPolls:
        from lastunit.adapters.dynamodb.polls import DynamoPolls

        resources = self.resources
        return DynamoPolls(
            self.aws.dynamodb,
            settings_table=resources.settings_table,
            stock_table=resources.stock_table,
            orders_table=resources.orders_table,
        )

    @cached_property
    def orders_queue(self) -> SqsQueue:
        from lastunit.adapters.sqs import SqsQueue

        return SqsQueue(self.aws.sqs, url=self.resources.orders_queue_url)

    @cached_property
    def pushes_queue(self) -> SqsQueue:
        from lastunit.adapters.sqs import SqsQueue

        return SqsQueue(self.aws.sqs, url=self.resources.pushes_queue_url)

    @cached_property
    def coverage_queue(self) -> SqsQueue:
        from lastunit.adapters.sqs import SqsQueue

        return SqsQueue(self.aws.sqs, url=self.resources.coverage_queue_url)

    @cached_property
    def risks(self) -> DynamoUnitsAtRisk:
        from lastunit.adapters.dynamodb.units_at_risk import DynamoUnitsAtRisk

        return DynamoUnitsAtRisk(self.aws.dynamodb, stock_table=self.resources.stock_table)

    @cached_property
    def delays(self) -> DynamoDelays:
        from lastunit.adapters.dynamodb.units_at_risk import DynamoDelays

        return DynamoDelays(self.aws.dynamodb, settings_table=self.resources.settings_table)

    @cached_property
    def coverages(self) -> DynamoCoverages:
        from lastunit.adapters.dynamodb.coverages import DynamoCoverages

        return DynamoCoverages(self.aws.dynamodb, table=self.resources.settings_table)

    @cached_property
    def webhooks_queue(self) -> SqsQueue:
        from lastunit.adapters.sqs import SqsQueue

        return SqsQueue(self.aws.sqs, url=self.resources.webhooks_queue_url)

    @cached_property
    def webhook_subscriptions(self) -> DynamoWebhookSubscriptions:
        from lastunit.adapters.dynamodb.webhook_subscriptions import DynamoWebhookSubscriptions

        return DynamoWebhookSubscriptions(self.aws.dynamodb, settings_table=self.resources.settings_table)

    @cached_property
    def receive_webhook(self) -> ReceiveWebhook:
        from lastunit.use_cases.orders.receive_webhook import ReceiveWebhook

        return ReceiveWebhook(
            settings=self.settings, api=self.accounts.webhook_source, queue=self.orders_queue, clock=self.clock
        )

    @cached_property
    def change_orders(self) -> ChangeOrders:
        from lastunit.use_cases.orders.change_orders import ChangeOrders

        return ChangeOrders(
            order_store=self.order_store,
            settings=self.settings,
            clock=self.clock,
            new_id=self.new_id,
            pause=self.pause,
            report_error=self.report_error,
        )

    @cached_property
    def process_orders(self) -> ProcessOrders:
        from lastunit.use_cases.orders.process_orders import ProcessOrders

        return ProcessOrders(
            settings=self.settings,
            api=self.accounts.order_source,
            order_store=self.order_store,
            change=self.change_orders,
            exceptions=self.exceptions,
            clock=self.clock,
            run_parallel=self.run_parallel,
            report_error=self.report_error,
        )

    @cached_property
    def poll_channels(self) -> PollChannels:
        from lastunit.use_cases.orders.poll_channels import PollChannels

        return PollChannels(
            polls=self.polls,
            settings=self.settings,
            api=self.accounts.order_source,
            change=self.change_orders,
            exceptions=self.exceptions,
            pushes=self.pushes_queue,
            rate_limit=self.rate_limit,
            clock=self.clock,
            sleep=self.sleep,
            run_parallel=self.run_parallel,
            report_error=self.report_error,
        )

    @cached_property
    def rate_limit(self) -> DynamoRateLimit:
        from lastunit.adapters.dynamodb.rate_limit import DynamoRateLimit

        return DynamoRateLimit(self.aws.dynamodb, table=self.resources.settings_table, clock=self.clock)

    @cached_property
    def reconcile_queue(self) -> SqsQueue:
        from lastunit.adapters.sqs import SqsQueue

        return SqsQueue(self.aws.sqs, url=self.resources.reconcile_queue_url)

    @cached_property
    def drifts(self) -> DynamoDrifts:
        from lastunit.adapters.dynamodb.drifts import DynamoDrifts

        return DynamoDrifts(
            self.aws.dynamodb, settings_table=self.resources.settings_table, stock_table=self.resources.stock_table
        )

    @cached_property
    def reconcile_listings(self) -> ReconcileListings:
        from lastunit.use_cases.listings.reconcile_listings import ReconcileListings

        return ReconcileListings(
            drifts=self.drifts,
            listings=self.listings,
            settings=self.settings,
            api=self.accounts.quantity_target,
            poll=self.poll_channels.poll,
            watermarks=self.polls,
            rate_limit=self.rate_limit,
            queue=self.reconcile_queue,
            pushes=self.pushes_queue,
            clock=self.clock,
            sleep=self.sleep,
        )

    @cached_property
    def decide_drift(self) -> DecideDrift:
        from lastunit.use_cases.listings.decide_drift import DecideDrift

        return DecideDrift(
            drifts=self.drifts,
            listings=self.listings,
            settings=self.settings,
            pushes=self.pushes_queue,
            clock=self.clock,
            new_id=self.new_id,
        )

    @cached_property
    def resolve_exception(self) -> ResolveException:
        from lastunit.use_cases.orders.resolve_exception import ResolveException

        return ResolveException(exceptions=self.exceptions, orders=self.orders_queue, clock=self.clock)

    @cached_property
    def track_stock(self) -> TrackStock:
        from lastunit.use_cases.listings.keep_units_at_risk import KeepUnitsAtRisk
        from lastunit.use_cases.listings.track_stock import TrackStock

        keep_risk = KeepUnitsAtRisk(listings=self.listings, risks=self.risks, clock=self.clock)
        return TrackStock(
            listings=self.listings,
            settings=self.settings,
            queue=self.pushes_queue,
            orders=self.orders_queue,
            keep_risk=keep_risk,
        )

    @cached_property
    def expire_orders(self) -> ExpireOrders:
        from lastunit.use_cases.orders.expire_orders import ExpireOrders

        return ExpireOrders(order_store=self.order_store, queue=self.orders_queue, clock=self.clock)

    @cached_property
    def offer_stock(self) -> OfferStock:
        from lastunit.use_cases.orders.offer_stock import OfferStock

        return OfferStock(order_store=self.order_store, settings=self.settings, queue=self.orders_queue)

    @cached_property
    def push_quantities(self) -> PushQuantities:
        return self._push_quantities(high_priority=True)

    def _push_quantities(self, *, high_priority: bool) -> PushQuantities:
        from lastunit.use_cases.listings.push.context import PushContext
        from lastunit.use_cases.listings.push.push_quantities import PushQuantities

        context = PushContext(
            listings=self.listings,
            stock=self.order_store,
            settings=self.settings,
            read_pool=self.read_pool,
            polls=self.polls,
            api=self.accounts.quantity_target,
            rate_limit=self.rate_limit,
            delays=self.delays,
            clock=self.clock,
            sleep=self.sleep,
            high_priority=high_priority,
        )
        return PushQuantities(context, self.pushes_queue, self.new_id, self.report_error)

    @cached_property
    def read_pool(self) -> ReadPool:
        from lastunit.use_cases.listings.shared_pool import ReadPool

        return ReadPool(
            listings=self.listings,
            settings=self.settings,
            form=self.accounts.form,
            clock=self.clock,
        )

    @cached_property
    def run_full_coverage(self) -> RunFullCoverage:
        from lastunit.use_cases.listings.run_full_coverage import RunFullCoverage

        return RunFullCoverage(
            coverages=self.coverages,
            settings=self.settings,
            poll=self.poll_channels.poll,
            queue=self.coverage_queue,
            clock=self.clock,
            report_error=self.report_error,
        )

    @cached_property
    def ask_for_coverage(self) -> AskForCoverage:
        from lastunit.use_cases.listings.ask_for_coverage import AskForCoverage

        return AskForCoverage(
            coverages=self.coverages, segments=self.coverages, settings=self.settings, clock=self.clock
        )

    @cached_property
    def cover_listings(self) -> CoverListings:
        from lastunit.use_cases.listings.cover_listings import CoverListings

        push = self._push_quantities(high_priority=False)  # The ordinary pushes go first.
        return CoverListings(
            segments=self.coverages,
            settings=self.settings,
            listings=self.listings,
            push=push.push,
            pushes=self.pushes_queue,
            queue=self.coverage_queue,
            clock=self.clock,
        )

    @cached_property
    def write_ledger(self) -> WriteLedger:
        from lastunit.adapters.dynamodb.ledger import DynamoLedger
        from lastunit.adapters.dynamodb.replenishment_tasks import DynamoTasks
        from lastunit.adapters.eventbridge import EventBridgeBus
        from lastunit.use_cases.events.keep_replenishment_tasks import KeepReplenishmentTasks
        from lastunit.use_cases.events.publish_events import PublishEvents
        from lastunit.use_cases.events.write_ledger import RecordEntries, WriteLedger

        ledger = DynamoLedger(self.aws.dynamodb, table=self.resources.ledger_table)
        tasks = DynamoTasks(self.aws.dynamodb, orders_table=self.resources.orders_table)
        bus = EventBridgeBus(self.aws.events, name=self.resources.event_bus_name, pause=self.pause)
        return WriteLedger(
            record_entries=RecordEntries(ledger=ledger),
            keep_tasks=KeepReplenishmentTasks(tasks=tasks),
            publish_events=PublishEvents(bus=bus, tasks=tasks, listings=self.listings),
        )

    @cached_property
    def deliver_webhooks(self) -> DeliverWebhooks:
        # Imported here: only deliveries need its models and HMAC.
        from lastunit.use_cases.events.deliver_webhooks import DeliverWebhooks

        signer = importlib.import_module("lastunit.adapters.webhook_signer").Signer
        sign: Sign = signer(lambda name: self._secrets.secret(f"webhooks/{name}"), self.clock)
        return DeliverWebhooks(
            webhooks=self.webhook_subscriptions,
            queue=self.webhooks_queue,
            sign=sign,
            http=self.http,
            report_error=self.report_error,
        )

    @cached_property
    def configure_webhooks(self) -> ConfigureWebhooks:
        # The receivers of a local stack may be on this machine.
        from lastunit.use_cases.events.configure_webhooks import ConfigureWebhooks

        return ConfigureWebhooks(subscriptions=self.webhook_subscriptions, local=self.resources.is_local)

    @cached_property
    def adjust_stock(self) -> AdjustStock:
        from lastunit.adapters.dynamodb.movements import DynamoMovements
        from lastunit.use_cases.stock.adjust_stock import AdjustStock

        movements = DynamoMovements(
            self.aws.dynamodb,
            stock_table=self.resources.stock_table,
            ledger_table=self.resources.ledger_table,
            settings_table=self.resources.settings_table,
        )
        return AdjustStock(movements=movements, clock=self.clock)

    @cached_property
    def show_stock(self) -> ShowStock:
        from lastunit.use_cases.stock.show_stock import ShowStock

        return ShowStock(listings=self.listings, settings=self.settings, read_pool=self.read_pool)

    @cached_property
    def show_units_at_risk(self) -> ShowUnitsAtRisk:
        from lastunit.use_cases.listings.show_units_at_risk import ShowUnitsAtRisk

        return ShowUnitsAtRisk(
            listings=self.listings, settings=self.settings, risks=self.risks, read_pool=self.read_pool
        )

    @cached_property
    def show_push_delay(self) -> ShowPushDelay:
        from lastunit.use_cases.listings.show_push_delay import ShowPushDelay

        return ShowPushDelay(counts=self.delays, settings=self.settings, clock=self.clock)

    @cached_property
    def simulate_modes(self) -> SimulateModes:
        from lastunit.adapters.dynamodb.units_at_risk import DynamoPastOrders
        from lastunit.use_cases.listings.simulate_modes import SimulateModes

        orders = DynamoPastOrders(self.aws.dynamodb, orders_table=self.resources.orders_table, clock=self.clock)
        return SimulateModes(
            orders=orders,
            stock=self.order_store,
            settings=self.settings,
            delay=self.show_push_delay,
            clock=self.clock,
        )

    @cached_property
    def _catalogue(self) -> DynamoCatalogue:
        from lastunit.adapters.dynamodb.catalogue import DynamoCatalogue

        resources = self.resources
        return DynamoCatalogue(
            self.aws.dynamodb, stock_table=resources.stock_table, settings_table=resources.settings_table
        )

    @cached_property
    def configure_catalogue(self) -> ConfigureCatalogue:
        from lastunit.use_cases.settings.configure_catalogue import ConfigureCatalogue

        return ConfigureCatalogue(
            catalogue=self._catalogue,
            settings=self.settings,
            order_store=self.order_store,
            pushes=self.pushes_queue,
            orders_queue=self.orders_queue,
        )

    @cached_property
    def configure_channel(self) -> ConfigureChannel:
        from lastunit.use_cases.settings.configure_channel import ConfigureChannel

        return ConfigureChannel(
            catalogue=self._catalogue, settings=self.settings, pushes=self.pushes_queue, clock=self.clock
        )

    @cached_property
    def rehearse(self) -> Rehearse:
        from lastunit.use_cases.listings.rehearse import Rehearse

        return Rehearse(listings=self.listings, settings=self.settings, show=self.show_stock)

    @cached_property
    def manual_sync(self) -> ManualSync:
        from lastunit.use_cases.listings.manual_sync import ManualSync

        return ManualSync(listings=self.listings, settings=self.settings, queue=self.pushes_queue)
