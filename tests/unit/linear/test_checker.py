"""The checker of histories: on a register, on hand-written histories of a level, and against trying everything."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.linear.checker import Call, Model, Undecided, unexplained
from tests.linear.generated import START, Bug, generated
from tests.linear.levels import OneLevel

type Value = tuple[str, int]
"""("write" or "read", value)."""


@dataclass(frozen=True, slots=True)
class Register:
    """Holds the number that was written last."""

    def apply(self, value: int, op: Value) -> int | None:
        act, number = op
        return number if act == "write" or number == value else None

    def is_read(self, op: Value) -> bool:
        return op[0] == "read"

    def is_past(self, value: int, op: Value) -> bool:
        return False


def write(number: int, invoked: int, returned: int | None = None) -> Call[Value]:
    return Call(("write", number), invoked, returned)


def read(number: int, invoked: int, returned: int | None = None) -> Call[Value]:
    return Call(("read", number), invoked, returned)


GOOD: dict[str, list[Call[Value]]] = {
    "nothing": [],
    "one after another": [write(1, 1, 2), read(1, 3, 4), write(2, 5, 6), read(2, 7, 8)],
    "a read while a write is open sees what was": [write(1, 1, 4), read(0, 2, 3)],
    "a read while a write is open sees what comes": [write(1, 1, 4), read(1, 2, 3), read(1, 5, 6)],
    "two writes at once, the later one first": [write(1, 1, 3), write(2, 2, 4), read(1, 5, 6)],
    "a read takes effect between two writes that are both open": [write(1, 1, 6), write(2, 2, 5), read(1, 3, 4)],
    "an unanswered write never takes effect": [write(1, 1), read(0, 2, 3)],
    "an unanswered write takes effect long after": [write(1, 1), read(0, 2, 3), read(0, 4, 5), read(1, 6, 7)],
    "of two unanswered writes the second one takes effect": [write(1, 1), write(2, 2), read(2, 3, 4)],
    "an unanswered read says nothing": [read(7, 1), read(0, 2, 3)],
}

BAD: dict[str, tuple[list[Call[Value]], Call[Value]]] = {
    "a stale read": ([write(1, 1, 2), read(0, 3, 4)], read(0, 3, 4)),
    "a read from nowhere": ([write(1, 1, 2), read(9, 3, 4), read(1, 5, 6)], read(9, 3, 4)),
    "a read of a write that has not begun": ([read(1, 1, 2), write(1, 3, 4)], read(1, 1, 2)),
    "a lost write": ([write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)], read(1, 5, 6)),
    "reads that disagree about two writes at once": (
        [write(1, 1, 9), write(2, 2, 10), read(1, 3, 4), read(2, 5, 6), read(1, 7, 8)],
        read(1, 7, 8),
    ),
    "an unanswered write that is there and gone again": (
        [write(1, 1), read(1, 2, 3), read(0, 4, 5)],
        read(0, 4, 5),
    ),
    "an unanswered write that took effect before it began": ([read(1, 1, 2), write(1, 3)], read(1, 1, 2)),
}


@pytest.mark.parametrize("calls", GOOD.values(), ids=list(GOOD))
def test_a_history_that_some_order_explains_passes(calls: list[Call[Value]]) -> None:
    assert unexplained(Register(), 0, calls) is None


@pytest.mark.parametrize(("calls", "culprit"), BAD.values(), ids=list(BAD))
def test_a_history_that_no_order_explains_fails_at_the_first_answer_too_much(
    calls: list[Call[Value]], culprit: Call[Value]
) -> None:
    failure = unexplained(Register(), 0, calls)

    assert failure
    assert culprit == failure.culprit


def test_a_failure_shows_what_the_calls_before_it_led_to() -> None:
    calls = [write(1, 1, 2), write(2, 3), write(3, 4, 8), read(9, 5, 6), read(3, 9, 10)]

    failure = unexplained(Register(), 0, calls)

    assert failure
    assert ((write(1, 1, 2), write(2, 3), write(3, 4)), 1) == (failure.before, failure.state)


def test_too_many_orders_are_not_tried_for_ever() -> None:
    writes = [write(number, number) for number in range(1, 30)]

    with pytest.raises(Undecided):
        unexplained(Register(), 0, [*writes, read(99, 30, 31)], nodes_max=1000)


def can_be_ordered[State, Op](model: Model[State, Op], state: State, calls: Sequence[Call[Op]]) -> bool:
    """By trying everything: whatever no other call comes wholly before may be next."""
    if all(call.returned is None for call in calls):
        return True
    ends = [call.returned for call in calls if call.returned is not None]
    return any(
        after is not None and can_be_ordered(model, after, [*calls[:at], *calls[at + 1 :]])
        for at, call in enumerate(calls)
        if call.invoked <= min(ends) and (after := model.apply(state, call.op)) is not None
    )


@pytest.mark.parametrize("bug", [None, *Bug])
def test_the_search_says_what_trying_everything_says(bug: Bug | None) -> None:
    """Whatever it leaves out to be fast. The small histories have every other answer wrong, and many lost."""
    histories = [generated(seed, clients=4, calls=5, lost=0.2, bug=bug, bugs=0.5) for seed in range(300)]

    found = [unexplained(OneLevel(), START, calls) is None for calls in histories]

    assert [can_be_ordered(OneLevel(), START, calls) for calls in histories] == found
    assert bug is None or not all(found)
