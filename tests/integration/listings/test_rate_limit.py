"""The pace of a channel in DynamoDB, shared by all workers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lastunit.adapters.dynamodb.rate_limit import DynamoRateLimit
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.listings.rate_limit import CONSECUTIVE_FAILURES_MAX
from tests.support.aws.dynamo import HubStore
from tests.support.clock import FakeClock

FIVE = Limits(calls_per_second=0.001, burst=5)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def rate_limit(store: HubStore, clock: FakeClock) -> DynamoRateLimit:
    return DynamoRateLimit(store.client, store.tables.settings, clock)


def test_workers_together_take_no_more_tokens_than_there_are(rate_limit: DynamoRateLimit) -> None:
    with ThreadPoolExecutor(6) as workers:
        waits = list(workers.map(lambda _: rate_limit.ask("web", FIVE, high_priority=True), range(30)))

    assert 5 == waits.count(0.0)


def test_each_channel_has_a_rate_limit_of_its_own(rate_limit: DynamoRateLimit) -> None:
    for _ in range(5):
        rate_limit.ask("web", FIVE, high_priority=True)

    assert (0.0, True) == (
        rate_limit.ask("ebay", FIVE, high_priority=True),
        rate_limit.ask("web", FIVE, high_priority=True) > 0,
    )


def test_a_pause_that_the_channel_wants_holds_for_every_worker(
    rate_limit: DynamoRateLimit, clock: FakeClock
) -> None:
    rate_limit.ask("web", FIVE, high_priority=True)
    rate_limit.pause("web", 30)
    during = rate_limit.ask("web", FIVE, high_priority=True)

    clock.time += timedelta(seconds=30)

    assert (30.0, 0.0) == (during, rate_limit.ask("web", FIVE, high_priority=True))


def test_an_answer_where_no_call_was_left_unanswered_costs_nothing(
    rate_limit: DynamoRateLimit, store: HubStore
) -> None:
    rate_limit.ask("web", FIVE, high_priority=True)
    calls: list[str] = []
    store.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    rate_limit.report("web", answers=True)

    assert [] == calls


def test_a_silent_channel_is_left_alone_until_it_answers(rate_limit: DynamoRateLimit, clock: FakeClock) -> None:
    rate_limit.ask("web", FIVE, high_priority=True)
    for _ in range(CONSECUTIVE_FAILURES_MAX):
        rate_limit.report("web", answers=False)
    open_ = rate_limit.ask("web", FIVE, high_priority=True)
    clock.time += timedelta(seconds=open_)
    probe = rate_limit.ask("web", FIVE, high_priority=True)
    rate_limit.report("web", answers=True)

    assert (True, 0.0, 0.0) == (open_ > 0, probe, rate_limit.ask("web", FIVE, high_priority=True))
