"""ShipStation's module against a simulated ShipStation over real HTTP: what it signs, refuses, pages and limits."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shipstation.api import Api
from lastunit.channels.shipstation.settings import Connection, Secret
from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    BadSignature,
    ChannelUnavailable,
    ForbiddenAddress,
    OutcomeUnknown,
    Throttled,
    UnreadableOrder,
)
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import WebhookRequest
from tests.channels.shipstation.fakes import ShipStationWebhookEndpoint, serving
from tests.channels.shipstation.simulator import V1, V2, ShipStation, new_key
from tests.channels.shipstation.wire import Parcel
from tests.support.clock import FakeClock

KEY = new_key()
LINES = {"line-1": ("TEE", 6), "line-2": ("CAP", 1)}


@dataclass(slots=True)
class WebhookSetup:
    """A ShipStation and a hub that hears it. `memory` is that of the hub's process."""

    station: ShipStation
    hub: ShipStationWebhookEndpoint
    clock: FakeClock
    memory: dict[str, Any] = field(default_factory=dict)

    def connect(self) -> Api:
        channel = Channel(name="warehouse", kind="shipstation", connection=self.station.connection())
        return Api(channel, self.station.secret(), UrllibClient(), self.clock, self.memory)

    def notifications(self) -> list[Notification]:
        assert self.station.await_delivered(10)
        return self.hub.received

    def events(self) -> list[list[ChannelEvent]]:
        return [list(self.connect().orders(one)) for one in self.notifications()]


def set_up(version: str, **settings: Any) -> Iterator[WebhookSetup]:
    clock = FakeClock()
    station = ShipStation(
        api_version=version,
        stores="12345=shopify,678=ebay",
        warehouses="77=montreal,78=laval",
        retry_seconds=(0.01, 0.02),
        now=clock.now,
        key=KEY,
        seconds=lambda: clock.time.timestamp(),
        **settings,
    )
    with station:
        made = WebhookSetup(station, ShipStationWebhookEndpoint(lambda: made.connect()), clock)
        with serving(made.hub) as hub:
            station.register(hub.url)
            yield made


@pytest.fixture(params=[V1, V2])
def setup(request: pytest.FixtureRequest) -> Iterator[WebhookSetup]:
    yield from set_up(request.param)


@pytest.fixture
def v1() -> Iterator[WebhookSetup]:
    yield from set_up(V1)


@pytest.fixture
def v2() -> Iterator[WebhookSetup]:
    yield from set_up(V2)


def test_what_the_simulator_hands_to_the_hub_passes_the_hubs_own_checks(setup: WebhookSetup) -> None:
    Connection.model_validate(setup.station.connection())
    Secret.model_validate(setup.station.secret())


def test_a_shipment_is_reported_with_its_lines_its_place_and_its_time(setup: WebhookSetup) -> None:
    shipment_id = setup.station.ship("1001", LINES)

    ((event,),) = setup.events()

    lines = (ShippedLine(6, "line-1", ("TEE",)), ShippedLine(1, "line-2", ("CAP",)))
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert event == ShipmentNotice(
        channel="shopify",
        external_id="1001",
        shipment_id=shipment_id,
        lines=lines,
        location="montreal",
        shipped_at=at,
        tracking=tracking_digests(setup.station.sent[shipment_id].tracking_number),
        reporter="warehouse",
    )


def test_a_webhook_that_comes_three_times_gives_the_same_facts(setup: WebhookSetup) -> None:
    setup.station.ship("1001", LINES)
    batch = next(iter(setup.station.sent.values())).batch
    for _ in range(2):
        setup.station.notify(batch)

    first, second, third = setup.events()

    assert first == second == third
    assert len({one.event_id for one in setup.hub.received}) == 1


def test_partial_shipments_have_ids_of_their_own(setup: WebhookSetup) -> None:
    six = setup.station.ship("1001", {"line-1": ("TEE", 6)}, warehouse="78")
    four = setup.station.ship("1001", {"line-1": ("TEE", 4)})

    reported = [event for events in setup.events() for event in events if isinstance(event, ShipmentNotice)]

    assert {(one.shipment_id, one.lines[0].quantity, one.location) for one in reported} == {
        (six, 6, "laval"),
        (four, 4, "montreal"),
    }


@pytest.mark.parametrize("version", [V1, V2])
def test_a_batch_is_read_page_by_page(version: str) -> None:
    for setup in set_up(version, page_size=3):
        parcels = [Parcel(f"10{at:02d}", {"line-1": ("TEE", at)}, "678", "77") for at in range(1, 9)]
        setup.station.ship_batch(parcels)

        (events,) = setup.events()

        reported = [
            (one.channel, one.external_id, one.lines[0].quantity)
            for one in events
            if isinstance(one, ShipmentNotice)
        ]
        assert sorted(reported) == [("ebay", f"10{at:02d}", at) for at in range(1, 9)]


def test_a_void_is_seen_when_the_resource_is_read_again(setup: WebhookSetup) -> None:
    shipment_id = setup.station.ship("1001", LINES)
    before = setup.events()
    setup.station.void(shipment_id)

    after = setup.events()

    ((shipped,),), ((voided,),) = before, after
    assert isinstance(shipped, ShipmentNotice)
    assert voided == replace(shipped, voided=True)


def test_return_labels_ship_nothing(setup: WebhookSetup) -> None:
    setup.station.ship_batch([Parcel("1001", LINES, "12345", "77")], is_return=True)

    assert setup.events() == [[]]


def test_nothing_of_the_customer_travels_further(setup: WebhookSetup) -> None:
    setup.station.ship("1001", LINES)

    reported = repr(setup.events()) + repr(setup.hub.received)

    assert [word for word in ("Ada", "Example", "78701") if word in reported] == []


def test_a_foreign_address_is_accepted_but_never_called(setup: WebhookSetup) -> None:
    with ShipStation(key=KEY) as thief:
        setup.station.evil(f"{thief.url}/shipments?batchId=1")
        (notification,) = setup.notifications()

        with pytest.raises(ForbiddenAddress, match=thief.url):
            setup.connect().orders(notification)

        assert thief.calls == []


def test_a_redirect_takes_no_credentials_along(setup: WebhookSetup) -> None:
    with ShipStation(api_version=setup.station.api_version, key=KEY) as thief:
        setup.station.moved_to = thief.url
        setup.station.ship("1001", LINES)

        with pytest.raises(UnreadableOrder, match="302"):
            setup.events()

        assert (len(setup.station.calls) > 0, thief.calls) == (True, [])


def test_a_delivery_is_attempted_again_until_it_is_taken(setup: WebhookSetup) -> None:
    setup.hub.failures = 2
    setup.station.ship("1001", LINES)

    assert len(setup.notifications()) == 1
    assert (setup.station.counts.attempts, setup.station.counts.delivered) == (3, 1)


def test_wrong_credentials_say_so(setup: WebhookSetup) -> None:
    setup.station.ship("1001", LINES)
    module, (notification,) = setup.connect(), setup.notifications()
    setup.station.api_key = "renewed at ShipStation"

    with pytest.raises(ChannelUnavailable, match="401"):
        module.orders(notification)


@pytest.mark.parametrize(
    ("fault", "error"), [("throttled", Throttled), ("broken", ChannelUnavailable), ("lost", OutcomeUnknown)]
)
def test_shipstations_troubles_have_their_names(setup: WebhookSetup, fault: str, error: type[Exception]) -> None:
    setup.station.ship("1001", LINES)
    (notification,) = setup.notifications()
    setattr(setup.station.misbehaviour, fault, 1.0)

    with pytest.raises(error):
        setup.connect().orders(notification)


@pytest.mark.parametrize(("version", "limit"), [(V1, 40), (V2, 100)])
def test_the_limit_of_a_minute_is_answered_by_how_long_to_wait(version: str, limit: int) -> None:
    for setup in set_up(version):
        setup.station.ship("1001", LINES)
        (notification,) = setup.notifications()
        module = setup.connect()
        for _ in range(limit):  # One request each with V1, two with V2.
            module.orders(notification)
        setup.clock.time = setup.clock.time.replace(second=20)

        with pytest.raises(Throttled) as caught:
            module.orders(notification)

        setup.clock.time = setup.clock.time.replace(minute=1)
        assert caught.value.retry_after_seconds == 40
        assert len(module.orders(notification)) == 1


# V1


def arrived(setup: WebhookSetup, token: str | None) -> WebhookRequest:
    delivery = setup.station.signed({"resource_type": "SHIP_NOTIFY", "resource_url": "x"})
    return WebhookRequest(
        method="POST", headers={}, body=delivery.body, query={} if token is None else {"token": token}
    )


def test_a_webhook_without_the_token_is_refused(v1: WebhookSetup) -> None:
    v1.station.retry_seconds = ()
    v1.station.webhook_url = v1.hub.url
    v1.station.ship("1001", LINES)

    assert v1.notifications() == []
    assert v1.hub.refused == 1


def test_a_token_is_changed_without_losing_a_webhook(v1: WebhookSetup) -> None:
    old = v1.station.webhook_tokens[0]
    v1.station.webhook_tokens.append("new-" * 8)

    for token in (old, "new-" * 8):
        v1.connect().verify(arrived(v1, token))
    v1.station.webhook_tokens.remove(old)

    with pytest.raises(BadSignature):
        v1.connect().verify(arrived(v1, old))


def test_a_shipment_marked_by_hand_is_not_silent_in_v1(v1: WebhookSetup) -> None:
    v1.station.mark_shipped("1001", LINES)

    with pytest.raises(UnreadableOrder):
        v1.events()


def test_the_other_order_number_of_v1_can_be_the_channels_own() -> None:
    for setup in set_up(V1, order_reference="orderNumber"):
        setup.station.ship("#1001", LINES)

        ((event,),) = setup.events()

        assert event.external_id == "#1001"


# V2


def test_the_keys_are_fetched_once_and_again_when_the_key_changes(v2: WebhookSetup) -> None:
    v2.station.ship("1001", LINES)
    v2.station.ship("1002", LINES)
    v2.notifications()
    before = v2.station.key_requests
    v2.station.kid, v2.station.key = "key-2", new_key()
    v2.clock.time = v2.clock.time.replace(minute=1)

    v2.station.ship("1003", LINES)

    assert (len(v2.notifications()), before, v2.station.key_requests) == (3, 1, 2)


def test_a_forged_body_is_refused(v2: WebhookSetup) -> None:
    delivery = v2.station.signed({"resource_type": "LABEL_CREATED_V2", "resource_url": "x"})
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    v2.connect().verify(WebhookRequest(method="POST", headers=headers, body=delivery.body))

    with pytest.raises(BadSignature):
        v2.connect().verify(WebhookRequest(method="POST", headers=headers, body=delivery.body + b" "))


def test_a_parcel_marked_as_shipped_is_a_shipment_until_it_is_cancelled(v2: WebhookSetup) -> None:
    shipment_id = v2.station.mark_shipped("1001", LINES)
    v2.notifications()
    v2.station.notify_fulfillment(shipment_id, "FULFILLMENT_CANCELED_V2")

    ((shipped,), (cancelled,)) = v2.events()

    assert isinstance(shipped, ShipmentNotice)
    assert (shipped.shipment_id, shipped.voided) == (shipment_id, False)
    assert cancelled == replace(shipped, voided=True)


def test_a_label_that_is_also_reported_as_a_fulfilment_is_one_shipment(v2: WebhookSetup) -> None:
    v2.station.notify_fulfillment(v2.station.ship("1001", LINES))

    ((by_label,), (by_fulfilment,)) = v2.events()

    assert by_label == by_fulfilment


# What the simulator itself refuses


def status(url: str, **headers: str) -> tuple[int, Any]:
    answer = urllib3.request("GET", url, headers=headers)
    return answer.status, answer


def test_the_simulated_v1_wants_its_credentials_and_counts(v1: WebhookSetup) -> None:
    v1.station.ship("1001", LINES)
    wrong = urllib3.make_headers(basic_auth="someone:else")
    login = urllib3.make_headers(basic_auth=f"{v1.station.api_key}:{v1.station.api_secret}")
    url = f"{v1.station.url}/shipments"

    assert status(url)[0] == 401
    assert status(url, **wrong)[0] == 401
    assert status(f"{url}?pageSize=501", **login)[0] == 400
    code, answer = status(url, **login)
    assert (code, answer.json()["shipments"][0]["shipmentItems"]) == (200, None)
    assert answer.headers["X-Rate-Limit-Limit"] == "40"
    assert answer.headers["X-Rate-Limit-Remaining"] == "38"
    assert answer.headers["X-Rate-Limit-Reset"] == "60"


def test_the_simulated_v2_wants_its_key_and_signs_what_it_sends(v2: WebhookSetup) -> None:
    v2.station.ship("1001", LINES)
    key = {"API-Key": v2.station.api_key}

    assert status(f"{v2.station.url}/v2/labels")[0] == 401
    assert status(f"{v2.station.url}/v2/labels?page_size=501", **key)[0] == 400
    assert status(f"{v2.station.url}/v2/shipments/se-1", **key)[0] == 404
    code, answer = status(f"{v2.station.url}/v2/labels", **key)
    assert (code, "items" in answer.json()["labels"][0]) == (200, False)
    delivery = v2.station.signed({})
    assert len(base64.b64decode(delivery.headers["x-shipengine-rsa-sha256-signature"])) == 256
