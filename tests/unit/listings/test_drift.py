"""Why a channel shows another number than it was told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.listings.drift import (
    Drift,
    DriftDecision,
    DriftKind,
    DriftReading,
    adopted,
    classify,
    drift,
    is_judged,
    missing,
)
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, IncrementInFlight, InFlight
from tests.support.clock import NOON
from tests.support.listings.listed import acknowledged_quantity, acknowledged_sold

TEN = Acknowledged(quantity=10, sold=4)
PUSHED = Listing(channel="web", name="shirt", sku="shirt", sold=4, acknowledged=TEN, granted=14)
"""Ten were told when four had been sold."""

LONG_AGO = NOON - timedelta(minutes=2)
UNANSWERED = InFlight(quantity=3, sold=4, sent_at=LONG_AGO)


def reading(
    shown: int, *, sold: int = 4, later: int | None = None, covered: bool = True, **pushed: object
) -> DriftReading:
    """`sold` before the channel was read, `later` by the time all of it is imported."""
    before = replace(PUSHED, sold=sold, **pushed)  # type: ignore[arg-type]
    return DriftReading(
        before=before, after=replace(before, sold=sold if later is None else later), shown=shown, covered=covered
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (reading(10), None),
        (reading(8, sold=6), None),
        (reading(8, later=6), None),
        (reading(9, later=6), None),
        (reading(11, sold=4, later=3), None),
        (reading(8, covered=False), DriftKind.LATE_ORDER),
        (reading(8), DriftKind.EDIT),
        (reading(7, later=6), DriftKind.EDIT),
        (reading(9, sold=6), DriftKind.RESTOCK),
        (reading(10, sold=6), DriftKind.RESTOCK),
        (reading(10, sold=6, covered=False), DriftKind.LATE_ORDER),
        (reading(11, sold=6), DriftKind.EDIT),
        (reading(11, sold=6, covered=False), DriftKind.LATE_ORDER),
        (reading(15, sold=6, covered=False), DriftKind.EDIT),
        (reading(11), DriftKind.EDIT),
        (reading(0, sold=20), None),
        (reading(3, in_flight=UNANSWERED), None),
        (reading(2, sold=5, in_flight=UNANSWERED), None),
        (reading(10, in_flight=UNANSWERED), DriftKind.LOST_PUSH),
        (reading(7, in_flight=UNANSWERED), DriftKind.EDIT),
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
def test_each_difference_has_its_cause(seen: DriftReading, expected: DriftKind | None) -> None:
    assert expected is classify(seen)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (reading(9, sold=6, granted=15, awaiting_poll=True), DriftKind.LOST_PUSH),
        (reading(10, sold=6, granted=15, awaiting_poll=True), DriftKind.RESTOCK),
        (reading(9, sold=6, granted=15, awaiting_poll=True, frozen=True), DriftKind.RESTOCK),
        (reading(9, sold=6, granted=15), DriftKind.RESTOCK),
    ],
    ids=["within", "more than that", "a person was asked already", "it waits for no poll"],
)
def test_more_than_is_expected_and_no_more_than_it_may_show_is_read_once_more(
    seen: DriftReading, expected: DriftKind
) -> None:
    """Fewer sales were guessed than came in: beside a request without an answer nobody knows which they are."""
    assert expected is classify(seen)


def test_only_what_a_person_must_judge_freezes() -> None:
    assert {DriftKind.RESTOCK, DriftKind.EDIT} == {kind for kind in DriftKind if kind.freezes}


def test_units_that_no_order_explains_were_never_sold() -> None:
    """Rule of the watermark: after a poll that began after the reading nothing can be unseen."""
    assert [2, 1, 0] == [missing(reading(8)), missing(reading(8, later=5)), missing(reading(8, later=7))]


@pytest.mark.parametrize(
    "pushed",
    [
        {"acknowledged": None},
        {"in_flight": InFlight(quantity=3, sent_at=NOON)},
        {"may_apply_until": NOON + timedelta(seconds=9)},
        {"in_flight": InFlight(quantity=12, sent_at=LONG_AGO, increment=IncrementInFlight(2))},
    ],
    ids=["never told", "being told", "an older number may still be applied", "being told an increase"],
)
def test_a_number_that_may_change_any_moment_is_not_judged(pushed: dict[str, object]) -> None:
    assert not is_judged(reading(8, **pushed), NOON)  # type: ignore[arg-type]


def test_a_listing_that_was_pushed_while_it_was_read_is_not_judged() -> None:
    seen = reading(8)
    told_anew = replace(seen, after=replace(seen.after, acknowledged=replace(TEN, quantity=8)))

    assert (True, False) == (is_judged(seen, NOON), is_judged(told_anew, NOON))


def test_a_number_whose_answer_is_long_overdue_is_judged() -> None:
    assert is_judged(reading(10, in_flight=InFlight(quantity=3, sent_at=LONG_AGO)), NOON)


def test_a_drift_says_what_was_expected_and_since_when_it_lasts() -> None:
    fewer, more = reading(7, later=6), reading(15)
    first = drift(fewer, DriftKind.EDIT, NOON - timedelta(hours=1), None)

    again = drift(more, DriftKind.EDIT, NOON, first)

    assert (7, 8, first.seen_at) == (first.shown, first.expected_shown, first.since)
    assert (15, 10, first.since, NOON) == (
        again.shown,
        again.expected_shown,
        again.since,
        again.seen_at,
    )


def edited(shown: int, **pushed: object) -> Drift:
    return drift(reading(shown, **pushed), DriftKind.EDIT, NOON, None)  # type: ignore[arg-type]


def test_a_lowered_number_that_is_adopted_takes_nothing_for_unseen_sales_any_more() -> None:
    """`unimported_sales` judges what the channel shows by what it is expected to show."""
    after = adopted(PUSHED, edited(7))

    assert (7, 4, 7, 0) == (
        acknowledged_quantity(after),
        acknowledged_sold(after),
        after.expected_shown,
        after.unimported_sales(7),
    )


def test_what_was_sold_between_the_reading_and_the_decision_is_not_adopted_away() -> None:
    after = adopted(replace(PUSHED, sold=6), edited(7))

    assert (5, True) == (after.expected_shown, after.is_expected_reliable)


def test_sales_assumed_before_and_never_imported_are_forgotten_by_adopting() -> None:
    assumed = replace(PUSHED, acknowledged=Acknowledged(quantity=7, sold=7))
    found = drift(DriftReading(before=assumed, after=assumed, shown=7, covered=True), DriftKind.EDIT, NOON, None)

    after = adopted(assumed, found)

    assert ((10, False), (7, True)) == (
        (found.expected_shown, assumed.is_expected_reliable),
        (after.expected_shown, after.is_expected_reliable),
    )


@pytest.mark.parametrize(("shown", "units"), [(15, 15), (7, 10)], ids=["raised", "lowered"])
def test_a_number_that_is_adopted_raises_what_the_channel_may_sell_and_never_lowers_it(
    shown: int, units: int
) -> None:
    assert units == adopted(PUSHED, edited(shown)).exposure.units


def test_a_drift_belongs_to_the_number_that_was_pushed_when_it_was_seen() -> None:
    found = edited(7)

    assert [True, True, False, False] == [
        found.is_of(PUSHED),
        found.is_of(replace(PUSHED, sold=9)),
        found.is_of(replace(PUSHED, acknowledged=replace(TEN, quantity=9))),
        found.is_of(replace(PUSHED, in_flight=InFlight(quantity=9, sent_at=NOON))),
    ]


def test_what_froze_a_listing_is_not_taken_back_while_orders_cannot_be_imported() -> None:
    late, edit = replace(edited(7), kind=DriftKind.LATE_ORDER), edited(7)

    assert [True, True, False, True] == [
        late.replaces(None),
        late.replaces(late),
        late.replaces(edit),
        edit.replaces(replace(edit, decision=DriftDecision.ADOPT)),
    ]
