"""Writes of one row: what they answer, and what they refuse."""

from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from tests.contract.database import INVALID_CALL, REFUSED, ROW, Database, DatabaseRefusal, row

KILOBYTE = 1024
ITEM_MAX = 400 * KILOBYTE
KEY_BYTES = len("pk") + len(ROW["pk"]["S"]) + len("sk") + len(ROW["sk"]["S"])


def test_a_put_replaces_the_whole_row(database: Database) -> None:
    database.put(units=1, claim="me")

    answer = database.put(units=2)

    assert ({}, {"units": 2}) == (answer, database.stored())


def test_a_row_comes_back_as_it_was_put(database: Database) -> None:
    written: dict[str, Any] = {
        "text": "ähnlich 🧢",
        "empty": "",
        "units": -3,
        "again": False,
        "lines": [{"sku": "shirt", "units": 2}, "x", []],
        "bins": {"A": {"on_hand": 1}, "": {}},
    }
    database.put(**written)

    assert written == database.stored()


def test_a_put_whose_condition_fails_changes_nothing(database: Database) -> None:
    database.put(units=1)

    answer = database.put(condition="attribute_not_exists(pk)", units=2)

    assert (REFUSED, {"units": 1}) == (answer, database.stored())


def test_an_update_whose_condition_fails_changes_nothing(database: Database) -> None:
    database.put(units=1)

    answer = database.update("SET units = :two", condition="units >= :two", values={"two": 2})

    assert (REFUSED, {"units": 1}) == (answer, database.stored())


def test_an_update_whose_condition_fails_makes_no_row(database: Database) -> None:
    answer = database.update("SET units = :two", condition="attribute_exists(pk)", values={"two": 2})

    assert (REFUSED, None) == (answer, database.stored())


def test_a_delete_takes_the_row(database: Database) -> None:
    database.put(units=1)

    answer = database.delete()

    assert ({}, None) == (answer, database.stored())


def test_deleting_what_is_not_there_is_no_error(database: Database) -> None:
    answer = database.delete()

    assert {} == answer


def test_a_refusal_shows_what_is_stored_where_that_was_asked_for(database: Database) -> None:
    database.put(units=1)
    answer = database.update(
        "SET units = :two",
        condition="units >= :two",
        values={"two": 2},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )

    assert DatabaseRefusal("ConditionalCheckFailedException", row(ROW, units=1)) == answer


def test_a_refusal_shows_nothing_where_nothing_is_stored(database: Database) -> None:
    answer = database.update(
        "SET units = :two",
        condition="units >= :two",
        values={"two": 2},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )

    assert REFUSED == answer


@pytest.mark.parametrize(("wanted", "answered"), [("ALL_OLD", 1), ("ALL_NEW", 2)])
def test_an_update_answers_with_the_row_of_before_or_afterwards(
    database: Database, wanted: str, answered: int
) -> None:
    database.put(units=1)

    answer = database.update("ADD units :one", values={"one": 1}, ReturnValues=wanted)

    assert {"Attributes": row(ROW, units=answered)} == answer


def test_an_update_that_makes_the_row_answers_with_no_row_of_before(database: Database) -> None:
    answer = database.update("ADD units :one", values={"one": 1}, ReturnValues="ALL_OLD")

    assert {} == answer


@pytest.mark.parametrize("stored", [True, False])
def test_a_delete_answers_with_the_row_that_was_there(database: Database, stored: bool) -> None:
    if stored:
        database.put(units=1)

    answer = database.ask("delete_item", TableName=database.table, Key=ROW, ReturnValues="ALL_OLD")

    assert ({"Attributes": row(ROW, units=1)} if stored else {}) == answer


def test_a_put_cannot_answer_with_the_new_row(database: Database) -> None:
    answer = database.ask("put_item", TableName=database.table, Item=ROW, ReturnValues="ALL_NEW")

    assert (INVALID_CALL, None) == (answer, database.stored())


@pytest.mark.parametrize(
    "key",
    [
        {"pk": {"S": "x"}},
        {"pk": {"S": "x"}, "sk": {"S": ""}},
        {"pk": {"S": ""}, "sk": {"S": "x"}},
        {"pk": {"S": "x"}, "sk": {"N": "1"}},
        {"pk": {"S": "x"}, "sk": {"S": "x"}, "units": {"N": "1"}},
        {"pk": {"S": "x" * 2049}, "sk": {"S": "x"}},
        {"pk": {"S": "x"}, "sk": {"S": "ä" * 513}},
    ],
    ids=["no sort key", "empty sort key", "empty partition key", "a number", "too many", "long", "long in bytes"],
)
@pytest.mark.parametrize("operation", ["get_item", "update_item", "delete_item"])
def test_this_is_no_key(database: Database, operation: str, key: dict[str, Any]) -> None:
    answer = database.ask(operation, TableName=database.table, Key=key)

    assert INVALID_CALL == answer


def test_a_row_needs_its_key(database: Database) -> None:
    answer = database.ask("put_item", TableName=database.table, Item=rows.encode({"pk": "x", "units": 1}))

    assert INVALID_CALL == answer


@pytest.mark.parametrize("waiting", [5, ""])
def test_what_an_index_is_ordered_by_is_a_text_and_not_empty(database: Database, waiting: Any) -> None:
    answers = [
        database.put(waiting=waiting),
        database.update("SET waiting = :kind", values={"kind": waiting}),
    ]

    assert ([INVALID_CALL] * 2, None) == (answers, database.stored())


def test_a_row_holds_up_to_400_kilobytes_of_names_and_values(database: Database) -> None:
    content = "x" * (ITEM_MAX - KEY_BYTES - len("content"))

    answers = [database.put(content=content), database.put(content=content + "x")]

    assert [{}, INVALID_CALL] == answers


def test_an_update_cannot_make_a_row_larger_than_400_kilobytes(database: Database) -> None:
    database.put(content="x" * (ITEM_MAX - KEY_BYTES - 2 * len("content") - 3))

    answers = [
        database.update("SET #name = :more", values={"more": more}, names={"#name": "content2"})
        for more in ("xx", "xxx")
    ]

    assert [{}, INVALID_CALL] == answers


def test_a_table_that_is_not_there_is_not_found(database: Database) -> None:
    answer = database.ask("get_item", TableName="NoSuchTable", Key=ROW)

    assert DatabaseRefusal("ResourceNotFoundException") == answer
