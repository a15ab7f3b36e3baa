"""`POST /orders` takes the order that a webhook of the own store brings, and reads it as the same order."""

from typing import Any

import pytest
from pydantic import ValidationError

from functions.api.schemas.instant_orders import InstantOrderIn, snapshot
from lastunit.channels.generic.orders import OrderIn, fact
from lastunit.domain.errors import UnreadableOrder

ORDER: dict[str, Any] = {
    "order_id": "A-1",
    "version": 3,
    "updated_at": "2026-08-01T14:00:00+02:00",
    "status": "paid",
    "placed_at": "2026-08-01T12:00:00Z",
    "location": "outlet",
    "lines": [{"line_id": "1", "sku": "TEE", "quantity": 2}, {"line_id": "2", "sku": "MUG", "quantity": 0}],
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"version": None},
        {"status": "created"},
        {"status": "pending"},
        {"status": "on hold"},
        {"status": None, "placed_at": None, "location": None},
        {"buyer": "Bea"},
    ],
)
def test_an_order_is_the_same_whichever_way_it_comes(change: dict[str, Any]) -> None:
    order = ORDER | change

    assert fact("web", "order.created", order) == snapshot(
        InstantOrderIn.model_validate(order | {"channel": "web"})
    )


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": ""},
        {"order_id": " A-1"},
        {"order_id": "A" * 101},
        {"version": 0},
        {"version": "3"},
        {"version": 10**18},
        {"updated_at": "2026-08-01T14:00:00"},
        {"status": 7},
        {"location": ""},
        {"lines": []},
        {"lines": ORDER["lines"] * 251},
        {"lines": [{"line_id": "1", "sku": "TEE", "quantity": -1}]},
        {"lines": [{"line_id": "1", "sku": "TEE", "quantity": True}]},
        {"lines": [{"line_id": "1", "sku": "", "quantity": 1}]},
        {"lines": [{"sku": "TEE", "quantity": 1}]},
    ],
)
def test_what_one_way_refuses_the_other_refuses_too(change: dict[str, Any]) -> None:
    for model, order in ((OrderIn, ORDER | change), (InstantOrderIn, ORDER | change | {"channel": "web"})):
        with pytest.raises(ValidationError):
            model.model_validate(order)


def test_an_order_without_a_version_or_a_time_is_refused() -> None:
    order = ORDER | {"channel": "web", "version": None, "updated_at": None}

    with pytest.raises(UnreadableOrder, match="version: is missing, and updated_at too"):
        snapshot(InstantOrderIn.model_validate(order))
