"""The handler of the pushes queue against three marketplaces over HTTP, on their worse days."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cfnlint import decode

from functions.push_quantities.handler import handler
from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.push_protocol import Failure
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.use_cases.listings.push.claimed_listings import CLAIM_SECONDS
from lastunit.use_cases.listings.push.push_quantities import WORK_SECONDS
from lastunit.use_cases.messages import PushChannelMessage
from tests.channels.ebay.simulator import Ebay
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.channels.shopify.simulator import Shopify
from tests.support.aws.deployment import Deployment, context, deployed
from tests.support.messages import content, push

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
SKUS = ("hat", "shirt", "tie")
ROUNDS_MAX = 60


@dataclass(slots=True)
class PushDeployment:
    """Three marketplaces that list all SKUs, and a hub whose queue is worked off by hand."""

    deployment: Deployment
    markets: dict[str, Any]
    numbers: "count[int]" = field(default_factory=count)

    def connect(self) -> None:
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        for kind, market in self.markets.items():
            market.webhook_url = "http://127.0.0.1:9/unused"
            self.deployment.connect(Channel(name=kind, kind=kind, connection=market.connection()), market.secret())
            for sku in SKUS:
                market.list_item(sku, 0)
                self.deployment.add_listing(sku, kind, market.refs(sku))
        for sku in SKUS:
            self.move(sku, 20)

    def move(self, sku: str, units: int) -> None:
        act = Adjustment(
            operation=f"op-{next(self.numbers)}",
            reason=AdjustmentReason.CORRECT,
            sku=sku,
            location="montreal",
            delta=units,
        )
        bootstrap.hub().adjust_stock.move(act)

    def tasks(self) -> list[dict[str, Any]]:
        return [content(push(sku, kind)) for kind in self.markets for sku in SKUS]

    def push(self, tasks: list[dict[str, Any]] | None = None) -> tuple[list[dict[str, Any]], list[int]]:
        """One batch of the queue: what came back, and after which pauses."""
        asked, pauses = self.tasks() if tasks is None else tasks, list[int]()
        for task in asked:
            self.deployment.sqs.send_message(QueueUrl=self.deployment.pushes_url, MessageBody=json.dumps(task))
        records = self._take(len(asked))
        events = bootstrap.hub().pushes_queue._client.meta.events
        events.register(PAUSING, lambda params, **_: pauses.append(params["VisibilityTimeout"]), unique_id="pauses")
        answer = handler({"Records": list(records.values())}, context())
        events.unregister(PAUSING, unique_id="pauses")
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for record in records.values():
            handle = record["receiptHandle"]
            self.deployment.sqs.delete_message(QueueUrl=self.deployment.pushes_url, ReceiptHandle=handle)
        return [json.loads(records[key]["body"]) for key in records if key in failed], pauses

    def _take(self, size: int) -> dict[str, dict[str, Any]]:
        records = dict[str, dict[str, Any]]()
        while len(records) < size:
            answer = self.deployment.sqs.receive_message(
                QueueUrl=self.deployment.pushes_url, MaxNumberOfMessages=10, AttributeNames=["All"]
            )
            for message in answer["Messages"]:
                records[message["MessageId"]] = {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                }
        return records

    def settle(self) -> None:
        """As the queue does: what came back is tried until nothing does."""
        tasks = self.tasks()
        for _ in range(ROUNDS_MAX):
            tasks, _pauses = self.push(tasks)
            if not tasks:
                return
        raise AssertionError(f"still waiting: {tasks}")

    def shown(self) -> dict[str, dict[str, int]]:
        return {kind: dict(market.shelves) for kind, market in self.markets.items()}

    def misbehave(self, make: Callable[[], Misbehaviour]) -> None:
        for market in self.markets.values():
            market.misbehaviour = make()


PAUSING = "provide-client-params.sqs.ChangeMessageVisibility"


@pytest.fixture
def shop(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushDeployment]:
    with deployed(monkeypatch) as deployment, ExitStack() as stack:
        markets = {"ebay": Ebay(seed=1), "generic": GenericStore(seed=2), "shopify": Shopify(seed=3)}
        for market in markets.values():
            stack.enter_context(market)
        found = PushDeployment(deployment, markets)
        found.connect()
        deployment.sent(deployment.pushes_url)
        yield found


def everywhere(**numbers: int) -> dict[str, dict[str, int]]:
    return {kind: dict(numbers) for kind in ("ebay", "generic", "shopify")}


def test_every_channel_is_pushed_in_its_own_form(shop: PushDeployment) -> None:
    again, _ = shop.push()

    assert ([], everywhere(hat=20, shirt=20, tie=20)) == (again, shop.shown())


def test_what_is_confirmed_costs_no_call(shop: PushDeployment) -> None:
    shop.push()
    calls = {kind: len(market.calls) for kind, market in shop.markets.items()}

    again, _ = shop.push()

    assert ([], calls) == (again, {kind: len(market.calls) for kind, market in shop.markets.items()})


def test_a_sale_that_is_not_imported_yet_is_never_listed_again(shop: PushDeployment) -> None:
    shop.push()
    for number, market in enumerate(shop.markets.values(), 1):
        market.sell({"shirt": number})
    for left in (19, 18):
        shop.move("shirt", -1)
        shop.push()
        expected = {"ebay": left - 1, "generic": left - 2, "shopify": left - 3}
        assert expected == {kind: shelves["shirt"] for kind, shelves in shop.shown().items()}


def test_a_throttled_channel_is_left_alone_as_long_as_it_asks(shop: PushDeployment) -> None:
    shop.markets["generic"].misbehaviour = Misbehaviour(throttled=1.0, retry_after_seconds=7.0)

    again, pauses = shop.push()

    assert [content(push(sku, "generic")) for sku in SKUS] == sorted(again, key=str)
    assert ([7, 7, 7], everywhere(hat=20, shirt=20, tie=20)["ebay"]) == (pauses, shop.shown()["ebay"])


@pytest.mark.parametrize(
    "fault",
    [
        Misbehaviour(throttled=0.4, retry_after_seconds=0.0),
        Misbehaviour(broken=0.4),
        Misbehaviour(lost=0.4),
        Misbehaviour(throttled=0.2, broken=0.2, lost=0.2, retry_after_seconds=0.0),
    ],
    ids=["throttled", "broken", "lost", "all"],
)
def test_whatever_befalls_the_calls_every_channel_shows_the_right_number_in_the_end(
    shop: PushDeployment, fault: Misbehaviour
) -> None:
    shop.push()
    shop.misbehave(lambda: fault)

    for units in (2, -22):
        shop.move("shirt", units)
        shop.move("hat", -1)
        shop.settle()
        left = shop.deployment.store.levels()[LevelKey("shirt", "montreal")].available
        assert [left] * 3 == [shelves["shirt"] for shelves in shop.shown().values()]

    assert everywhere(hat=18, shirt=0, tie=20) == shop.shown()


@pytest.mark.parametrize("kind", ["ebay", "generic", "shopify"])
def test_a_listing_that_is_gone_fails_none_of_the_others(shop: PushDeployment, kind: str) -> None:
    shop.deployment.add_listing("scarf", kind, GONE.get(kind, {}))
    shop.deployment.sent(shop.deployment.pushes_url)

    again, _ = shop.push([*shop.tasks(), content(push("scarf", kind))])

    error = shop.deployment.listing("scarf", kind).last_error
    assert ([], everywhere(hat=20, shirt=20, tie=20)) == (again, shop.shown())
    assert Failure.GONE is (error and error.failure)


GONE = {
    "shopify": {
        "inventory_item_id": "gid://shopify/InventoryItem/1",
        "location_id": "gid://shopify/Location/124656943",
    }
}


def test_a_channel_that_cannot_be_reached_waits_and_the_others_do_not(shop: PushDeployment) -> None:
    channel = bootstrap.hub().settings.channel("generic")
    assert channel
    closed = Channel(name="generic", kind="generic", connection={"base_url": "http://127.0.0.1:9/api"})
    bootstrap.hub().configure_channel.put_channel(closed)

    again, pauses = shop.push()

    assert ({"generic"}, 3) == ({task["channel"] for task in again}, len(pauses))
    assert [20, 0, 20] == [shelves["tie"] for shelves in shop.shown().values()]


def test_a_changed_channel_is_asked_for_listing_by_listing(shop: PushDeployment) -> None:
    again, _ = shop.push([content(PushChannelMessage(channel="ebay"))])

    asked = shop.deployment.sent(shop.deployment.pushes_url)
    assert ([], [content(push(sku, "ebay")) for sku in SKUS]) == (again, asked)


def test_a_channel_that_cannot_be_asked_for_listing_by_listing_comes_again_alone(shop: PushDeployment) -> None:
    def not_stored(parsed: dict[str, Any], **_: object) -> None:
        parsed["Failed"] = [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]

    events = bootstrap.hub().pushes_queue._client.meta.events
    events.register("after-call.sqs.SendMessageBatch", not_stored)
    whole_channel = content(PushChannelMessage(channel="ebay"))

    again, pauses = shop.push([whole_channel, *shop.tasks()])

    assert ([whole_channel], 1, everywhere(hat=20, shirt=20, tie=20)) == (again, len(pauses), shop.shown())


def test_a_claim_outlives_the_function_that_made_it() -> None:
    template, _ = decode.decode(str(TEMPLATE))
    timeout_seconds = template["Resources"]["PushQuantitiesFunction"]["Properties"]["Timeout"]

    assert WORK_SECONDS < timeout_seconds < CLAIM_SECONDS
