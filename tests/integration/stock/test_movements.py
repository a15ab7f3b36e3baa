"""Adjustments, transfers and bins in DynamoDB: each act once, never below zero, refused with its reason."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from lastunit.adapters.dynamodb.movements import DynamoMovements
from lastunit.domain.errors import (
    Conflict,
    Contention,
    InvalidInput,
    LastunitError,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    StoreUnavailable,
)
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import (
    BINS_MAX,
    Adjustment,
    AdjustmentReason,
    Bin,
    BinKind,
    Level,
    Operation,
    Place,
    Transfer,
)
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.aws.dynamo import Call, HubStore, intercept, new_client
from tests.support.clock import NOON

PICK, SHELF = Bin(name="pick", kind=BinKind.PICKING), Bin(name="shelf", kind=BinKind.STORAGE)


@pytest.fixture
def movements(store: HubStore) -> DynamoMovements:
    store.fill({LevelKey("shirt", "M"): 5, LevelKey("hat", "L"): 1}, kits={"set": {"shirt": 1}})
    return over(store)


def over(store: HubStore, client: Any = None) -> DynamoMovements:
    tables = store.tables
    return DynamoMovements(client or store.client, tables.stock, tables.ledger, tables.settings)


def adjust(reason: AdjustmentReason, delta: int, operation: str = "op-1", **more: Any) -> Adjustment:
    return Adjustment(
        operation=operation, reason=reason, **{"sku": "shirt", "location": "M", "delta": delta, **more}
    )


def transfer(units: int, source: Place, destination: Place, operation: str = "op-1") -> Transfer:
    return Transfer(operation=operation, sku="shirt", quantity=units, source=source, destination=destination)


def refusal(act: Callable[[], object]) -> LastunitError:
    with pytest.raises(LastunitError) as caught:
        act()
    return caught.value


def numbers(level: Level) -> tuple[int, int, int, dict[str, int]]:
    return level.on_hand, level.available, level.unplaced, {name: bin.on_hand for name, bin in level.bins.items()}


def at(store: HubStore, location: str = "M") -> tuple[int, int, int, dict[str, int]]:
    return numbers(store.levels()[LevelKey("shirt", location)])


def reserve(store: HubStore, units: int) -> None:
    order = OrderSnapshot(
        channel="web", external_id="1", revision="1", lines=(SnapshotLine("1", ("shirt",), units),)
    )
    store.change_orders().apply([Incoming("1", order)])


@pytest.mark.parametrize(
    ("reason", "delta", "left"),
    [
        (AdjustmentReason.RECEIVE, 3, 8),
        (AdjustmentReason.CORRECT, -2, 3),
        (AdjustmentReason.CORRECT, 2, 7),
        (AdjustmentReason.DAMAGE, -5, 0),
    ],
)
def test_an_adjustment_moves_what_is_on_hand_and_available(
    store: HubStore, movements: DynamoMovements, reason: AdjustmentReason, delta: int, left: int
) -> None:
    fresh = movements.move(adjust(reason, delta), NOON)

    level = store.levels()[LevelKey("shirt", "M")]
    assert (True, (left, left, left, {})) == (fresh, numbers(level))
    assert (2, f"{reason} op-1") == (level.seq, level.cause)


def test_a_count_keeps_what_was_sold_while_counting(store: HubStore, movements: DynamoMovements) -> None:
    count = Adjustment.counted("op-1", "shirt", "M", counted=4, expected=5, bin=None, note="")
    reserve(store, 2)

    movements.move(count, NOON)

    level = store.levels()[LevelKey("shirt", "M")]
    assert (4, 2, 2) == (level.on_hand, level.reserved, level.available)
    assert [] == store.broken_promises()


def test_a_count_that_finds_nothing_wrong_is_noted_all_the_same(
    store: HubStore, movements: DynamoMovements
) -> None:
    movements.move(Adjustment.counted("op-1", "shirt", "M", 5, 5, None, ""), NOON)

    assert ((5, 5, 5, {}), 2) == (at(store), store.levels()[LevelKey("shirt", "M")].seq)


def test_nothing_is_taken_that_is_not_there(store: HubStore, movements: DynamoMovements) -> None:
    error = refusal(lambda: movements.move(adjust(AdjustmentReason.DAMAGE, -6), NOON))

    assert isinstance(error, Conflict)
    assert {"available": 5, "reserved": 0, "wanted": 6} == error.details
    assert (5, 5, 5, {}) == at(store)


def test_units_that_are_promised_are_not_taken(store: HubStore, movements: DynamoMovements) -> None:
    reserve(store, 4)

    error = refusal(lambda: movements.move(adjust(AdjustmentReason.CORRECT, -2), NOON))

    assert isinstance(error, Conflict)
    assert {"available": 1, "reserved": 4, "wanted": 2} == error.details


def test_nothing_is_taken_from_a_level_that_does_not_exist(movements: DynamoMovements) -> None:
    error = refusal(lambda: movements.move(adjust(AdjustmentReason.CORRECT, -1, location="L"), NOON))

    assert isinstance(error, Conflict)


@pytest.mark.parametrize(
    ("wrong", "kind", "name"),
    [
        ({"sku": "stranger"}, "sku", "stranger"),
        ({"location": "moon"}, "location", "moon"),
        ({"bin": "none"}, "bin", "none"),
        ({"bin": "none", "location": "L"}, "bin", "none"),
    ],
)
def test_what_does_not_exist_is_named(
    store: HubStore, movements: DynamoMovements, wrong: dict[str, str], kind: str, name: str
) -> None:
    before = store.rows(store.tables.stock)

    error = refusal(lambda: movements.move(adjust(AdjustmentReason.RECEIVE, 1, **wrong), NOON))

    assert isinstance(error, MissingReference)
    assert (kind, name, before) == (error.field, error.name, store.rows(store.tables.stock))


def test_a_kit_owns_no_stock(movements: DynamoMovements) -> None:
    received = refusal(lambda: movements.move(adjust(AdjustmentReason.RECEIVE, 1, sku="set"), NOON))
    binned = refusal(lambda: movements.put_bin("set", "M", PICK))

    assert (InvalidInput, InvalidInput) == (type(received), type(binned))


# Exactly once


def test_the_same_operation_again_changes_nothing(store: HubStore, movements: DynamoMovements) -> None:
    act = adjust(AdjustmentReason.RECEIVE, 3, note="pallet 7")
    movements.move(act, NOON)

    again = movements.move(act, NOON)

    assert (False, (8, 8, 8, {})) == (again, at(store))


def test_a_transfer_asked_for_again_changes_nothing(store: HubStore, movements: DynamoMovements) -> None:
    act = transfer(5, Place("M"), Place("L"))
    movements.move(act, NOON)

    again = movements.move(act, NOON)

    assert (False, (0, 0, 0, {}), (5, 5, 5, {})) == (again, at(store), at(store, "L"))


@pytest.mark.parametrize(
    "other",
    [
        adjust(AdjustmentReason.RECEIVE, 4),
        adjust(AdjustmentReason.CORRECT, 3),
        adjust(AdjustmentReason.RECEIVE, 3, location="L"),
        transfer(3, Place("M"), Place("L")),
    ],
)
def test_one_operation_id_never_means_two_acts(
    store: HubStore, movements: DynamoMovements, other: Operation
) -> None:
    movements.move(adjust(AdjustmentReason.RECEIVE, 3), NOON)

    error = refusal(lambda: movements.move(other, NOON))

    assert isinstance(error, Conflict)
    assert (8, 8, 8, {}) == at(store)


def failing(store: HubStore, error: Exception) -> DynamoMovements:
    """The write takes effect, and its answer is this error."""
    client, lost = new_client(), [error]

    def around(operation: str, call: Call) -> Any:
        answer = call()
        if operation == "TransactWriteItems" and lost:
            raise lost.pop()
        return answer

    intercept(client, around)
    return over(store, client)


def server_error(code: str, status: int) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": ""}, "ResponseMetadata": metadata}, "TransactWriteItems")


@pytest.mark.parametrize(
    "lost",
    [
        ReadTimeoutError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        server_error("InternalServerError", 500),
    ],
)
def test_an_act_whose_answer_was_lost_is_recognised_when_asked_for_again(
    store: HubStore, movements: DynamoMovements, lost: Exception
) -> None:
    flaky = failing(store, lost)

    first = refusal(lambda: flaky.move(adjust(AdjustmentReason.RECEIVE, 3), NOON))
    again = flaky.move(adjust(AdjustmentReason.RECEIVE, 3), NOON)

    assert (OutcomeUnknown, False, (8, 8, 8, {})) == (type(first), again, at(store))


def test_a_throttled_act_may_be_tried_again(store: HubStore, movements: DynamoMovements) -> None:
    flaky = failing(store, server_error("ThrottlingException", 400))

    assert isinstance(refusal(lambda: flaky.move(adjust(AdjustmentReason.RECEIVE, 3), NOON)), Contention)


# Transfers and bins


def test_a_transfer_between_locations_keeps_the_total(store: HubStore, movements: DynamoMovements) -> None:
    movements.move(transfer(2, Place("M"), Place("L")), NOON)

    assert ((3, 3, 3, {}), (2, 2, 2, {})) == (at(store), at(store, "L"))


def test_a_transfer_of_too_much_moves_nothing(store: HubStore, movements: DynamoMovements) -> None:
    error = refusal(lambda: movements.move(transfer(6, Place("M"), Place("L")), NOON))

    assert isinstance(error, Conflict)
    assert ((5, 5, 5, {}), None) == (at(store), store.levels().get(LevelKey("shirt", "L")))


def test_a_transfer_between_bins_moves_no_promise(store: HubStore, movements: DynamoMovements) -> None:
    movements.put_bin("shirt", "M", PICK)
    movements.put_bin("shirt", "M", SHELF)
    reserve(store, 5)

    movements.move(transfer(4, Place("M"), Place("M", "shelf"), "op-1"), NOON)
    movements.move(transfer(3, Place("M", "shelf"), Place("M", "pick"), "op-2"), NOON)

    assert (5, 0, 1, {"pick": 3, "shelf": 1}) == at(store)


def test_a_bin_gives_no_more_than_it_holds(store: HubStore, movements: DynamoMovements) -> None:
    movements.put_bin("shirt", "M", PICK)
    movements.move(adjust(AdjustmentReason.RECEIVE, 2, bin="pick"), NOON)

    error = refusal(lambda: movements.move(adjust(AdjustmentReason.DAMAGE, -3, "op-2", bin="pick"), NOON))

    assert isinstance(error, Conflict)
    assert {"on_hand": 2, "wanted": 3} == error.details
    assert (7, 7, 5, {"pick": 2}) == at(store)


def test_units_that_lie_in_bins_are_taken_from_a_named_bin_only(
    store: HubStore, movements: DynamoMovements
) -> None:
    movements.put_bin("shirt", "M", PICK)
    movements.move(transfer(4, Place("M"), Place("M", "pick")), NOON)

    error = refusal(lambda: movements.move(adjust(AdjustmentReason.DAMAGE, -2, "op-2"), NOON))

    assert isinstance(error, Conflict)
    assert {"unplaced": 1, "wanted": 2} == error.details


def test_a_second_picking_bin_is_refused(store: HubStore, movements: DynamoMovements) -> None:
    movements.put_bin("shirt", "M", PICK)

    error = refusal(lambda: movements.put_bin("shirt", "M", Bin(name="pick-2", kind=BinKind.PICKING)))

    assert isinstance(error, Conflict)
    assert ({"picking_bin": "pick"}, ["pick"]) == (error.details, list(store.levels()[LevelKey("shirt", "M")].bins))


def test_each_location_and_each_sku_has_a_picking_bin_of_its_own(
    store: HubStore, movements: DynamoMovements
) -> None:
    for sku, location in (("shirt", "M"), ("shirt", "L"), ("hat", "M")):
        movements.put_bin(sku, location, PICK)

    assert ["pick", "pick", "pick", None] == [
        store.levels()[LevelKey(sku, location)].picking_bin for sku in ("shirt", "hat") for location in ("M", "L")
    ]


def test_a_bin_that_is_there_may_be_asked_for_again_but_not_as_another_kind(movements: DynamoMovements) -> None:
    movements.put_bin("shirt", "M", PICK)
    movements.put_bin("shirt", "M", PICK)

    error = refusal(lambda: movements.put_bin("shirt", "M", Bin(name="pick", kind=BinKind.STORAGE)))

    assert isinstance(error, Conflict)


def test_a_bin_whose_answer_was_lost_may_be_asked_for_again(store: HubStore, movements: DynamoMovements) -> None:
    def lost(operation: str, call: Call) -> Any:
        call()
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    client = new_client()
    intercept(client, lost)

    assert isinstance(refusal(lambda: over(store, client).put_bin("shirt", "M", PICK)), StoreUnavailable)
    movements.put_bin("shirt", "M", PICK)
    assert "pick" == store.levels()[LevelKey("shirt", "M")].picking_bin


def test_a_level_holds_a_limited_number_of_bins(movements: DynamoMovements) -> None:
    for number in range(BINS_MAX):
        movements.put_bin("shirt", "M", Bin(name=f"bin-{number}", kind=BinKind.STORAGE))

    assert isinstance(refusal(lambda: movements.put_bin("shirt", "M", SHELF)), Conflict)


@pytest.mark.parametrize(("sku", "location"), [("stranger", "M"), ("shirt", "moon")])
def test_a_bin_needs_a_sku_and_a_location_that_exist(movements: DynamoMovements, sku: str, location: str) -> None:
    assert isinstance(refusal(lambda: movements.put_bin(sku, location, PICK)), NotFound)


def test_a_sku_with_stock_is_marked_so_that_it_never_becomes_a_kit(
    store: HubStore, movements: DynamoMovements
) -> None:
    marked = [row["pk"] for row in store.rows(store.tables.stock) if row.get("stocked")]

    assert {"SKU#shirt", "SKU#hat"} == set(marked)
    assert Sku(sku="shirt") == store.order_store.items(["shirt"])["shirt"]
