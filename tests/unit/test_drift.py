"""Why a channel shows another number than it was told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.drift import Decision, Drift, Kind, Reading, adopted, classify, drift, is_judged, missing
from lastunit.domain.exposure import Listing
from tests.fakes import NOON

TOLD = Listing("web", "shirt", "shirt", sold=4, acknowledged=10, acknowledged_sold=4, granted=14)
"""Ten were told when four had been sold."""


def reading(
    shown: int, *, sold: int = 4, later: int | None = None, covered: bool = True, **told: object
) -> Reading:
    """`sold` before the channel was read, `later` by the time all of it is imported."""
    before = replace(TOLD, sold=sold, **told)  # type: ignore[arg-type]
    return Reading(before, replace(before, sold=sold if later is None else later), shown, covered=covered)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (reading(10), None),
        (reading(8, sold=6), None),
        (reading(8, later=6), None),
        (reading(9, later=6), None),
        (reading(11, sold=4, later=3), None),
        (reading(8, covered=False), Kind.LATE_ORDER),
        (reading(8), Kind.EDIT),
        (reading(7, later=6), Kind.EDIT),
        (reading(9, sold=6), Kind.RESTOCK),
        (reading(10, sold=6), Kind.RESTOCK),
        (reading(10, sold=6, covered=False), Kind.LATE_ORDER),
        (reading(11, sold=6), Kind.EDIT),
        (reading(11, sold=6, covered=False), Kind.LATE_ORDER),
        (reading(15, sold=6, covered=False), Kind.EDIT),
        (reading(11), Kind.EDIT),
        (reading(0, sold=20), None),
        (reading(3, in_flight=3, in_flight_sold=4), None),
        (reading(2, sold=5, in_flight=3, in_flight_sold=4), None),
        (reading(10, in_flight=3, in_flight_sold=4), Kind.LOST_PUSH),
        (reading(7, in_flight=3, in_flight_sold=4), Kind.EDIT),
    ],
    ids=[
        "as told",
        "less what was sold since",
        "less what was imported meanwhile",
        "one of two sales came after the reading",
        "a cancel that put a unit back came in meanwhile",
        "fewer, and orders may be missing",
        "fewer, and no order is missing",
        "fewer than even the imported orders explain",
        "one of two sold units is back",
        "both sold units are back",
        "both are back, and a cancel may be missing",
        "more are back than were sold",
        "more are back than were sold since, and a cancel of what was sold before may be missing",
        "more than any cancel brings back",
        "more than it was told",
        "more sold than it was told: a channel shows 0 at the least",
        "the number whose answer was lost",
        "the same less a sale",
        "what it showed before the number that was lost",
        "neither of both numbers",
    ],
)
def test_each_difference_has_its_cause(seen: Reading, expected: Kind | None) -> None:
    assert expected is classify(seen)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (reading(9, sold=6, granted=15, settling=True), Kind.LOST_PUSH),
        (reading(10, sold=6, granted=15, settling=True), Kind.RESTOCK),
        (reading(9, sold=6, granted=15, settling=True, frozen=True), Kind.RESTOCK),
        (reading(9, sold=6, granted=15), Kind.RESTOCK),
    ],
    ids=["within", "more than that", "a person was asked already", "it waits for no poll"],
)
def test_more_than_is_believed_and_no_more_than_it_may_show_is_looked_at_once_more(
    seen: Reading, expected: Kind
) -> None:
    """Fewer sales were guessed than came in: beside a request without an answer nobody knows which they are."""
    assert expected is classify(seen)


def test_only_what_a_person_must_judge_freezes() -> None:
    assert {Kind.RESTOCK, Kind.EDIT} == {kind for kind in Kind if kind.freezes}


def test_units_that_no_order_explains_were_never_sold() -> None:
    """Rule of the watermark: after a poll that began after the reading nothing can be unseen."""
    assert [2, 1, 0] == [missing(reading(8)), missing(reading(8, later=5)), missing(reading(8, later=7))]


@pytest.mark.parametrize(
    "told",
    [
        {"acknowledged": None},
        {"in_flight": 3, "sent_at": NOON.isoformat()},
        {"doubt_until": (NOON + timedelta(seconds=9)).isoformat()},
        {"rising": 2},
    ],
    ids=["never told", "being told", "an older number may still be applied", "being told an increase"],
)
def test_a_number_that_may_change_any_moment_is_not_judged(told: dict[str, object]) -> None:
    assert not is_judged(reading(8, **told), NOON)  # type: ignore[arg-type]


def test_a_listing_that_was_told_while_it_was_read_is_not_judged() -> None:
    seen = reading(8)
    told_anew = replace(seen, after=replace(seen.after, acknowledged=8))

    assert (True, False) == (is_judged(seen, NOON), is_judged(told_anew, NOON))


def test_a_number_whose_answer_is_long_overdue_is_judged() -> None:
    sent_at = (NOON - timedelta(minutes=2)).isoformat()

    assert is_judged(reading(10, in_flight=3, sent_at=sent_at), NOON)


def test_a_drift_says_what_was_expected_and_since_when_it_lasts() -> None:
    fewer, more = reading(7, later=6), reading(15)
    first = drift(fewer, Kind.EDIT, NOON - timedelta(hours=1), None)

    again = drift(more, Kind.EDIT, NOON, first)

    assert (7, 8, first.seen_at) == (first.shown, first.believed, first.since)
    assert (15, 10, first.since, NOON.isoformat()) == (again.shown, again.believed, again.since, again.seen_at)


def edited(shown: int, **told: object) -> Drift:
    return drift(reading(shown, **told), Kind.EDIT, NOON, None)  # type: ignore[arg-type]


def test_a_lowered_number_that_is_adopted_takes_nothing_for_unseen_sales_any_more() -> None:
    """`unseen` judges what the channel shows by what it is believed to show."""
    after = adopted(TOLD, edited(7))

    assert (7, 4, 7, 0) == (after.acknowledged, after.acknowledged_sold, after.believed, after.unseen(7))


def test_what_was_sold_between_the_reading_and_the_decision_is_not_adopted_away() -> None:
    after = adopted(replace(TOLD, sold=6), edited(7))

    assert (5, True) == (after.believed, after.is_trusted)


def test_sales_assumed_before_and_never_imported_are_forgotten_by_adopting() -> None:
    assumed = replace(TOLD, acknowledged=7, acknowledged_sold=7)
    found = drift(Reading(assumed, assumed, 7, covered=True), Kind.EDIT, NOON, None)

    after = adopted(assumed, found)

    assert ((10, False), (7, True)) == ((found.believed, assumed.is_trusted), (after.believed, after.is_trusted))


@pytest.mark.parametrize(("shown", "units"), [(15, 15), (7, 10)], ids=["raised", "lowered"])
def test_a_number_that_is_adopted_raises_what_the_channel_may_sell_and_never_lowers_it(
    shown: int, units: int
) -> None:
    assert units == adopted(TOLD, edited(shown)).exposure.units


def test_a_drift_belongs_to_the_number_that_was_told_when_it_was_seen() -> None:
    found = edited(7)

    assert [True, True, False, False] == [
        found.is_of(TOLD),
        found.is_of(replace(TOLD, sold=9)),
        found.is_of(replace(TOLD, acknowledged=9)),
        found.is_of(replace(TOLD, in_flight=9)),
    ]


def test_what_froze_a_listing_is_not_taken_back_while_orders_cannot_be_imported() -> None:
    late, edit = replace(edited(7), kind=Kind.LATE_ORDER), edited(7)

    assert [True, True, False, True] == [
        late.replaces(None),
        late.replaces(late),
        late.replaces(edit),
        edit.replaces(replace(edit, decision=Decision.ADOPT)),
    ]
