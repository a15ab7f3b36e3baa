"""What is known of a listing after a push, whatever mode its channel is in by then."""

from dataclasses import replace

import pytest

from lastunit.domain.listings.increments import PendingIncrement, confirm_increment, start_increment
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, Increments, LastReading
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Form, Shown
from lastunit.domain.listings.push_state import not_applied, with_exposure_settled
from tests.support.clock import NOON

SETTLES_AT_5 = Listing(
    channel="web",
    name="shirt",
    sku="shirt",
    acknowledged=Acknowledged(quantity=5),
    granted=9,
    last_reading=LastReading(quantity=5, poll=1),
)
"""In escrow it was found to show 5, and waits for a poll that proves that this is all it may sell."""


def pushed(listing: Listing, quantity: int, *, strict: bool) -> PendingPush:
    push = PendingPush(listing=listing, wanted=quantity, form=Form.SWAP, strict=strict)
    return push.sending(NOON, listing.exposure)


def test_a_number_read_in_escrow_settles_nothing_after_a_push_outside_of_it() -> None:
    """Promise 7: back in escrow, the channel may still sell the 20 that it was pushed meanwhile."""
    outside = pushed(SETTLES_AT_5, 20, strict=False).confirmed(Shown(20), NOON, 0)

    assert 20 == with_exposure_settled(outside, 2).exposure.units


def test_a_number_read_in_escrow_settles_nothing_after_an_increase() -> None:
    due = replace(SETTLES_AT_5, increments=Increments(counted_increase=15))
    pending = PendingIncrement.of(start_increment(due, None, NOON))

    after = confirm_increment(pending, Shown(20), NOON, 0) if pending else due

    assert 20 == with_exposure_settled(after, 2).exposure.units


@pytest.mark.parametrize(("strict", "units"), [(True, 5), (False, 9)])
def test_a_rejected_push_lets_what_was_read_settle_in_escrow_only(strict: bool, units: int) -> None:
    rejected = not_applied(pushed(SETTLES_AT_5, 20, strict=strict).listing)

    assert units == with_exposure_settled(rejected, 2).exposure.units
