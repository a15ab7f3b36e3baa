"""The local stack's DynamoDB by itself: nothing is deployed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from infra.local.process import Server
from infra.local.stack import EMULATOR_SETTINGS
from infra.local.tools import LOOPBACK, REGION, aws_environment, reserve_port
from lastunit.bootstrap import AWS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def running() -> Iterator[str]:
    """Its address."""
    with reserve_port() as reservation:
        port = reservation.getsockname()[1]
        settings = {"GATEWAY_PORT": str(port), "BIND_HOST": LOOPBACK, "AUTH": "false"}
        environment = EMULATOR_SETTINGS | aws_environment() | settings
        with Server("linear", ["infra.local.emulator"], environment) as server:
            server.wait_ready(f"http://{LOOPBACK}:{port}/_ministack/health")
            yield f"http://{LOOPBACK}:{port}"


def client_of(endpoint: str, *, attempts: int | None = None) -> "DynamoDBClient":
    """With the timeouts that the functions have, and their retries unless `attempts` says how often it asks."""
    own = Config(retries={"mode": "standard", "total_max_attempts": attempts}) if attempts else None
    return boto3.client(
        "dynamodb", region_name=REGION, endpoint_url=endpoint, config=AWS.merge(own) if own else AWS
    )
