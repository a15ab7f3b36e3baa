"""Histories of real clients on the local stack's DynamoDB, undisturbed and behind the fault proxy."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from infra.local.faults import FaultProxy, lost_answer, refused
from lastunit.domain.errors import LastunitError
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.use_cases.orders.change_orders import Incoming
from tests.linear import emulator
from tests.linear.levels import check
from tests.linear.recorder import Recorder, stock_of
from tests.linear.runs import Run, run, use_cases
from tests.support.aws.dynamo import HubStore, create_tables
from tests.support.orders.commits import SHIRT
from tests.support.orders.inputs import sold

CLIENTS = 16
PATIENT = 3  # Those that ask again, as the functions do. The others hear of every lost answer themselves.
WRITE = {"service": "dynamodb", "operation": "TransactWriteItems"}
READ = {"service": "dynamodb", "operation": "BatchGetItem"}
LOST = {"response": {"abort_bytes": 1}}
FAULTS: list[dict[str, Any]] = [
    WRITE | LOST | {"probability": 0.25},
    WRITE | {"probability": 0.05, "reset": True},
    WRITE | {"probability": 0.05, "error": {"code": "InternalServerError"}},
    WRITE | {"probability": 0.05, "error": {"code": "ThrottlingException"}},
    READ | LOST | {"probability": 0.02},
    READ | {"probability": 0.02, "error": {"code": "ProvisionedThroughputExceededException"}},
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with emulator.running() as address:
        yield address


@pytest.fixture(scope="module")
def proxy(endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(endpoint) as running:
        yield running


@pytest.fixture
def faults(proxy: FaultProxy) -> Iterator[FaultProxy]:
    yield proxy
    proxy.clear()


@pytest.fixture
def store(endpoint: str) -> HubStore:
    client = emulator.client_of(endpoint)
    return HubStore(client, create_tables(client))


def told(kind: str, ran: Run, seconds: float, faults: Counter[str] | None = None) -> str:
    struck = "".join(f", {number} x {action}" for action, number in sorted((faults or {}).items()))
    return (
        f"{kind}: {ran.calls} calls of {len(ran.history)} levels by {CLIENTS} clients, "
        f"{ran.unanswered} never answered{struck}; checked in {seconds:.2f} s"
    )


def test_clients_at_once_leave_a_history_that_some_order_explains(
    endpoint: str, store: HubStore, record_property: Callable[[str, object], None]
) -> None:
    """Promises 1, 3 and 4."""
    client = emulator.client_of(endpoint)

    ran = run(store, [client] * CLIENTS, turns=200)

    began = time.monotonic()
    assert ([], []) == (ran.problems(), store.broken_promises())
    assert {"reserved", "requested", "duplicate", "cancelled", "shipped", "moved"} <= ran.outcomes.keys()
    record_property("summary", told("linear", ran, time.monotonic() - began))


def test_throttles_resets_and_lost_answers_leave_a_history_that_some_order_explains(
    store: HubStore, faults: FaultProxy, record_property: Callable[[str, object], None]
) -> None:
    """Promises 1, 3 and 4."""
    patient, hasty = (emulator.client_of(faults.endpoint, attempts=attempts) for attempts in (None, 1))
    faults.inject(*FAULTS)

    ran = run(store, [patient] * PATIENT + [hasty] * (CLIENTS - PATIENT), turns=160)

    struck = Counter(event["action"] for event in faults.fired())
    began = time.monotonic()
    assert ([], []) == (ran.problems(), store.broken_promises())
    assert ran.unanswered > 12
    record_property("summary", told("linear, disturbed", ran, time.monotonic() - began, struck))


def unconditional(params: dict[str, Any], **_: object) -> None:
    """The planted bug: a level's condition is not in the write."""
    for action in params["TransactItems"]:
        update = action.get("Update", {})
        if update and update["Key"]["sk"]["S"].startswith("AT#"):
            update.pop("ConditionExpression", None)
            for floor in [name for name in update["ExpressionAttributeValues"] if name.endswith("_floor")]:
                del update["ExpressionAttributeValues"][floor]


def test_clients_whose_writes_lack_their_condition_are_found_out(endpoint: str, store: HubStore) -> None:
    client = emulator.client_of(endpoint)
    client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", unconditional)

    ran = run(store, [client] * CLIENTS, turns=120)

    assert [] != check(ran.history, ran.start)


@pytest.mark.parametrize("last", ["ThrottlingException", "TransactionInProgressException"])
def test_no_write_is_called_refused_whose_first_answer_was_lost(
    store: HubStore, faults: FaultProxy, last: str
) -> None:
    """By group commit and by hand; the client asks twice and is told off the second time."""
    store.fill({SHIRT: 5})
    recorder, start = Recorder(), {SHIRT: stock_of(store.levels()[SHIRT])}
    orders, stock = use_cases(store, emulator.client_of(faults.endpoint, attempts=2), recorder)

    for write in (
        lambda: orders.apply([Incoming("1", sold({"shirt": 2}))]),
        lambda: stock.move(
            Adjustment(operation="a1", reason=AdjustmentReason.RECEIVE, sku="shirt", location="M", delta=1)
        ),
    ):
        faults.inject(lost_answer("TransactWriteItems"), refused("TransactWriteItems", last))
        with suppress(LastunitError):
            write()
    recorder.order_store(store.order_store).levels([SHIRT])

    assert [] == check(recorder.history(), start)
