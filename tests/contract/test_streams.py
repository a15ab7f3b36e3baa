"""What a table's stream tells of its writes."""

from typing import Any

from lastunit.adapters.dynamodb import rows
from tests.contract.database import OTHER, ROW, Database, row


def _told(database: Database) -> list[Any]:
    """Every record without what differs from run to run."""
    names = ("Keys", "OldImage", "NewImage")
    return [
        (record["eventName"], *(record["dynamodb"].get(name) for name in names))
        for record in database.records(database.table)
    ]


def test_a_new_row_a_changed_row_and_a_removed_row(database: Database) -> None:
    database.put(units=1)
    database.update("ADD units :one", values={"one": 1})
    database.delete()

    told = _told(database)

    one, two = row(ROW, units=1), row(ROW, units=2)
    assert [("INSERT", ROW, None, one), ("MODIFY", ROW, one, two), ("REMOVE", ROW, two, None)] == told


def test_a_write_that_changes_nothing_is_not_reported(database: Database) -> None:
    database.put(units=1)

    database.put(units=1)
    database.update("SET units = :one REMOVE gone", values={"one": 1})
    database.delete(OTHER)
    database.transact({"Put": {"TableName": database.table, "Item": row(ROW, units=1)}})

    assert [("INSERT", ROW, None, row(ROW, units=1))] == _told(database)


def test_a_refused_write_is_not_reported(database: Database) -> None:
    database.put(condition="attribute_exists(pk)", units=1)

    assert [] == _told(database)


def test_every_row_of_a_transaction_is_reported_and_a_check_is_not(database: Database) -> None:
    database.put(ROW, units=5)

    database.transact(
        {"Put": {"TableName": database.table, "Item": OTHER}},
        {"Delete": {"TableName": database.table, "Key": ROW}},
        database.check("attribute_not_exists(pk)", rows.key("x", "y")),
    )

    told = sorted(_told(database)[1:], key=str)
    assert [("INSERT", OTHER, None, OTHER), ("REMOVE", ROW, row(ROW, units=5), None)] == told


def test_the_writes_of_one_row_are_reported_in_their_order(database: Database) -> None:
    for _ in range(5):
        database.update("ADD units :one", values={"one": 1})

    records = database.records(database.table)
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert ["1", "2", "3", "4", "5"] == [record["dynamodb"]["NewImage"]["units"]["N"] for record in records]
    assert sorted(set(numbers)) == numbers
    assert 5 == len({record["eventID"] for record in records})
