"""The handler of the streams: writes become entries of the ledger, tasks and announcements, however often told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.write_ledger.handler import handler
from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.review import LowStock, ReviewItem, ReviewKind
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind
from lastunit.domain.stock.replenishment import ReplenishmentTask
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.aws.deployment import Deployment, context, deployed
from tests.support.aws.streamed import StreamRecords
from tests.support.clock import NOON
from tests.support.orders.inputs import sold

Record = dict[str, Any]


@dataclass(slots=True)
class LedgerDeployment:
    """Shirts in montreal: one in the picking bin, whose mark is 2, and four in storage. Below 5 they are low."""

    deployment: Deployment
    heard_url: str

    def batch(self) -> list[Record]:
        """What the streams tell of the opening and of an order of three shirts."""
        stream = StreamRecords(self.deployment.store)
        adjust = bootstrap.hub().adjust_stock
        records = list[Record]()
        for bin, units in (
            (Bin(name="p", kind=BinKind.PICKING, mark=2), 1),
            (Bin(name="s", kind=BinKind.STORAGE), 4),
        ):
            adjust.put_bin("shirt", "montreal", bin)
            adjust.move(
                Adjustment(
                    operation=f"opening-{bin.name}",
                    reason=AdjustmentReason.RECEIVE,
                    sku="shirt",
                    location="montreal",
                    delta=units,
                    bin=bin.name,
                )
            )
            records.append(stream.level("shirt", "montreal"))
        bootstrap.hub().change_orders.apply([Incoming("order", sold({"shirt": 3}))])
        return [*records, stream.level("shirt", "montreal"), stream.order("web:1")]

    def ledger(self) -> list[dict[str, Any]]:
        """Without the operations, which are written with the stock itself."""
        rows = self.deployment.store.rows(self.deployment.store.tables.ledger)
        return sorted((row for row in rows if row["sk"] != "OPERATION"), key=lambda row: (row["pk"], row["sk"]))

    def waiting(self) -> list[ReviewItem]:
        kinds = ReviewKind.REPLENISH, ReviewKind.LOW_STOCK
        return [item for kind in kinds for item in bootstrap.hub().exceptions.review(kind, 9)]

    def task(self) -> ReplenishmentTask:
        """The first one that waits."""
        return next(item.subject for item in self.waiting() if isinstance(item.subject, ReplenishmentTask))

    def heard(self) -> list[dict[str, Any]]:
        """Events that came out of the bus since the last time."""
        return self.deployment.sent(self.heard_url)


@pytest.fixture
def shop(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LedgerDeployment]:
    with deployed(monkeypatch) as deployment:
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        bootstrap.hub().configure_channel.put_channel(Channel(name="web", kind="generic"))
        deployment.add_listing("shirt", "web")
        bootstrap.hub().configure_catalogue.put_sku(Sku(sku="shirt", low_stock=5))
        yield LedgerDeployment(deployment, listening(deployment))


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


def test_every_step_of_a_level_becomes_an_entry_and_their_sum_is_the_level(shop: LedgerDeployment) -> None:
    """Promise 8."""
    write(shop.batch())

    entries = [row for row in shop.ledger() if row["pk"] == "SKU#shirt#montreal"]
    level = shop.deployment.store.levels()[LevelKey("shirt", "montreal")]
    steps = [(row["seq"], row["on_hand"], row["available"], row["reserved"]) for row in entries]
    assert [(1, 1, 1, 0), (2, 4, 4, 0), (3, 0, -3, 3)] == steps
    sums = [sum(row[name] for row in entries) for name in ("on_hand", "available", "reserved")]
    assert [level.on_hand, level.available, level.reserved] == sums


def test_an_order_becomes_an_entry_of_its_commit(shop: LedgerDeployment) -> None:
    write(shop.batch())

    [entry] = [row for row in shop.ledger() if row["pk"].startswith("COMMIT#")]
    moved = {"shirt at montreal": {"on_hand": 0, "available": -3, "reserved": 3}}
    assert ("web:1", "reserved", moved, NOON.isoformat()) == tuple(
        entry[name] for name in ("order_id", "state", "units", "at")
    )


def test_a_level_below_what_it_should_hold_becomes_a_task_and_a_low_sku_is_listed(shop: LedgerDeployment) -> None:
    write(shop.batch())

    _, low = shop.waiting()
    task = shop.task()
    assert ("shirt", "montreal", "s", "p", 2) == (
        task.sku,
        task.location,
        task.take_from,
        task.put_into,
        task.quantity,
    )
    assert LowStock("shirt", 2, 5) == low.subject


def test_what_people_and_programs_wait_for_is_announced_on_the_bus(shop: LedgerDeployment) -> None:
    write(shop.batch())

    heard = shop.heard()
    types = [event["detail-type"] for event in heard]
    assert ["order.reserved", "stock.low", "stock.replenish"] == sorted(types)
    assert {"lastunit"} == {event["source"] for event in heard}
    assert types == [event["detail"]["type"] for event in heard]


def test_the_same_batch_again_changes_nothing_and_announces_under_the_same_ids(shop: LedgerDeployment) -> None:
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


def test_a_batch_that_is_cut_in_pieces_comes_to_the_same(shop: LedgerDeployment) -> None:
    """The stream halves a batch that failed and tells parts of it again."""
    records = shop.batch()
    write(records)
    whole = shop.ledger(), shop.task().quantity

    for record in records:
        write([record])

    assert whole == (shop.ledger(), shop.task().quantity)


def test_a_removed_row_is_no_event(shop: LedgerDeployment) -> None:
    gone = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "OldImage": {}, "ApproximateCreationDateTime": 0}}

    write([gone])

    assert ([], [], []) == (shop.ledger(), shop.waiting(), shop.heard())
