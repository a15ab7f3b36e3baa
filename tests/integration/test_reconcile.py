"""The handler that reads channels back, and the routes of drifts, against a store over HTTP."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from functions.api.handler import handler as api
from functions.push_quantities.handler import handler as push
from functions.reconcile.handler import handler
from lastunit import bootstrap
from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.exposure import Listing
from lastunit.domain.levels import Adjustment, Reason
from tests.channels.generic import GenericStore
from tests.deployment import Deployment, context, deployed, http_event

EVENT = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}


@dataclass(frozen=True, slots=True)
class Town:
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
        return [(one["kind"], one["shown"], one["believed"]) for one in self.call("GET", "/channels/web/drifts")[1]]


@pytest.fixture(scope="module")
def open_store() -> Iterator[GenericStore]:
    with GenericStore(retry_seconds=()) as store:
        yield store


@pytest.fixture
def town(aws: None, open_store: GenericStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    open_store.changes.clear()
    open_store.list_item("shirt", 0)
    with deployed(monkeypatch) as deployment:
        bootstrap.hub().configure.put_location(Location("montreal", 1))
        deployment.connect(Channel("web", "generic", connection=open_store.connection()), open_store.secret())
        deployment.lists("shirt", "web")
        bootstrap.hub().adjust_stock.move(Adjustment("opening", Reason.RECEIVE, "shirt", "montreal", 10))
        deployment.sent(deployment.pushes_url)
        bootstrap.hub().manual_sync.channel("web")
        found = Town(deployment, open_store)
        found.push()
        found.push()
        assert 10 == open_store.shelves["shirt"] == found.listing.acknowledged
        yield found
    assert open_store.await_delivered()


def test_sales_that_no_webhook_told_are_imported_and_are_no_drift(town: Town) -> None:
    town.store.sell({"shirt": 3})

    answer = town.read_back()

    assert ({"batchItemFailures": []}, []) == (answer, town.drifts)
    assert (3, 7) == (town.listing.sold, town.deployment.store.levels()["shirt", "montreal"].available)


def test_a_number_edited_in_the_store_freezes_its_listing_until_a_person_decides(town: Town) -> None:
    """Complaint 14."""
    town.store.list_item("shirt", 4)

    town.read_back()

    assert ([("edit", 4, 10)], True) == (town.drifts, town.listing.frozen)
    assert [] == town.deployment.sent(town.deployment.pushes_url)


def test_an_overwrite_restores_our_number_and_the_drift_is_gone(town: Town) -> None:
    town.store.list_item("shirt", 4)
    town.read_back()

    status, answer = town.decide("overwrite")
    town.push()
    town.read_back()

    assert (200, "overwrite", "ann") == (status, answer["decision"], answer["decided_by"])
    assert (10, [], False) == (town.store.shelves["shirt"], town.drifts, town.listing.frozen)


def test_an_adopted_number_is_believed(town: Town) -> None:
    town.store.list_item("shirt", 4)
    town.read_back()

    status, _ = town.decide("adopt")

    assert (200, 4, 0, False) == (status, town.listing.believed, town.listing.unseen(4), town.listing.frozen)
    town.deployment.sent(town.deployment.pushes_url)
    town.read_back()
    assert [] == town.drifts


def test_a_drift_is_decided_once_and_only_where_there_is_one(town: Town) -> None:
    nothing = town.decide("adopt")
    town.store.list_item("shirt", 4)
    town.read_back()
    town.decide("overwrite")

    status, answer = town.decide("adopt")

    assert (404, "drift") == (nothing[0], nothing[1]["field"])
    assert (409, "ann", "overwrite") == (status, answer["by"], answer["decision"])


def test_a_decision_must_be_one_of_two_and_somebodys(town: Town) -> None:
    for body in ({"decision": "forget", "by": "ann"}, {"decision": "adopt"}, {"decision": "adopt", "by": ""}):
        assert 400 == town.call("POST", "/channels/web/drifts/shirt", body)[0]


def test_a_person_may_have_a_channel_read_back_now(town: Town) -> None:
    town.store.list_item("shirt", 12)

    answer = town.call("POST", "/channels/web/reconcile")
    town.reconcile()

    assert ((202, {"channel": "web"}), [("edit", 12, 10)]) == (answer, town.drifts)


@pytest.mark.parametrize(("method", "path"), [("GET", "drifts"), ("POST", "reconcile")])
def test_a_channel_that_does_not_exist_is_not_found(town: Town, method: str, path: str) -> None:
    assert 404 == town.call(method, f"/channels/nowhere/{path}")[0]


def test_a_segment_of_a_channel_that_does_not_answer_comes_again(town: Town) -> None:
    channel = Channel("down", "generic", connection={"base_url": "http://127.0.0.1:9/api"})
    town.deployment.connect(channel, town.store.secret())
    town.deployment.lists("shirt", "down")
    key = {"pk": {"S": "SKU#shirt"}, "sk": {"S": "ON#down#shirt"}, "acknowledged": {"N": "3"}}
    town.deployment.store.client.put_item(TableName=town.deployment.store.tables.stock, Item=key)

    answer = town.read_back()

    assert 1 == len(answer["batchItemFailures"])
