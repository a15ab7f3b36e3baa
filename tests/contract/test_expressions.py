"""Which texts, names and values make an expression; shown with conditions of an update."""

from typing import Any

import pytest

from tests.contract.database import INVALID_CALL, Database


def _answer(database: Database, condition: str, values: dict[str, Any] | None = None, **used: Any) -> Any:
    database.put(units=5, sku="shirt", bins={})
    return database.update("REMOVE gone", condition=condition, values=values, **used)


def test_a_value_that_is_not_given_is_refused(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "units = :five OR sku = :shirt", {"five": 5})


def test_a_value_that_is_not_used_is_refused(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "units = :five", {"five": 5, "shirt": "shirt"})


def test_a_name_that_is_not_given_is_refused(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "#units = :five", {"five": 5})


def test_a_name_that_is_not_used_is_refused(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "units = :five", {"five": 5}, names={"#sku": "sku"})


def test_names_and_values_of_all_expressions_of_a_call_count_together(database: Database) -> None:
    database.put(units=5)

    answer = database.update(
        "SET #units = :six", condition="#units = :five", values={"five": 5, "six": 6}, names={"#units": "units"}
    )

    assert ({}, {"units": 6}) == (answer, database.stored())


def test_no_values_at_all_are_not_the_same_as_none(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "attribute_exists(units)", {})


def test_no_names_at_all_are_not_the_same_as_none(database: Database) -> None:
    assert INVALID_CALL == _answer(database, "attribute_exists(units)", names={})


@pytest.mark.parametrize("word", ["status", "name", "sequence", "state", "url", "Percent", "map"])
def test_a_reserved_word_needs_a_placeholder(database: Database, word: str) -> None:
    answers = [
        _answer(database, f"attribute_not_exists({word})"),
        _answer(database, "attribute_not_exists(#word)", names={"#word": word}),
    ]

    assert [INVALID_CALL, {}] == answers


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "units",
        "units =",
        "= :five",
        "units == :five",
        "units = :five AND",
        "(units = :five",
        "units = :five)",
        "units = :five units = :five",
        "attribute_exists(:five)",
        "exists(units)",
        "units BETWEEN :five",
        "units IN ()",
        "units = 5",
    ],
)
def test_this_is_no_condition(database: Database, condition: str) -> None:
    values = {"five": 5} if ":five" in condition else None

    assert INVALID_CALL == _answer(database, condition, values)


@pytest.mark.parametrize(
    ("condition", "values", "emulated"),
    [
        ("units < :flag", {"flag": True}, False),
        ("units >= :recipe", {"recipe": {"cap": 1}}, False),
        ("units BETWEEN :ten AND :five", {"five": 5, "ten": 10}, True),
        ("units BETWEEN :five AND :shirt", {"five": 5, "shirt": "shirt"}, False),
        ("begins_with(sku, :five)", {"five": 5}, True),
    ],
)
def test_this_value_cannot_stand_in_its_place(
    database: Database, condition: str, values: dict[str, Any], emulated: bool
) -> None:
    if not emulated:
        database.not_asked_of_the_emulator(
            "AWS: incorrect operand type for operator; bounds of BETWEEN of one type"
        )

    assert INVALID_CALL == _answer(database, condition, values)


@pytest.mark.parametrize(("condition", "fine"), [("(units = :five)", True), ("((units = :five))", False)])
def test_parentheses_around_parentheses_are_refused(database: Database, condition: str, fine: bool) -> None:
    assert ({} if fine else INVALID_CALL) == _answer(database, condition, {"five": 5})


def test_an_expression_has_up_to_four_kilobytes(database: Database) -> None:
    expression = "REMOVE " + "".join(f"{number}, ".rjust(15, "x") for number in range(272))

    answers = [database.update(expression.ljust(length, "y")) for length in (4096, 4097)]

    assert [{}, INVALID_CALL] == answers
