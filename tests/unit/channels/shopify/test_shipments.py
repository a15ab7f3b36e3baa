"""Shopify's fulfilments: what is kept of them, and when they are a shipment or its void."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from lastunit.channels.shopify.settings import Connection
from lastunit.domain.errors import InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import OrderSnapshot
from tests.channels.shopify.fakes import events_of, make_api, signed

LINE = {"id": 866550311766439020, "variant_id": 808950810, "sku": "TEE-RED-M", "quantity": 2, "title": "Tee"}
FULFILMENT: dict[str, Any] = {
    "id": 255858046,
    "order_id": 820982911946154508,
    "status": "success",
    "created_at": "2026-08-01T08:00:00-04:00",
    "updated_at": "2026-08-01T08:00:00-04:00",
    "tracking_company": "USPS",
    "tracking_number": "9400",
    "email": "bea@example.com",
    "destination": {"name": "Bea One", "address1": "1 Main St"},
    "location_id": 905684977,
    "line_items": [LINE],
}


def reported(
    content: Mapping[str, Any], topic: str = "fulfillments/create", **connection: str
) -> tuple[ChannelEvent, ...]:
    request = signed(json.dumps(content).encode(), topic=topic)
    return tuple(events_of(make_api(**connection), request))


def problem_field(call: Callable[[], object]) -> str:
    with pytest.raises(UnreadableOrder) as caught:
        call()
    return caught.value.field


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update"])
def test_a_fulfilment_that_succeeded_is_a_shipment_of_its_orders_lines(topic: str) -> None:
    events = reported(FULFILMENT, topic)

    expected = ShipmentNotice(
        channel="shop",
        external_id="820982911946154508",
        shipment_id="255858046",
        lines=(ShippedLine(2, "866550311766439020", ("variant:808950810", "TEE-RED-M")),),
        shipped_at=datetime.fromisoformat("2026-08-01T12:00:00.000000+00:00"),
        tracking=tracking_digests("9400"),
        reporter="shop",
    )
    assert (expected,) == events


@pytest.mark.parametrize("status", ["cancelled", "error", "failure"])
@pytest.mark.parametrize("lines", [[LINE], [], "odd"])
def test_a_fulfilment_that_failed_is_a_void_whatever_its_lines(status: str, lines: object) -> None:
    events = reported(FULFILMENT | {"status": status, "line_items": lines}, "fulfillments/update")

    assert [("255858046", (), True)] == [
        (one.shipment_id, one.lines, one.voided) for one in events if isinstance(one, ShipmentNotice)
    ]


@pytest.mark.parametrize("status", ["pending", "open", None, "of tomorrow"])
def test_a_fulfilment_under_way_has_not_left(status: str | None) -> None:
    assert () == reported(FULFILMENT | {"status": status})


@pytest.mark.parametrize(
    ("locations", "location"),
    [
        ("", None),
        ("124656943=laval", None),
        ("905684977=montreal,124656943=laval", "montreal"),
        (" 124656943=laval , 905684977=montreal", "montreal"),
    ],
)
def test_a_shipment_left_from_the_location_that_the_settings_name(locations: str, location: str | None) -> None:
    (shipment,) = reported(FULFILMENT, locations=locations)

    assert isinstance(shipment, ShipmentNotice)
    assert location == shipment.location


def test_an_order_taken_in_a_shop_names_our_location_where_the_settings_do() -> None:
    order = {"id": 1, "updated_at": "2026-08-01T12:00:00Z", "location_id": 905684977, "line_items": [LINE]}

    (snapshot,) = reported(order, "orders/create", locations="905684977=montreal")

    assert isinstance(snapshot, OrderSnapshot)
    assert "montreal" == snapshot.location


@pytest.mark.parametrize(
    "locations",
    [
        "montreal",
        "905684977",
        "905684977=",
        "=montreal",
        "a=montreal",
        "1=Montréal",
        "1=a=b",
        "1=a,,2=b",
        "1=a,1=b",
    ],
)
def test_locations_that_cannot_be_read_are_refused(locations: str) -> None:
    connection = {"shop_url": "https://x.myshopify.com", "shop_domain": "x.myshopify.com", "locations": locations}

    with pytest.raises(ValidationError, match="locations"):
        Connection.model_validate(connection)


def test_only_what_a_shipment_needs_travels_on() -> None:
    notification = make_api().parse(signed(json.dumps(FULFILMENT).encode(), topic="fulfillments/create"))

    assert notification is not None
    assert "820982911946154508" == notification.order_id
    assert {
        "id": "255858046",
        "order_id": "820982911946154508",
        "status": "success",
        "created_at": "2026-08-01T08:00:00-04:00",
        "location_id": "905684977",
        "tracking_number": tracking_digests("9400")[0],
        "line_items": [{"id": "866550311766439020", "variant_id": "808950810", "sku": "TEE-RED-M", "quantity": 2}],
    } == notification.payload


@pytest.mark.parametrize("order_id", [None, "", "one", 1.5, True, [], -1, 10**19])
def test_a_fulfilment_without_its_order_names_the_order(order_id: object) -> None:
    request = signed(json.dumps(FULFILMENT | {"order_id": order_id}).encode(), topic="fulfillments/create")

    with pytest.raises(InvalidInput) as caught:
        make_api().parse(request)

    assert "order_id" == caught.value.field
    assert caught.value.remedy


def test_a_test_notification_of_a_fulfilment_asks_for_nothing() -> None:
    request = signed(json.dumps(FULFILMENT).encode(), topic="fulfillments/create", test="true")

    assert make_api().parse(request) is None


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 2.0, "2", True, None, 1_000_001])
def test_a_shipped_quantity_that_is_no_number_of_units_is_named(quantity: object) -> None:
    lines = [LINE, LINE | {"id": 2, "quantity": quantity}]

    assert "line_items[1].quantity" == problem_field(lambda: reported(FULFILMENT | {"line_items": lines}))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"status": 7}, "status"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
        ({"location_id": 1.5}, "location_id"),
        ({"line_items": None}, "line_items"),
        ({"line_items": ["Bea"]}, "line_items[0]"),
        ({"line_items": []}, "shipment.lines"),
        ({"line_items": [LINE | {"id": None}]}, "line_items[0].id"),
        ({"line_items": [LINE | {"id": n} for n in range(501)]}, "shipment.lines"),
    ],
)
def test_a_fulfilment_that_cannot_be_understood_names_the_field(change: dict[str, Any], field: str) -> None:
    assert field == problem_field(lambda: reported(FULFILMENT | change))
