"""The handler that reads channels back, and the routes of drifts, against a store over HTTP."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from functions.api.handler import handler as api
from functions.push_quantities.handler import handler as push
from functions.reconcile_listings.handler import handler
from lastunit import bootstrap
from lastunit.adapters.dynamodb import rows
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from tests.channels.generic.simulator import GenericStore
from tests.support.aws.deployment import Deployment, context, deployed, http_event
from tests.support.listings.listed import acknowledged_quantity

EVENT = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}


@dataclass(frozen=True, slots=True)
class ReconcileDeployment:
    """Ten shirts in stock, and a store that was told so; nobody hears its webhooks."""

    deployment: Deployment
    store: GenericStore

    def work_off(self, url: str, function: Any) -> Any:
        """All messages of a queue in one batch."""
        messages = [json.dumps(body) for body in self.deployment.sent(url)]
        records = [
            {
                "messageId": str(at),
                "receiptHandle": "",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for at, body in enumerate(messages)
        ]
        return function({"Records": records}, context())

    def push(self) -> None:
        self.work_off(self.deployment.pushes_url, push)

    def reconcile(self) -> Any:
        return self.work_off(os.environ["RECONCILE_QUEUE_URL"], handler)

    def read_back(self) -> Any:
        handler(EVENT, context())
        return self.reconcile()

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = api(http_event(method, path, None if body is None else json.dumps(body)), context())
        return answer["statusCode"], json.loads(answer["body"])

    def decide(self, decision: str) -> Any:
        return self.call("POST", "/channels/web/drifts/shirt", {"decision": decision, "by": "ann"})

    @property
    def listing(self) -> Listing:
        return self.deployment.listing("shirt", "web")

    @property
    def drifts(self) -> list[tuple[str, int, int]]:
        return [
            (one["kind"], one["shown"], one["expected_shown"])
            for one in self.call("GET", "/channels/web/drifts")[1]
        ]


@pytest.fixture(scope="module")
def open_store() -> Iterator[GenericStore]:
    with GenericStore(retry_seconds=()) as store:
        yield store


@pytest.fixture
def shop(aws: None, open_store: GenericStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReconcileDeployment]:
    open_store.changes.clear()
    open_store.list_item("shirt", 0)
    with deployed(monkeypatch) as deployment:
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        deployment.connect(
            Channel(name="web", kind="generic", connection=open_store.connection()), open_store.secret()
        )
        deployment.add_listing("shirt", "web")
        bootstrap.hub().adjust_stock.move(
            Adjustment(
                operation="opening", reason=AdjustmentReason.RECEIVE, sku="shirt", location="montreal", delta=10
            )
        )
        deployment.sent(deployment.pushes_url)
        bootstrap.hub().manual_sync.channel("web")
        found = ReconcileDeployment(deployment, open_store)
        found.push()
        found.push()
        assert 10 == open_store.shelves["shirt"] == acknowledged_quantity(found.listing)
        yield found
    assert open_store.await_delivered()


def test_sales_that_no_webhook_reported_are_imported_and_are_no_drift(shop: ReconcileDeployment) -> None:
    shop.store.sell({"shirt": 3})

    answer = shop.read_back()

    assert ({"batchItemFailures": []}, []) == (answer, shop.drifts)
    assert (3, 7) == (shop.listing.sold, shop.deployment.store.levels()[LevelKey("shirt", "montreal")].available)


def test_a_number_edited_in_the_store_freezes_its_listing_until_a_person_decides(shop: ReconcileDeployment) -> None:
    """An edit on the channel is shown to a person, and never passes unnoticed."""
    shop.store.list_item("shirt", 4)

    shop.read_back()

    assert ([("edit", 4, 10)], True) == (shop.drifts, shop.listing.frozen)
    assert [] == shop.deployment.sent(shop.deployment.pushes_url)


def test_an_overwrite_restores_our_number_and_the_drift_is_gone(shop: ReconcileDeployment) -> None:
    shop.store.list_item("shirt", 4)
    shop.read_back()

    status, answer = shop.decide("overwrite")
    shop.push()
    shop.read_back()

    assert (200, "overwrite", "ann") == (status, answer["decision"], answer["decided_by"])
    assert (10, [], False) == (shop.store.shelves["shirt"], shop.drifts, shop.listing.frozen)


def test_an_adopted_number_is_acknowledged(shop: ReconcileDeployment) -> None:
    shop.store.list_item("shirt", 4)
    shop.read_back()

    status, _ = shop.decide("adopt")

    assert (200, 4, 0, False) == (
        status,
        shop.listing.expected_shown,
        shop.listing.unimported_sales(4),
        shop.listing.frozen,
    )
    shop.deployment.sent(shop.deployment.pushes_url)
    shop.read_back()
    assert [] == shop.drifts


def test_a_drift_is_decided_once_and_only_where_there_is_one(shop: ReconcileDeployment) -> None:
    nothing = shop.decide("adopt")
    shop.store.list_item("shirt", 4)
    shop.read_back()
    shop.decide("overwrite")

    status, answer = shop.decide("adopt")

    assert (404, "drift") == (nothing[0], nothing[1]["field"])
    assert (409, "ann", "overwrite") == (status, answer["by"], answer["decision"])


def test_a_decision_must_be_one_of_two_and_somebodys(shop: ReconcileDeployment) -> None:
    for body in ({"decision": "forget", "by": "ann"}, {"decision": "adopt"}, {"decision": "adopt", "by": ""}):
        assert 400 == shop.call("POST", "/channels/web/drifts/shirt", body)[0]


def test_a_person_may_have_a_channel_read_back_now(shop: ReconcileDeployment) -> None:
    shop.store.list_item("shirt", 12)

    answer = shop.call("POST", "/channels/web/reconcile")
    shop.reconcile()

    assert ((202, {"channel": "web"}), [("edit", 12, 10)]) == (answer, shop.drifts)


@pytest.mark.parametrize(("method", "path"), [("GET", "drifts"), ("POST", "reconcile")])
def test_a_channel_that_does_not_exist_is_not_found(shop: ReconcileDeployment, method: str, path: str) -> None:
    assert 404 == shop.call(method, f"/channels/nowhere/{path}")[0]


def test_a_segment_of_a_channel_that_does_not_answer_comes_again(shop: ReconcileDeployment) -> None:
    channel = Channel(name="down", kind="generic", connection={"base_url": "http://127.0.0.1:9/api"})
    shop.deployment.connect(channel, shop.store.secret())
    shop.deployment.add_listing("shirt", "down")
    row = rows.listing_key("shirt", "down", "shirt") | rows.encode({"acknowledged": {"quantity": 3, "sold": 0}})
    shop.deployment.store.client.put_item(TableName=shop.deployment.store.tables.stock, Item=row)

    answer = shop.read_back()

    assert 1 == len(answer["batchItemFailures"])
