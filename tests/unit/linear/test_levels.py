"""The sequential model of a level, and histories of one: hand-written, or of a store with a planted bug."""

import pytest

from lastunit.domain.keys import LevelKey
from tests.linear.checker import Call
from tests.linear.generated import START, Bug, generated
from tests.linear.levels import (
    LevelChange,
    LevelState,
    OneLevel,
    Op,
    Seen,
    adjust,
    check,
    check_sums,
    deplete,
    is_possible,
    plus,
    release,
    reserve,
)

SHIRT = LevelKey("shirt", "M")
FIVE = LevelState(on_hand=5, available=5, unplaced=5, seq=1)
SHELVED = LevelState(on_hand=5, reserved=2, available=3, unplaced=1, seq=4, bins=frozenset({("P", 4)}))
FROM_BIN = frozenset({("P", -2)})


def taken(change: LevelChange, invoked: int, returned: int | None = None) -> Call[Op]:
    return Call(change, invoked, returned, "c")


def seen(stock: LevelState, invoked: int, returned: int) -> Call[Op]:
    return Call(Seen(stock.numbers), invoked, returned, "r")


def refused(change: LevelChange, stock: LevelState, invoked: int, returned: int) -> Call[Op]:
    return Call(Seen(stock.numbers, change), invoked, returned, "c")


def problems(*calls: Call[Op], start: LevelState = FIVE) -> int:
    return len(check({SHIRT: calls}, {SHIRT: start}))


def left(*changes: LevelChange) -> LevelState:
    """Of five."""
    stock = FIVE
    for change in changes:
        stock = plus(stock, change)
    return stock


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (reserve(3), LevelState(5, 5, 0, 1, 5, SHELVED.bins)),
        (release(2), LevelState(5, 0, 5, 1, 5, SHELVED.bins)),
        (deplete(2), LevelState(3, 0, 3, -1, 5, SHELVED.bins)),
        (adjust(4), LevelState(9, 2, 7, 5, 5, SHELVED.bins)),
        (LevelChange(reserved=-2, bins=FROM_BIN), LevelState(3, 0, 3, 1, 5, frozenset({("P", 2)}))),
        (LevelChange(bins=frozenset({("P", -4), ("S", 4)})), LevelState(5, 2, 3, 1, 5, frozenset({("S", 4)}))),
    ],
    ids=str,
)
def test_a_change_moves_units_and_counts_itself(change: LevelChange, after: LevelState) -> None:
    assert after == OneLevel().apply(SHELVED, change)


@pytest.mark.parametrize(
    "change",
    [
        reserve(4),
        release(3),
        deplete(3),
        adjust(-2),
        LevelChange(available=-4),
        LevelChange(reserved=-2, bins=frozenset({("P", -5), ("S", 3)})),
        LevelChange(available=-1, bins=frozenset({("S", -1)}), by_hand=True),
    ],
    ids=str,
)
def test_what_is_not_there_cannot_be_promised_given_back_or_taken(change: LevelChange) -> None:
    """Promise 1; and a hand that takes units out of no bin takes only those that lie in none."""
    assert OneLevel().apply(SHELVED, change) is None


def test_a_shipment_may_take_more_than_lies_outside_the_bins() -> None:
    """Decision "pick bin short at ship": the goods have left."""
    assert (True, False) == (is_possible(SHELVED, LevelChange(available=-3)), is_possible(SHELVED, adjust(-3)))


def test_changes_at_once_and_reads_of_any_moment_pass() -> None:
    calls = [
        taken(reserve(2), 1, 6),
        taken(reserve(3), 2, 5),
        seen(left(reserve(3)), 3, 8),
        seen(left(reserve(2), reserve(3)), 4, 9),
        refused(reserve(1), left(reserve(2), reserve(3)), 7, 10),
        taken(release(2), 11, 12),
    ]

    assert 0 == problems(*calls)


def test_the_same_level_may_have_come_about_in_two_ways() -> None:
    """One and four, or two and three: the one that is left shows which it was."""
    calls = [taken(adjust(units), at, at + 20) for at, units in enumerate((1, 4, 2, 3), 1)]
    both = seen(left(adjust(2), adjust(3)), 10, 11)

    nexts = [seen(left(adjust(2), adjust(3), adjust(units)), 12, 13) for units in (1, 4, 2, 3, 5)]

    assert [0, 0, 0, 0, 1] == [problems(*calls, both, one) for one in nexts]


def test_a_lost_update_is_found() -> None:
    assert 1 == problems(taken(reserve(2), 1, 3), taken(reserve(3), 2, 4), seen(left(reserve(3)), 5, 6))


def test_a_stale_read_is_found() -> None:
    assert 1 == problems(taken(reserve(2), 1, 2), seen(FIVE, 3, 4))


def test_a_change_that_is_applied_twice_is_found() -> None:
    assert 1 == problems(taken(adjust(2), 1, 2), seen(left(adjust(2), adjust(2)), 3, 4))


def test_a_change_that_is_undone_behind_our_back_is_found_by_its_sequence_alone() -> None:
    assert 1 == problems(taken(reserve(2), 1, 2), seen(left(reserve(2), reserve(1), release(1)), 3, 4))


def test_a_refusal_of_what_was_possible_is_found() -> None:
    assert 1 == problems(taken(reserve(2), 1, 2), refused(reserve(3), left(reserve(2)), 3, 4))


def test_a_refusal_that_shows_what_is_long_gone_is_found() -> None:
    sold = taken(reserve(5), 1, 2)
    short = left(reserve(5))

    gone = refused(reserve(1), short, 5, 6)

    assert (0, 1) == (problems(sold, gone), problems(sold, taken(release(5), 3, 4), gone))


def test_a_refusal_is_weighed_by_the_numbers_that_it_shows() -> None:
    short, calls = (("available", 3), ("reserved", 2)), [taken(reserve(2), 1, 2)]

    right = Call[Op](Seen(short, adjust(-4)), 3, 4)
    wrong = Call[Op](Seen((("available", 2),), adjust(-4)), 3, 4)
    no_reason = Call[Op](Seen((), adjust(-3)), 3, 4)

    assert (0, 1, 1) == tuple(problems(*calls, answer) for answer in (right, wrong, no_reason))


def test_an_unanswered_change_that_must_have_happened_passes() -> None:
    calls = [taken(reserve(4), 1), refused(reserve(2), left(reserve(4)), 2, 3), seen(left(reserve(4)), 4, 5)]

    assert 0 == problems(*calls)


def test_an_unanswered_change_may_never_have_happened() -> None:
    assert 0 == problems(taken(reserve(4), 1), taken(reserve(5), 2, 3))


def test_an_unanswered_change_that_cannot_have_happened_is_not_counted_on() -> None:
    """Somebody took all five: the four were never there to be taken."""
    calls = [taken(reserve(5), 1, 2), taken(reserve(4), 3), taken(release(5), 4, 5)]

    assert (0, 1) == (
        problems(*calls, seen(left(reserve(5), release(5), reserve(4)), 6, 7)),
        problems(*calls[:2], seen(left(reserve(5), reserve(4)), 6, 7)),
    )


def test_levels_are_judged_one_by_one() -> None:
    stale = seen(FIVE, 3, 4)
    history = {SHIRT: [taken(reserve(2), 1, 2), stale], LevelKey("hat", "M"): [stale]}

    found = check(history, {SHIRT: FIVE, LevelKey("hat", "M"): FIVE})

    assert [True] == [problem.startswith("shirt at M: ") for problem in found]


def test_a_level_that_was_never_seen_before_began_with_nothing() -> None:
    calls = [taken(adjust(2), 1, 2), seen(LevelState(2, 0, 2, 2, 1), 3, 4)]

    assert [] == check({SHIRT: calls})


def test_an_explanation_names_the_calls_their_times_and_their_answers() -> None:
    calls = [taken(reserve(2), 1, 4), taken(adjust(-1), 2), seen(FIVE, 5, 6)]

    found = check({SHIRT: calls}, {SHIRT: FIVE})

    assert [
        "shirt at M: no order of the calls explains the last answer",
        "  0 answered calls before these",
        "  [1 - 4] c: reserve 2",
        "  open, and perhaps in effect: 1",
        "  [2 - no answer] c: adjust -1",
        "  which may have led to on_hand=5 reserved=2 available=3 unplaced=5 seq=2",
        "  but not to [5 - 6] r: read on_hand=5 reserved=0 available=5 unplaced=5 seq=1",
    ] == found[0].splitlines()


def test_too_many_orders_are_reported_and_not_passed_over() -> None:
    lost = [taken(LevelChange(reserved=2**n, available=-(2**n)), n + 1) for n in range(20)]
    rich = LevelState(on_hand=2**21, available=2**21, unplaced=2**21)

    never = Call[Op](Seen((("reserved", -1),)), 30, 31)

    found = check({SHIRT: [*lost, never]}, {SHIRT: rich}, nodes_max=1000)

    assert ["undecided"] == [problem.split(": ")[1] for problem in found]


@pytest.mark.parametrize(
    ("final", "wrong"),
    [
        (left(reserve(2)), 0),
        (left(reserve(2), adjust(3)), 0),
        (left(reserve(2), adjust(1)), 0),
        (left(reserve(2), adjust(3), adjust(3)), 1),
        (left(adjust(3)), 1),
        (left(reserve(2), reserve(2)), 1),
    ],
)
def test_a_level_ends_as_the_sum_of_what_was_answered_and_some_of_what_was_not(
    final: LevelState, wrong: int
) -> None:
    calls = [taken(reserve(2), 1, 2), taken(adjust(3), 3), taken(adjust(1), 4), seen(FIVE, 5, 6)]

    assert wrong == len(check_sums({SHIRT: calls}, {SHIRT: FIVE}, {SHIRT: final}))


def test_a_level_that_nobody_touched_stays_as_it_was() -> None:
    assert (0, 1) == (
        len(check_sums({}, {SHIRT: FIVE}, {SHIRT: FIVE})),
        len(check_sums({}, {SHIRT: FIVE}, {})),
    )


def test_600_answers_of_16_clients_and_dozens_of_lost_ones_are_explained() -> None:
    histories = [generated(seed, calls=600, lost=0.1) for seed in range(3)]

    found = [problem for calls in histories for problem in check({SHIRT: calls}, {SHIRT: START})]

    lost = [sum(call.returned is None for call in calls) for calls in histories]
    assert ([], True) == (found, min(lost) > 24)


@pytest.mark.parametrize("bug", Bug)
def test_a_store_with_a_bug_is_found_out(bug: Bug) -> None:
    histories = [generated(seed, calls=60, bug=bug) for seed in range(20)]

    caught = sum(bool(check({SHIRT: calls}, {SHIRT: START})) for calls in histories)

    assert caught > 10
