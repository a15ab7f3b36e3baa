"""A worker killed between any two calls, or whose answers are lost: a replay ends where an undisturbed run does.

moto ignores ClientRequestToken, so a transaction sent twice is executed twice, as DynamoDB does after ten minutes.
"""

from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.use_cases.orders.change_orders import ChangeOrders, Incoming
from tests.support.aws.dynamo import Around, Call, HubStore, intercept, new_client, new_store
from tests.support.killed import WorkerKilled
from tests.support.orders.inputs import cancelled, sold
from tests.support.orders.order_shop import outcome_name

LEVELS = {
    LevelKey("shirt", "M"): 9,
    LevelKey("shirt", "L"): 9,
    LevelKey("hat", "M"): 4,
    LevelKey("unlisted", "M"): 2,
}
KITS = {"set": {"shirt": 2, "hat": 1}}

Batches = list[list[OrderSnapshot]]

BATCHES: Batches = [
    [
        sold({"shirt": 4}, "plain"),
        sold({"set": 2, "shirt": 1}, "kit"),
        sold({"unlisted": 1}, "unlisted"),
        sold({"shirt": 99}, "short"),
        sold({"what": 1}, "unknown"),
        sold({"shirt": 2}, "cancelled"),
        cancelled("never-seen"),
    ],
    [
        sold({"shirt": 7}, "plain", revision="2"),
        cancelled("kit"),
        sold({"shirt": 4}, "plain"),
        cancelled("cancelled", restocked=True),
        sold({"hat": 3}, "after-cancel"),
        sold({"shirt": 1}, "never-seen"),
    ],
]
"""New orders; then edits, cancels, duplicates, and an order that lives on what a cancel gives back."""

WIDE_LEVELS = {LevelKey(f"s{number}", "M"): 5 for number in range(50)}
WIDE = [
    sold({f"s{number}": 1 for number in range(start, start + 25)}, f"{start}-{twin}")
    for start in (0, 25)
    for twin in "ab"
]
"""Orders of 25 SKUs with a listing each, which fit one transaction only with those that share their SKUs."""


EVERY = {"GetItem", "BatchGetItem", "Query", "TransactWriteItems"}
"""The operations of a worker that places orders."""


def killed_before(operation: str, call: Call) -> Any:
    raise WorkerKilled(operation)


def killed_after(operation: str, call: Call) -> Any:
    call()
    raise WorkerKilled(operation)


def sent_twice(operation: str, call: Call) -> Any:
    """The first answer is lost and botocore tries again by itself."""
    with suppress(ClientError):  # Whatever the first attempt came to, nobody heard of it.
        call()
    return call()


def unanswered(operation: str, call: Call) -> Any:
    call()
    raise ReadTimeoutError(endpoint_url="dynamodb")


@dataclass(slots=True)
class Disturbed:
    """Lets calls pass until the `at`-th one (from 0), which gets the trouble. `hit`: it came that far."""

    at: int
    failure: Around
    operations: Container[str]
    seen: int = 0
    hit: bool = False

    def __call__(self, operation: str, call: Call) -> Any:
        if operation not in self.operations:
            return call()
        self.seen += 1
        if self.seen - 1 != self.at:
            return call()
        self.hit = True
        return self.failure(operation, call)


def filled() -> HubStore:
    store = new_store()
    store.fill(LEVELS, KITS)
    key = {"pk": {"S": "SKU#unlisted"}, "sk": {"S": "ON#web#unlisted"}}
    store.client.delete_item(TableName=store.tables.stock, Key=key)
    return store


def run(change: ChangeOrders, batches: Batches = BATCHES) -> list[dict[str, str]]:
    """What each notification of each batch was told. A batch that must come again holds back those behind it."""
    answers = list[dict[str, str]]()
    for batch in batches:
        answered = change.apply([Incoming(str(at), snapshot) for at, snapshot in enumerate(batch)])
        answers.append({key: outcome_name(answer) for key, answer in answered.items()})
        if any(isinstance(answer, StoreUnavailable) for answer in answered.values()):
            break
    return answers


def result(store: HubStore) -> Any:
    """Everything but the ids of commits and who happened to write last."""
    levels = {key: replace(level, cause="") for key, level in store.levels().items()}
    orders = {key: replace(order, commit_id="") for key, order in store.orders().items()}
    return levels, orders, store.sold()


@pytest.mark.parametrize("failure", [killed_before, killed_after, sent_twice, unanswered])
def test_a_replay_after_trouble_at_any_call_ends_as_an_undisturbed_run(aws: None, failure: Around) -> None:
    template = filled()

    calls = disturb_each_call(template, BATCHES, failure)

    assert calls > 12


def test_a_worker_killed_between_two_groups_of_a_batch_is_replayed_to_the_same_end(aws: None) -> None:
    template = new_store()
    template.fill(WIDE_LEVELS)

    calls = disturb_each_call(template, [WIDE], killed_after, {"TransactWriteItems"})

    assert 2 == calls


def disturb_each_call(
    template: HubStore, batches: Batches, failure: Around, operations: Container[str] = EVERY
) -> int:
    """Run with trouble at the first call, then at the second, until a run passes undisturbed: how many were not."""
    undisturbed = template.copy()
    run(undisturbed.change_orders(), batches)
    expected = result(undisturbed)
    for at in count():
        store, disturbed, client = template.copy(), Disturbed(at, failure, operations), new_client()
        intercept(client, disturbed)
        with suppress(WorkerKilled, ReadTimeoutError):
            run(store.change_orders(client), batches)
        run(store.change_orders(), batches)
        assert (expected, []) == (result(store), store.broken_promises()), f"trouble at call {at}"
        if not disturbed.hit:
            return at
    raise AssertionError("count() never ends")


def test_every_answer_lost_once_ends_as_an_undisturbed_run_with_the_same_answers(aws: None) -> None:
    """An instant caller must hear "reserved", not "duplicate", when its own write is found."""
    undisturbed, client = filled(), new_client()
    store = undisturbed.copy()
    intercept(client, sent_twice)

    outcomes = run(store.change_orders(client))

    assert run(undisturbed.change_orders()) == outcomes
    assert result(undisturbed) == result(store)
