"""Reads by key, of a partition, of an index, and of a whole table, a page at a time."""

from collections.abc import Iterable
from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from tests.contract.database import INVALID_CALL, OTHER, ROW, Database, row

KEYS_MAX = 100
PK = "SKU#shirt"


def _fill(database: Database, *sks: str, **attributes: Any) -> None:
    for sk in sks:
        database.put(rows.key(PK, sk), **attributes)


def _query(database: Database, condition: str = "pk = :pk", **more: Any) -> Any:
    values = {"pk": PK} | more.pop("values", {})
    typed = {f":{name}": rows.value(content) for name, content in values.items()}
    read = {"ConsistentRead": True} if "IndexName" not in more else {}
    parameters = {"KeyConditionExpression": condition, "ExpressionAttributeValues": typed} | read | more
    return database.ask("query", TableName=database.table, **parameters)


def _sks(answer: Any) -> list[str]:
    return [item["sk"]["S"] for item in answer["Items"]]


def _pages(database: Database, **parameters: Any) -> Iterable[list[str]]:
    pages = database.client.get_paginator("query").paginate(TableName=database.table, **parameters)
    return [_sks(page) for page in pages]


def test_a_key_that_is_not_there_is_answered_with_nothing(database: Database) -> None:
    answer = database.ask("get_item", TableName=database.table, Key=ROW, ConsistentRead=True)

    assert {} == answer


def test_some_attributes_of_a_row(database: Database) -> None:
    database.put(units=5, state="new", claim="me")
    parameters = {
        "ProjectionExpression": "pk, units, #state, gone",
        "ExpressionAttributeNames": {"#state": "state"},
    }

    answer = database.ask("get_item", TableName=database.table, Key=ROW, ConsistentRead=True, **parameters)

    assert {"Item": {"pk": ROW["pk"], "units": {"N": "5"}, "state": {"S": "new"}}} == answer


def test_many_keys_at_once(database: Database) -> None:
    database.put(ROW, units=1)
    database.put(OTHER, units=2)
    keys = [ROW, rows.key("gone", "gone"), OTHER]

    answer = database.ask("batch_get_item", RequestItems={database.table: {"Keys": keys, "ConsistentRead": True}})

    found = sorted(answer["Responses"][database.table], key=lambda item: str(item["sk"]["S"]))
    assert ([row(ROW, units=1), row(OTHER, units=2)], {}) == (found, answer["UnprocessedKeys"])


def test_no_key_twice_in_a_batch(database: Database) -> None:
    answer = database.ask("batch_get_item", RequestItems={database.table: {"Keys": [ROW, OTHER, ROW]}})

    assert INVALID_CALL == answer


@pytest.mark.parametrize(("count", "fine"), [(KEYS_MAX, True), (KEYS_MAX + 1, False)])
def test_a_hundred_keys_in_a_batch_and_no_more(database: Database, count: int, fine: bool) -> None:
    keys = [rows.key(PK, str(number)) for number in range(count)]

    answer = database.ask("batch_get_item", RequestItems={database.table: {"Keys": keys}})

    assert ({"Responses": {database.table: []}, "UnprocessedKeys": {}} if fine else INVALID_CALL) == answer


def test_a_partition_comes_in_the_order_of_its_sort_keys(database: Database) -> None:
    _fill(database, "b", "a", "Z", "ä", "a#1")
    database.put(rows.key("SKU#shirts", "b"))

    answer = _query(database)

    assert (["Z", "a", "a#1", "b", "ä"], 5, 5) == (_sks(answer), answer["Count"], answer["ScannedCount"])


def test_and_backwards_where_that_is_asked_for(database: Database) -> None:
    _fill(database, "a", "b", "c")

    assert ["c", "b", "a"] == _sks(_query(database, ScanIndexForward=False))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("sk = :b", ["b"]),
        ("sk > :b", ["ba", "c"]),
        ("sk >= :b", ["b", "ba", "c"]),
        ("sk < :b", ["a"]),
        ("sk <= :b", ["a", "b"]),
        ("sk BETWEEN :b AND :c", ["b", "ba", "c"]),
        ("begins_with(sk, :b)", ["b", "ba"]),
    ],
)
def test_the_sort_keys_that_a_query_asks_for(database: Database, condition: str, found: list[str]) -> None:
    _fill(database, "a", "b", "ba", "c")
    values = {name: name for name in "bc" if f":{name}" in condition}

    assert found == _sks(_query(database, f"pk = :pk AND {condition}", values=values))


def test_a_query_of_no_rows(database: Database) -> None:
    assert {"Items": [], "Count": 0, "ScannedCount": 0} == _query(database)


@pytest.mark.parametrize(
    "condition",
    ["sk = :pk", "pk > :pk", "pk = :pk AND units = :pk"],
)
def test_this_chooses_no_partition(database: Database, condition: str) -> None:
    assert INVALID_CALL == _query(database, condition)


@pytest.mark.parametrize("condition", ["pk = :pk OR sk = :pk", "pk = :pk AND sk <> :pk"])
def test_these_signs_choose_no_rows(database: Database, condition: str) -> None:
    database.not_asked_of_the_emulator("API reference of Query: AND only; of signs =, <, <=, >, >= only")

    assert INVALID_CALL == _query(database, condition)


def test_the_key_of_a_query_is_not_empty(database: Database) -> None:
    assert INVALID_CALL == _query(database, values={"pk": ""})


def test_a_query_has_a_key_condition(database: Database) -> None:
    assert INVALID_CALL == database.ask("query", TableName=database.table)


def test_a_limited_query_says_where_to_go_on(database: Database) -> None:
    _fill(database, "a", "b", "c")

    first = _query(database, Limit=2)
    second = _query(database, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (["a", "b"], rows.key(PK, "b")) == (_sks(first), first["LastEvaluatedKey"])
    assert (["c"], False) == (_sks(second), "LastEvaluatedKey" in second)


def test_a_full_page_says_where_to_go_on_even_if_nothing_comes(database: Database) -> None:
    _fill(database, "a", "b")

    first = _query(database, Limit=2)
    second = _query(database, Limit=2, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert ["a", "b"] == _sks(first)
    assert {"Items": [], "Count": 0, "ScannedCount": 0} == second


def test_going_on_backwards(database: Database) -> None:
    _fill(database, "a", "b", "c")

    answer = _query(database, ScanIndexForward=False, ExclusiveStartKey=rows.key(PK, "c"))

    assert ["b", "a"] == _sks(answer)


def test_going_on_after_a_row_that_is_gone_meanwhile(database: Database) -> None:
    _fill(database, "a", "c")

    assert ["c"] == _sks(_query(database, ExclusiveStartKey=rows.key(PK, "b")))


def test_a_start_that_no_query_of_this_kind_has_given_is_refused(database: Database) -> None:
    start = {"pk": rows.value(PK)}

    assert INVALID_CALL == _query(database, ExclusiveStartKey=start)


def test_a_limit_of_nothing_is_refused(database: Database) -> None:
    database.not_asked_of_the_emulator("boto3 refuses it before it is sent")

    assert INVALID_CALL == _query(database, Limit=0)


def test_a_filter_leaves_out_what_was_read_and_counted(database: Database) -> None:
    _fill(database, "a", "c", poll=1)
    _fill(database, "b", poll=2)
    names: Any = {"ExpressionAttributeNames": {"#poll": "poll"}}

    answer = _query(database, FilterExpression="#poll < :two", values={"two": 2}, Limit=2, **names)

    assert ["a"] == _sks(answer)
    assert (1, 2, rows.key(PK, "b")) == (answer["Count"], answer["ScannedCount"], answer["LastEvaluatedKey"])


def test_a_filter_cannot_ask_for_keys(database: Database) -> None:
    database.not_asked_of_the_emulator(
        "dynalite's tests, recorded from AWS: filters only non-primary key attributes"
    )

    assert INVALID_CALL == _query(database, FilterExpression="sk = :b", values={"b": "b"})


def test_a_paginator_reads_all_pages(database: Database) -> None:
    _fill(database, "a", "b", "c")
    values = {"ExpressionAttributeValues": {":pk": rows.value(PK)}}

    pages = _pages(database, KeyConditionExpression="pk = :pk", PaginationConfig={"PageSize": 2}, **values)

    assert [["a", "b"], ["c"]] == pages


def test_a_page_holds_up_to_one_megabyte(database: Database) -> None:
    _fill(database, "a", "b", "c", content="x" * 390_000)

    first = _query(database)
    second = _query(database, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (["a", "b"], ["c"]) == (_sks(first), _sks(second))


def test_a_scan_reads_all_rows_page_by_page(database: Database) -> None:
    keys = [rows.key(f"SKU#{sku}", f"AT#{at}") for sku in "abc" for at in range(3)]
    for key in keys:
        database.put(key)
    pages = database.client.get_paginator("scan").paginate(
        TableName=database.table, ConsistentRead=True, PaginationConfig={"PageSize": 2}
    )

    found = [item for page in pages for item in page["Items"]]

    assert sorted(map(str, keys)) == sorted(map(str, found))


def test_a_scan_may_filter_by_keys_and_show_some_attributes(database: Database) -> None:
    _fill(database, "ORDER", state="new", units=1)
    _fill(database, "TASK", state="new", units=1)

    answer = database.ask(
        "scan",
        TableName=database.table,
        FilterExpression="sk = :order AND units >= :one AND #state <> :gone",
        ProjectionExpression="#pk, #state, #sold",
        ExpressionAttributeNames={"#pk": "pk", "#state": "state", "#sold": "sold"},
        ExpressionAttributeValues={":order": {"S": "ORDER"}, ":one": {"N": "1"}, ":gone": {"S": "gone"}},
    )

    assert ([{"pk": {"S": PK}, "state": {"S": "new"}}], 2) == (answer["Items"], answer["ScannedCount"])
