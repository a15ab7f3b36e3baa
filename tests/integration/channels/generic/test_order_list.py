"""The order list of the simulated store over real HTTP: complete, stable, and equal to what the webhooks said."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channels.generic.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, OutcomeUnknown, Throttled
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.channels.generic.simulator import GenericStore, new_secret
from tests.support.clock import SystemClock


@pytest.fixture(scope="module")
def open_store() -> Iterator[GenericStore]:
    """Nobody hears its webhooks, which are tried once and kept in `posted`."""
    with GenericStore(webhook_url="http://127.0.0.1:9/nobody", retry_seconds=()) as store:
        store.list_item("TEE", 1000)
        store.list_item("MUG", 1000)
        yield store


@pytest.fixture
def store(open_store: GenericStore) -> Iterator[GenericStore]:
    open_store.changes.clear()
    open_store.posted.clear()
    yield open_store
    assert open_store.await_delivered()


def api(store: GenericStore, **secrets: object) -> Api:
    channel = Channel(name="shop", kind="generic", connection=store.connection())
    return Api(channel, store.secret() | secrets, UrllibClient(), SystemClock(), {})


def since(minutes: float = 5) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def listed(store: GenericStore, start: datetime | None = None) -> OrdersPage:
    return api(store).orders_since(start or since(), None)


def announced(store: GenericStore) -> list[ChannelEvent]:
    """What the hub would have made of the webhooks that got lost."""
    assert store.await_delivered()
    reader = api(store)
    requests = [WebhookRequest(method="POST", headers=one.headers, body=one.body) for one in store.posted]
    notifications = [found for request in requests if (found := reader.parse(request))]
    return [event for one in notifications for event in reader.orders(one)]


def last_reported(events: list[ChannelEvent]) -> set[ChannelEvent]:
    """The newest version of each order, and of each parcel that it was voided, if it was."""
    orders = {one.external_id: one for one in sorted(_snapshots(events), key=lambda one: one.revision)}
    parcels = [one for one in events if isinstance(one, ShipmentNotice)]
    latest = {one.shipment_id: one for one in sorted(parcels, key=lambda one: one.voided)}
    return {*orders.values(), *latest.values()}


def _snapshots(events: list[ChannelEvent]) -> list[OrderSnapshot]:
    return [one for one in events if isinstance(one, OrderSnapshot)]


def ask(store: GenericStore, query: dict[str, Any], signed_with: str = "") -> HttpResponse:
    signer = GenericStore(webhook_secrets=[signed_with or store.push_secret])
    url = f"{store.url}/api/orders?{urlencode(query)}"
    return UrllibClient().request("GET", url, headers=signer.signed("msg_1", "").headers)


def test_the_list_reports_what_the_webhooks_said_though_none_of_them_arrived(store: GenericStore) -> None:
    kept, edited, cancelled, sent = (store.sell({"TEE": 2, "MUG": 1}) for _ in range(4))
    store.edit(edited, {"TEE": 1})
    store.cancel(cancelled)
    parcel = store.ship(sent, {"TEE": 2}, location="montreal")
    store.ship(sent, {"MUG": 1})
    store.void(sent, parcel)

    page = listed(store)

    assert last_reported(announced(store)) == set(page.events)
    assert (6, (), None) == (len(page.events), page.unreadable, page.next)
    assert {kept, edited, cancelled, sent} == {one.external_id for one in page.events}


def test_changes_are_reported_oldest_first_and_an_order_that_changes_again_moves_to_the_end(
    store: GenericStore,
) -> None:
    first, second = store.sell({"TEE": 1}), store.sell({"TEE": 1})
    store.edit(first, {"TEE": 2})

    page = listed(store)

    assert [second, first] == [one.external_id for one in page.events]
    assert list(store.changes.values())[-1].at == page.latest


def test_the_bound_is_inclusive(store: GenericStore) -> None:
    order_id = store.sell({"TEE": 1})
    at = store.changes["orders", order_id].at

    assert 1 == len(listed(store, at).events)
    assert 0 == len(listed(store, at + timedelta(microseconds=1)).events)


def test_every_order_is_reported_although_orders_change_between_the_pages(store: GenericStore) -> None:
    sold = [store.sell({"TEE": 1}) for _ in range(250)]
    shop, start, reported, page = api(store), since(), set[str](), None

    for number in range(4):
        found = shop.orders_since(start, page)
        reported |= {one.external_id for one in found.events}
        # By counting positions the next page would begin too late, for these leave theirs.
        store.edit(sold[number], {"TEE": 2})
        page = found.next
        if page is None:
            break

    assert set(sold) == reported
    assert page is None


def test_a_page_lost_on_its_way_is_asked_for_again(store: GenericStore) -> None:
    order_id = store.sell({"TEE": 1})
    store.misbehaviour.lost = 1.0
    with pytest.raises(OutcomeUnknown):
        listed(store)
    store.misbehaviour.lost = 0.0

    assert [order_id] == [one.external_id for one in listed(store).events]


def test_a_throttled_store_is_left_alone_for_as_long_as_it_asks(store: GenericStore) -> None:
    store.misbehaviour.throttled, store.misbehaviour.retry_after_seconds = 1.0, 2.5

    with pytest.raises(Throttled) as pause:
        listed(store)

    store.misbehaviour.throttled = 0.0
    assert 2.5 == pause.value.retry_after_seconds


def test_a_store_that_has_no_list_says_so(store: GenericStore) -> None:
    store.lists_orders = False

    with pytest.raises(ChannelUnavailable, match="no order list"):
        listed(store)

    store.lists_orders = True


def test_the_list_is_shown_to_nobody_who_does_not_sign(store: GenericStore) -> None:
    store.sell({"TEE": 1})

    with pytest.raises(ChannelUnavailable, match="401"):
        api(store, push_secret=new_secret()).orders_since(since(), None)
    assert 401 == ask(store, {"updated_since": since().isoformat()}, signed_with=new_secret()).status


@pytest.mark.parametrize(
    "wrong",
    [
        {"updated_since": ""},
        {"updated_since": "yesterday"},
        {"updated_since": "2026-08-01T12:00:00"},
        {"cursor": "-1"},
        {"cursor": "abc"},
        {"cursor": "999999999"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "all"},
    ],
)
def test_a_malformed_question_is_refused(store: GenericStore, wrong: dict[str, str]) -> None:
    answer = ask(store, {"updated_since": since().isoformat()} | wrong)

    assert (400, next(iter(wrong))) == (answer.status, json.loads(answer.body)["error"]["field"])
