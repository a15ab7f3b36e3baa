"""The handler of the polls, and their routes, against a store whose webhooks nobody hears."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from functions.api.handler import handler as api
from functions.poll_channels.handler import handler
from lastunit import bootstrap
from lastunit.adapters.dynamodb import rows
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.order_watermark import Position
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from tests.channels.generic.simulator import GenericStore
from tests.support.aws.deployment import Deployment, context, deployed, http_event
from tests.support.messages import content, push

EVENT = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}


@dataclass(frozen=True, slots=True)
class PollDeployment:
    """Ten shirts, in a store that sells them and in the hub's only location."""

    deployment: Deployment
    store: GenericStore

    def run(self) -> None:
        handler(EVENT, context())

    def call(self, method: str, path: str) -> Any:
        answer = api(http_event(method, path), context())
        return answer["statusCode"], json.loads(answer["body"])

    @property
    def available(self) -> int:
        return self.deployment.store.levels()[LevelKey("shirt", "montreal")].available

    @property
    def position(self) -> Position:
        return bootstrap.hub().polls.position("web")

    @property
    def states(self) -> dict[str, State]:
        return {key: order.state for key, order in self.deployment.store.orders().items()}


@pytest.fixture(scope="module")
def open_store() -> Iterator[GenericStore]:
    with GenericStore(retry_seconds=()) as store:
        yield store


@pytest.fixture
def shop(aws: None, open_store: GenericStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[PollDeployment]:
    open_store.changes.clear()
    open_store.orders.clear()
    open_store.list_item("shirt", 10)
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
        yield PollDeployment(deployment, open_store)
    assert open_store.await_delivered()


def test_orders_cancels_and_parcels_that_no_webhook_reported_are_imported(shop: PollDeployment) -> None:
    """Rule 1.2-1: orders that do not reach the system lead to overselling."""
    kept, cancelled, shipped = (shop.store.sell({"shirt": units}) for units in (1, 2, 3))
    shop.run()
    before = shop.available
    shop.store.cancel(cancelled)
    shop.store.ship(shipped, {"shirt": 3})

    shop.run()

    expected = {f"web:{kept}": State.RESERVED, f"web:{cancelled}": State.CANCELLED, f"web:{shipped}": State.SHIPPED}
    assert (4, 6, expected) == (before, shop.available, shop.states)
    assert [] == shop.deployment.store.broken_promises()


def test_a_second_run_changes_nothing(shop: PollDeployment) -> None:
    shop.store.sell({"shirt": 1})
    shop.run()
    stored = shop.deployment.store.rows(shop.deployment.store.tables.orders)

    shop.run()

    assert stored == shop.deployment.store.rows(shop.deployment.store.tables.orders)
    assert (2, 2, 1) == (shop.position.begun, shop.position.done, shop.position.found)


def test_listings_that_waited_are_asked_for_once_the_poll_has_ended(shop: PollDeployment) -> None:
    row = rows.awaiting_poll_key("shirt", "web", "shirt") | {"poll": rows.value(0)}
    shop.deployment.store.client.put_item(TableName=shop.deployment.store.tables.stock, Item=row)

    shop.run()

    asked = shop.deployment.sent(shop.deployment.pushes_url)
    assert [content(push("shirt"))] == asked


def test_a_store_without_an_order_list_is_shown_as_the_cause(shop: PollDeployment) -> None:
    with GenericStore(retry_seconds=(), lists_orders=False) as store:
        shop.deployment.connect(Channel(name="old", kind="generic", connection=store.connection()), store.secret())
        shop.store.sell({"shirt": 1})

        shop.run()

    status, shown = shop.call("GET", "/channels/old/poll")
    assert (200, 1, 0) == (status, shown["begun"], shown["watermark"])
    assert "has no order list" in shown["last_error"]
    assert 9 == shop.available


def test_a_person_may_poll_now_and_see_how_far_it_came(shop: PollDeployment) -> None:
    order = shop.store.sell({"shirt": 1})
    changed_at = shop.store.changes["orders", order].at

    polled = shop.call("POST", "/channels/web/poll")
    shown = shop.call("GET", "/channels/web/poll")

    assert (200, True, 1) == (polled[0], polled[1]["ended"], polled[1]["found_now"])
    expected = {
        "begun": 1,
        "watermark": 1,
        "cursor": changed_at.isoformat(),
        "found": 1,
        "last_error": None,
        "unimported": [],
    }
    assert (200, expected) == (shown[0], {name: shown[1][name] for name in expected})
    assert 9 == shop.available


def test_before_the_first_poll_there_is_nothing_to_show(shop: PollDeployment) -> None:
    status, shown = shop.call("GET", "/channels/web/poll")

    assert (200, 0, 0, None) == (status, shown["begun"], shown["watermark"], shown["polled_at"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_channel_that_does_not_exist_is_not_found(shop: PollDeployment, method: str) -> None:
    status, answer = shop.call(method, "/channels/nowhere/poll")

    assert (404, "channel") == (status, answer["field"])


def test_an_order_that_cannot_be_read_waits_for_a_person_and_is_read_once_more(shop: PollDeployment) -> None:
    order = shop.store.sell({"shirt": 1})
    good = shop.store.changes["orders", order]
    shop.store.changes["orders", order] = type(good)(good.number, {**good.data, "lines": "?"})
    shop.run()
    [item] = shop.call("GET", "/review/exception")[1]
    exception_id = item["exception_id"]
    held = shop.position
    shop.store.changes["orders", order] = good
    bootstrap.hub().resolve_exception.resolve(exception_id, "ann", retry=True)

    shop.run()

    assert (0, [exception_id], 10 - 1) == (held.done, list(held.unimported), shop.available)
    assert (2, {}) == (shop.position.done, shop.position.unimported)
