"""What a channel may still sell: the bookings by form of push (`docs/escrow.md`)."""

import pytest

from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.push_protocol import Form

SHOWS_5 = Exposure(granted=25, sold=20)


@pytest.mark.parametrize(
    ("request_", "need"),
    [
        (PushRequest(Form.SET, 8), 8),
        (PushRequest(Form.SET, 3), 3),
        (PushRequest(Form.SET, 0), 0),
        (PushRequest(Form.SWAP, 8, expected=5), 3),
        (PushRequest(Form.SWAP, 3, expected=5), 0),
        (PushRequest(Form.ADJUST, 8, expected=5), 3),
        (PushRequest(Form.ADJUST, 3, expected=5), 0),
    ],
)
def test_a_request_is_booked_before_it_leaves_on_top_of_what_was_booked(request_: PushRequest, need: int) -> None:
    sent = SHOWS_5.on_sending(request_)

    assert need == request_.need
    assert 5 + need == sent.units


@pytest.mark.parametrize(
    ("request_", "shown", "expected"),
    [
        (PushRequest(Form.SET, 8), 8, 13),
        (PushRequest(Form.SET, 3), 3, 8),
        (PushRequest(Form.SET, 0), 0, 5),
        (PushRequest(Form.SWAP, 8, expected=5), 8, 8),
        (PushRequest(Form.SWAP, 3, expected=5), 3, 3),
        (PushRequest(Form.SWAP, 0, expected=5), 0, 0),
        (PushRequest(Form.ADJUST, 8, expected=5), 8, 8),
        (PushRequest(Form.ADJUST, 3, expected=5), 3, 3),
        (PushRequest(Form.ADJUST, 3, expected=5), 1, 3),
    ],
)
def test_an_answer_frees_what_a_lowering_certainly_took_off_and_a_set_frees_nothing(
    request_: PushRequest, shown: int, expected: int
) -> None:
    assert expected == SHOWS_5.on_sending(request_).on_confirmed(request_, shown).units


def test_a_lowering_that_ended_at_0_may_have_taken_less_off() -> None:
    lowering = PushRequest(Form.ADJUST, 2, expected=5)

    assert 5 == SHOWS_5.on_sending(lowering).on_confirmed(lowering, 0).units


def test_a_request_that_was_refused_leaves_nothing_booked() -> None:
    assert SHOWS_5 == SHOWS_5.on_sending(PushRequest(Form.SET, 8)).on_rejected()


def test_a_request_that_nobody_awaits_any_more_stays_granted_beside_the_next_one() -> None:
    doubted = SHOWS_5.on_sending(PushRequest(Form.SET, 8)).on_unconfirmed()

    assert 13 == doubted.units
    assert 15 == doubted.on_sending(PushRequest(Form.SET, 2)).units
    assert 13 == doubted.on_sending(PushRequest(Form.SET, 2)).on_rejected().units


def test_a_worker_that_crashed_leaves_its_request_granted_to_the_next_one() -> None:
    assert 15 == SHOWS_5.on_sending(PushRequest(Form.SET, 8)).on_sending(PushRequest(Form.SET, 2)).units


def test_an_imported_order_lowers_the_exposure_by_being_counted_as_sold() -> None:
    assert 3 == Exposure(granted=25, sold=22).units


def test_a_number_observed_is_all_once_what_was_sold_by_then_is_imported() -> None:
    loose = Exposure(granted=33, sold=22)

    assert 8 == loose.on_sales_imported(8, restocked=0).units


def test_units_put_back_meanwhile_may_have_come_on_top_of_what_was_observed() -> None:
    assert 10 == Exposure(granted=33, sold=22).on_sales_imported(8, restocked=2).units


def test_a_poll_never_raises_an_exposure() -> None:
    """Orders created after the observation and imported already are in it: the lower of two bounds holds."""
    assert 6 == Exposure(granted=28, sold=22).on_sales_imported(8, restocked=0).units


def test_a_number_found_above_what_was_booked_counts_at_once() -> None:
    assert 50 == SHOWS_5.on_reading(50).units
    assert 50 == Exposure(granted=20, booked=5, sold=20).on_reading(50).units
    assert SHOWS_5 == SHOWS_5.on_reading(4)


def test_a_listing_that_was_never_pushed_is_lowered_from_what_it_was_found_to_show() -> None:
    lowering = PushRequest(Form.SWAP, 5, expected=50)

    assert 5 == Exposure().on_reading(50).on_sending(lowering).on_confirmed(lowering, 5).units


def test_sales_beyond_the_exposure_are_not_borrowed_from_the_next_number() -> None:
    """Somebody raised it by hand and it sold: what is told next counts in full."""
    oversold = Exposure(granted=20, sold=25)

    assert 0 == oversold.units
    assert 4 == oversold.on_sending(PushRequest(Form.SET, 4)).units
