"""What ShipStation V1's lists of shipments are read as."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastunit.domain.errors import ChannelUnavailable, InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from tests.channels.shipstation.fakes import (
    RESOURCE,
    V1,
    api,
    item,
    notice,
    one_page,
    shipment,
)


def reported(*records: object, **changed: str) -> list[ChannelEvent]:
    module, _ = api(lambda url: one_page("shipments", *records), {**V1, **changed})
    return list(module.orders(notice()))


def problem(*records: object, **changed: str) -> InvalidInput:
    with pytest.raises(UnreadableOrder) as caught:
        reported(*records, **changed)
    return caught.value


EXPECTED = ShipmentNotice(
    channel="shopify",
    external_id="8061c220",
    shipment_id="33974374",
    lines=(ShippedLine(2, "10083872001911", ("TEE-RED-M",)),),
    location="montreal",
    shipped_at=datetime.fromisoformat("2026-08-01T20:24:32.053000+00:00"),
    reporter="warehouse",
)


def test_a_shipment_of_v1_is_read_whole() -> None:
    assert reported(shipment()) == [EXPECTED]


def test_the_tracking_number_of_a_label_is_kept_as_its_digest() -> None:
    (event,) = reported(shipment(trackingNumber="9400 1"))

    assert isinstance(event, ShipmentNotice)
    assert tracking_digests("94001") == event.tracking


def test_nothing_of_the_customer_is_kept() -> None:
    assert [word for word in ("B One", "Main St", "b@example.com") if word in repr(reported(shipment()))] == []


def test_a_time_of_v1_is_pacific_in_winter_too_or_that_of_the_settings() -> None:
    winter = shipment(createDate="2026-12-01T13:24:32.0530000")

    events = [*reported(winter), *reported(winter, time_zone="Europe/Berlin"), *reported(shipment(createDate=None))]

    instants = [event.shipped_at for event in events if isinstance(event, ShipmentNotice)]
    at_noon = datetime.fromisoformat("2026-12-01T12:24:32.053+00:00")
    assert instants == [at_noon + timedelta(hours=9), at_noon, None]


@pytest.mark.parametrize(
    ("changed", "settings", "expected"),
    [
        ({"advancedOptions": {"storeId": 678}}, {}, ("ebay", "8061c220", "montreal")),
        ({"advancedOptions": {"storeId": 9}}, {"stores": "*=shopify"}, ("shopify", "8061c220", "montreal")),
        ({"advancedOptions": None}, {"stores": "*=shopify"}, ("shopify", "8061c220", "montreal")),
        ({"advancedOptions": {"storeId": 1}}, {"stores": "1=ebay, *=etsy"}, ("ebay", "8061c220", "montreal")),
        ({}, {"order_reference": "orderNumber"}, ("shopify", "100038-1", "montreal")),
        ({"warehouseId": 78}, {}, ("shopify", "8061c220", "laval")),
        ({"warehouseId": 79}, {}, ("shopify", "8061c220", None)),
        ({"warehouseId": None}, {"warehouses": ""}, ("shopify", "8061c220", None)),
    ],
)
def test_settings_say_whose_order_it_is_and_where_it_left(
    changed: dict[str, object], settings: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    (event,) = reported(shipment(**changed), **settings)

    assert isinstance(event, ShipmentNotice)
    assert (event.channel, event.external_id, event.location) == expected


def test_a_store_that_stands_for_no_channel_is_an_exception_with_a_remedy() -> None:
    found = problem(shipment(advancedOptions={"storeId": 9}))

    assert (found.field, "12345" in str(found), "stores" in found.remedy) == (
        "shipments[33974374].advancedOptions.storeId",
        False,
        True,
    )


def test_lines_go_by_their_names_where_shipstation_does_not_keep_their_ids() -> None:
    (event,) = reported(shipment(), line_reference="sku")

    assert event.lines == (ShippedLine(2, None, ("TEE-RED-M",)),)


def test_discounts_are_not_stock() -> None:
    discount = item(sku=None, lineItemKey=None, name="10% off", quantity=0)
    adjustment = item(sku="DISCOUNT", adjustment=True, quantity=-1)
    unnamed = item(sku="", lineItemKey="7")

    (event,) = reported(shipment(shipmentItems=[discount, item(), adjustment, unnamed]))

    assert event.lines == (ShippedLine(2, "10083872001911", ("TEE-RED-M",)), ShippedLine(2, "7", ()))


def test_a_return_label_ships_nothing() -> None:
    assert reported(shipment(isReturnLabel=True), shipment(shipmentId=2, voided=True)) == [
        ShipmentNotice(
            channel="shopify",
            external_id="8061c220",
            shipment_id="2",
            lines=EXPECTED.lines,
            location="montreal",
            shipped_at=EXPECTED.shipped_at,
            voided=True,
            reporter="warehouse",
        )
    ]


def test_a_void_needs_no_items() -> None:
    (event,) = reported(shipment(voided=True, shipmentItems=None))

    assert (event, isinstance(event, ShipmentNotice) and event.voided) == (event, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"shipmentItems": None}, "shipments[33974374].shipmentItems"),
        ({"shipmentItems": []}, "shipments[33974374].shipmentItems"),
        ({"shipmentItems": [item(adjustment=True)]}, "shipments[33974374].shipmentItems"),
        ({"shipmentItems": [item(quantity=0)]}, "shipments[33974374].shipmentItems[0].quantity"),
        ({"shipmentItems": [item(), item(quantity=-1)]}, "shipments[33974374].shipmentItems[1].quantity"),
        ({"shipmentItems": [item(quantity=1.5)]}, "shipments[33974374].shipmentItems[0].quantity"),
        ({"shipmentItems": [item(quantity="2")]}, "shipments[33974374].shipmentItems[0].quantity"),
        ({"shipmentItems": [item(quantity=True)]}, "shipments[33974374].shipmentItems[0].quantity"),
        ({"shipmentItems": [item(quantity=10**9)]}, "shipments[33974374].shipmentItems[0].quantity"),
        ({"shipmentItems": [item()] * 501}, "shipment.lines"),
        ({"shipmentItems": "none"}, "shipments[33974374].shipmentItems"),
        ({"orderKey": None}, "shipments[33974374].orderKey"),
        ({"createDate": "yesterday"}, "shipments[33974374].createDate"),
        ({"shipmentId": None}, "shipments[#0].shipmentId"),
    ],
)
def test_a_shipment_that_cannot_be_understood_names_the_field(changed: dict[str, Any], field: str) -> None:
    assert problem(shipment(**changed)).field == field


def test_a_line_without_sku_cannot_go_by_its_name() -> None:
    found = problem(shipment(shipmentItems=[item(sku=None)]), line_reference="sku")

    assert found.field == "shipments[33974374].shipmentItems[0].sku"


def test_one_unreadable_shipment_does_not_keep_the_others() -> None:
    unmapped = shipment(shipmentId=2, advancedOptions={"storeId": 9})

    found = problem(unmapped, shipment(), 7)

    assert isinstance(found, PartlyUnreadable)
    assert found.events == (EXPECTED,)
    assert [one.field for one in found.problems] == ["shipments[2].advancedOptions.storeId", "shipments[#2]"]
    assert "store 9 stands for no channel" in str(found)


def test_v1_fulfilments_name_no_items_and_are_not_silent() -> None:
    with pytest.raises(UnreadableOrder, match="names no items"):
        api()[0].orders(notice(RESOURCE, "FULFILLMENT_SHIPPED"))


def paged(count: int, **changed: object) -> Callable[[str], object]:
    def answer(url: str) -> object:
        found = re.search(r"[?&]page=(\d+)", url)
        number = int(found[1]) if found else 0
        record = shipment(shipmentId=number)
        return {"shipments": [record], "total": count, "page": number, "pages": count} | changed

    return answer


def test_every_page_is_read_from_the_same_address() -> None:
    module, http = api(paged(3, links={"next": {"href": "https://evil.example/"}}))

    events = module.orders(notice())

    assert [event.shipment_id for event in events if isinstance(event, ShipmentNotice)] == ["1", "2", "3"]
    base = "https://ssapi6.shipstation.com/shipments?batchId=190671332&includeShipmentItems=true&page="
    assert http.urls == [base + number for number in "123"]


def test_a_list_without_end_is_left_and_seen() -> None:
    module, http = api(paged(10**6))

    with pytest.raises(UnreadableOrder, match="at most 20"):
        module.orders(notice())

    assert len(http.urls) == 20


@pytest.mark.parametrize(
    "changed",
    [{"page": 1}, {"page": None}, {"pages": "2"}, {"pages": None}, {"shipments": None}, {"shipments": {"a": 1}}],
)
def test_an_answer_that_is_no_page_is_seen(changed: dict[str, object]) -> None:
    with pytest.raises(UnreadableOrder):
        api(paged(2, **changed))[0].orders(notice())


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"null", b"[" * 100_000])
def test_an_answer_that_is_no_list_is_seen(content: bytes) -> None:
    with pytest.raises(UnreadableOrder):
        api(lambda url: content)[0].orders(notice())


def test_a_shipment_that_slid_to_the_next_page_is_reported_once() -> None:
    def answer(url: str) -> object:
        page = 2 if url.endswith("page=2") else 1
        return {"shipments": [shipment()], "page": page, "pages": 2}

    assert api(answer)[0].orders(notice()) == [EXPECTED]


def test_a_list_that_is_empty_still_is_asked_for_again_later() -> None:
    with pytest.raises(ChannelUnavailable):
        reported()
