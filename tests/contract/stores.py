"""The two stores: the simulated one, and the DynamoDB of the local stack's emulator."""

from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any

import boto3
from botocore.config import Config

from infra.local.tools import REGION
from tests.contract.database import Database
from tests.simulate.store import DynamoClient, Store
from tests.support.aws.dynamo import declared_tables

NOT_ITS_OWN = {"PointInTimeRecoverySpecification", "DeletionProtectionEnabled"}
"""Properties of a table that CreateTable does not take, or that keep it from being deleted."""

_suffix = count()


def simulated(*tables: str) -> Database:
    """With these empty tables as `infra/storage.yaml` declares them."""
    store = Store({name: declared_tables()[name] for name in tables})
    return Database(DynamoClient(store.execute), {name: name for name in tables}, store.stream, is_emulated=False)


def emulated(endpoint: str, *tables: str) -> Database:
    """As simulated."""
    client, streams = _client("dynamodb", endpoint), _client("dynamodbstreams", endpoint)
    names = {name: f"{name}-{next(_suffix)}" for name in tables}
    for name in tables:
        client.create_table(TableName=names[name], **_creation(declared_tables()[name]))
    return Database(client, names, lambda table: _records(streams, table), is_emulated=True)


@cache
def _client(service: str, endpoint: str) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    session = boto3.session.Session("test", "test", region_name=REGION)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


def _creation(declared: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's properties as CreateTable takes them."""
    wanted = {name: content for name, content in declared.items() if name not in NOT_ITS_OWN}
    if "StreamSpecification" in wanted:
        wanted["StreamSpecification"] = {"StreamEnabled": True} | wanted["StreamSpecification"]
    return wanted


def _records(streams: Any, table: str) -> list[Mapping[str, Any]]:
    """The stream from its beginning."""
    [stream] = streams.list_streams(TableName=table)["Streams"]
    arn, records = stream["StreamArn"], list[Mapping[str, Any]]()
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        records += _from(streams, place.get("ShardIterator"))
    return records


def _from(streams: Any, iterator: str | None) -> list[Mapping[str, Any]]:
    """What lies in one shard: an open shard goes on for ever, with pages of nothing."""
    records = list[Mapping[str, Any]]()
    while iterator:
        page = streams.get_records(ShardIterator=iterator)
        if not page["Records"]:
            break
        records += page["Records"]
        iterator = page.get("NextShardIterator")
    return records
