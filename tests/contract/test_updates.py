"""What an update makes of a row."""

from typing import Any

import pytest

from tests.contract.database import INVALID_CALL, OTHER, ROW, Database

BINS = {"A": {"kind": "picking", "on_hand": 2}, "B": {"kind": "storage", "on_hand": 7}}


def test_a_sum_that_starts_from_nothing(database: Database) -> None:
    database.put(available=5)
    values = {"zero": 0, "one": 1, "taken": -2}

    database.update(
        "SET available = if_not_exists(available, :zero) + :taken, seq = if_not_exists(seq, :zero) + :one",
        values=values,
    )

    assert {"available": 3, "seq": 1} == database.stored()


def test_sums_are_of_numbers_as_they_were_before_the_update(database: Database) -> None:
    database.put(on_hand=5, reserved=2)

    database.update("SET on_hand = reserved + :one, reserved = on_hand - :one", values={"one": 1})

    assert {"on_hand": 3, "reserved": 4} == database.stored()


def test_numbers_may_be_larger_than_any_machine_word(database: Database) -> None:
    database.put(units=12345678901234567890)

    database.update("SET units = units + :one", values={"one": 1})

    assert {"units": 12345678901234567891} == database.stored()


def test_what_lies_in_a_bin_is_changed_in_its_place(database: Database) -> None:
    database.put(bins=BINS)

    database.update(
        "SET bins.#a.on_hand = bins.#a.on_hand + :taken, bins.#b.mark = :mark",
        values={"taken": -1, "mark": 9},
        names={"#a": "A", "#b": "B"},
    )

    changed = {"A": {"kind": "picking", "on_hand": 1}, "B": {"kind": "storage", "on_hand": 7, "mark": 9}}
    assert {"bins": changed} == database.stored()


def test_a_new_bin_is_put_beside_the_others(database: Database) -> None:
    database.put(bins={"A": BINS["A"]})

    database.update("SET bins.#bin = :new", values={"new": BINS["B"]}, names={"#bin": "B"})

    assert {"bins": BINS} == database.stored()


def test_a_name_with_dots_is_one_attribute(database: Database) -> None:
    database.put(bins={"A": BINS["A"]})

    database.update("SET bins.#bin = :new", values={"new": BINS["B"]}, names={"#bin": "row 1.shelf-2"})

    assert {"bins": {"A": BINS["A"], "row 1.shelf-2": BINS["B"]}} == database.stored()


def test_removing_takes_attributes_and_what_lies_in_maps(database: Database) -> None:
    database.put(bins={"A": {"on_hand": 2, "mark": 9}}, claim="me", again=True)

    database.update("REMOVE bins.#bin.mark, claim, gone", names={"#bin": "A"})

    assert {"bins": {"A": {"on_hand": 2}}, "again": True} == database.stored()


def test_setting_and_removing_and_adding_in_one_update(database: Database) -> None:
    database.put(claim="me", begun=1)

    database.update("SET seq = :five REMOVE claim ADD begun :one, s1 :five", values={"five": 5, "one": 1})

    assert {"seq": 5, "begun": 2, "s1": 5} == database.stored()


def test_an_update_makes_the_row_where_there_is_none(database: Database) -> None:
    database.update("SET poll = :poll", values={"poll": 3})

    assert {"poll": 3} == database.stored()


def test_other_rows_stay_as_they_are(database: Database) -> None:
    database.put(ROW, units=1)
    database.put(OTHER, units=1)

    database.update("SET units = :two", ROW, values={"two": 2})

    assert {"units": 1} == database.stored(OTHER)


def test_numbers_are_stored_in_their_shortest_form(database: Database) -> None:
    written = {"whole": {"N": "007"}, "power": {"N": "1E2"}, "part": {"N": "1.50"}, "zero": {"N": "-0.0"}}
    database.ask("put_item", TableName=database.table, Item=ROW | written)

    answer = database.ask("get_item", TableName=database.table, Key=ROW, ConsistentRead=True)

    stored = {"whole": {"N": "7"}, "power": {"N": "100"}, "part": {"N": "1.5"}, "zero": {"N": "0"}}
    assert ROW | stored == answer["Item"]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET available = available + :one", {"one": 1}),
        ("SET available = units + :one", {"one": 1}),
        ("SET available = units", None),
        ("SET gone.units = :one", {"one": 1}),
        ("SET bins.#bin.on_hand = bins.#bin.on_hand + :one", {"one": 1}),
        ("SET bins.#bin.on_hand = :one", {"one": 1}),
        ("REMOVE gone.units", None),
    ],
)
def test_this_update_of_what_is_not_there_is_refused(
    database: Database, expression: str, values: dict[str, Any] | None
) -> None:
    if expression.startswith("REMOVE"):
        database.not_asked_of_the_emulator("Alternator's tests, run on AWS: REMOVE c.c is refused where no c is")
    database.put(bins={})

    answer = database.update(expression, values=values, names={"#bin": "A"} if "#bin" in expression else None)

    assert INVALID_CALL == answer


@pytest.mark.parametrize("expression", ["SET units = claim + :one", "ADD claim :one", "SET claim.units = :one"])
def test_this_update_of_a_text_as_if_it_were_something_else_is_refused(database: Database, expression: str) -> None:
    if not expression.startswith("ADD"):
        database.not_asked_of_the_emulator(
            "API reference: an operand has an incorrect data type; the path is invalid"
        )
    database.put(claim="me")

    answer = database.update(expression, values={"one": 1} if ":one" in expression else None)

    assert INVALID_CALL == answer


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET units = units + :text", {"text": "1"}),
        ("SET units = if_not_exists(units, :text) + :one", {"text": "1", "one": 1}),
        ("ADD units :text", {"text": "1"}),
    ],
)
def test_this_operand_can_be_added_to_nothing(database: Database, expression: str, values: dict[str, Any]) -> None:
    if expression.startswith("SET"):
        database.not_asked_of_the_emulator("AWS refuses a text beside + before it looks at the row")

    answer = database.update(expression, values=values)

    assert INVALID_CALL == answer


@pytest.mark.parametrize("expression", ["SET units = :one, units = :one", "SET bins.#bin = :one REMOVE bins"])
def test_two_changes_of_one_place_are_refused(database: Database, expression: str) -> None:
    database.not_asked_of_the_emulator("AWS: two document paths overlap with each other")
    database.put(units=1, bins={})

    answer = database.update(expression, values={"one": 1}, names={"#bin": "A"} if "#bin" in expression else None)

    assert INVALID_CALL == answer


@pytest.mark.parametrize("expression", ["SET pk = :other", "REMOVE sk"])
def test_the_key_of_a_row_cannot_be_changed(database: Database, expression: str) -> None:
    database.put(units=1)

    answer = database.update(expression, values={"other": "x"} if ":other" in expression else None)

    assert INVALID_CALL == answer


@pytest.mark.parametrize("expression", ["", "units = :one"])
def test_this_is_no_update(database: Database, expression: str) -> None:
    answer = database.update(expression, values={"one": 1} if ":one" in expression else None)

    assert INVALID_CALL == answer


@pytest.mark.parametrize(
    "expression",
    [
        "SET",
        "SET units",
        "SET units =",
        "SET units = :one +",
        "SET units = :one,",
        "SET units = :one SET seq = :one",
    ],
)
def test_this_is_not_quite_an_update(database: Database, expression: str) -> None:
    database.not_asked_of_the_emulator(
        "developer guide: actions are separated by commas, a keyword appears only once"
    )

    answer = database.update(expression, values={"one": 1} if ":one" in expression else None)

    assert INVALID_CALL == answer
