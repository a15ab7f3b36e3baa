"""The handler of the polls, and their routes, against a store whose webhooks nobody hears."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from functions.api.handler import handler as api
from functions.poll_channels.handler import handler
from lastunit import bootstrap
from lastunit.adapters import items
from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.levels import Adjustment, Reason
from lastunit.domain.lifecycle import State
from lastunit.domain.polling import Position
from tests.channels.generic import GenericStore
from tests.deployment import Deployment, context, deployed, http_event

EVENT = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}


@dataclass(frozen=True, slots=True)
class Town:
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
        return self.deployment.store.levels()["shirt", "montreal"].available

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
def town(aws: None, open_store: GenericStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    open_store.changes.clear()
    open_store.orders.clear()
    open_store.list_item("shirt", 10)
    with deployed(monkeypatch) as deployment:
        bootstrap.hub().configure.put_location(Location("montreal", 1))
        deployment.connect(Channel("web", "generic", connection=open_store.connection()), open_store.secret())
        deployment.lists("shirt", "web")
        bootstrap.hub().adjust_stock.move(Adjustment("opening", Reason.RECEIVE, "shirt", "montreal", 10))
        deployment.sent(deployment.pushes_url)
        yield Town(deployment, open_store)
    assert open_store.await_delivered()


def test_orders_cancels_and_parcels_that_no_webhook_told_are_imported(town: Town) -> None:
    """Rule 1.2-1: orders that do not reach the system lead to overselling."""
    kept, cancelled, shipped = (town.store.sell({"shirt": units}) for units in (1, 2, 3))
    town.run()
    before = town.available
    town.store.cancel(cancelled)
    town.store.ship(shipped, {"shirt": 3})

    town.run()

    expected = {f"web:{kept}": State.RESERVED, f"web:{cancelled}": State.CANCELLED, f"web:{shipped}": State.SHIPPED}
    assert (4, 6, expected) == (before, town.available, town.states)
    assert [] == town.deployment.store.broken_promises()


def test_a_second_run_changes_nothing(town: Town) -> None:
    town.store.sell({"shirt": 1})
    town.run()
    rows = town.deployment.store.rows(town.deployment.store.tables.orders)

    town.run()

    assert rows == town.deployment.store.rows(town.deployment.store.tables.orders)
    assert (2, 2, 1) == (town.position.begun, town.position.done, town.position.found)


def test_listings_that_waited_are_asked_for_once_the_poll_has_ended(town: Town) -> None:
    row = items.unsettled_key("shirt", "web", "shirt") | {"poll": items.value(0)}
    town.deployment.store.client.put_item(TableName=town.deployment.store.tables.stock, Item=row)

    town.run()

    asked = town.deployment.sent(town.deployment.pushes_url)
    assert [{"sku": "shirt", "channel": "web", "listing": "shirt"}] == asked


def test_a_store_without_an_order_list_is_shown_as_the_cause(town: Town) -> None:
    with GenericStore(retry_seconds=(), lists_orders=False) as store:
        town.deployment.connect(Channel("old", "generic", connection=store.connection()), store.secret())
        town.store.sell({"shirt": 1})

        town.run()

    status, shown = town.call("GET", "/channels/old/poll")
    assert (200, 1, 0) == (status, shown["begun"], shown["done"])
    assert "has no order list" in shown["last_error"]
    assert 9 == town.available


def test_a_person_may_poll_now_and_see_how_far_it_came(town: Town) -> None:
    order = town.store.sell({"shirt": 1})
    changed_at = town.store.changes["orders", order].at

    polled = town.call("POST", "/channels/web/poll")
    shown = town.call("GET", "/channels/web/poll")

    assert (200, True, 1) == (polled[0], polled[1]["ended"], polled[1]["found_now"])
    expected = {"begun": 1, "done": 1, "cursor": changed_at.isoformat(), "found": 1, "last_error": None, "held": []}
    assert (200, expected) == (shown[0], {name: shown[1][name] for name in expected})
    assert 9 == town.available


def test_before_the_first_poll_there_is_nothing_to_show(town: Town) -> None:
    status, shown = town.call("GET", "/channels/web/poll")

    assert (200, 0, 0, None) == (status, shown["begun"], shown["done"], shown["polled_at"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_channel_that_does_not_exist_is_not_found(town: Town, method: str) -> None:
    status, answer = town.call(method, "/channels/nowhere/poll")

    assert (404, "channel") == (status, answer["field"])


def test_an_order_that_cannot_be_read_waits_for_a_person_and_is_read_once_more(town: Town) -> None:
    order = town.store.sell({"shirt": 1})
    good = town.store.changes["orders", order]
    town.store.changes["orders", order] = type(good)(good.number, {**good.data, "lines": "?"})
    town.run()
    [row] = town.call("GET", "/waiting/exception")[1]
    exception_id = row["pk"].removeprefix("EXCEPTION#")
    held = town.position
    town.store.changes["orders", order] = good
    bootstrap.hub().resolve_exception(exception_id, "ann", retry=True)

    town.run()

    assert (0, [exception_id], 10 - 1) == (held.done, list(held.held), town.available)
    assert (2, {}) == (town.position.done, town.position.held)
