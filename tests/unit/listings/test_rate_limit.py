"""How fast a channel is called: its rate, its own pauses, and leaving it alone while it is silent."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.listings.rate_limit import (
    CONSECUTIVE_FAILURES_MAX,
    OPEN_FIRST,
    OPEN_MOST,
    RateLimitState,
    fresh,
)
from tests.support.clock import NOON

TEN = Limits(calls_per_second=2, burst=10)


def calls(
    pacing: RateLimitState, number: int, *, high_priority: bool = True, seconds: float = 0
) -> tuple[RateLimitState, list[float]]:
    waits = list[float]()
    for _ in range(number):
        pacing, wait = pacing.asked(TEN, NOON + timedelta(seconds=seconds), high_priority=high_priority)
        waits.append(wait)
    return pacing, waits


def silent(pacing: RateLimitState, times: int) -> RateLimitState:
    for _ in range(times):
        pacing = pacing.reported(NOON, answers=False)
    return pacing


def test_a_burst_goes_at_once_and_the_next_call_waits_for_its_token() -> None:
    _, waits = calls(fresh(TEN, NOON), 11)

    assert [0.0] * 10 + [0.5] == waits


def test_what_is_not_urgent_leaves_a_reserve_for_what_is() -> None:
    after, waits = calls(fresh(TEN, NOON), 8, high_priority=False)

    _, high_priority = calls(after, 3)

    assert (7, [0.0, 0.0, 0.0]) == (waits.count(0.0), high_priority)


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60))
def test_no_window_of_time_sees_more_calls_than_the_rate_allows(asked: list[tuple[float, bool]]) -> None:
    pacing, at, gone = fresh(TEN, NOON), 0.0, list[float]()
    for pause, high_priority in asked:
        at += pause
        pacing, wait = pacing.asked(TEN, NOON + timedelta(seconds=at), high_priority=high_priority)
        gone += [at] if wait == 0 else []

    for index, first in enumerate(gone):
        for more, last in enumerate(gone[index:], 1):
            assert more <= TEN.burst + TEN.calls_per_second * (last - first) + 1e-3


def test_a_worker_whose_clock_is_behind_earns_nothing_by_it() -> None:
    empty, _ = calls(fresh(TEN, NOON), 10)

    _, waits = calls(empty, 1, seconds=-600)

    assert [0.5] == waits


def test_the_channels_own_pause_is_kept_and_a_shorter_one_does_not_end_it() -> None:
    paused = fresh(TEN, NOON).paused(30, NOON).paused(5, NOON)

    _, waits = calls(paused, 1, seconds=10)

    assert [20.0] == waits


def test_a_silent_channel_is_left_alone_for_longer_and_longer() -> None:
    opened = silent(fresh(TEN, NOON), CONSECUTIVE_FAILURES_MAX)
    again = silent(opened, 1)
    for_good = silent(again, 40)

    assert [OPEN_FIRST, OPEN_FIRST * 2, OPEN_MOST] == [
        pacing.not_before - NOON for pacing in (opened, again, for_good) if pacing.not_before
    ]


def test_one_call_finds_out_whether_a_silent_channel_answers_again() -> None:
    opened = silent(fresh(TEN, NOON), CONSECUTIVE_FAILURES_MAX)
    seconds = OPEN_FIRST / timedelta(seconds=1)

    probing, waits = calls(opened, 2, seconds=seconds)
    closed = probing.reported(NOON, answers=True)

    assert [True, False] == [wait == 0.0 for wait in waits]
    assert [0.0] * 3 == calls(closed, 3, seconds=seconds)[1]


def test_fewer_silences_than_that_change_nothing() -> None:
    assert fresh(TEN, NOON) == silent(fresh(TEN, NOON), CONSECUTIVE_FAILURES_MAX - 1).reported(NOON, answers=True)
