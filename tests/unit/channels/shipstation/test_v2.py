"""What ShipStation V2's labels and fulfilments are read as."""

from collections.abc import Callable
from datetime import datetime

import pytest

from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.ports.system import HttpResponse
from tests.channels.shipstation.fakes import (
    FULFILLMENTS,
    LABELS,
    V2,
    api,
    notice,
    one_page,
)


def label(**changed: object) -> dict[str, object]:
    known = {"label_id": "se-1", "shipment_id": "se-412669417", "status": "completed", "voided": False}
    return {**known, "created_at": "2026-08-01T20:24:32.053Z", "is_return_label": False} | changed


def fulfillment(**changed: object) -> dict[str, object]:
    known = {"fulfillment_id": "se-16731019", "shipment_id": "se-412669417", "voided_at": None}
    return {**known, "created_at": "2026-08-01T20:24:32.053Z"} | changed


def line(**changed: object) -> dict[str, object]:
    known = {"sku": "TEE-RED-M", "bundle_sku": None, "quantity": 2, "external_order_id": "11-14972-20806"}
    return {**known, "external_order_item_id": "10083872001911", "name": "Tee"} | changed


def parcel(**changed: object) -> dict[str, object]:
    return {
        "shipment_id": "se-412669417",
        "shipment_number": "100038",
        "external_order_id": "11-14972-20806",
        "store_id": "se-1",
        "is_return": False,
        "warehouse_id": "se-16079",
        "items": [line()],
        "ship_to": {"name": "B One"},
    } | changed


def served(
    parcels: tuple[object, ...] = (parcel(),),
    labels: tuple[object, ...] = (),
    fulfillments: tuple[object, ...] = (),
) -> Callable[[str], object]:
    def answer(url: str) -> object:
        path = url.partition("?")[0].removeprefix("https://api.shipstation.com/v2/")
        lists = {"shipments": parcels, "labels": labels, "fulfillments": fulfillments}
        if path in lists:
            return one_page(path, *lists[path])
        found = [one for one in parcels if isinstance(one, dict) and path == f"shipments/{one['shipment_id']}"]
        return found[0] if found else HttpResponse(404, {}, b"")

    return answer


def reported_v2(
    answer: Callable[[str], object], topic: str = "LABEL_CREATED_V2", url: str = LABELS, **changed: str
) -> tuple[list[ChannelEvent], list[str]]:
    module, http = api(answer, {**V2, **changed})
    events = list(module.orders(notice(url, topic)))
    assert {call.headers["API-Key"] for call in http.asked} == {"the-key"}
    return events, [url.removeprefix("https://api.shipstation.com") for url in http.urls]


EXPECTED_V2 = ShipmentNotice(
    channel="ebay",
    external_id="11-14972-20806",
    shipment_id="se-1",
    lines=(ShippedLine(2, "10083872001911", ("TEE-RED-M",)),),
    location="montreal",
    shipped_at=datetime.fromisoformat("2026-08-01T20:24:32.053000+00:00"),
    reporter="warehouse",
)


def test_the_tracking_number_of_a_label_is_kept_as_its_digest() -> None:
    events, _ = reported_v2(served(labels=(label(tracking_number="9400 1"),)))

    assert [tracking_digests("94001")] == [event.tracking for event in events if isinstance(event, ShipmentNotice)]


def test_a_label_is_reported_with_the_items_of_its_shipment() -> None:
    events, urls = reported_v2(served(labels=(label(),)))

    assert events == [EXPECTED_V2]
    assert urls == ["/v2/labels?batch_id=se-64616278&page_size=100&page=1", "/v2/shipments/se-412669417"]
    assert "B One" not in repr(events)


def test_the_shipments_of_a_batch_are_read_at_once() -> None:
    parcels = tuple(parcel(shipment_id=f"se-{number}") for number in range(300))
    labels = tuple(label(label_id=f"l-{number}", shipment_id=f"se-{number}") for number in range(300))

    events, urls = reported_v2(served(parcels, labels))

    assert (len(events), len(urls)) == (300, 2)


def test_a_shipment_that_the_batch_does_not_show_is_looked_up() -> None:
    def answer(url: str) -> object:
        if "/v2/shipments?" in url:
            return one_page("shipments")
        return served(labels=(label(), label(label_id="se-2")))(url)

    events, urls = reported_v2(answer)

    assert [event.shipment_id for event in events if isinstance(event, ShipmentNotice)] == ["se-1", "se-2"]
    assert urls.count("/v2/shipments/se-412669417") == 1


def test_look_ups_are_bounded_and_what_is_beyond_is_seen() -> None:
    parcels = tuple(parcel(shipment_id=f"se-{number}") for number in range(102))
    labels = tuple(label(label_id=f"l-{number}", shipment_id=f"se-{number}") for number in range(102))
    module, http = api(served(parcels, labels), V2)

    with pytest.raises(PartlyUnreadable) as caught:
        module.orders(notice("https://api.shipstation.com/v2/labels", "LABEL_CREATED_V2"))

    assert (len(caught.value.events), len(caught.value.problems), len(http.urls)) == (100, 2, 101)


def test_a_label_after_a_void_is_another_shipment_of_the_same_parcel() -> None:
    voided, again = label(status="voided", voided=True), label(label_id="se-2")

    events, _ = reported_v2(served(labels=(voided, again)))

    assert [(one.shipment_id, one.voided) for one in events if isinstance(one, ShipmentNotice)] == [
        ("se-1", True),
        ("se-2", False),
    ]


@pytest.mark.parametrize("changed", [{"is_return_label": True}, {"status": "error"}])
def test_a_label_that_ships_nothing_asks_for_nothing(changed: dict[str, object]) -> None:
    assert reported_v2(served(labels=(label(**changed),)))[0] == []


def test_a_parcel_that_comes_back_ships_nothing() -> None:
    assert reported_v2(served((parcel(is_return=True),), (label(),)))[0] == []


@pytest.mark.parametrize("answer", [served(labels=(label(status="processing"),)), served()])
def test_what_is_not_there_yet_is_asked_for_again_later(answer: Callable[[str], object]) -> None:
    with pytest.raises(ChannelUnavailable):
        reported_v2(answer)


def test_a_merged_shipment_is_reported_to_each_of_its_orders() -> None:
    other = line(external_order_id="22", external_order_item_id="9", sku="CAP", quantity=1)

    events, _ = reported_v2(served((parcel(items=[line(), other]),), (label(),)))

    assert [(one.external_id, one.shipment_id, one.lines) for one in events if isinstance(one, ShipmentNotice)] == [
        ("11-14972-20806", "se-1", EXPECTED_V2.lines),
        ("22", "se-1", (ShippedLine(1, "9", ("CAP",)),)),
    ]


def test_a_part_of_a_bundle_does_not_count_as_the_bundle() -> None:
    part = line(sku="SOCK", bundle_sku="GIFT-SET", quantity=6)

    ((event,), _) = reported_v2(served((parcel(items=[part]),), (label(),)))

    assert event.lines == (ShippedLine(6, None, ("SOCK",)),)


def test_settings_choose_what_names_the_order_and_its_lines() -> None:
    answer = served(labels=(label(),))

    ((event,), _) = reported_v2(answer, order_reference="shipment_number", line_reference="sku")

    assert (event.external_id, event.lines) == ("100038", (ShippedLine(2, None, ("TEE-RED-M",)),))


def test_a_fulfilment_without_a_label_is_a_shipment_of_its_own() -> None:
    events, urls = reported_v2(served(fulfillments=(fulfillment(),)), "FULFILLMENT_SHIPPED_V2", FULFILLMENTS)

    assert [one.shipment_id for one in events if isinstance(one, ShipmentNotice)] == ["se-16731019"]
    assert urls[1:] == [
        "/v2/labels?shipment_id=se-412669417&page_size=100&page=1",
        "/v2/shipments/se-412669417",
    ]


def test_a_fulfilment_with_a_label_is_reported_as_that_label_so_it_counts_once() -> None:
    another = label(label_id="se-9", shipment_id="se-other")
    voided = label(label_id="se-8", voided=True)
    answer = served(labels=(another, voided, label()), fulfillments=(fulfillment(),))

    events, _ = reported_v2(answer, "FULFILLMENT_SHIPPED_V2", FULFILLMENTS)

    assert events == [EXPECTED_V2]


@pytest.mark.parametrize(
    ("topic", "changed"),
    [("FULFILLMENT_CANCELED_V2", {}), ("FULFILLMENT_SHIPPED_V2", {"voided_at": "2026-08-01T21:00:00Z"})],
)
def test_a_cancelled_fulfilment_is_a_void(topic: str, changed: dict[str, object]) -> None:
    answer = served(labels=(label(),), fulfillments=(fulfillment(**changed),))

    events, _ = reported_v2(answer, topic, FULFILLMENTS)

    assert [(one.shipment_id, one.voided) for one in events if isinstance(one, ShipmentNotice)] == [
        ("se-16731019", True)
    ]


@pytest.mark.parametrize(
    ("parcel_changed", "label_changed", "field"),
    [
        ({"store_id": "se-2"}, {}, "labels[se-1].store_id"),
        ({"store_id": None}, {}, "labels[se-1].store_id"),
        ({"items": []}, {}, "labels[se-1].items"),
        ({"items": [line(quantity=0)]}, {}, "labels[se-1].items[0].quantity"),
        ({"items": [line(sku=None, bundle_sku="SET")]}, {}, "labels[se-1].items[0].sku"),
        (
            {"items": None, "external_order_id": None},
            {"voided": True},
            "labels[se-1].external_order_id",
        ),
        ({"items": 7}, {}, "shipments[se-412669417].items"),
        ({}, {"created_at": "2026-08-01T20:24:32"}, "labels[se-1].created_at"),
        ({}, {"created_at": "soon"}, "labels[se-1].created_at"),
        ({}, {"shipment_id": "../environment/webhooks"}, "shipments[../environment/webhooks]"),
        ({}, {"shipment_id": None}, "labels[se-1].shipment_id"),
    ],
)
def test_a_label_that_cannot_be_understood_names_the_field(
    parcel_changed: dict[str, object], label_changed: dict[str, object], field: str
) -> None:
    with pytest.raises(UnreadableOrder) as caught:
        reported_v2(served((parcel(**parcel_changed),), (label(**label_changed),)))

    assert caught.value.field == field


def test_a_label_whose_shipment_is_gone_does_not_keep_the_others() -> None:
    lost = label(label_id="se-3", shipment_id="se-404")

    with pytest.raises(PartlyUnreadable) as caught:
        reported_v2(served(labels=(lost, label())))

    assert (caught.value.events, [one.field for one in caught.value.problems]) == ((EXPECTED_V2,), ["resource_url"])


def test_an_answer_about_another_shipment_is_seen() -> None:
    def answer(url: str) -> object:
        return parcel(shipment_id="se-2") if "/shipments/" in url else one_page("labels", label())

    with pytest.raises(UnreadableOrder, match="another shipment"):
        reported_v2(answer)


def test_labels_come_from_the_list_of_labels_only() -> None:
    module, http = api(served(), V2)

    with pytest.raises(UnreadableOrder, match="not a list of labels"):
        module.orders(notice("https://api.shipstation.com/v2/carriers", "LABEL_CREATED_V2"))

    assert http.urls == []
