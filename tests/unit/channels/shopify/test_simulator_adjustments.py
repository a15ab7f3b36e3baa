"""The simulated shop's relative mutation: it refuses what Shopify refuses, and knows each key again."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.channels.shopify.simulator import Shopify

ADJUST = """mutation A($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { changes { name delta quantityAfterChange } } userErrors { code field } } }"""


@pytest.fixture
def shop() -> Shopify:
    """Not opened: its API is asked without a socket."""
    return Shopify()


def adjust_input(
    shop: Shopify, *deltas: int, call: Mapping[str, Any] | None = None, **changed: Any
) -> dict[str, Any]:
    refs = shop.refs("TEE")
    ids = {"inventoryItemId": refs["inventory_item_id"], "locationId": refs["location_id"]}
    changes = [ids | {"delta": delta, "changeFromQuantity": None} | changed for delta in deltas]
    return {"name": "available", "reason": "correction", "changes": changes} | dict(call or {})


def error_codes(answer: Mapping[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


def adjusted(shop: Shopify, key: str, input: dict[str, Any]) -> Any:
    return shop.admin.answer(ADJUST, {"key": key, "input": input})["data"]["inventoryAdjustQuantities"]


def test_an_adjustment_may_take_a_shelf_below_nothing_and_is_not_clamped(shop: Shopify) -> None:
    shop.list_item("TEE", 2)
    shop.admin.inventory.tells_numbers = True

    answer = adjusted(shop, "k", adjust_input(shop, -5))

    assert [{"name": "available", "delta": -5, "quantityAfterChange": -3}] == answer["inventoryAdjustmentGroup"][
        "changes"
    ]
    assert -3 == shop.shelves["TEE"]


@pytest.mark.parametrize(
    ("delta", "change", "call", "code"),
    [
        (1, {"inventoryItemId": "gid://shopify/InventoryItem/404"}, {}, "INVALID_INVENTORY_ITEM"),
        (1, {"locationId": "gid://shopify/Location/404"}, {}, "INVALID_LOCATION"),
        (1, {"locationId": "gid://shopify/Location/905684977"}, {}, "ITEM_NOT_STOCKED_AT_LOCATION"),
        (1, {"changeFromQuantity": 4}, {}, "CHANGE_FROM_QUANTITY_STALE"),
        (1_000_000_000, {}, {}, "INVALID_QUANTITY_TOO_HIGH"),
        (-1_000_000_006, {}, {}, "INVALID_QUANTITY_TOO_LOW"),
        (1, {}, {"name": "incoming"}, "INVALID_QUANTITY_NAME"),
        (1, {}, {"reason": "because"}, "INVALID_REASON"),
        (1, {}, {"referenceDocumentUri": "no uri"}, "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_an_adjustment_that_breaks_a_rule_is_refused(
    shop: Shopify, delta: int, change: dict[str, Any], call: dict[str, Any], code: str
) -> None:
    shop.list_item("TEE", 5)

    answer = adjusted(shop, "k", adjust_input(shop, delta, call=call, **change))

    assert [code] == [error["code"] for error in answer["userErrors"]]
    assert 5 == shop.shelves["TEE"]


def test_an_adjustment_is_all_or_nothing_and_its_key_belongs_to_one_content(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    bad = adjust_input(shop, 1) | {
        "changes": [*adjust_input(shop, 1)["changes"], *adjust_input(shop, 1, locationId="x")["changes"]]
    }

    answers = [
        adjusted(shop, key, input)
        for key, input in (
            ("a", adjust_input(shop, 3)),
            ("a", adjust_input(shop, 3)),
            ("a", adjust_input(shop, 4)),
            ("b", bad),
            ("b", bad),
        )
    ]

    assert [
        [],
        [],
        ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"],
        ["INVALID_LOCATION"],
        ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"],
    ] == [[error["code"] for error in answer["userErrors"]] for answer in answers]
    assert 8 == shop.shelves["TEE"]


def test_an_adjustment_needs_a_key_and_what_it_changes_from(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    bare = ADJUST.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    silent = adjust_input(shop, 1)
    del silent["changes"][0]["changeFromQuantity"]

    answers = [
        shop.admin.answer(bare, {"input": adjust_input(shop, 1)}),
        shop.admin.answer(ADJUST, {"key": "k", "input": silent}),
        shop.admin.answer(ADJUST, {"key": "k", "input": adjust_input(shop, *[1] * 251)}),
    ]

    assert [["BAD_REQUEST"], ["INVALID_FIELD_ARGUMENTS"], ["MAX_INPUT_SIZE_EXCEEDED"]] == list(
        map(error_codes, answers)
    )
    assert 5 == shop.shelves["TEE"]


def test_every_mutation_of_a_request_costs_ten_points_and_answers_for_itself(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    one = "inventoryAdjustQuantities(input: $input) @idempotent(key: %r) { userErrors { code } }"
    both = f"mutation B($input: InventoryAdjustQuantitiesInput!) {{ a: {one % 'a'} b: {one % ''} }}".replace(
        "'", '"'
    )

    answer = shop.admin.answer(both, {"input": adjust_input(shop, 1)})

    assert ({"userErrors": []}, None) == (answer["data"]["a"], answer["data"]["b"])
    assert [["b"]] == [error["path"] for error in answer["errors"]]
    assert 20 == answer["extensions"]["cost"]["requestedQueryCost"]
    assert 6 == shop.shelves["TEE"]
