"""What ShipStation is asked since an instant, and what becomes of lists and records that cannot be read."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from lastunit.channels.shipstation import KIND
from lastunit.domain.errors import ChannelUnavailable, MissingCapability
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.ports.channel import Capability, OrdersPage, QuantityAdjuster
from lastunit.ports.system import HttpResponse
from tests.channels.shipstation.fakes import V1, V2, FakeShipStation, api, one_page, shipment

SINCE = datetime(2026, 8, 1, 20, tzinfo=UTC)


def label(label_id: str, **changed: object) -> dict[str, object]:
    known = {"label_id": label_id, "shipment_id": f"of-{label_id}", "status": "completed", "voided": False}
    return {**known, "created_at": "2026-08-01T20:24:32.053Z", "voided_at": None} | changed


def parcel(label_id: str, **changed: object) -> dict[str, object]:
    items = [{"sku": "TEE", "quantity": 2, "external_order_id": f"order-{label_id}", "external_order_item_id": "7"}]
    return {"shipment_id": f"of-{label_id}", "store_id": "se-1", "items": items} | changed


def v2(
    labels: tuple[object, ...] = (), parcels: tuple[object, ...] = (), fulfillments: tuple[object, ...] = ()
) -> Callable[[str], object]:
    def answer(url: str) -> object:
        path = urlsplit(url).path.removeprefix("/v2/")
        if path == "labels" and "label_status=voided" in url:
            return one_page(path, *(one for one in labels if isinstance(one, dict) and one["voided"]))
        if path == "labels" and "shipment_id=" in url:
            return one_page(path, *(one for one in labels if isinstance(one, dict) and one["shipment_id"] in url))
        lists = {"labels": labels, "shipments": parcels, "fulfillments": fulfillments}
        if path in lists:
            return one_page(path, *lists[path])
        found = [one for one in parcels if isinstance(one, dict) and path == f"shipments/{one['shipment_id']}"]
        return found[0] if found else HttpResponse(404, {}, b"")

    return answer


def asked(http: FakeShipStation) -> list[tuple[str, dict[str, str]]]:
    parts = [urlsplit(url) for url in http.urls]
    return [(f"{one.scheme}://{one.netloc}{one.path}", dict(parse_qsl(one.query))) for one in parts]


def ids(page: OrdersPage) -> list[str]:
    return [one.shipment_id for one in page.events if isinstance(one, ShipmentNotice)]


def test_v1_is_asked_in_its_own_time_and_an_hour_more_with_the_items() -> None:
    module, http = api(lambda url: one_page("shipments"))

    module.orders_since(SINCE, None)

    url, common = "https://ssapi.shipstation.com/shipments", {"includeShipmentItems": "true", "pageSize": "200"}
    made = {"createDateStart": "2026-08-01T12:00:00", "sortBy": "CreateDate", "sortDir": "ASC"}
    assert asked(http) == [
        (url, made | common | {"page": "1"}),
        (url, {"voidDateStart": "2026-08-01T12:00:00"} | common | {"page": "1"}),
    ]
    assert {call.headers["Authorization"] for call in http.asked} == {"Basic dGhlLWtleTp0aGUtc2VjcmV0"}


def test_v2_is_asked_for_labels_fulfilments_and_what_was_voided_of_the_last_month() -> None:
    module, http = api(lambda url: one_page(urlsplit(url).path.rpartition("/")[2]), V2)

    module.orders_since(SINCE, None)

    base, since = "https://api.shipstation.com/v2", "2026-08-01T20:00:00.000Z"
    sorted_by = {"sort_by": "created_at", "sort_dir": "asc", "page_size": "25", "page": "1"}
    voided = {"label_status": "voided", "created_at_start": "2026-07-02T20:00:00.000Z"}
    assert asked(http) == [
        (f"{base}/labels", {"created_at_start": since} | sorted_by),
        (f"{base}/fulfillments", {"create_date_start": since} | sorted_by),
        (f"{base}/labels", voided | {"page_size": "100", "page": "1"}),
    ]


def test_the_next_page_is_asked_of_the_lists_that_have_one() -> None:
    def answer(url: str) -> object:
        path = urlsplit(url).path.rpartition("/")[2]
        number = int(dict(parse_qsl(urlsplit(url).query))["page"])
        pages = 2 if path == "fulfillments" else 1
        return {path: [], "page": number, "pages": pages}

    module, http = api(answer, V2)
    first = module.orders_since(SINCE, None)
    http.asked.clear()

    second = module.orders_since(SINCE, first.next)

    assert [(url.rpartition("/")[2], query["page"]) for url, query in asked(http)] == [
        ("fulfillments", "2"),
        ("labels", "1"),  # The voids.
    ]
    assert (first.latest, second.next) == (None, None)


@pytest.mark.parametrize(
    ("label_pages", "fulfilment_pages", "latest"),
    [(2, 1, "20:24"), (1, 2, "20:40"), (2, 2, "20:24"), (1, 1, "20:40")],
)
def test_a_page_is_reported_up_to_where_the_first_list_that_goes_on_breaks_off(
    label_pages: int, fulfilment_pages: int, latest: str
) -> None:
    """Whoever stops there goes on from there, and must find what the other list has not told."""
    fulfilled = {"fulfillment_id": "f-1", "shipment_id": "of-f-1", "created_at": "2026-08-01T20:40:00Z"}
    full = v2((label("l-1", created_at="2026-08-01T20:24:00Z"),), (parcel("l-1"), parcel("f-1")), (fulfilled,))
    pages = {"labels": label_pages, "fulfillments": fulfilment_pages}

    def answer(url: str) -> object:
        found, path = full(url), urlsplit(url).path.rpartition("/")[2]
        grows = isinstance(found, dict) and path in pages and "sort_by" in url
        return {**found, "pages": pages[path]} if grows and isinstance(found, dict) else found

    page = api(answer, V2)[0].orders_since(SINCE, None)

    assert set(ids(page)) == {"l-1", "f-1"}
    assert page.latest == datetime.fromisoformat(f"2026-08-01T{latest}:00Z")


def test_a_shipment_that_cannot_be_read_is_named_and_keeps_no_other_from_being_reported() -> None:
    bad = shipment(shipmentId=2, advancedOptions={"storeId": 9}, createDate="2026-08-01T13:30:00.0000000")
    module, _ = api(lambda url: one_page("shipments", *([] if "voidDate" in url else [shipment(), bad, 7])))

    page = module.orders_since(SINCE, None)

    assert ids(page) == ["33974374"]
    assert [place for place, _ in page.unreadable] == ["shipments[2]", "shipments[#2]"]
    assert page.unreadable[0][1].startswith("shipments[2].advancedOptions.storeId: store 9 stands for no channel")
    assert page.latest == datetime(2026, 8, 1, 20, 30, tzinfo=UTC)


def test_a_time_that_cannot_be_read_moves_no_cursor() -> None:
    records = [
        shipment(createDate="soon"),
        shipment(shipmentId=2, createDate=7),
        shipment(shipmentId=3, createDate=None),
    ]
    module, _ = api(lambda url: one_page("shipments", *([] if "voidDate" in url else records)))

    page = module.orders_since(SINCE, None)

    assert (ids(page), len(page.unreadable), page.latest) == (["3"], 2, None)


def test_a_void_that_does_not_say_when_is_reported_all_the_same() -> None:
    voided = shipment(voided=True, voidDate=None)
    module, _ = api(lambda url: one_page("shipments", *([voided] if "voidDate" in url else [])))

    page = module.orders_since(SINCE, None)

    assert [one.voided for one in page.events if isinstance(one, ShipmentNotice)] == [True]


def test_labels_in_the_making_wait_for_the_next_poll_and_hold_up_nothing() -> None:
    making = label("l-2", status="processing")
    fulfilled = {"fulfillment_id": "f-1", "shipment_id": "of-l-2", "created_at": "2026-08-01T20:30:00Z"}
    module, _ = api(v2((label("l-1"), making), (parcel("l-1"), parcel("l-2")), (fulfilled,)), V2)

    page = module.orders_since(SINCE, None)

    assert (ids(page), page.unreadable) == (["l-1"], ())


def test_shipments_that_were_not_among_the_changed_are_looked_up() -> None:
    def answer(url: str) -> object:
        if urlsplit(url).path == "/v2/shipments":
            return one_page("shipments", parcel("l-1"))
        return v2((label("l-1"), label("l-2")), (parcel("l-1"), parcel("l-2")))(url)

    module, http = api(answer, V2)

    page = module.orders_since(SINCE, None)

    assert ids(page) == ["l-1", "l-2"]
    assert [url for url in http.urls if "/v2/shipments/" in url] == [
        "https://api.shipstation.com/v2/shipments/of-l-2"
    ]


def test_a_fulfilment_with_a_label_is_reported_as_that_label() -> None:
    fulfilled = {"fulfillment_id": "f-1", "shipment_id": "of-l-1", "created_at": "2026-08-01T20:30:00Z"}
    module, _ = api(v2((label("l-1"),), (parcel("l-1"),), (fulfilled,)), V2)

    page = module.orders_since(SINCE, None)

    assert set(ids(page)) == {"l-1"}
    assert len(set(page.events)) == 1


def test_a_label_whose_shipment_is_gone_is_named() -> None:
    module, _ = api(v2((label("l-1"), label("l-2")), (parcel("l-1"),)), V2)

    page = module.orders_since(SINCE, None)

    assert (ids(page), [place for place, _ in page.unreadable]) == (["l-1"], ["labels[l-2]"])


@pytest.mark.parametrize("connection", [V1, V2])
@pytest.mark.parametrize("status", [302, 400, 401, 404, 500])
def test_a_list_that_is_refused_ends_the_poll(connection: dict[str, str], status: int) -> None:
    module, http = api(lambda url: HttpResponse(status, {"location": "https://evil.example/"}, b""), connection)

    with pytest.raises(ChannelUnavailable, match=str(status)):
        module.orders_since(SINCE, None)

    assert len(http.urls) == 1


@pytest.mark.parametrize("content", [b"<html>", {"shipments": []}, {"page": 1, "pages": 1}])
def test_an_answer_that_is_no_list_ends_the_poll(content: object) -> None:
    with pytest.raises(ChannelUnavailable, match="lists cannot be read"):
        api(lambda url: content)[0].orders_since(SINCE, None)


@pytest.mark.parametrize(("connection", "limits"), [(V1, Limits(0.5, 10)), (V2, Limits(2.5, 50))])
def test_the_limits_of_a_minute_are_kept_whenever_it_begins(connection: dict[str, str], limits: Limits) -> None:
    assert api(connection=connection)[0].limits == limits


def test_it_takes_no_changes_of_quantities() -> None:
    assert not isinstance(api()[0], QuantityAdjuster)
    with pytest.raises(MissingCapability, match="takes no deltas; push whole numbers"):
        KIND.require(Capability.ADJUSTMENTS)
