"""The simulated shop is the contract: it refuses what Shopify refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.channels.shopify.simulator import Shopify

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


def test_every_answer_shows_its_cost(shop: Shopify) -> None:
    shop.list_item("TEE", 5)

    answer = shop.admin.answer(SET, {"key": "k", "input": set_input(quantity_input(shop, "TEE"))})

    cost = answer["extensions"]["cost"]
    assert (10, 10) == (cost["requestedQueryCost"], cost["actualQueryCost"])
    assert 1990 == cost["throttleStatus"]["currentlyAvailable"]


@pytest.fixture
def sold(shop: Shopify) -> str:
    """An order of 3 of 9 TEE. The webhooks of a shop that is not opened go nowhere."""
    shop.misbehaviour.dropped = 1.0
    shop.list_item("TEE", 9)
    return shop.sell({"TEE": 3})


def states(shop: Shopify, order_id: str) -> tuple[str | None, str, int, int]:
    order = shop.orders[order_id]
    line = order["line_items"][0]
    return (
        order["fulfillment_status"],
        order["financial_status"],
        line["current_quantity"],
        line["fulfillable_quantity"],
    )


def counts(shop: Shopify) -> tuple[int, int]:
    """Available and committed."""
    return shop.shelves["TEE"], shop.committed["TEE"]


def test_parcels_take_what_was_committed_until_nothing_is_left(shop: Shopify, sold: str) -> None:
    seen = [(states(shop, sold), counts(shop))]

    for quantity in (2, 1):
        shop.ship(sold, {"TEE": quantity})
        seen.append((states(shop, sold), counts(shop)))

    assert [
        ((None, "paid", 3, 3), (6, 3)),
        (("partial", "paid", 3, 1), (6, 1)),
        (("fulfilled", "paid", 3, 0), (6, 0)),
    ] == seen


def test_a_voided_parcel_is_committed_again_once(shop: Shopify, sold: str) -> None:
    shop.ship(sold, {"TEE": 1})
    parcel = shop.ship(sold, {"TEE": 2})

    shop.void(parcel)

    with pytest.raises(ValueError, match="already"):
        shop.void(parcel)
    assert (("partial", "paid", 3, 2), (6, 2)) == (states(shop, sold), counts(shop))
    assert ["success", "cancelled"] == [one["status"] for one in shop.orders[sold]["fulfillments"]]


@pytest.mark.parametrize("lines", [{}, {"TEE": 0}, {"TEE": -1}, {"TEE": 4}, {"CAP": 1}, {"TEE": 1, "CAP": 1}])
def test_what_is_not_left_to_fulfil_is_refused_whole(shop: Shopify, sold: str, lines: dict[str, int]) -> None:
    with pytest.raises((ValueError, KeyError)):
        shop.ship(sold, lines)

    assert ((None, "paid", 3, 3), (6, 3)) == (states(shop, sold), counts(shop))


def test_a_location_of_another_shop_sends_nothing(shop: Shopify, sold: str) -> None:
    with pytest.raises(ValueError, match="location"):
        shop.ship(sold, {"TEE": 1}, location_id=1)


@pytest.mark.parametrize(
    ("sent", "restock_type", "quantity", "expected"),
    [
        (0, "cancel", 1, ((None, "partially_refunded", 2, 2), (7, 2))),
        (0, "cancel", 3, ((None, "refunded", 0, 0), (9, 0))),
        (0, "no_restock", 1, ((None, "partially_refunded", 2, 2), (6, 2))),
        (2, "return", 2, (("partial", "partially_refunded", 1, 1), (8, 1))),
        (3, "no_restock", 1, (("fulfilled", "partially_refunded", 2, 0), (6, 0))),
    ],
)
def test_a_refund_lowers_the_current_quantity_and_restocks_as_its_type_says(
    shop: Shopify, sold: str, sent: int, restock_type: str, quantity: int, expected: object
) -> None:
    if sent:
        shop.ship(sold, {"TEE": sent})

    shop.refund(sold, {"TEE": quantity}, restock_type)

    assert expected == (states(shop, sold), counts(shop))


@pytest.mark.parametrize(
    ("restock_type", "quantity"),
    [("cancel", 2), ("return", 3), ("no_restock", 4), ("cancel", 0), ("return", -1), ("legacy_restock", 1)],
)
def test_a_refund_that_does_not_fit_is_refused(shop: Shopify, sold: str, restock_type: str, quantity: int) -> None:
    shop.ship(sold, {"TEE": 2})

    with pytest.raises(ValueError, match="refund"):
        shop.refund(sold, {"TEE": quantity}, restock_type)

    assert (("partial", "paid", 3, 1), (6, 1)) == (states(shop, sold), counts(shop))


def test_an_order_of_which_something_was_sent_cannot_be_cancelled(shop: Shopify, sold: str) -> None:
    parcel = shop.ship(sold, {"TEE": 1})
    with pytest.raises(ValueError, match="fulfilled"):
        shop.cancel(sold)
    shop.void(parcel)

    shop.cancel(sold)

    assert (9, 0) == counts(shop)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (
            "{ orders(sortKey: UPDATED_AT, query: \"updated_at:>='2020-01-01T00:00:00Z'\") { nodes { id } } }",
            "BAD_REQUEST",
        ),
        (
            "{ orders(first: 100, sortKey: UPDATED_AT, query: \"updated_at:>='2020-01-01T00:00:00Z'\")"
            " { nodes { id lineItems(first: 10) { nodes { id } } } } }",
            "MAX_COST_EXCEEDED",
        ),
        ('{ orders(first: 1, sortKey: UPDATED_AT, query: "name:7") { nodes { id } } }', "UNSUPPORTED"),
    ],
)
def test_a_listing_that_shopify_would_refuse_is_refused(shop: Shopify, query: str, code: str) -> None:
    answer = shop.admin.answer(query, {})

    assert [code] == error_codes(answer)


def test_an_edit_moves_units_between_the_shelf_and_the_order(shop: Shopify, sold: str) -> None:
    shop.list_item("CAP", 4)

    shop.edit(sold, {"TEE": 1, "CAP": 2})

    lines = {line["sku"]: (line["quantity"], line["current_quantity"]) for line in shop.orders[sold]["line_items"]}
    assert {"TEE": (3, 1), "CAP": (2, 2)} == lines
    assert ((8, 1), 2, 2) == (counts(shop), shop.shelves["CAP"], shop.committed["CAP"])
