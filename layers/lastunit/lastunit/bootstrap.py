"""The only place that reads the environment and builds clients, each on first use."""

import os
import random
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from lastunit.adapters.clock import TableClock
from lastunit.adapters.dynamodb.streams import events
from lastunit.adapters.error_log import report_error
from lastunit.adapters.http import UrllibClient
from lastunit.adapters.threads import run_parallel
from lastunit.container import Hub, Resources

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

__all__ = ["SystemClock", "hub", "new_id", "pause", "stream_events"]

# botocore would wait 60 s for one socket; a queue absorbs what a short patience gives back.
AWS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 4})

PAUSE_MAX_SECONDS = 2.0


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def new_id() -> str:
    return uuid.uuid4().hex


def pause(round_number: int) -> None:
    """Full jitter, so that workers who met on one item do not meet there again."""
    time.sleep(random.uniform(0, min(PAUSE_MAX_SECONDS, 0.02 * 2**round_number)))  # noqa: S311 - not a secret


class Clients:
    """`clock` hears what time the tables say it is."""

    def __init__(self, clock: TableClock) -> None:
        self._clock = clock

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        client = boto3.client("dynamodb", config=AWS)
        client.meta.events.register("after-call.dynamodb", self._heard)
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=AWS)

    @cached_property
    def events(self) -> "EventBridgeClient":
        return boto3.client("events", config=AWS)

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return boto3.client("secretsmanager", config=AWS)

    def _heard(self, parsed: Mapping[str, Any], **_: object) -> None:
        self._clock.hear(parsed)


def _resources() -> Resources:
    return Resources(
        stock_table=os.environ["STOCK_TABLE"],
        orders_table=os.environ["ORDERS_TABLE"],
        ledger_table=os.environ["LEDGER_TABLE"],
        settings_table=os.environ["SETTINGS_TABLE"],
        orders_queue_url=os.environ["ORDERS_QUEUE_URL"],
        pushes_queue_url=os.environ["PUSHES_QUEUE_URL"],
        coverage_queue_url=os.environ["COVERAGE_QUEUE_URL"],
        reconcile_queue_url=os.environ["RECONCILE_QUEUE_URL"],
        webhooks_queue_url=os.environ["WEBHOOKS_QUEUE_URL"],
        event_bus_name=os.environ["EVENT_BUS_NAME"],
        secrets_prefix=os.environ["SECRETS_PREFIX"],
        is_local="AWS_ENDPOINT_URL" in os.environ,  # Only a local stack names the address of AWS.
    )


@cache
def hub() -> Hub:
    """The hub of this environment."""
    clock = TableClock(SystemClock())
    return Hub(
        aws=Clients(clock),
        resources=_resources(),
        http=UrllibClient(),
        clock=clock,
        new_id=new_id,
        pause=pause,
        sleep=time.sleep,
        run_parallel=run_parallel,
        report_error=report_error,
    )


stream_events = events
"""What the records of a table's stream tell, for the handlers of streams."""
