"""The events of `tests/events` through the built functions, each in a process that has nothing else to import."""

import json
import os
import site
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.full_coverage import CoverageCounts, CoverageRun
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.use_cases.messages import CoverSegmentMessage
from tests.channels.generic.simulator import GenericStore
from tests.channels.shopify.simulator import Shopify
from tests.support.aws.deployment import Deployment, deployed
from tests.support.aws.moto_server import serving_moto
from tests.support.clock import NOON
from tests.support.listings.listed import acknowledged_quantity
from tests.support.messages import content, push

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "tests" / "events"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
# What Lambda's python3.13 brings along; the layer must bring everything else.
RUNTIME_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
INVOKE = """
import importlib, json, sys
from types import SimpleNamespace

name, event, *sys.path[:0] = sys.argv[1:]
context = SimpleNamespace(
    function_name=name, memory_limit_in_mb=512, aws_request_id="request-1",
    invoked_function_arn="arn:aws:lambda:eu-west-1:000000000000:function:" + name,
)
answer = importlib.import_module(f"functions.{name}.handler").handler(json.load(open(event)), context)
print("answer", json.dumps(answer))
"""


@dataclass(frozen=True, slots=True)
class BuiltDeployment:
    """As much of the demo's shop as the events speak of: ten posters, sold on Shopify and in the own store."""

    deployment: Deployment
    store: GenericStore
    build: Path
    runtime: Path
    endpoint: str

    def invoke(self, function: str) -> Any:
        logical_id = "".join(word.title() for word in function.split("_")) + "Function"
        folders = [self.build / logical_id, self.build / "LastunitLayer" / "python", self.runtime]
        event = str(EVENTS / f"{function}.json")
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-I", "-S", "-c", INVOKE, function, event, *map(str, folders)],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout.rpartition("answer ")[2])

    def _environment(self) -> dict[str, str]:
        ours = ("_TABLE", "_QUEUE_URL", "SECRETS_PREFIX", "EVENT_BUS_NAME")
        variables = {name: value for name, value in os.environ.items() if name.endswith(ours)}
        variables |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return variables | {"AWS_ENDPOINT_URL": self.endpoint, "POWERTOOLS_SERVICE_NAME": "lastunit"}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(next(path for path in site.getsitepackages() if Path(path, "boto3").is_dir()))
    for name in RUNTIME_PACKAGES:
        (folder / name).symlink_to(installed / name)
    return folder


@pytest.fixture
def shop(host_build: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BuiltDeployment]:
    with mock_aws(), deployed(monkeypatch) as deployment, GenericStore() as store, serving_moto() as endpoint:
        shopify = Shopify(port=9)
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        deployment.connect(
            Channel(name="shopify", kind="shopify", connection=shopify.connection()), shopify.secret()
        )
        deployment.connect(Channel(name="own-store", kind="generic", connection=store.connection()), store.secret())
        store.list_item("POSTER", 0)
        shopify.list_item("POSTER", 0)
        deployment.add_listing("POSTER", "own-store")
        deployment.add_listing("POSTER", "shopify", shopify.refs("POSTER"))
        bootstrap.hub().adjust_stock.move(
            Adjustment(
                operation="opening", reason=AdjustmentReason.RECEIVE, sku="POSTER", location="montreal", delta=10
            )
        )
        deployment.sent(deployment.pushes_url)
        yield BuiltDeployment(deployment, store, host_build, runtime, endpoint)


def test_there_is_one_event_for_each_function() -> None:
    assert FUNCTIONS == sorted(path.stem for path in EVENTS.glob("*.json"))


def test_the_webhook_is_accepted_and_queued(shop: BuiltDeployment) -> None:
    answer = shop.invoke("receive_webhook")

    messages = shop.deployment.sent(shop.deployment.orders_url)
    assert (200, {"status": "accepted"}) == (answer["statusCode"], json.loads(answer["body"]))
    assert [("shopify", "820982911946154501")] == [(one["channel"], one["order_id"]) for one in messages]
    assert not any(word in json.dumps(messages) for word in ("Bea", "buyer@example.com"))


def test_the_api_shows_the_sku(shop: BuiltDeployment) -> None:
    answer = shop.invoke("api")

    view = json.loads(answer["body"])
    assert (200, "POSTER", [10, 10]) == (
        answer["statusCode"],
        view["sku"],
        [listing["quantity"] for listing in view["listings"]],
    )


def test_the_order_is_reserved(shop: BuiltDeployment) -> None:
    answer = shop.invoke("process_orders")

    level = shop.deployment.store.levels()[LevelKey("POSTER", "montreal")]
    assert ({"batchItemFailures": []}, 9, 1) == (answer, level.available, level.reserved)
    assert State.RESERVED is shop.deployment.store.orders()["own-store:EVENT-1"].state


def test_the_change_of_stock_asks_for_a_push_on_each_channel(shop: BuiltDeployment) -> None:
    answer = shop.invoke("track_stock")

    asked = shop.deployment.sent(shop.deployment.pushes_url)
    since = "2026-11-21T12:00:00+00:00"
    pushes = [content(push("POSTER", channel, since=since)) for channel in ("own-store", "shopify")]
    assert (None, pushes) == (answer, asked)


def test_the_push_is_acknowledged(shop: BuiltDeployment) -> None:
    answer = shop.invoke("push_quantities")

    acknowledged = acknowledged_quantity(shop.deployment.listing("POSTER", "own-store"))
    assert ({"batchItemFailures": []}, {"POSTER": 10}, 10) == (answer, shop.store.shelves, acknowledged)


def test_the_change_of_stock_becomes_an_entry_of_the_ledger(shop: BuiltDeployment) -> None:
    answer = shop.invoke("write_ledger")

    rows = shop.deployment.store.rows(shop.deployment.store.tables.ledger)
    entries = [row for row in rows if row["pk"] == "SKU#SAMPLE#montreal"]
    assert (None, [("000000000002", -2, 2, "orders 0f3c")]) == (
        answer,
        [(row["sk"], row["available"], row["reserved"], row["cause"]) for row in entries],
    )


def test_an_order_whose_webhook_was_lost_is_found(shop: BuiltDeployment) -> None:
    shop.store.list_item("POSTER", 1)
    shop.store.sell({"POSTER": 1})

    shop.invoke("poll_channels")

    assert 9 == shop.deployment.store.levels()[LevelKey("POSTER", "montreal")].available


def test_a_segment_of_listings_is_read_back(shop: BuiltDeployment) -> None:
    shop.invoke("push_quantities")
    shop.store.list_item("POSTER", 4)

    answer = shop.invoke("reconcile_listings")

    assert ({"batchItemFailures": []}, ["edit"]) == (
        answer,
        [drift.kind.value for drift in bootstrap.hub().drifts.of("own-store")],
    )


def test_no_order_is_due(shop: BuiltDeployment) -> None:
    shop.invoke("expire_orders")

    assert [] == shop.deployment.sent(shop.deployment.orders_url)


def test_a_run_by_hand_is_begun(shop: BuiltDeployment) -> None:
    bootstrap.hub().ask_for_coverage.start("own-store")

    shop.invoke("run_full_coverage")

    [run] = bootstrap.hub().coverages.runs("own-store", 10)
    assert [content(CoverSegmentMessage(channel="own-store", run=run.slot))] == shop.deployment.sent(
        os.environ["COVERAGE_QUEUE_URL"]
    )


def test_the_segment_is_overwritten(shop: BuiltDeployment) -> None:
    bootstrap.hub().coverages.start(CoverageRun(channel="own-store", slot=NOON.isoformat(), started_at=NOON))

    answer = shop.invoke("cover_listings")

    [run] = bootstrap.hub().coverages.runs("own-store", 10)
    assert ({"batchItemFailures": []}, {"POSTER": 10}) == (answer, shop.store.shelves)
    assert CoverageCounts(listings=1, changed=1) == (run.report and run.report.counts)


def test_an_announcement_that_no_address_wants_is_done_with(shop: BuiltDeployment) -> None:
    answer = shop.invoke("deliver_webhooks")

    assert {"batchItemFailures": []} == answer
