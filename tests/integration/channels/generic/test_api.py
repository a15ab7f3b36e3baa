"""The generic channel over real HTTP against the simulated store."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from lastunit.adapters.http import UrllibClient
from lastunit.channels.generic.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Push, Refused, Shown, Target
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot, SnapshotLine
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.channels.generic.simulator import GenericStore, new_secret
from tests.channels.marketplace import SoldOut
from tests.support.clock import SystemClock


@dataclass(slots=True)
class WebhookInbox:
    """Receives webhooks on loopback and keeps them as they arrived."""

    received: list[WebhookRequest] = field(default_factory=list)
    refusals: int = 0  # how many deliveries are answered 503 first
    url: str = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(WebhookRequest(method=request.method, headers=headers, body=request.get_data()))
        status = 503 if len(self.received) <= self.refusals else 202
        return Response(status=status)(environ, start_response)


@pytest.fixture
def hub() -> Iterator[WebhookInbox]:
    hub = WebhookInbox()
    server = make_server("127.0.0.1", 0, hub, threaded=True)
    hub.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def open_store() -> Iterator[GenericStore]:
    with GenericStore(retry_seconds=(0.01, 0.01)) as store:
        yield store


@pytest.fixture
def store(open_store: GenericStore, hub: WebhookInbox) -> Iterator[GenericStore]:
    """The one open store with everything in it made anew: stopping a server per test costs half a second."""
    fresh = GenericStore()
    for name in ("misbehaviour", "shelves", "history", "versions", "orders", "recorded", "changes"):
        setattr(open_store, name, getattr(fresh, name))
    open_store.webhook_url, open_store.webhook_secrets = hub.url, fresh.webhook_secrets
    open_store.list_item("TEE", 10)
    open_store.list_item("MUG", 4)
    yield open_store
    assert open_store.await_delivered()


def api(store: GenericStore, **secrets: object) -> Api:
    channel = Channel(name="shop", kind="generic", connection=store.connection())
    return Api(channel, store.secret() | secrets, UrllibClient(), SystemClock(), {})


def shown(store: GenericStore, *names: str) -> list[ListingResult]:
    return api(store).read([Target(name, store.refs(name)) for name in names])


def push(name: str, quantity: int, version: str | None, key: str = "k1") -> Push:
    return Push(target=Target(name), quantity=quantity, key=key, version=version)


def events(store: GenericStore, hub: WebhookInbox) -> list[ChannelEvent]:
    assert store.await_delivered()
    reader = api(store)
    found: list[ChannelEvent] = []
    for request in hub.received:
        reader.verify(request)
        notification = reader.parse(request)
        assert isinstance(notification, Notification)
        assert "Ada" not in json.dumps(dict(notification.payload))
        found += reader.orders(notification)
    return found


def reported(store: GenericStore, hub: WebhookInbox) -> list[OrderSnapshot]:
    """The orders the hub understood, by revision."""
    snapshots = [event for event in events(store, hub) if isinstance(event, OrderSnapshot)]
    return sorted(snapshots, key=lambda snapshot: snapshot.revision)


def parcels(store: GenericStore, hub: WebhookInbox) -> list[ShipmentNotice]:
    """The shipments and voids the hub understood, by id."""
    shipments = [event for event in events(store, hub) if isinstance(event, ShipmentNotice)]
    return sorted(shipments, key=lambda one: (one.shipment_id, one.voided))


def failures(answers: list[ListingResult]) -> list[Failure]:
    return [answer.failure for answer in answers if isinstance(answer, Refused)]


def test_a_sale_arrives_as_two_revisions_of_one_order(store: GenericStore, hub: WebhookInbox) -> None:
    order_id = store.sell({"TEE": 2, "MUG": 1})

    revisions = reported(store, hub)

    lines = (SnapshotLine("1", ("TEE",), 2), SnapshotLine("2", ("MUG",), 1))
    assert [(order_id, f"{number:020d}", lines) for number in (1, 2)] == [
        (one.external_id, one.revision, one.lines) for one in revisions
    ]
    assert [False, True] == [one.paid for one in revisions]
    assert {"TEE": 8, "MUG": 3} == store.shelves


def test_an_edit_reports_the_new_lines_and_moves_the_shelf_by_the_difference(
    store: GenericStore, hub: WebhookInbox
) -> None:
    order_id = store.sell({"TEE": 2})
    store.edit(order_id, {"TEE": 1, "MUG": 4})

    last = reported(store, hub)[-1]

    assert (SnapshotLine("1", ("TEE",), 1), SnapshotLine("2", ("MUG",), 4)) == last.lines
    assert {"TEE": 9, "MUG": 0} == store.shelves


def test_a_cancel_puts_the_units_back_and_says_so(store: GenericStore, hub: WebhookInbox) -> None:
    order_id = store.sell({"TEE": 2})
    store.cancel(order_id)

    last = reported(store, hub)[-1]

    assert (
        OrderSnapshot(
            channel="shop",
            external_id=order_id,
            revision=f"{3:020d}",
            lines=(),
            cancelled=True,
            restocked=True,
            cancel_is_final=False,
        )
        == last
    )
    assert 10 == store.shelves["TEE"]


def test_parcels_are_reported_with_their_ids_lines_and_places_and_leave_the_shelf_alone(
    store: GenericStore, hub: WebhookInbox
) -> None:
    order_id = store.sell({"TEE": 3, "MUG": 1})
    first = store.ship(order_id, {"TEE": 2}, location="montreal")
    second = store.ship(order_id, {"TEE": 1, "MUG": 1}, shipment_id="P-2")

    seen = parcels(store, hub)

    tee, mug = ("1", ("TEE",)), ("2", ("MUG",))
    assert [
        (first, (ShippedLine(2, *tee),), "montreal"),
        (second, (ShippedLine(1, *tee), ShippedLine(1, *mug)), None),
    ] == [(one.shipment_id, one.lines, one.location) for one in seen]
    assert {order_id} == {one.external_id for one in seen}
    assert all(one.shipped_at for one in seen)
    assert {"TEE": 7, "MUG": 3} == store.shelves


def test_a_void_names_the_parcel_that_stays(store: GenericStore, hub: WebhookInbox) -> None:
    order_id = store.sell({"TEE": 2})
    parcel = store.ship(order_id, {"TEE": 2})
    store.void(order_id, parcel)

    seen = parcels(store, hub)

    assert (
        ShipmentNotice(channel="shop", external_id=order_id, shipment_id=parcel, lines=(), voided=True) == seen[-1]
    )
    assert f"{order_id}-2" == store.ship(order_id, {"TEE": 2})  # The id is not used for another parcel.


def test_a_cancel_puts_back_what_was_not_sent(store: GenericStore) -> None:
    order_id = store.sell({"TEE": 3, "MUG": 1})
    store.ship(order_id, {"TEE": 2, "CAP": 1})

    store.cancel(order_id)

    assert {"TEE": 8, "MUG": 4} == store.shelves


def test_a_retry_keeps_the_event_id(store: GenericStore, hub: WebhookInbox) -> None:
    hub.refusals = 1
    store.sell({"TEE": 1})

    reported(store, hub)

    assert 3 == len(hub.received)
    assert 2 == len({request.headers["webhook-id"] for request in hub.received})


def test_during_a_rotation_the_old_secret_and_the_new_one_both_verify(
    store: GenericStore, hub: WebhookInbox
) -> None:
    old, new = store.webhook_secrets[0], new_secret()
    store.rotate(new)
    store.sell({"TEE": 1})
    assert store.await_delivered()

    for secrets in ([old], [new], [old, new]):
        api(store, webhook_secrets=secrets).verify(hub.received[0])


def test_the_last_units_are_sold_once_from_eight_threads(store: GenericStore) -> None:
    def buy(_: int) -> bool:
        try:
            store.sell({"TEE": 1})
        except SoldOut:
            return False
        return True

    with ThreadPoolExecutor(8) as buyers:
        sold = list(buyers.map(buy, range(16)))

    assert 10 == sum(sold)
    assert 0 == store.shelves["TEE"]
    assert 10 == len(store.orders)


def test_a_push_with_the_read_version_sets_the_shelf(store: GenericStore) -> None:
    [before] = shown(store, "TEE")
    assert Shown(10, "1") == before

    answers = api(store).write([push("TEE", 7, "1")])

    assert [Shown(7, "2")] == answers
    assert answers == shown(store, "TEE")


def test_a_sale_the_hub_has_not_seen_makes_the_push_stale(store: GenericStore) -> None:
    store.sell({"TEE": 1})

    [answer] = api(store).write([push("TEE", 10, "1")])

    assert isinstance(answer, Refused)
    assert (Failure.STALE, Shown(9, "2")) == (answer.failure, answer.current)
    assert 9 == store.shelves["TEE"]


def test_after_a_conflict_the_same_number_can_be_pushed_on_the_new_version(store: GenericStore) -> None:
    store.sell({"TEE": 1})
    api(store).write([push("TEE", 5, "1")])

    answers = api(store).write([push("TEE", 5, "2")])

    assert [Shown(5, "3")] == answers


def test_one_listing_that_fails_does_not_fail_its_batch(store: GenericStore) -> None:
    answers = api(store).write([push("GHOST", 1, None), push("TEE", -1, "1"), push("MUG", 3, "1")])

    assert [Failure.GONE, Failure.INVALID] == failures(answers)
    assert Shown(3, "2") == answers[2]


def test_a_location_the_store_does_not_have_is_not_stocked(store: GenericStore) -> None:
    answers = api(store).write([Push(target=Target("TEE", {"location": "moon"}), quantity=1, key="k1")])

    assert [Failure.NOT_STOCKED] == failures(answers)
    assert [Failure.TRANSIENT] == failures(api(store).read([Target("TEE", {"location": "moon"})]))


def test_unknown_listings_are_gone_when_read(store: GenericStore) -> None:
    assert [Failure.GONE] == failures(shown(store, "TEE", "GHOST"))


def test_a_retry_of_a_push_whose_answer_was_lost_applies_once(store: GenericStore) -> None:
    store.misbehaviour.lost = 1.0
    with pytest.raises(OutcomeUnknown):
        api(store).write([push("TEE", 7, None)])
    store.misbehaviour.lost = 0.0
    store.sell({"TEE": 1})

    answers = api(store).write([push("TEE", 7, None)])

    assert [Shown(7, "2")] == answers
    assert 6 == store.shelves["TEE"]


def test_a_throttled_store_is_left_alone_for_as_long_as_it_asks(store: GenericStore) -> None:
    store.misbehaviour.throttled, store.misbehaviour.retry_after_seconds = 1.0, 2.5

    with pytest.raises(Throttled) as pause:
        api(store).write([push("TEE", 7, "1")])

    assert 2.5 == pause.value.retry_after_seconds
    assert 10 == store.shelves["TEE"]


def test_a_broken_store_is_unavailable(store: GenericStore) -> None:
    store.misbehaviour.broken = 1.0

    with pytest.raises(ChannelUnavailable):
        shown(store, "TEE")


def test_a_store_that_is_down_was_not_reached(store: GenericStore) -> None:
    channel = Channel(name="shop", kind="generic", connection={"base_url": "http://127.0.0.1:1"})

    with pytest.raises(NotSent):
        Api(channel, store.secret(), UrllibClient(), SystemClock(), {}).read([Target("TEE")])


def test_the_store_refuses_our_calls_signed_with_another_secret(store: GenericStore) -> None:
    stranger = api(store, push_secret=new_secret())

    with pytest.raises(ChannelUnavailable, match="401"):
        stranger.write([push("TEE", 7, "1")])
    with pytest.raises(ChannelUnavailable, match="401"):
        stranger.read([Target("TEE")])
    assert 10 == store.shelves["TEE"]


class TestStore:
    """The simulator itself refuses what the contract forbids."""

    def put(self, store: GenericStore, content: object, key: str = "key-1") -> HttpResponse:
        body = json.dumps(content)
        signer = GenericStore(webhook_secrets=[store.push_secret])
        headers = {**signer.signed("msg_1", body).headers} | ({"Idempotency-Key": key} if key else {})
        url = f"{store.url}/api/inventory/levels"
        return UrllibClient().request("PUT", url, headers=headers, body=body.encode())

    def item(self, **changes: object) -> dict[str, object]:
        return {"sku": "TEE", "location": "main", "quantity": 3} | changes

    def test_a_batch_above_the_limit_is_refused_whole(self, store: GenericStore) -> None:
        items = [self.item(sku=f"S{number}") for number in range(101)]

        assert 400 == self.put(store, {"items": items}).status

    @pytest.mark.parametrize(
        "content",
        [
            [],
            {},
            {"items": []},
            {"items": [{"sku": "TEE", "location": "main"}]},
            {"items": [{"sku": "TEE", "location": "main", "quantity": 3, "if_version": "1"}]},
            {"items": [{"sku": "TEE", "location": "main", "quantity": 3, "colour": "red"}]},
            {"items": [{"sku": "TEE", "location": "main", "quantity": 3}] * 2},
        ],
    )
    def test_a_malformed_batch_is_refused_whole(self, store: GenericStore, content: object) -> None:
        assert 400 == self.put(store, content).status
        assert 10 == store.shelves["TEE"]

    def test_a_push_without_an_idempotency_key_is_refused(self, store: GenericStore) -> None:
        assert 400 == self.put(store, {"items": [self.item()]}, key="").status

    def test_an_idempotency_key_replays_its_answer_and_refuses_another_body(self, store: GenericStore) -> None:
        first = self.put(store, {"items": [self.item()]})
        again = self.put(store, {"items": [self.item()]})
        other = self.put(store, {"items": [self.item(quantity=4)]})

        assert (200, first.body, 422) == (again.status, again.body, other.status)
        assert [10, 3] == [change.quantity for change in store.history if change.name == "TEE"]

    def test_reading_nothing_or_too_much_is_refused(self, store: GenericStore) -> None:
        signer = GenericStore(webhook_secrets=[store.push_secret])
        for query in ("", "&".join(f"sku={number}" for number in range(101))):
            url = f"{store.url}/api/inventory/levels?{query}"
            answer = UrllibClient().request("GET", url, headers=signer.signed("msg_1", "").headers)
            assert 400 == answer.status

    def test_an_order_is_cancelled_once(self, store: GenericStore) -> None:
        order_id = store.sell({"TEE": 1})
        store.cancel(order_id)

        with pytest.raises(ValueError, match=order_id):
            store.cancel(order_id)
        assert 10 == store.shelves["TEE"]

    def test_an_edit_beyond_the_shelf_changes_nothing(self, store: GenericStore) -> None:
        order_id = store.sell({"TEE": 1})

        with pytest.raises(SoldOut):
            store.edit(order_id, {"TEE": 2, "MUG": 5})
        assert {"TEE": 9, "MUG": 4} == store.shelves
