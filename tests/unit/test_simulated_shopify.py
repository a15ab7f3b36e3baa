"""The simulated shop is the contract: it refuses what Shopify refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.channels.shopify import Shopify

SET = """mutation S($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field } } }"""


@pytest.fixture
def shop() -> Shopify:
    """Not opened: its API is asked without a socket."""
    return Shopify()


def quantity_input(shop: Shopify, name: str, quantity: int = 1, **changed: Any) -> dict[str, Any]:
    refs = shop.refs(name)
    ids = {"inventoryItemId": refs["inventory_item_id"], "locationId": refs["location_id"]}
    return ids | {"quantity": quantity, "changeFromQuantity": None} | changed


def set_input(*quantities: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"name": "available", "reason": "correction", "quantities": list(quantities)} | changed


def error_codes(answer: Mapping[str, Any]) -> list[str]:
    return [error.get("extensions", {}).get("code", error["message"]) for error in answer["errors"]]


def user_error_codes(answer: Mapping[str, Any]) -> list[str]:
    return [error["code"] for error in answer["data"]["inventorySetQuantities"]["userErrors"]]


def test_a_quantity_must_say_what_it_replaces(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    quantity = quantity_input(shop, "TEE")
    del quantity["changeFromQuantity"]

    answer = shop.admin.answer(SET, {"key": "k", "input": set_input(quantity)})

    assert ["INVALID_FIELD_ARGUMENTS"] == error_codes(answer)
    assert 5 == shop.shelves["TEE"]


def test_a_mutation_must_carry_an_idempotency_key(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    bare = SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")

    answer = shop.admin.answer(bare, {"input": set_input(quantity_input(shop, "TEE"))})

    assert ["BAD_REQUEST"] == error_codes(answer)
    assert 5 == shop.shelves["TEE"]


def test_251_quantities_are_too_many(shop: Shopify) -> None:
    shop.list_item("TEE", 5)

    answer = shop.admin.answer(SET, {"key": "k", "input": set_input(*[quantity_input(shop, "TEE")] * 251)})

    assert ["MAX_INPUT_SIZE_EXCEEDED"] == error_codes(answer)


@pytest.mark.parametrize(
    ("quantity", "call", "code"),
    [
        ({"inventoryItemId": "gid://shopify/InventoryItem/404"}, {}, "INVALID_INVENTORY_ITEM"),
        ({"locationId": "gid://shopify/Location/404"}, {}, "INVALID_LOCATION"),
        ({"locationId": "gid://shopify/Location/905684977"}, {}, "ITEM_NOT_STOCKED_AT_LOCATION"),
        ({"quantity": -1}, {}, "INVALID_QUANTITY_NEGATIVE"),
        ({"quantity": 1_000_000_001}, {}, "INVALID_QUANTITY_TOO_HIGH"),
        ({"changeFromQuantity": 4}, {}, "CHANGE_FROM_QUANTITY_STALE"),
        ({}, {"name": "incoming"}, "INVALID_NAME"),
        ({}, {"reason": "because"}, "INVALID_REASON"),
        ({}, {"referenceDocumentUri": "no uri"}, "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    shop: Shopify, quantity: dict[str, Any], call: dict[str, Any], code: str
) -> None:
    shop.list_item("TEE", 5)
    input = set_input(quantity_input(shop, "TEE", **quantity), **call)

    answer = shop.admin.answer(SET, {"key": "k", "input": input})

    assert code in user_error_codes(answer)
    assert 5 == shop.shelves["TEE"]


def test_one_bad_quantity_keeps_all_others_from_being_applied(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    shop.list_item("CAP", 5)
    quantities = [quantity_input(shop, "TEE", 9), quantity_input(shop, "CAP", 9, changeFromQuantity=1)]

    answer = shop.admin.answer(SET, {"key": "k", "input": set_input(*quantities)})

    error = answer["data"]["inventorySetQuantities"]["userErrors"][0]
    assert ["input", "quantities", "1", "changeFromQuantity"] == error["field"]
    assert {"TEE": 5, "CAP": 5} == shop.shelves


def test_a_key_belongs_to_one_content_and_a_failed_key_is_spent(shop: Shopify) -> None:
    shop.list_item("TEE", 5)
    first, failing = (set_input(quantity_input(shop, "TEE", n)) for n in (6, -1))

    answers = [
        shop.admin.answer(SET, {"key": key, "input": input})
        for key, input in (("a", first), ("a", first), ("a", failing), ("b", failing), ("b", failing))
    ]

    assert [
        [],
        [],
        ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"],
        ["INVALID_QUANTITY_NEGATIVE"],
        ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"],
    ] == [user_error_codes(answer) for answer in answers]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query {", {}),
        ("query { shop { name } }", {}),
        (SET, {"key": "k"}),
        (
            SET,
            {"key": "k", "input": {"name": "available", "reason": "correction", "quantities": [{"quantity": 1}]}},
        ),
        (SET, {"key": "k", "input": set_input(ignoreCompareQuantity=True)}),
    ],
)
def test_what_the_schema_does_not_know_is_an_error(shop: Shopify, query: str, variables: dict[str, Any]) -> None:
    answer = shop.admin.answer(query, variables)

    assert answer["errors"]


def test_every_answer_tells_its_cost(shop: Shopify) -> None:
    shop.list_item("TEE", 5)

    answer = shop.admin.answer(SET, {"key": "k", "input": set_input(quantity_input(shop, "TEE"))})

    cost = answer["extensions"]["cost"]
    assert (10, 10) == (cost["requestedQueryCost"], cost["actualQueryCost"])
    assert 1990 == cost["throttleStatus"]["currentlyAvailable"]
