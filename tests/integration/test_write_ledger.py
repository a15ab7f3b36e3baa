"""The handler of the streams: writes become entries of the ledger, tasks and announcements, however often told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.write_ledger.handler import handler
from lastunit import bootstrap
from lastunit.change_orders import Incoming
from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.levels import Adjustment, Bin, BinKind, Reason
from tests.deployment import Deployment, context, deployed
from tests.fakes import NOON, sold
from tests.streamed import Stream

Record = dict[str, Any]


@dataclass(slots=True)
class Shop:
    """Shirts in montreal: one in the picking bin, whose mark is 2, and four in storage. Below 5 they are low."""

    deployment: Deployment
    heard_url: str

    def batch(self) -> list[Record]:
        """What the streams tell of the opening and of an order of three shirts."""
        stream = Stream(self.deployment.store)
        adjust = bootstrap.hub().adjust_stock
        records = list[Record]()
        for bin, units in ((Bin("p", BinKind.PICKING, mark=2), 1), (Bin("s", BinKind.STORAGE), 4)):
            adjust.put_bin("shirt", "montreal", bin)
            adjust.move(Adjustment(f"opening-{bin.name}", Reason.RECEIVE, "shirt", "montreal", units, bin.name))
            records.append(stream.level("shirt", "montreal"))
        bootstrap.hub().change_orders([Incoming("order", sold({"shirt": 3}))])
        return [*records, stream.level("shirt", "montreal"), stream.order("web:1")]

    def ledger(self) -> list[dict[str, Any]]:
        """Without the operations, which are written with the stock itself."""
        rows = self.deployment.store.rows(self.deployment.store.tables.ledger)
        return sorted((row for row in rows if row["sk"] != "OPERATION"), key=lambda row: (row["pk"], row["sk"]))

    def waiting(self) -> list[dict[str, Any]]:
        return [row for kind in ("replenish", "low_stock") for row in bootstrap.hub().exceptions.waiting(kind, 9)]

    def heard(self) -> list[dict[str, Any]]:
        """Events that came out of the bus since the last time."""
        return self.deployment.sent(self.heard_url)


@pytest.fixture
def shop(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with deployed(monkeypatch) as deployment:
        bootstrap.hub().configure.put_location(Location("montreal", 1))
        bootstrap.hub().configure.put_channel(Channel("web", "generic"))
        deployment.lists("shirt", "web")
        bootstrap.hub().configure.put_sku(Sku("shirt", low_stock=5))
        yield Shop(deployment, listening(deployment))


def listening(deployment: Deployment) -> str:
    """A queue that gets whatever is announced."""
    url = deployment.sqs.create_queue(QueueName="heard")["QueueUrl"]
    names = deployment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events = boto3.client("events")
    pattern = json.dumps({"source": ["lastunit"]})
    events.put_rule(Name="all", EventBusName="announcements", EventPattern=pattern)
    arn = names["Attributes"]["QueueArn"]
    events.put_targets(Rule="all", EventBusName="announcements", Targets=[{"Id": "1", "Arn": arn}])
    return url


def write(records: list[Record]) -> None:
    handler({"Records": records}, context())


def test_every_step_of_a_level_becomes_an_entry_and_their_sum_is_the_level(shop: Shop) -> None:
    """Promise 8."""
    write(shop.batch())

    entries = [row for row in shop.ledger() if row["pk"] == "SKU#shirt#montreal"]
    level = shop.deployment.store.levels()["shirt", "montreal"]
    steps = [(row["seq"], row["on_hand"], row["available"], row["reserved"]) for row in entries]
    assert [(1, 1, 1, 0), (2, 4, 4, 0), (3, 0, -3, 3)] == steps
    sums = [sum(row[name] for row in entries) for name in ("on_hand", "available", "reserved")]
    assert [level.on_hand, level.available, level.reserved] == sums


def test_an_order_becomes_an_entry_of_its_commit(shop: Shop) -> None:
    write(shop.batch())

    [entry] = [row for row in shop.ledger() if row["pk"].startswith("COMMIT#")]
    moved = {"shirt at montreal": {"on_hand": 0, "available": -3, "reserved": 3}}
    assert ("web:1", "reserved", moved, NOON.isoformat()) == tuple(
        entry[name] for name in ("order_id", "state", "units", "at")
    )


def test_a_level_below_what_it_should_hold_becomes_a_task_and_a_low_sku_is_listed(shop: Shop) -> None:
    write(shop.batch())

    task, low = shop.waiting()
    assert ("shirt", "montreal", "s", "p", 2) == tuple(
        task[name] for name in ("sku", "location", "take_from", "put_into", "quantity")
    )
    assert ("shirt", 2, 5) == tuple(low[name] for name in ("sku", "available", "low_stock"))


def test_what_people_and_programs_wait_for_is_announced_on_the_bus(shop: Shop) -> None:
    write(shop.batch())

    heard = shop.heard()
    types = [event["detail-type"] for event in heard]
    assert ["order.reserved", "stock.low", "stock.replenish"] == sorted(types)
    assert {"lastunit"} == {event["source"] for event in heard}
    assert types == [event["detail"]["type"] for event in heard]


def test_the_same_batch_again_changes_nothing_and_announces_under_the_same_ids(shop: Shop) -> None:
    records = shop.batch()
    write(records)
    first, before = shop.heard(), (shop.ledger(), shop.waiting())

    write(records)

    again = shop.heard()
    assert before == (shop.ledger(), shop.waiting())
    # That a SKU is low is told only once; of the rest, who listens recognises the ids.
    assert identities(first) - {("stock.low", low(first))} == identities(again)


def identities(heard: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(event["detail-type"], event["detail"]["id"]) for event in heard}


def low(heard: list[dict[str, Any]]) -> str:
    return next(str(event["detail"]["id"]) for event in heard if event["detail-type"] == "stock.low")


def test_a_batch_that_is_cut_in_pieces_comes_to_the_same(shop: Shop) -> None:
    """The stream halves a batch that failed and tells parts of it again."""
    records = shop.batch()
    write(records)
    whole = shop.ledger(), shop.waiting()[0]["quantity"]

    for record in records:
        write([record])

    assert whole == (shop.ledger(), shop.waiting()[0]["quantity"])


def test_a_removed_row_tells_nothing(shop: Shop) -> None:
    gone = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "OldImage": {}, "ApproximateCreationDateTime": 0}}

    write([gone])

    assert ([], [], []) == (shop.ledger(), shop.waiting(), shop.heard())
