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
from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.levels import Adjustment, Reason
from lastunit.domain.pushes import Failure
from lastunit.push import WORK_SECONDS
from lastunit.push_desk import CLAIM_SECONDS
from tests.channels.ebay import Ebay
from tests.channels.generic import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.channels.shopify import Shopify
from tests.deployment import Deployment, context, deployed

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
SKUS = ("hat", "shirt", "tie")
ROUNDS_MAX = 60


@dataclass(slots=True)
class Town:
    """Three marketplaces that list all SKUs, and a hub whose queue is worked off by hand."""

    deployment: Deployment
    markets: dict[str, Any]
    numbers: "count[int]" = field(default_factory=count)

    def connect(self) -> None:
        bootstrap.hub().configure.put_location(Location("montreal", 1))
        for kind, market in self.markets.items():
            market.webhook_url = "http://127.0.0.1:9/unused"
            self.deployment.connect(Channel(kind, kind, connection=market.connection()), market.secret())
            for sku in SKUS:
                market.list_item(sku, 0)
                self.deployment.lists(sku, kind, market.refs(sku))
        for sku in SKUS:
            self.move(sku, 20)

    def move(self, sku: str, units: int) -> None:
        act = Adjustment(f"op-{next(self.numbers)}", Reason.CORRECT, sku, "montreal", units)
        bootstrap.hub().adjust_stock.move(act)

    def tasks(self) -> list[dict[str, str]]:
        return [{"sku": sku, "channel": kind, "listing": sku} for kind in self.markets for sku in SKUS]

    def push(self, tasks: list[dict[str, str]] | None = None) -> tuple[list[dict[str, str]], list[int]]:
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
def town(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    with deployed(monkeypatch) as deployment, ExitStack() as stack:
        markets = {"ebay": Ebay(seed=1), "generic": GenericStore(seed=2), "shopify": Shopify(seed=3)}
        for market in markets.values():
            stack.enter_context(market)
        found = Town(deployment, markets)
        found.connect()
        deployment.sent(deployment.pushes_url)
        yield found


def everywhere(**numbers: int) -> dict[str, dict[str, int]]:
    return {kind: dict(numbers) for kind in ("ebay", "generic", "shopify")}


def test_every_channel_is_told_in_its_own_form(town: Town) -> None:
    again, _ = town.push()

    assert ([], everywhere(hat=20, shirt=20, tie=20)) == (again, town.shown())


def test_what_is_confirmed_costs_no_call(town: Town) -> None:
    town.push()
    calls = {kind: len(market.calls) for kind, market in town.markets.items()}

    again, _ = town.push()

    assert ([], calls) == (again, {kind: len(market.calls) for kind, market in town.markets.items()})


def test_a_sale_that_is_not_imported_yet_is_never_listed_again(town: Town) -> None:
    town.push()
    for number, market in enumerate(town.markets.values(), 1):
        market.sell({"shirt": number})
    for left in (19, 18):
        town.move("shirt", -1)
        town.push()
        expected = {"ebay": left - 1, "generic": left - 2, "shopify": left - 3}
        assert expected == {kind: shelves["shirt"] for kind, shelves in town.shown().items()}


def test_a_throttled_channel_is_left_alone_as_long_as_it_asks(town: Town) -> None:
    town.markets["generic"].misbehaviour = Misbehaviour(throttled=1.0, retry_after_seconds=7.0)

    again, pauses = town.push()

    assert [{"sku": sku, "channel": "generic", "listing": sku} for sku in SKUS] == sorted(again, key=str)
    assert ([7, 7, 7], everywhere(hat=20, shirt=20, tie=20)["ebay"]) == (pauses, town.shown()["ebay"])


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
    town: Town, fault: Misbehaviour
) -> None:
    town.push()
    town.misbehave(lambda: fault)

    for units in (2, -22):
        town.move("shirt", units)
        town.move("hat", -1)
        town.settle()
        left = town.deployment.store.levels()["shirt", "montreal"].available
        assert [left] * 3 == [shelves["shirt"] for shelves in town.shown().values()]

    assert everywhere(hat=18, shirt=0, tie=20) == town.shown()


@pytest.mark.parametrize("kind", ["ebay", "generic", "shopify"])
def test_a_listing_that_is_gone_fails_none_of_the_others(town: Town, kind: str) -> None:
    town.deployment.lists("scarf", kind, GONE.get(kind, {}))
    town.deployment.sent(town.deployment.pushes_url)

    again, _ = town.push([*town.tasks(), {"sku": "scarf", "channel": kind, "listing": "scarf"}])

    error = town.deployment.listing("scarf", kind).last_error
    assert ([], everywhere(hat=20, shirt=20, tie=20)) == (again, town.shown())
    assert Failure.GONE is (error and error.failure)


GONE = {
    "shopify": {
        "inventory_item_id": "gid://shopify/InventoryItem/1",
        "location_id": "gid://shopify/Location/124656943",
    }
}


def test_a_channel_that_cannot_be_reached_waits_and_the_others_do_not(town: Town) -> None:
    channel = bootstrap.hub().settings.channel("generic")
    assert channel
    closed = Channel("generic", "generic", connection={"base_url": "http://127.0.0.1:9/api"})
    bootstrap.hub().configure.put_channel(closed)

    again, pauses = town.push()

    assert ({"generic"}, 3) == ({task["channel"] for task in again}, len(pauses))
    assert [20, 0, 20] == [shelves["tie"] for shelves in town.shown().values()]


def test_a_changed_channel_is_asked_for_listing_by_listing(town: Town) -> None:
    again, _ = town.push([{"channel": "ebay", "after": None}])  # type: ignore[dict-item]

    asked = town.deployment.sent(town.deployment.pushes_url)
    assert ([], [{"sku": sku, "channel": "ebay", "listing": sku} for sku in SKUS]) == (again, asked)


def test_a_channel_that_cannot_be_asked_for_listing_by_listing_comes_again_alone(town: Town) -> None:
    def not_stored(parsed: dict[str, Any], **_: object) -> None:
        parsed["Failed"] = [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]

    events = bootstrap.hub().pushes_queue._client.meta.events
    events.register("after-call.sqs.SendMessageBatch", not_stored)
    whole_channel: Any = {"channel": "ebay", "after": None}

    again, pauses = town.push([whole_channel, *town.tasks()])

    assert ([whole_channel], 1, everywhere(hat=20, shirt=20, tie=20)) == (again, len(pauses), town.shown())


def test_a_claim_outlives_the_function_that_made_it() -> None:
    template, _ = decode.decode(str(TEMPLATE))
    timeout_seconds = template["Resources"]["PushQuantitiesFunction"]["Properties"]["Timeout"]

    assert WORK_SECONDS < timeout_seconds < CLAIM_SECONDS
