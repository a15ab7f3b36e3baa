"""The generic channel's shipments, without sockets: envelopes, fields and refusals."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

import pytest
from pydantic import ValidationError

from lastunit.channels.generic.api import Api
from lastunit.channels.generic.orders import ShipmentIn, shipment
from lastunit.domain.channel import Channel
from lastunit.domain.errors import InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import WebhookRequest
from tests.channels.generic.simulator import new_secret
from tests.channels.shopify.fakes import NOW, NoHttp
from tests.support.clock import FakeClock


def api() -> Api:
    channel = Channel(name="shop", kind="generic", connection={"base_url": "https://store.example"})
    secret = {"webhook_secrets": [new_secret()], "push_secret": new_secret()}
    return Api(channel, secret, NoHttp(), FakeClock(NOW), {})


def event(topic: str, data: Mapping[str, object]) -> WebhookRequest:
    content = {"type": topic, "timestamp": "2026-08-01T12:00:00Z", "data": data}
    return WebhookRequest(method="POST", headers={"webhook-id": "msg_1"}, body=json.dumps(content).encode())


def line(**changes: object) -> dict[str, object]:
    return {"line_id": "1", "sku": "TEE", "quantity": 2} | changes


def parcel(**changes: object) -> dict[str, object]:
    return {
        "shipment_id": "P-1",
        "order_id": "A-1",
        "shipped_at": "2026-08-01T14:00:00+02:00",
        "location": "montreal",
        "lines": [line()],
    } | changes


def reported(data: Mapping[str, object], topic: str = "shipment.created") -> ShipmentNotice:
    (notice,) = api().orders(
        Notification(channel="shop", event_id="msg_1", order_id="A-1", topic=topic, payload=data)
    )
    assert isinstance(notice, ShipmentNotice)
    return notice


def problem_field(call: Callable[[], object]) -> str:
    with pytest.raises(UnreadableOrder) as refusal:
        call()
    assert "docs/channels/generic.md" in refusal.value.remedy
    return refusal.value.field


@pytest.mark.parametrize("topic", ["shipment.created", "shipment.voided"])
def test_an_event_of_a_shipment_becomes_a_notification_of_its_order(topic: str) -> None:
    recipient = {"recipient": "Ada Example", "tracking_number": "9400", "lines": [line(gift_for="Ada Example")]}

    notification = api().parse(event(topic, parcel(**recipient)))

    [digest] = tracking_digests("9400")
    payload = parcel(tracking_number=digest)
    assert (
        Notification(channel="shop", event_id="msg_1", order_id="A-1", topic=topic, payload=payload) == notification
    )


@pytest.mark.parametrize("order_id", [None, "", 7, "a\n", "x" * 101])
def test_a_shipment_without_its_order_is_refused_by_name(order_id: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        api().parse(event("shipment.created", parcel(order_id=order_id)))

    assert "data.order_id" == refusal.value.field


def test_a_shipment_is_reported_with_its_lines_time_and_place() -> None:
    lines = [line(), {"sku": "MUG", "quantity": 1}]

    expected = ShipmentNotice(
        channel="shop",
        external_id="A-1",
        shipment_id="P-1",
        lines=(ShippedLine(2, "1", ("TEE",)), ShippedLine(1, None, ("MUG",))),
        location="montreal",
        shipped_at=datetime.fromisoformat("2026-08-01T12:00:00.000000+00:00"),
        tracking=tracking_digests("9400"),
        reporter="shop",
    )
    assert expected == reported(parcel(lines=lines, tracking_number="94 00"))


def test_time_and_place_may_be_left_out() -> None:
    shipped = reported({"shipment_id": "P-1", "order_id": "A-1", "lines": [line()]})

    assert (None, None) == (shipped.location, shipped.shipped_at)


def test_the_same_model_serves_a_shipment_reported_over_the_api() -> None:
    model = ShipmentIn.model_validate_json(json.dumps(parcel()))

    assert reported(parcel()) == shipment("shop", model)


@pytest.mark.parametrize("more", [{}, {"lines": "odd"}, {"lines": [line(quantity=0)]}, {"shipped_at": "noon"}])
def test_a_void_needs_the_two_ids_alone(more: Mapping[str, object]) -> None:
    voided = reported({"shipment_id": "P-1", "order_id": "A-1", **more}, "shipment.voided")

    assert ShipmentNotice(channel="shop", external_id="A-1", shipment_id="P-1", lines=(), voided=True) == voided


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 2.0, "2", True, None, 1_000_001])
def test_a_quantity_that_is_no_number_of_units_is_refused_by_field(quantity: object) -> None:
    lines = [line(), line(line_id="2", quantity=quantity)]

    assert "lines[1].quantity" == problem_field(lambda: reported(parcel(lines=lines)))


@pytest.mark.parametrize(
    ("changes", "field_name"),
    [
        ({"shipment_id": None}, "shipment_id"),
        ({"shipment_id": ""}, "shipment_id"),
        ({"shipment_id": " P"}, "shipment_id"),
        ({"shipment_id": 7}, "shipment_id"),
        ({"shipment_id": "x" * 101}, "shipment_id"),
        ({"shipped_at": "2026-08-01T12:00:00"}, "shipped_at"),
        ({"location": ""}, "location"),
        ({"lines": None}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [line()] * 501}, "lines"),
        ({"lines": ["TEE"]}, "lines[0]"),
        ({"lines": [line(line_id=1)]}, "lines[0].line_id"),
        ({"lines": [line(line_id="")]}, "lines[0].line_id"),
        ({"lines": [line(sku="")]}, "lines[0].sku"),
        ({"lines": [{"line_id": "1", "quantity": 1}]}, "lines[0].sku"),
    ],
)
def test_a_shipment_that_breaks_the_contract_is_refused_by_field(
    changes: Mapping[str, object], field_name: str
) -> None:
    assert field_name == problem_field(lambda: reported(parcel(**changes)))


@pytest.mark.parametrize("shipment_id", [None, "", 7])
def test_a_void_without_its_shipment_is_refused_by_field(shipment_id: object) -> None:
    data = {"shipment_id": shipment_id, "order_id": "A-1"}

    assert "shipment_id" == problem_field(lambda: reported(data, "shipment.voided"))


def test_a_refusal_repeats_nothing_of_the_shipment() -> None:
    with pytest.raises(ValidationError) as refusal:
        ShipmentIn.model_validate(parcel(shipped_at="Ada Example"))

    assert "Ada" not in str(refusal.value)
