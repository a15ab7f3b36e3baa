"""Transactions: all or nothing, with a reason per action in their order."""

from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from tests.contract.database import (
    FAILED,
    INVALID,
    INVALID_CALL,
    OTHER,
    PASSED,
    ROW,
    Database,
    DatabaseRefusal,
    cancelled,
    row,
)

THIRD = rows.key("SKU#shirt", "ITEM")
TELLS: Any = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
NEW = "attribute_not_exists(pk)"
TAKE = ("SET units = units - :one", "units >= :one")
ACTIONS_MAX = 100


def _put(database: Database, key: rows.Item = ROW, condition: str | None = None, **more: Any) -> Any:
    attributes = {name: content for name, content in more.items() if name not in TELLS}
    guard = {"ConditionExpression": condition} if condition else {}
    told = {name: more[name] for name in TELLS if name in more}
    return {"Put": {"TableName": database.table, "Item": row(key, **attributes)} | guard | told}


def _take(database: Database, key: rows.Item = ROW, **more: Any) -> Any:
    change, condition = TAKE
    return {"Update": database.change(change, key, condition, {"one": 1}, **more)}


def _delete(database: Database, key: rows.Item) -> Any:
    return {"Delete": {"TableName": database.table, "Key": key}}


def test_all_kinds_of_actions_happen_together(database: Database) -> None:
    database.put(ROW, units=5)
    database.put(OTHER, units=1)

    answer = database.transact(
        _take(database),
        _delete(database, OTHER),
        _put(database, THIRD, NEW, units=9),
        database.check(NEW, rows.key("x", "y")),
    )

    stored = [database.stored(key) for key in (ROW, OTHER, THIRD, rows.key("x", "y"))]
    assert ({}, [{"units": 4}, None, {"units": 9}, None]) == (answer, stored)


def test_nothing_happens_when_one_condition_fails(database: Database) -> None:
    database.put(ROW, units=5)
    database.put(OTHER, units=1)

    answer = database.transact(
        _take(database), _delete(database, OTHER), _put(database, THIRD, "attribute_exists(pk)")
    )

    stored = [database.stored(key) for key in (ROW, OTHER, THIRD)]
    assert (cancelled(PASSED, PASSED, FAILED), [{"units": 5}, {"units": 1}, None]) == (answer, stored)


def test_every_failed_condition_is_reported_at_its_place(database: Database) -> None:
    database.put(OTHER, units=0)

    answer = database.transact(_take(database), _take(database, OTHER), _put(database, THIRD, NEW))

    assert cancelled(FAILED, FAILED, PASSED) == answer


def test_a_reason_shows_what_is_stored_where_that_was_asked_for(database: Database) -> None:
    database.put(ROW, units=0)
    database.put(OTHER, units=0)

    answer = database.transact(_take(database, **TELLS), _take(database, OTHER), _take(database, THIRD, **TELLS))

    assert cancelled((FAILED[0], row(ROW, units=0)), FAILED, FAILED) == answer


def test_a_reason_of_an_action_that_passed_shows_nothing(database: Database) -> None:
    database.put(ROW, units=5)

    answer = database.transact(_take(database, **TELLS), _put(database, OTHER, "attribute_exists(pk)", **TELLS))

    assert cancelled(PASSED, FAILED) == answer


def test_a_refused_put_and_a_refused_check_show_what_is_stored(database: Database) -> None:
    database.put(ROW, units=5)
    database.put(OTHER, units=6)
    check = database.check(NEW, OTHER)
    check["ConditionCheck"] |= TELLS

    answer = database.transact(_put(database, ROW, NEW, **TELLS), check)

    assert cancelled((FAILED[0], row(ROW, units=5)), (FAILED[0], row(OTHER, units=6))) == answer


@pytest.mark.parametrize(
    "change", ["SET units = gone + :one", "SET gone.units = :one", "SET units = gone", "ADD claim :one"]
)
def test_a_change_that_does_not_fit_the_row_is_a_reason_too(database: Database, change: str) -> None:
    database.put(ROW, units=5, claim="me")
    values = {"one": 1} if ":one" in change else None

    answer = database.transact({"Update": database.change(change, values=values)}, _put(database, OTHER, NEW))

    assert (cancelled(INVALID, PASSED), None) == (answer, database.stored(OTHER))


def test_adding_to_a_text_is_a_reason_too(database: Database) -> None:
    database.not_asked_of_the_emulator(
        "API reference of CancellationReasons: an operand has an incorrect data type"
    )
    database.put(ROW, claim="me")

    answer = database.transact({"Update": database.change("SET claim = claim + :one", values={"one": 1})})

    assert cancelled(INVALID) == answer


def test_a_failed_condition_comes_before_a_change_that_does_not_fit(database: Database) -> None:
    change = database.change("SET units = gone + :one", condition="attribute_exists(pk)", values={"one": 1})

    answer = database.transact({"Update": change})

    assert cancelled(FAILED) == answer


def test_what_fails_and_what_does_not_fit_are_reported_together(database: Database) -> None:
    unfit = database.change("SET units = gone + :one", OTHER, values={"one": 1})

    answer = database.transact(_take(database), {"Update": unfit})

    assert cancelled(FAILED, INVALID) == answer


def test_an_update_that_grows_too_large_is_a_reason_too(database: Database) -> None:
    database.put(ROW, content="x" * 300_000)
    change = database.change("SET more = :more", values={"more": "x" * 120_000})

    answer = database.transact({"Update": change}, _put(database, OTHER))

    assert (cancelled(INVALID, PASSED), None) == (answer, database.stored(OTHER))


def test_a_put_that_is_too_large_refuses_the_whole_call(database: Database) -> None:
    answer = database.transact(_put(database, content="x" * 420_000), _put(database, OTHER, "attribute_exists(pk)"))

    assert INVALID_CALL == answer


def test_two_actions_on_one_row_are_refused(database: Database) -> None:
    database.put(ROW, units=5)

    answers = [
        database.transact(_take(database), database.check("attribute_exists(pk)")),
        database.transact(_put(database, units=1), _delete(database, ROW)),
    ]

    assert ([INVALID_CALL] * 2, {"units": 5}) == (answers, database.stored())


def test_a_hundred_actions_go_together_and_no_more(database: Database) -> None:
    puts = [_put(database, rows.key("SKU#shirt", f"AT#{number}")) for number in range(ACTIONS_MAX + 1)]

    answers = [database.transact(*puts), database.transact(*puts[:ACTIONS_MAX])]

    assert [INVALID_CALL, {}] == answers


def test_a_transaction_holds_up_to_four_megabytes(database: Database) -> None:
    puts = [_put(database, rows.key("SKU#shirt", f"AT#{number}"), content="x" * 390_000) for number in range(11)]

    answers = [database.transact(*puts), database.transact(*puts[:10])]

    assert [INVALID_CALL, {}] == answers


def test_a_check_needs_a_condition_that_is_well_formed(database: Database) -> None:
    answer = database.transact(database.check("units >"), _put(database, OTHER))

    assert (INVALID_CALL, None) == (answer, database.stored(OTHER))


def test_a_table_that_is_not_there_refuses_the_whole_call(database: Database) -> None:
    check = {"TableName": "NoSuchTable", "Key": ROW, "ConditionExpression": NEW}

    answer = database.transact(_put(database), {"ConditionCheck": check})

    assert (DatabaseRefusal("ResourceNotFoundException"), None) == (answer, database.stored())


def test_the_same_token_again_is_answered_and_done_once(database: Database) -> None:
    database.put(units=5)
    token = f"token-{database.table}"

    answers = [database.transact(_take(database), ClientRequestToken=token) for _ in range(2)]

    assert ([{}, {}], {"units": 4}) == (answers, database.stored())


def test_another_token_does_it_again(database: Database) -> None:
    database.put(units=5)
    token = f"token-{database.table}"

    answers = [database.transact(_take(database), ClientRequestToken=f"{token}-{number}") for number in range(2)]

    assert ([{}, {}], {"units": 3}) == (answers, database.stored())


def test_the_same_token_with_something_else_to_do_is_refused(database: Database) -> None:
    database.put(units=5)
    token = f"token-{database.table}"
    database.transact(_take(database), ClientRequestToken=token)

    answer = database.transact(_take(database, OTHER), ClientRequestToken=token)

    assert DatabaseRefusal("IdempotentParameterMismatchException") == answer


def test_a_token_of_a_transaction_that_did_not_happen_may_be_used_again(database: Database) -> None:
    token = f"token-{database.table}"
    before = database.transact(_take(database), ClientRequestToken=token)
    database.put(units=5)

    answer = database.transact(_take(database), ClientRequestToken=token)

    assert (cancelled(FAILED), {}, {"units": 4}) == (before, answer, database.stored())
