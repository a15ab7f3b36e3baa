"""The book in DynamoDB: what its conditions refuse, and what its answers mean."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from lastunit.adapters import items
from lastunit.adapters.stock_book import DynamoStockBook
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.groups import Group, group
from lastunit.domain.levels import Bin, BinKind, Level, LevelKey
from lastunit.domain.orders import Allocation, Change, Line, Order, Reason, State
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.place import Incoming
from tests.dynamo import Call, Store, intercept
from tests.fakes import NOON

SHIRT: LevelKey = ("shirt", "M")


def order(number: str = "1", units: int = 2, sku: str = "shirt", location: str = "M", **fields: Any) -> Order:
    line = Line("1", (sku,), units, sku, sku, {sku: 1})
    held = (Allocation("1", sku, location, units, "R2"),)
    return Order("web", number, State.RESERVED, "1", ("f",), (line,), held, **fields)


def new(*orders: Order) -> Group:
    return group([Change(None, one) for one in orders])


def step(before: Order, after: Order) -> Group:
    return group([Change(before, after)])


def refused(act: Callable[[], None]) -> CommitRefused:
    with pytest.raises(CommitRefused) as caught:
        act()
    return caught.value


@pytest.fixture
def book(store: Store) -> DynamoStockBook:
    store.fill({SHIRT: 5})
    return store.book


def counts(store: Store, key: LevelKey = SHIRT) -> tuple[int, int, int]:
    level = store.levels()[key]
    return level.available, level.reserved, level.on_hand


def test_a_new_order_is_written_with_its_level_and_its_listing(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order()), NOON)

    written = replace(order(), rev=1, commit="c1", changed_at=NOON.isoformat())
    assert {"web:1": written} == book.orders(["web:1", "web:2"])
    assert ((3, 2, 5), {"shirt": 2}) == (counts(store), store.sold())


def test_every_commit_moves_the_sequence_of_a_level_by_one_and_names_its_cause(
    store: Store, book: DynamoStockBook
) -> None:
    before = store.levels()[SHIRT].seq

    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)
    book.commit("c2", new(order("3", 1)), NOON)

    level = store.levels()[SHIRT]
    assert (before + 2, "orders c2") == (level.seq, level.cause)


def test_a_duplicate_is_refused_with_the_stored_order_and_nothing_is_written(
    store: Store, book: DynamoStockBook
) -> None:
    book.commit("c1", new(order("1", 1)), NOON)

    answer = refused(lambda: book.commit("c2", new(order("1", 3), order("2", 1)), NOON))

    assert (book.orders(["web:1"]), {}, frozenset(), False) == (
        answer.orders,
        answer.levels,
        answer.listings,
        answer.contended,
    )
    assert ((4, 1, 5), ["web:1"]) == (counts(store), list(store.orders()))


def test_a_short_level_is_refused_with_what_is_there(store: Store, book: DynamoStockBook) -> None:
    answer = refused(lambda: book.commit("c1", new(order(units=6)), NOON))

    assert ({}, store.levels()) == (answer.orders, answer.levels)
    assert ((5, 0, 5), {}) == (counts(store), store.orders())


def test_the_very_last_unit_can_be_reserved(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=5)), NOON)

    assert (0, 5, 5) == counts(store)


def test_one_short_order_keeps_all_others_of_its_group_out(store: Store, book: DynamoStockBook) -> None:
    refused(lambda: book.commit("c1", new(order("1", 3), order("2", 3)), NOON))

    assert ((5, 0, 5), {}) == (counts(store), store.orders())


def test_an_edit_needs_the_revision_it_was_decided_on(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]

    book.commit("c2", step(before, order(units=3, rev=before.rev)), NOON)
    answer = refused(lambda: book.commit("c3", step(before, order(units=5, rev=before.rev)), NOON))

    assert ({"web:1": 2}, (2, 3, 5)) == ({key: row.rev for key, row in answer.orders.items() if row}, counts(store))


def test_an_edit_of_an_order_that_is_gone_is_refused(store: Store, book: DynamoStockBook) -> None:
    before = order(rev=4)

    answer = refused(lambda: book.commit("c1", step(before, order(units=3, rev=4)), NOON))

    assert {"web:1": None} == answer.orders


def test_a_release_gives_the_units_back_once(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order()), NOON)
    before = book.orders(["web:1"])["web:1"]
    after = replace(before, state=State.CANCELLED, allocations=())

    book.commit("c2", step(before, after), NOON)
    refused(lambda: book.commit("c3", step(before, after), NOON))

    assert (5, 0, 5) == counts(store)


def test_units_that_are_not_reserved_cannot_be_given_back(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]
    inflated = replace(before, allocations=(Allocation("1", "shirt", "M", 2),))

    answer = refused(lambda: book.commit("c2", step(inflated, replace(inflated, allocations=())), NOON))

    assert ([SHIRT], (4, 1, 5)) == (list(answer.levels), counts(store))


def test_a_level_that_does_not_exist_is_refused_and_not_created(store: Store, book: DynamoStockBook) -> None:
    answer = refused(lambda: book.commit("c1", new(order(location="nowhere")), NOON))

    assert ({("shirt", "nowhere"): None}, [SHIRT]) == (answer.levels, list(store.levels()))


def test_a_listing_that_does_not_exist_is_refused_and_not_created(store: Store, book: DynamoStockBook) -> None:
    unlisted = replace(order(), lines=(Line("1", ("x",), 2, "x", "shirt", {"shirt": 1}),))

    answer = refused(lambda: book.commit("c1", new(unlisted), NOON))

    assert (frozenset({("shirt", "web", "x")}), {"shirt": 0}) == (answer.listings, store.sold())


def test_each_refusal_is_told_for_what_it_concerns(store: Store, book: DynamoStockBook) -> None:
    """Reasons come by position: an order, two levels and a listing must not be mistaken for one another."""
    book.commit("c1", new(order("1", 1)), NOON)
    held = (Allocation("1", "shirt", "M", 9), Allocation("1", "shirt", "L", 1))
    unlisted = Line("1", ("x",), 10, "x", "shirt", {"shirt": 1})
    mixed = new(order("0", 1), order("1", 1), replace(order("2"), allocations=held, lines=(unlisted,)))

    answer = refused(lambda: book.commit("c2", mixed, NOON))

    assert (["web:1"], [SHIRT, ("shirt", "L")]) == (list(answer.orders), list(answer.levels))
    assert {("shirt", "web", "x")} == answer.listings


def test_a_commit_asked_again_under_its_own_id_is_recognised_and_done_once(
    store: Store, book: DynamoStockBook
) -> None:
    """moto forgets request tokens, as DynamoDB does after ten minutes: only our own rows can tell."""
    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    assert ((3, 2, 5), {"shirt": 2}) == (counts(store), store.sold())


def test_an_edit_asked_again_under_its_own_id_is_done_once(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]
    edit = step(before, order(units=4, rev=before.rev))

    book.commit("c2", edit, NOON)
    book.commit("c2", edit, NOON)

    assert (1, 4, 5) == counts(store)


def test_the_last_units_taken_by_a_commit_do_not_hide_that_it_was_our_own(
    store: Store, book: DynamoStockBook
) -> None:
    """Asked again, both the row and the now empty level refuse."""
    book.commit("c1", new(order(units=5)), NOON)

    book.commit("c1", new(order(units=5)), NOON)

    assert (0, 5, 5) == counts(store)


@pytest.mark.parametrize(
    "stored",
    [
        order(),
        replace(order(), state=State.EXCEPTION, reason=Reason.EDIT_SHORT),
        Order("web", "1", State.CANCELLED, "9", restocked=True, reason=Reason.CANCELLED_BEFORE_ORDER),
        Order(
            "web",
            "1",
            State.EXCEPTION,
            "1",
            ("f", "g"),
            (Line("1", ("what", "else"), 2),),
            details={"names": "what"},
        ),
        Order("web", "1", State.REQUESTED, "1", lines=(Line("1", ("set",), 1, "set", "set", {"a": 2, "b": 1}),)),
    ],
)
def test_an_order_comes_back_as_it_was_written(stored: Order, store: Store) -> None:
    unstocked = Group((Change(None, stored),))

    store.book.commit("c1", unstocked, NOON)

    assert {"web:1": replace(stored, rev=1, commit="c1", changed_at=NOON.isoformat())} == store.book.orders(
        ["web:1"]
    )


def test_more_than_a_hundred_rows_are_read_in_several_calls(store: Store) -> None:
    store.book.commit("c1", Group(tuple(Change(None, order(str(number))) for number in range(60))), NOON)
    store.book.commit("c2", Group(tuple(Change(None, order(str(number))) for number in range(60, 120))), NOON)

    found = store.book.orders(f"web:{number}" for number in range(130))

    assert {f"web:{number}" for number in range(120)} == found.keys()


# Answers that moto never gives


def stubbed() -> tuple[DynamoStockBook, Stubber]:
    client = boto3.client("dynamodb", region_name="eu-west-1")
    return DynamoStockBook(client, "stock", "orders"), Stubber(client)


def cancel_with(stubber: Stubber, *codes: str) -> None:
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        http_status_code=400,
        modeled_fields={"CancellationReasons": [{"Code": code} for code in codes]},
    )


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_conflict_on_any_item_is_contention(code: str) -> None:
    book, stubber = stubbed()
    cancel_with(stubber, "None", code, "None")

    with stubber:
        answer = refused(lambda: book.commit("c1", new(order()), NOON))

    assert (True, {}, {}) == (answer.contended, answer.orders, answer.levels)


def test_a_conflict_beside_a_refusal_tells_both() -> None:
    book, stubber = stubbed()
    cancel_with(stubber, "TransactionConflict", "ConditionalCheckFailed", "None")

    with stubber:
        answer = refused(lambda: book.commit("c1", new(order()), NOON))

    assert (True, {}, {SHIRT: None}) == (answer.contended, answer.orders, answer.levels)


@pytest.mark.parametrize(
    "code", ["TransactionInProgressException", "ThrottlingException", "ProvisionedThroughputExceededException"]
)
def test_a_call_at_a_bad_moment_is_contention(code: str) -> None:
    book, stubber = stubbed()
    stubber.add_client_error("transact_write_items", code)

    with stubber:
        answer = refused(lambda: book.commit("c1", new(order()), NOON))

    assert answer.contended


@pytest.mark.parametrize("code", ["ValidationException", "IdempotentParameterMismatchException"])
def test_what_dynamodb_finds_malformed_can_never_be_written(code: str) -> None:
    book, stubber = stubbed()
    stubber.add_client_error("transact_write_items", code)

    with stubber, pytest.raises(Unwritable):
        book.commit("c1", new(order()), NOON)


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_single_malformed_item_makes_its_group_unwritable(code: str) -> None:
    book, stubber = stubbed()
    cancel_with(stubber, "None", code, "None")

    with stubber, pytest.raises(Unwritable):
        book.commit("c1", new(order()), NOON)


def test_a_group_of_more_than_a_hundred_items_is_unwritable(store: Store) -> None:
    with pytest.raises(Unwritable):
        store.book.commit("c1", Group(tuple(Change(None, order(str(number))) for number in range(101))), NOON)


def test_an_error_inside_dynamodb_leaves_the_outcome_unknown() -> None:
    book, stubber = stubbed()
    stubber.add_client_error("transact_write_items", "InternalServerError", http_status_code=500)

    with stubber, pytest.raises(OutcomeUnknown):
        book.commit("c1", new(order()), NOON)


def test_an_error_nobody_expects_passes_untouched() -> None:
    book, stubber = stubbed()
    stubber.add_client_error("transact_write_items", "AccessDeniedException", http_status_code=400)

    with stubber, pytest.raises(ClientError, match="AccessDenied"):
        book.commit("c1", new(order()), NOON)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="dynamodb"),
        ConnectionClosedError(endpoint_url="dynamodb"),
        ConnectTimeoutError(endpoint_url="dynamodb"),
        EndpointConnectionError(endpoint_url="dynamodb"),
    ],
)
def test_no_answer_leaves_the_outcome_unknown(error: Exception) -> None:
    client = boto3.client("dynamodb", region_name="eu-west-1")

    def silent(operation: str, call: Call) -> Any:
        raise error

    intercept(client, silent)

    with pytest.raises(OutcomeUnknown):
        DynamoStockBook(client, "stock", "orders").commit("c1", new(order()), NOON)


# What the hot path pays for


def size_bytes(typed: Any) -> int:
    """The size DynamoDB counts for a value: text in UTF-8, numbers two digits a byte, 3 + 1 each for containers."""
    ((kind, content),) = typed.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "L":
            return 3 + sum(1 + size_bytes(element) for element in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_bytes(element) for name, element in content.items())
        case _:
            return 1


def row_bytes(item: items.Item) -> int:
    return sum(len(name.encode()) + size_bytes(typed) for name, typed in item.items())


def test_the_row_of_a_usual_order_stays_under_one_write_unit(store: Store) -> None:
    """One line with a GTIN-like SKU and a channel's own ids, five locations, a commit id of 32 digits."""
    sku, places = "TSHIRT-ORGANIC-NAVY-XL", ["warehouse-north", "shop-centre", "shop-airport", "outlet", "depot-2"]
    store.fill({(sku, place): 40 for place in places})
    line = SnapshotLine("14401234567890", ("gid://shopify/InventoryItem/43729076", sku), 1)
    snapshot = Snapshot(
        "web", "5678901234567", "2026-11-21T12:00:00.000Z", (line,), placed_at="2026-11-21T12:00:00Z"
    )
    placing = replace(store.place_orders(), new_id=lambda: uuid.uuid4().hex)

    placing([Incoming("1", snapshot)])

    row = store.client.get_item(TableName=store.tables.orders, Key=items.order_key("web:5678901234567"))["Item"]
    assert State.RESERVED.value == row["state"]["S"]
    assert 1024 > row_bytes(row)


def test_the_row_of_a_level_stays_under_one_write_unit() -> None:
    bins = {f"A-{number:02}-3": Bin(f"A-{number:02}-3", BinKind.STORAGE, 1_000) for number in range(5)}
    level = Level("TSHIRT-ORGANIC-NAVY-XL", "warehouse-north", 6_000, 1_000, 5_000, 1_000, bins, 1_000_000)
    row = items.level_key(level.sku, level.location) | items.encode(
        {
            "on_hand": level.on_hand,
            "reserved": level.reserved,
            "available": level.available,
            "unplaced": level.unplaced,
            "bins": {bin.name: {"kind": bin.kind.value, "on_hand": bin.on_hand} for bin in bins.values()},
            "seq": level.seq,
            "cause": f"orders {uuid.uuid4().hex}",
        }
    )

    assert level.on_hand == items.level_from(items.decode(row)).on_hand
    assert 1024 > row_bytes(row)
