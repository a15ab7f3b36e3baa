"""The pace of a channel in DynamoDB, shared by all workers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lastunit.adapters.pace import DynamoPace
from lastunit.domain.pacing import SILENCES_MAX
from lastunit.domain.pushes import Limits
from tests.dynamo import Store
from tests.fakes import FixedClock

FIVE = Limits(calls_per_second=0.001, burst=5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def pace(store: Store, clock: FixedClock) -> DynamoPace:
    return DynamoPace(store.client, store.tables.settings, clock)


def test_workers_together_take_no_more_tokens_than_there_are(pace: DynamoPace) -> None:
    with ThreadPoolExecutor(6) as workers:
        waits = list(workers.map(lambda _: pace.ask("web", FIVE, urgent=True), range(30)))

    assert 5 == waits.count(0.0)


def test_each_channel_has_a_pace_of_its_own(pace: DynamoPace) -> None:
    for _ in range(5):
        pace.ask("web", FIVE, urgent=True)

    assert (0.0, True) == (pace.ask("ebay", FIVE, urgent=True), pace.ask("web", FIVE, urgent=True) > 0)


def test_a_pause_that_the_channel_wants_holds_for_every_worker(pace: DynamoPace, clock: FixedClock) -> None:
    pace.ask("web", FIVE, urgent=True)
    pace.pause("web", 30)
    during = pace.ask("web", FIVE, urgent=True)

    clock.at += timedelta(seconds=30)

    assert (30.0, 0.0) == (during, pace.ask("web", FIVE, urgent=True))


def test_an_answer_where_no_call_was_left_unanswered_costs_nothing(pace: DynamoPace, store: Store) -> None:
    pace.ask("web", FIVE, urgent=True)
    calls: list[str] = []
    store.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    pace.report("web", answers=True)

    assert [] == calls


def test_a_silent_channel_is_left_alone_until_it_answers(pace: DynamoPace, clock: FixedClock) -> None:
    pace.ask("web", FIVE, urgent=True)
    for _ in range(SILENCES_MAX):
        pace.report("web", answers=False)
    open_ = pace.ask("web", FIVE, urgent=True)
    clock.at += timedelta(seconds=open_)
    probe = pace.ask("web", FIVE, urgent=True)
    pace.report("web", answers=True)

    assert (True, 0.0, 0.0) == (open_ > 0, probe, pace.ask("web", FIVE, urgent=True))
