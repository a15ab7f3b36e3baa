"""Polled orders of Shopify whose form is not what was expected."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lastunit.domain.errors import ChannelUnavailable, LastunitError, OutcomeUnknown
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.ports.channel import OrdersPage
from lastunit.ports.system import HttpResponse
from tests.channels.shopify.fakes import answer, make_api, raised_by, scripted_api, signed

NO_LINES: dict[str, Any] = {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": []}
LINE = {
    "id": "gid://shopify/LineItem/7",
    "sku": "TEE",
    "quantity": 2,
    "currentQuantity": 1,
    "variant": {"id": "gid://shopify/ProductVariant/9"},
}
ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/820982911946154508",
    "test": False,
    "createdAt": "2026-08-01T12:00:00Z",
    "updatedAt": "2026-08-01T12:00:05Z",
    "cancelledAt": None,
    "displayFinancialStatus": "PAID",
    "retailLocation": None,
    "lineItems": NO_LINES | {"nodes": [LINE]},
    "refunds": [],
    "fulfillments": [],
}


def listing(*nodes: object) -> HttpResponse:
    return answer({"data": {"orders": NO_LINES | {"nodes": list(nodes)}}})


def page(*answers: HttpResponse) -> OrdersPage:
    api, _ = scripted_api(*answers)
    return api.orders_since(datetime(2026, 8, 1, tzinfo=UTC), None)


def test_an_order_is_reported_with_numbers_for_ids() -> None:
    found = page(listing(ORDER))

    assert found == OrdersPage(
        events=(
            OrderSnapshot(
                channel="shop",
                external_id="820982911946154508",
                revision="2026-08-01T12:00:05.000000+00:00",
                lines=(SnapshotLine("7", ("variant:9", "TEE"), 1),),
                placed_at=datetime.fromisoformat("2026-08-01T12:00:00.000000+00:00"),
                paid=True,
            ),
        ),
        latest=datetime(2026, 8, 1, 12, 0, 5, tzinfo=UTC),
    )


def test_nothing_personal_is_asked_for() -> None:
    api, http = scripted_api(listing())

    api.orders_since(datetime(2026, 8, 1, tzinfo=UTC), "cursor")

    asked = json.dumps(http.bodies)
    assert [
        word for word in ("customer", "email", "ddress", "phone", "note", "company", "url") if word in asked
    ] == []
    assert "cursor" == http.bodies[0]["variables"]["after"]


@pytest.mark.parametrize(
    ("change", "order_id"),
    [
        ({"id": None}, "None"),
        ({"id": "gid://shopify/Order/one"}, "one"),
        ({"updatedAt": "yesterday"}, "820982911946154508"),
        ({"lineItems": None}, "820982911946154508"),
        ({"lineItems": NO_LINES}, "820982911946154508"),
        ({"lineItems": NO_LINES | {"nodes": [LINE | {"quantity": "Bea One"}]}}, "820982911946154508"),
        ({"refunds": "Bea One"}, "820982911946154508"),
        ({"fulfillments": [{"status": "SUCCESS"}]}, "820982911946154508"),
    ],
)
def test_an_order_that_cannot_be_understood_is_named_and_not_quoted(change: dict[str, Any], order_id: str) -> None:
    found = page(listing(ORDER | change, ORDER | {"id": "gid://shopify/Order/2"}))

    assert ["2"] == [event.external_id for event in found.events]
    assert [order_id] == [name for name, _ in found.unreadable]
    assert "Bea" not in str(found)
    assert datetime(2026, 8, 1, 12, 0, 5, tzinfo=UTC) == found.latest


@pytest.mark.parametrize("status", ["PENDING", "AUTHORIZED", "PARTIALLY_PAID"])
def test_an_order_that_waits_for_its_money_is_unpaid(status: str) -> None:
    (order,) = page(listing(ORDER | {"displayFinancialStatus": status})).events

    assert isinstance(order, OrderSnapshot)
    assert order.paid is False


@pytest.mark.parametrize("status", ["VOIDED", "EXPIRED", None])
def test_an_order_whose_status_says_neither_is_neither(status: str | None) -> None:
    (order,) = page(listing(ORDER | {"displayFinancialStatus": status})).events

    assert isinstance(order, OrderSnapshot)
    assert order.paid is None


def test_an_order_deleted_while_its_parts_are_read_is_not_reported() -> None:
    long = ORDER | {"lineItems": {"pageInfo": {"hasNextPage": True, "endCursor": "c"}, "nodes": [LINE]}}

    found = page(listing(long), answer({"data": {"order": None}}))

    assert ((), ()) == (found.events, found.unreadable)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({"data": {"orders": None}}), OutcomeUnknown),
        (answer({"data": {"orders": {"nodes": [None]}}}), OutcomeUnknown),
        (answer({"errors": [{"message": "m", "extensions": {"code": "ACCESS_DENIED"}}]}), ChannelUnavailable),
        (answer({}, 500), ChannelUnavailable),
    ],
)
def test_a_page_that_cannot_be_read_is_raised(response: HttpResponse, kind: type[LastunitError]) -> None:
    assert kind is type(raised_by(lambda: page(response)))


def test_an_echo_of_a_push_or_of_a_sale_asks_for_nothing() -> None:
    level = {
        "inventory_item_id": 271878346596884015,
        "location_id": 24826418,
        "available": 7,
        "updated_at": "2026-08-01T08:00:00-04:00",
        "admin_graphql_api_id": "gid://shopify/InventoryLevel/24826418?inventory_item_id=271878346596884015",
    }

    request = signed(json.dumps(level).encode(), topic="inventory_levels/update")

    assert make_api().parse(request) is None
