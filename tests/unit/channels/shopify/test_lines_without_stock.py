"""Shopify's lines that are no goods, and how many units of a line are to be delivered after a refund."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.channels.shopify.test_webhooks import LINE, ORDER, snapshot

TYPED_IN = {"variant_id": None, "product_id": None, "sku": None, "vendor": None}
PRODUCT = {"variant_id": 1, "sku": "X", "vendor": "Demo", "requires_shipping": True, "gift_card": False}
COUNTED = {"variant_inventory_management": "shopify"}


def needs_no_stock(line: Mapping[str, Any]) -> bool:
    return snapshot(ORDER | {"line_items": [LINE | dict(line)]}).lines[0].no_stock


@pytest.mark.parametrize(
    "line",
    [
        TYPED_IN | {"title": "Tip", "requires_shipping": False},
        TYPED_IN | {"title": "Engraving", "requires_shipping": True},
        TYPED_IN | {"sku": " "},
        PRODUCT | COUNTED | {"gift_card": True},
        PRODUCT | COUNTED | {"requires_shipping": False},
        PRODUCT | {"variant_inventory_management": None},
    ],
    ids=["tip", "typed in by hand", "without a SKU", "gift card", "service", "not counted"],
)
def test_shopify_says_which_lines_are_no_goods(line: Mapping[str, Any]) -> None:
    assert needs_no_stock(line)


@pytest.mark.parametrize(
    "line",
    [
        {},
        PRODUCT,
        PRODUCT | COUNTED,
        PRODUCT | COUNTED | {"sku": None},
        PRODUCT | COUNTED | {"variant_id": None, "product_id": None},
        PRODUCT | COUNTED | {"variant_id": None, "product_id": None, "sku": None},
    ],
    ids=["says nothing", "of a product", "counted", "without a SKU", "product deleted", "deleted, without a SKU"],
)
def test_other_lines_are_goods(line: Mapping[str, Any]) -> None:
    assert not needs_no_stock(line)


@pytest.mark.parametrize("tip_refund", [[], [{"line_item_id": 2, "quantity": 1, "restock_type": "no_restock"}]])
def test_a_cancelled_order_is_restocked_though_nothing_can_be_put_back_for_a_tip(
    tip_refund: list[dict[str, Any]],
) -> None:
    tip = TYPED_IN | {"id": 2, "quantity": 1, "current_quantity": 0}
    back = [{"line_item_id": LINE["id"], "quantity": 2, "restock_type": "cancel"}, *tip_refund]
    order = {
        "cancelled_at": "2026-08-01T09:00:00-04:00",
        "line_items": [LINE | {"current_quantity": 0}, tip],
        "refunds": [{"refund_line_items": back}],
    }

    assert snapshot(ORDER | order).restocked


@pytest.mark.parametrize(
    ("sent", "unsent", "expected"), [(1, 2, 3), (1, 1, 2), (3, 0, 3), (0, 3, 3), (0, 2, 2), (1, 0, 2)]
)
def test_units_refunded_and_not_put_back_are_to_be_delivered_as_long_as_shopify_will_send_them(
    sent: int, unsent: int, expected: int
) -> None:
    """3 were sold, and 1 of them was refunded: whether one that was sent, only what is left to send tells."""
    order = {
        "line_items": [LINE | {"quantity": 3, "current_quantity": 2, "fulfillable_quantity": unsent}],
        "refunds": [{"refund_line_items": [refund_row("no_restock")]}],
        "fulfillments": [
            {"status": "success", "line_items": [{"id": LINE["id"], "quantity": sent}]},
            {"status": "cancelled", "line_items": [{"id": LINE["id"], "quantity": 3}]},
        ],
    }

    assert expected == snapshot(ORDER | order).lines[0].quantity


def test_a_unit_taken_out_of_the_order_is_not_delivered_however_the_rest_is_counted() -> None:
    """What Shopify documents of its number would count a cancelled unit as one to send, where others were sent."""
    order = {
        "line_items": [LINE | {"quantity": 3, "current_quantity": 2, "fulfillable_quantity": 2}],
        "refunds": [{"refund_line_items": [refund_row("cancel")]}],
        "fulfillments": [{"status": "success", "line_items": [{"id": LINE["id"], "quantity": 1}]}],
    }

    assert 2 == snapshot(ORDER | order).lines[0].quantity


def refund_row(restock_type: str) -> dict[str, Any]:
    return {"line_item_id": LINE["id"], "quantity": 1, "restock_type": restock_type}
