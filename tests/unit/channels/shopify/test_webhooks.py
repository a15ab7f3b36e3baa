"""Shopify's webhooks: signatures, what is kept of them, how an order is understood."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from lastunit.domain.errors import BadSignature, InvalidInput, LastunitError, UnreadableOrder
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot, SnapshotLine
from lastunit.ports.channel import WebhookRequest
from tests.channels.shopify.fakes import SHOP, events_of, make_api, signed

LINE = {"id": 866550311766439020, "variant_id": 808950810, "sku": "TEE-RED-M", "quantity": 2, "title": "Tee"}
ORDER: dict[str, Any] = {
    "id": 820982911946154508,
    "email": "bea@example.com",
    "created_at": "2026-08-01T08:00:00-04:00",
    "updated_at": "2026-08-01T08:00:05-04:00",
    "cancelled_at": None,
    "test": False,
    "location_id": None,
    "customer": {"first_name": "Bea"},
    "shipping_address": {"name": "Bea One", "address1": "1 Main St"},
    "line_items": [LINE],
    "refunds": [],
}


def parsed(order: object, **changed: str | None) -> Notification | None:
    return make_api().parse(signed(json.dumps(order).encode(), "secret", **changed))


def snapshot(order: Mapping[str, Any]) -> OrderSnapshot:
    (event,) = events_of(make_api(), signed(json.dumps(order).encode()))
    assert isinstance(event, OrderSnapshot)
    return event


def raised_by(call: Callable[[], object]) -> LastunitError:
    with pytest.raises(LastunitError) as caught:
        call()
    return caught.value


# -- signatures ----------------------------------------------------------------------------------------------


def test_the_shared_test_vector_is_accepted() -> None:
    api = make_api()

    api.verify(
        signed(b'{"id":1,"name":"x"}', hmac_sha256="pyIamW/Whw9Ztoe30BInQn6AqgG+aQzRVTxIC98PHeE="),
    )


@pytest.mark.parametrize("key", ["old", "new"])
def test_both_secrets_are_active_during_a_rotation(key: str) -> None:
    api = make_api("old", "new")

    api.verify(signed(b"{}", key=key))


@pytest.mark.parametrize(
    "header", [None, "", "pyIamW", "é" * 44, "\udcff", "\x00", "=" * 10_000, "null", "pyIamW/Whw9Ztoe30BInQn6A"]
)
def test_any_other_signature_is_a_bad_signature(header: str | None) -> None:
    api = make_api()

    with pytest.raises(BadSignature):
        api.verify(signed(b'{"id":1,"name":"x"}', hmac_sha256=header))


def test_a_changed_byte_of_the_body_is_a_bad_signature() -> None:
    api = make_api()
    request = signed(b'{"id":1}')

    with pytest.raises(BadSignature):
        api.verify(WebhookRequest(method="POST", headers=request.headers, body=b'{"id":2}'))


@pytest.mark.parametrize("domain", [None, "", "another.myshopify.com", "\udcff"])
def test_a_webhook_of_another_shop_is_a_bad_signature(domain: str | None) -> None:
    api = make_api()

    with pytest.raises(BadSignature):
        api.verify(signed(b"{}", shop_domain=domain))


def test_the_shop_domain_is_compared_without_regard_to_case() -> None:
    api = make_api()

    api.verify(signed(b"{}", shop_domain=SHOP.upper()))


def test_shopify_has_no_ownership_check() -> None:
    assert make_api().challenge(signed(b"{}")) is None


# -- the envelope --------------------------------------------------------------------------------------------


def test_only_what_the_order_needs_travels_on() -> None:
    refund = {
        "id": 9,
        "note": "for Bea",
        "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": "9"}],
    }

    notification = parsed(ORDER | {"refunds": [refund]})

    assert notification == Notification(
        channel="shop",
        event_id="event-1",
        order_id="820982911946154508",
        topic="orders/create",
        payload={
            "id": "820982911946154508",
            "updated_at": "2026-08-01T08:00:05-04:00",
            "created_at": "2026-08-01T08:00:00-04:00",
            "cancelled_at": None,
            "location_id": None,
            "line_items": [
                {"id": "866550311766439020", "variant_id": "808950810", "sku": "TEE-RED-M", "quantity": 2}
            ],
            "refunds": [{"refund_line_items": [{"line_item_id": "1", "quantity": 1}]}],
        },
    )


@pytest.mark.parametrize(
    "topic",
    [
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/edited",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    ],
)
def test_order_topics_are_accepted(topic: str) -> None:
    notification = parsed(ORDER, topic=topic)

    assert notification is not None
    assert topic == notification.topic


@pytest.mark.parametrize(
    "topic", ["products/update", "refunds/create", "inventory_levels/update", "shop/redact", "x"]
)
def test_other_topics_ask_for_nothing(topic: str) -> None:
    assert parsed({"anything": True}, topic=topic) is None


def test_test_orders_ask_for_nothing() -> None:
    assert parsed(ORDER | {"test": True}) is None


def test_test_notifications_ask_for_nothing() -> None:
    assert parsed(ORDER, test="true") is None


def test_an_edit_that_reports_only_its_changes_is_left_to_the_update_that_follows() -> None:
    edit = {"order_edit": {"id": 1, "order_id": 820982911946154508, "line_items": {"additions": []}}}

    assert parsed(edit, topic="orders/edited") is None


def test_without_an_event_id_the_webhook_id_names_the_event() -> None:
    notification = parsed(ORDER, event_id=None)

    assert notification is not None
    assert "webhook-1" == notification.event_id


def test_an_endless_event_id_is_cut() -> None:
    notification = parsed(ORDER, event_id="x" * 5000)

    assert notification is not None
    assert 200 == len(notification.event_id)


def test_without_any_id_the_body_names_the_event() -> None:
    first, second = (parsed(order, event_id=None, webhook_id=None) for order in (ORDER, ORDER | {"id": 7}))

    assert first is not None
    assert second is not None
    assert first.event_id != second.event_id


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\xff", b"[]", b"null", b"7", b'{"id":', b'{"id":NaN}', b"[" * 100_000, b'{"id":' + b"9" * 5000],
)
def test_a_body_that_is_no_json_object_names_the_body(body: bytes) -> None:
    error = raised_by(lambda: make_api().parse(signed(body)))

    assert isinstance(error, InvalidInput)
    assert "body" == error.field
    assert error.remedy


@pytest.mark.parametrize("order_id", [None, "", "one", 1.5, True, [], {}, -1, 10**19, "\u0661"])
def test_a_body_without_an_order_id_names_the_id(order_id: object) -> None:
    error = raised_by(lambda: parsed({"id": order_id}))

    assert isinstance(error, InvalidInput)
    assert "id" == error.field
    assert error.remedy


def test_a_missing_topic_is_named() -> None:
    error = raised_by(lambda: parsed(ORDER, topic=None))

    assert isinstance(error, InvalidInput)
    assert "x-shopify-topic" == error.field


def test_odd_content_is_kept_for_the_exception() -> None:
    notification = parsed({"id": 1, "line_items": ["odd", {"quantity": "two"}], "updated_at": 5})

    assert notification is not None
    assert {"id": "1", "line_items": ["odd", {"quantity": "two"}], "updated_at": 5} == notification.payload


# -- the order -----------------------------------------------------------------------------------------------


def test_an_order_becomes_a_snapshot() -> None:
    assert snapshot(ORDER) == OrderSnapshot(
        channel="shop",
        external_id="820982911946154508",
        revision="2026-08-01T12:00:05.000000+00:00",
        lines=(SnapshotLine("866550311766439020", ("variant:808950810", "TEE-RED-M"), 2),),
        placed_at=datetime.fromisoformat("2026-08-01T12:00:00.000000+00:00"),
    )


def test_revisions_of_different_zones_sort_by_time() -> None:
    moments = ["2026-08-01T23:30:00+12:00", "2026-08-01T08:00:00-04:00", "2026-08-01T12:00:00.5Z"]

    revisions = [s.revision for s in (snapshot(ORDER | {"updated_at": moment}) for moment in moments)]

    assert sorted(revisions) == revisions
    assert 3 == len(set(revisions))


@pytest.mark.parametrize("sku", [None, "", "  "])
def test_a_line_without_a_sku_is_known_by_its_variant(sku: str | None) -> None:
    result = snapshot(ORDER | {"line_items": [LINE | {"sku": sku}]})

    assert ("variant:808950810",) == result.lines[0].names


def test_a_line_without_a_variant_is_known_by_its_sku() -> None:
    result = snapshot(ORDER | {"line_items": [LINE | {"variant_id": None}]})

    assert ("TEE-RED-M",) == result.lines[0].names


def test_a_line_typed_in_by_hand_is_known_by_its_own_id() -> None:
    result = snapshot(ORDER | {"line_items": [LINE | {"variant_id": None, "sku": None}]})

    assert ("line:866550311766439020",) == result.lines[0].names


@pytest.mark.parametrize(
    ("status", "paid"),
    [
        ("paid", True),
        ("partially_refunded", True),
        ("refunded", True),
        ("pending", False),
        ("authorized", False),
        ("partially_paid", False),
        ("voided", None),
        ("of tomorrow", None),
        (None, None),
    ],
)
def test_an_order_reports_whether_it_was_paid(status: str | None, paid: bool | None) -> None:
    assert paid is snapshot(ORDER | {"financial_status": status}).paid


def test_an_order_that_does_not_speak_of_payment_is_neither_paid_nor_unpaid() -> None:
    assert snapshot(ORDER).paid is None


@pytest.mark.parametrize(("current", "expected"), [(1, 1), (0, 0), (None, 2)])
def test_the_current_quantity_counts_where_it_is_reported(current: int | None, expected: int) -> None:
    result = snapshot(ORDER | {"line_items": [LINE | {"current_quantity": current}]})

    assert expected == result.lines[0].quantity


@pytest.mark.parametrize("refunds", [None, [], [{}], [{"refund_line_items": None}]])
def test_a_refund_without_lines_changes_no_quantity(refunds: object) -> None:
    assert 2 == snapshot(ORDER | {"refunds": refunds}).lines[0].quantity


@pytest.mark.parametrize(
    ("current", "restock", "expected"),
    [(1, "return", 2), (0, "return", 1), (2, "return", 2), (1, "cancel", 1), (1, "no_restock", 1), (1, None, 1)],
)
def test_units_that_were_sent_and_came_back_were_to_be_delivered(
    current: int, restock: str | None, expected: int
) -> None:
    row = {"line_item_id": LINE["id"], "quantity": 1, "restock_type": restock}
    order = {"line_items": [LINE | {"current_quantity": current}], "refunds": [{"refund_line_items": [row]}]}

    assert expected == snapshot(ORDER | order).lines[0].quantity


def test_an_order_taken_in_a_shop_names_its_location() -> None:
    result = snapshot(ORDER | {"location_id": 124656943})

    assert "124656943" == result.location


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"updated_at": None}, "updated_at"),
        ({"updated_at": "yesterday"}, "updated_at"),
        ({"updated_at": "2026-08-01T08:00:05"}, "updated_at"),
        ({"updated_at": "0001-01-01T00:00:00+14:00"}, "updated_at"),
        ({"financial_status": 7}, "financial_status"),
        ({"line_items": None}, "line_items"),
        ({"line_items": "Bea"}, "line_items"),
        ({"line_items": []}, "lines"),
        ({"line_items": ["odd"]}, "line_items[0]"),
        ({"line_items": [LINE | {"id": None}]}, "line_items[0].id"),
        ({"line_items": [LINE | {"quantity": "2"}]}, "line_items[0].quantity"),
        ({"line_items": [LINE | {"quantity": 1.5}]}, "line_items[0].quantity"),
        ({"line_items": [LINE | {"quantity": True}]}, "line_items[0].quantity"),
        ({"line_items": [LINE | {"quantity": -1}]}, "lines[866550311766439020].quantity"),
        ({"line_items": [LINE | {"sku": 7}]}, "line_items[0].sku"),
        ({"line_items": [LINE, LINE]}, "lines"),
        ({"line_items": [LINE | {"variant_id": 8.5}]}, "line_items[0].variant_id"),
        ({"cancelled_at": "2026-08-01T09:00:00Z", "refunds": [7]}, "refunds[0]"),
    ],
)
def test_content_that_cannot_be_understood_is_named(change: dict[str, Any], field: str) -> None:
    error = raised_by(lambda: snapshot(ORDER | change))

    assert isinstance(error, UnreadableOrder)
    assert field == error.field


def test_an_unreadable_order_quotes_nothing_of_its_content() -> None:
    error = raised_by(lambda: snapshot(ORDER | {"line_items": "Bea One, 1 Main St"}))

    assert "Bea" not in f"{error} {error.__cause__}"
