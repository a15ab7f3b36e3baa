"""The indexes of orders: what waits, and what is due. They hold only rows that have both of their keys."""

from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from tests.contract.database import INVALID_CALL, Database, row


def _waiting(database: Database, **more: Any) -> Any:
    condition = more.pop("KeyConditionExpression", "waiting = :kind")
    return database.ask(
        "query",
        TableName=database.table,
        IndexName="waiting",
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":kind": {"S": "request"}},
        **more,
    )


def _wait(database: Database, number: str, since: str, **more: Any) -> rows.Item:
    key = rows.key(f"ORDER#web#{number}", "ORDER")
    database.put(key, **({"waiting": "request", "waiting_since": since} | more))
    return key


def _keys(answer: Any) -> list[str]:
    return [item["pk"]["S"].removeprefix("ORDER#web#") for item in answer["Items"]]


def test_an_index_shows_whole_rows_in_the_order_of_its_own_key(database: Database) -> None:
    _wait(database, "1", "monday", units=5, lines=["x"])
    _wait(database, "2", "friday")

    answer = _waiting(database)

    whole = row(rows.key("ORDER#web#1", "ORDER"), waiting="request", waiting_since="monday", units=5, lines=["x"])
    assert (["2", "1"], whole) == (_keys(answer), answer["Items"][1])


def test_a_row_without_both_keys_of_an_index_is_not_in_it(database: Database) -> None:
    database.put(rows.key("ORDER#web#1", "ORDER"), waiting="request")
    database.put(rows.key("ORDER#web#2", "ORDER"), waiting_since="monday")
    _wait(database, "3", "monday", waiting="exception")

    assert [] == _keys(_waiting(database))


def test_a_row_leaves_an_index_with_its_key(database: Database) -> None:
    first, second, third = (_wait(database, number, "monday") for number in "123")

    database.update("REMOVE waiting, waiting_since", first)
    database.delete(second)
    database.put(third, waiting_since="monday")

    assert [] == _keys(_waiting(database))


def test_a_row_moves_within_an_index_and_enters_it_again(database: Database) -> None:
    first, _ = _wait(database, "1", "monday"), _wait(database, "2", "tuesday")
    database.update("REMOVE waiting", first)

    database.update(
        "SET waiting = :kind, waiting_since = :since", first, values={"kind": "request", "since": "wednesday"}
    )

    assert ["2", "1"] == _keys(_waiting(database))


def test_a_change_of_other_attributes_is_seen_in_the_index(database: Database) -> None:
    key = _wait(database, "1", "monday", units=5)

    database.update("SET units = :six", key, values={"six": 6})

    assert [{"N": "6"}] == [item["units"] for item in _waiting(database)["Items"]]


def test_the_range_of_an_index_with_a_reserved_word_and_a_limit(database: Database) -> None:
    for number, due in enumerate(("09:00", "10:00", "11:00", "08:00")):
        database.put(rows.key(f"ORDER#web#{number}", "ORDER"), clock="payment", due_at=due)

    answer = database.ask(
        "query",
        TableName=database.table,
        IndexName="due",
        KeyConditionExpression="clock = :clock AND due_at <= :before",
        ExpressionAttributeValues={":clock": {"S": "payment"}, ":before": {"S": "10:00"}},
        Limit=2,
    )

    assert ["3", "0"] == _keys(answer)


def test_a_page_of_an_index_ends_with_the_keys_of_both(database: Database) -> None:
    first = _wait(database, "1", "monday")
    _wait(database, "2", "tuesday")

    page = _waiting(database, Limit=1)
    rest = _waiting(database, ExclusiveStartKey=page["LastEvaluatedKey"])

    assert row(first, waiting="request", waiting_since="monday") == page["LastEvaluatedKey"]
    assert ["2"] == _keys(rest)


def test_rows_with_the_same_index_keys_are_all_found_page_by_page(database: Database) -> None:
    for number in "12345":
        _wait(database, number, "monday")
    found, start = list[str](), dict[str, Any]()

    while not found or start:
        page = _waiting(database, Limit=2, **start)
        found += _keys(page)
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else {}

    assert ["1", "2", "3", "4", "5"] == sorted(found)


def test_an_index_can_be_filtered_by_other_attributes(database: Database) -> None:
    _wait(database, "1", "monday", reason="unknown_sku")
    _wait(database, "2", "monday")

    answer = database.ask(
        "query",
        TableName=database.table,
        IndexName="waiting",
        KeyConditionExpression="waiting = :kind",
        FilterExpression="reason IN (:unknown, :line)",
        ExpressionAttributeValues={
            ":kind": {"S": "request"},
            ":unknown": {"S": "unknown_sku"},
            ":line": {"S": "shipped_unknown_line"},
        },
    )

    assert ["1"] == _keys(answer)


@pytest.mark.parametrize("condition", ["waiting = :kind", "pk = :kind"])
def test_an_index_cannot_be_read_consistently(database: Database, condition: str) -> None:
    answer = _waiting(database, KeyConditionExpression=condition, ConsistentRead=True)

    assert INVALID_CALL == answer


def test_an_index_that_is_not_there_is_refused(database: Database) -> None:
    answer = database.ask(
        "query",
        TableName=database.table,
        IndexName="gone",
        KeyConditionExpression="waiting = :kind",
        ExpressionAttributeValues={":kind": {"S": "request"}},
    )

    assert INVALID_CALL == answer
