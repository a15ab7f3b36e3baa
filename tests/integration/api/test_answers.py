"""Every route of the JSON API once, with what it really answers: exactly the keys that docs/api.md documents."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.push_quantities.handler import handler as push_quantities
from functions.reconcile_listings.handler import handler as reconcile
from functions.write_ledger.handler import handler as write_ledger
from lastunit import bootstrap
from lastunit.domain.review import ExceptionKind, ExceptionRecord
from tests.channels.generic.simulator import GenericStore
from tests.support import documented_api
from tests.support.api_client import STORE, ApiClient, opened
from tests.support.aws.deployment import context
from tests.support.aws.streamed import StreamRecords

NOON = "2026-11-21T12:00:00+00:00"
EXCEPTION = "0123456789abcdef01234567"


@pytest.fixture
def store() -> Iterator[GenericStore]:
    with GenericStore(retry_seconds=()) as store:
        for name in ("shirt", "trio"):
            store.list_item(name, 0)
        yield store


@pytest.fixture
def api(aws: None, store: GenericStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    with opened(monkeypatch) as client:
        client.put("/channels/web", STORE | {"connection": dict(store.connection())})
        client.deployment.keep_secret("web", store.secret())
        yield client


def test_every_route_answers_with_exactly_the_documented_keys(api: ApiClient, store: GenericStore) -> None:
    """The client compares each answer with the documentation."""
    configure_stock(api)
    configure_channels(api)
    push(api)
    read_back(api, store)
    sell_and_ship(api)
    decide_requests(api)
    review(api)
    look_at_risk(api)
    subscribe(api)

    met = {documented_api.route_of(method, path) for method, path in api.met}
    assert set() == set(documented_api.routes()) - met


def configure_stock(api: ApiClient) -> None:
    place = {"location": "montreal"}
    api.get("/locations")
    api.put("/skus/shirt", {"low_stock": 50})
    api.put("/skus/trio", {"recipe": {"shirt": 3}})
    api.put("/skus/shirt/levels/montreal/bins/a", {"kind": "picking", "mark": 2})
    transfer = {
        "operation": "t-1",
        "sku": "shirt",
        "quantity": 2,
        "source": place,
        "destination": place | {"bin": "a"},
    }
    api.post("/transfers", transfer)
    api.get("/skus/shirt")


def configure_channels(api: ApiClient) -> None:
    web = "/channels/web"
    settings = {"kind": "generic", "connection": api.get(web)[1]["connection"]}
    api.get("/channels")
    api.post(f"{web}/preview", settings | {"buffer": 1})
    api.put(web, settings | {"takes_requests": True, "payment_minutes": 60})
    api.get(f"{web}/versions")
    api.turn_on("web")
    api.put(f"{web}/listings/trio", {"sku": "trio", "cap": 1})
    api.put(f"{web}/automatic-sync", {"on": True})
    for on in (True, False):
        api.put(f"{web}/pause", {"on": on})
        api.put("/pause", {"on": on})


def push(api: ApiClient) -> None:
    web = "/channels/web"
    for path in (web, f"{web}/listings/shirt", "/skus/shirt"):
        api.post(f"{path}/sync")
    api.post(f"{web}/coverage")
    api.get(f"{web}/coverage")
    api.post(f"{web}/poll")
    api.get(f"{web}/poll")
    for _ in range(2):  # The channel's message asks for its listings.
        work_off(api, api.deployment.pushes_url, push_quantities)
    assert api.get("/skus/shirt")[1]["listings"][0]["acknowledged"]


def read_back(api: ApiClient, store: GenericStore) -> None:
    web = "/channels/web"
    store.list_item("shirt", 77)
    api.post(f"{web}/reconcile")
    work_off(api, os.environ["RECONCILE_QUEUE_URL"], reconcile)
    assert 1 == len(api.get(f"{web}/drifts")[1])
    api.post(f"{web}/drifts/shirt", {"decision": "overwrite", "by": "ann"})


def work_off(api: ApiClient, url: str, function: Callable[[dict[str, Any], LambdaContext], Any]) -> None:
    """All messages of a queue in one batch."""
    attributes = {"ApproximateReceiveCount": "1"}
    records = [
        {"messageId": str(at), "receiptHandle": "", "body": json.dumps(body), "attributes": attributes}
        for at, body in enumerate(api.deployment.sent(url))
    ]
    function({"Records": records}, context())


def sell_and_ship(api: ApiClient) -> None:
    order, line = "/orders/web:1", {"line_id": "1", "quantity": 2}
    api.order(3)
    for shipment in ("s1", "s2"):
        api.post(f"{order}/shipments", {"shipment_id": shipment, "lines": [line]})
        if shipment == "s1":
            api.post(f"{order}/shipments/s1/confirm")
            api.post(f"{order}/shipments/s1/void")
    api.post(f"{order}/returns", {"return_id": "r1", "lines": {"1": 1}})
    api.post(f"{order}/returns/r1/receipt", {"location": "montreal"})
    api.post(f"{order}/returns/r1/inspection", {"lines": {"1": {"sellable": 1}}, "bin": "a"})
    api.get(order)
    api.post(
        "/orders/web:never/shipments", {"shipment_id": "early", "lines": [line | {"line_id": None, "sku": "tee"}]}
    )
    api.post("/orders/web:gone/cancel")
    for step in ("retry", "confirm"):
        api.post(f"{order}/{step}")


def decide_requests(api: ApiClient) -> None:
    asks = "/orders/web:asks"
    api.order(9, "asks", status="created")
    api.get("/review/requested")
    api.post(f"{asks}/decision", {"accept": True, "by": "ann", "lines": {"1": 8}})
    api.get(asks)
    api.post(f"{asks}/payment")


def review(api: ApiClient) -> None:
    bootstrap.hub().exceptions.record(
        ExceptionRecord(
            exception_id=EXCEPTION,
            kind=ExceptionKind.UNREADABLE_ORDER,
            channel="web",
            cause="lines: is no list",
            at=NOON,
            payload="{}",
        )
    )
    stream = StreamRecords(api.deployment.store)
    before = stream.level("shirt", "montreal")
    assert 200 == api.adjust(operation="more", quantity=2)[0]
    write_ledger({"Records": [before, stream.level("shirt", "montreal")]}, context())

    kinds = ("exception", "replenish", "low_stock")
    types = [{item["type"] for item in api.get(f"/review/{kind}")[1]} for kind in kinds]
    api.post(f"/exceptions/{EXCEPTION}/resolution", {"by": "ann"})

    assert [{"exception", "order"}, {"replenishment_task"}, {"low_stock"}] == types


def look_at_risk(api: ApiClient) -> None:
    bootstrap.hub().risks.keep({"shirt": 4}, bootstrap.hub().clock.now())
    api.get("/risk")
    api.get("/channels/web/delay")
    api.get("/risk/simulation", delay_seconds="60")


def subscribe(api: ApiClient) -> None:
    path = "/webhook-subscriptions/erp"
    api.put(path, {"url": "https://erp.shop.example/hook"})
    api.get(path)
    api.get("/webhook-subscriptions")
    api.call("DELETE", path)
