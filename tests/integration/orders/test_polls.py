"""Positions of polls in DynamoDB: numbers only grow, and a position is changed only from what was read of it."""

from dataclasses import replace

import pytest
from botocore.exceptions import ReadTimeoutError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.exceptions import DynamoExceptions
from lastunit.adapters.dynamodb.polls import DynamoPolls
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.listings.order_watermark import Position, Unended
from lastunit.domain.review import ExceptionKind, ExceptionRecord
from tests.support.aws.dynamo import Call, HubStore, intercept
from tests.support.clock import NOON

FULL = Position(
    begun=1,
    done=1,
    cursor=NOON,
    unended=Unended(7, NOON),
    unimported={"0" * 24: NOON},
    found=3,
    polled_at=NOON,
    last_error="the channel does not answer",
    saved="1/1",
)
EMPTY = Position(begun=1, saved="1/2")


@pytest.fixture
def polls(store: HubStore) -> DynamoPolls:
    return DynamoPolls(store.client, store.tables.settings, store.tables.stock, store.tables.orders)


def test_a_channel_never_polled_has_the_first_position(polls: DynamoPolls) -> None:
    assert (Position(), 0, 0) == (polls.position("web"), polls.begun("web"), polls.done("web"))


def test_each_poll_takes_a_higher_number_channel_by_channel(polls: DynamoPolls) -> None:
    taken = [polls.begin("web").begun, polls.begin("web").begun, polls.begin("shop").begun]

    assert ([1, 2, 1], 2) == (taken, polls.begun("web"))


@pytest.mark.parametrize("position", [FULL, EMPTY], ids=["all of it", "nothing but its mark"])
def test_a_position_is_kept_as_it_is(polls: DynamoPolls, position: Position) -> None:
    before = polls.begin("web")
    polls.save("web", before, FULL)

    kept = polls.save("web", FULL, position)

    assert (True, position) == (kept, polls.position("web"))


def test_a_position_read_before_another_poll_kept_one_is_refused(polls: DynamoPolls) -> None:
    """An older poll that finishes late lowers neither the watermark nor the cursor."""
    older, newer = polls.begin("web"), polls.begin("web")
    polls.save("web", newer, replace(newer, done=2, cursor=NOON, saved="2/1"))

    kept = polls.save("web", older, replace(older, done=1, saved="1/1"))

    assert (False, 2, NOON) == (kept, polls.done("web"), polls.position("web").cursor)


def test_a_number_taken_meanwhile_is_not_taken_back(polls: DynamoPolls) -> None:
    first = polls.begin("web")
    polls.begin("web")

    polls.save("web", first, replace(first, done=1, saved="1/1"))

    assert (2, 1) == (polls.begun("web"), polls.done("web"))


def test_a_position_whose_answer_was_lost_and_is_written_again_is_kept_once(polls: DynamoPolls) -> None:
    before = polls.begin("web")
    after = replace(before, found=3, saved="1/1")

    kept = [polls.save("web", before, after), polls.save("web", before, after)]

    assert ([True, True], after) == (kept, polls.position("web"))


def test_only_exceptions_that_nobody_has_resolved_are_waiting(polls: DynamoPolls, store: HubStore) -> None:
    exceptions = DynamoExceptions(store.client, store.tables.orders)
    for exception_id in ("open", "resolved"):
        exceptions.record(
            ExceptionRecord(
                exception_id=exception_id,
                kind=ExceptionKind.UNREADABLE_ORDER,
                channel="web",
                cause="why",
                at="now",
                payload="{}",
            )
        )
    exceptions.resolve("resolved", "ann", "now", tried_again=True)

    waiting = polls.waiting(["open", "resolved", "unknown"])

    assert ({"open"}, set()) == (waiting, polls.waiting([]))


def test_listings_that_wait_for_a_lower_number_than_was_done_are_named(polls: DynamoPolls, store: HubStore) -> None:
    for channel, listing, poll in (("web", "a", 6), ("web", "b#2", 4), ("web", "c", 7), ("shop", "d", 1)):
        row = rows.key(f"AWAITING_POLL#{channel}", f"shirt#{listing}") | {"poll": rows.value(poll)}
        store.client.put_item(TableName=store.tables.stock, Item=row)

    assert [("shirt", "web", "a"), ("shirt", "web", "b#2")] == list(polls.awaiting_poll("web", 7))


def test_more_listings_than_fit_one_answer_are_all_named(polls: DynamoPolls, store: HubStore) -> None:
    for number in range(30):
        filler = {"poll": rows.value(1), "filler": rows.value("x" * 50_000)}
        row = rows.key("AWAITING_POLL#web", f"shirt#{number:02}") | filler
        store.client.put_item(TableName=store.tables.stock, Item=row)

    assert 30 == len(list(polls.awaiting_poll("web", 2)))


def test_tables_that_do_not_answer_are_named_as_the_cause(polls: DynamoPolls, store: HubStore) -> None:
    def silent(operation: str, call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="x")

    before = polls.begin("web")
    intercept(store.client, silent)

    for asked in (
        lambda: polls.begin("web"),
        lambda: polls.position("web"),
        lambda: polls.save("web", before, replace(before, saved="1/1")),
        lambda: polls.waiting(["x"]),
        lambda: list(polls.awaiting_poll("web", 1)),
    ):
        with pytest.raises(StoreUnavailable):
            asked()
