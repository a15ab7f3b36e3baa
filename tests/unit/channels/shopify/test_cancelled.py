"""Shopify's cancelled orders: whether their units are back on its shelf."""

import json
from typing import Any

import pytest

from lastunit.domain.orders.snapshot import OrderSnapshot
from tests.channels.shopify.fakes import events_of, make_api, signed
from tests.unit.channels.shopify.test_webhooks import LINE, ORDER, snapshot


def cancelled(*refunded: tuple[int, int, str | None]) -> dict[str, Any]:
    lines = [LINE | {"id": 1, "current_quantity": 0}, LINE | {"id": 2, "quantity": 1, "current_quantity": 0}]
    refunds = [
        {"refund_line_items": [{"line_item_id": line, "quantity": quantity, "restock_type": restock}]}
        for line, quantity, restock in refunded
    ]
    return ORDER | {"cancelled_at": "2026-08-01T09:00:00-04:00", "line_items": lines, "refunds": refunds}


@pytest.mark.parametrize("restock", ["cancel", "return", "legacy_restock"])
def test_a_cancelled_order_is_restocked_when_every_unit_went_back(restock: str) -> None:
    result = snapshot(cancelled((1, 1, restock), (1, 1, restock), (2, 1, restock)))

    assert (True, True) == (result.cancelled, result.restocked)


@pytest.mark.parametrize("refunded", [[(1, 1, "cancel"), (2, 1, "cancel")], [(1, 2, "cancel")]])
def test_what_an_edit_took_out_of_a_cancelled_order_had_gone_back_before(
    refunded: list[tuple[int, int, str | None]],
) -> None:
    result = snapshot(cancelled(*refunded))

    assert (True, True) == (result.cancelled, result.restocked)


def test_a_cancelled_order_is_not_restocked_while_a_unit_of_it_is_left() -> None:
    reported = cancelled((1, 1, "cancel"))

    result = snapshot(reported | {"line_items": [LINE | {"id": 1, "current_quantity": 1}]})

    assert (True, False) == (result.cancelled, result.restocked)


@pytest.mark.parametrize(
    "refunded",
    [
        [],
        [(1, 2, "no_restock"), (2, 1, "no_restock")],
        [(1, 2, "cancel"), (2, 1, "no_restock")],
        [(1, 1, "cancel"), (1, 1, "no_restock"), (2, 1, "cancel")],
        [(1, 1, "cancel"), (2, 1, "no_restock")],
        [(1, 2, "cancel"), (2, 1, None)],
    ],
)
def test_a_cancelled_order_is_not_restocked_while_a_unit_is_missing(
    refunded: list[tuple[int, int, str | None]],
) -> None:
    result = snapshot(cancelled(*refunded))

    assert (True, False) == (result.cancelled, result.restocked)


def test_an_order_that_stands_is_not_restocked_whatever_was_refunded() -> None:
    result = snapshot(cancelled((1, 2, "return"), (2, 1, "return")) | {"cancelled_at": None})

    assert (False, False) == (result.cancelled, result.restocked)


def test_a_deleted_order_is_cancelled_by_its_id_which_is_all_that_shopify_tells() -> None:
    request = signed(json.dumps({"id": 820982911946154508}).encode(), topic="orders/delete")

    [deleted] = events_of(make_api(), request)

    assert isinstance(deleted, OrderSnapshot)
    assert ("820982911946154508", True, False, ()) == (
        deleted.external_id,
        deleted.cancelled,
        deleted.restocked,
        deleted.lines,
    )
