"""The one function that says what a channel may show, and what a channel is believed to show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight, LastError
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Failure, Form, Shown
from lastunit.domain.listings.quantity import shown
from lastunit.domain.stock.catalogue import Location, Sku, Status
from lastunit.domain.stock.levels import Level
from tests.support.clock import NOON
from tests.support.stock.levels import stocked

WEB = Channel(name="web", kind="generic")
SHIRT, HAT = Sku(sku="shirt"), Sku(sku="hat")
SET = Sku(sku="set", recipe={"shirt": 2, "hat": 1})
PLACES = (Location("M", 1), Location("L", 2))
STOCK = {LevelKey("shirt", "M"): 7, LevelKey("shirt", "L"): 4, LevelKey("hat", "M"): 3}


def pushed(
    channel: Channel = WEB,
    item: Sku = SHIRT,
    stock: Mapping[LevelKey, int] = STOCK,
    places: tuple[Location, ...] = PLACES,
    parts: Mapping[str, Sku] | None = None,
) -> int:
    def levels(sku: str) -> list[Level]:
        return [stocked(sku, at, units) for (name, at), units in stock.items() if name == sku]

    return shown(channel, item, parts if parts is not None else {}, levels, places)


def test_a_channel_is_shown_the_sum_over_all_locations() -> None:
    assert 11 == pushed()


def test_only_what_is_available_is_shown_not_what_is_reserved() -> None:
    level = Level(sku="shirt", location="M", on_hand=10, reserved=9, available=1)

    number = shown(WEB, SHIRT, {}, lambda sku: [level], PLACES)

    assert 1 == number


def test_nothing_in_stock_is_shown_as_0() -> None:
    assert 0 == pushed(stock={})


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"locations": frozenset({"L"})}, 4),
        ({"locations": frozenset({"elsewhere"})}, 0),
        ({"buffer": 3}, 8),
        ({"buffer": 12}, 0),
        ({"share_percent": 50}, 5),
        ({"share_percent": 0}, 0),
        ({"share_percent": 50, "buffer": 2}, 4),
        ({"cap": 10}, 10),
        ({"cap": 12}, 11),
        ({"cap": 0}, 0),
        ({"share_percent": 50, "cap": 4}, 4),
        ({"minimum": 11}, 11),
        ({"minimum": 12}, 0),
        ({"minimum": 5, "cap": 4}, 0),
    ],
)
def test_the_channels_limits_apply(limits: dict[str, Any], expected: int) -> None:
    channel = replace(WEB, **limits)

    assert expected == pushed(channel)


def test_a_blacked_out_location_is_not_shown() -> None:
    places = (Location("M", 1, blacked_out=True), Location("L", 2))

    assert 4 == pushed(places=places)


def test_a_location_that_no_longer_exists_is_not_shown() -> None:
    assert 7 == pushed(places=PLACES[:1])


def test_a_kit_counts_by_its_scarcest_component() -> None:
    parts = {"shirt": SHIRT, "hat": HAT}

    scarce_hats = pushed(item=SET, parts=parts)
    scarce_shirts = pushed(item=SET, parts=parts, stock={LevelKey("shirt", "M"): 5, LevelKey("hat", "L"): 9})

    assert (3, 2) == (scarce_hats, scarce_shirts)


def test_a_kit_with_a_missing_component_is_shown_as_0() -> None:
    assert 0 == pushed(item=SET, stock={LevelKey("shirt", "M"): 50})


def test_a_draft_is_shown_as_0() -> None:
    assert 0 == pushed(item=replace(SHIRT, status=Status.DRAFT))


def test_a_kit_with_a_draft_inside_is_shown_as_0() -> None:
    assert 0 == pushed(item=SET, parts={"shirt": SHIRT, "hat": replace(HAT, status=Status.DRAFT)})


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100), st.integers(0, 20), st.integers(0, 60))
def test_what_is_shown_is_never_above_what_is_available_beyond_the_buffer(
    first: int, second: int, share: int, buffer: int, cap: int
) -> None:
    channel = replace(WEB, share_percent=share, buffer=buffer, cap=cap)

    number = pushed(channel, stock={LevelKey("shirt", "M"): first, LevelKey("shirt", "L"): second})

    assert 0 <= number <= min(cap, max(0, first + second - buffer))


TEN = Acknowledged(quantity=10, sold=4)
PUSHED = Listing(channel="web", name="shirt", sku="shirt", sold=7, acknowledged=TEN)


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (PUSHED, 7),
        (replace(PUSHED, sold=4), 10),
        (replace(PUSHED, sold=3), 11),  # An order was cancelled and the channel restocked itself.
        (replace(PUSHED, sold=99), 0),
        (replace(PUSHED, acknowledged=None), None),
    ],
)
def test_a_channel_is_expected_to_have_lowered_itself_by_its_imported_orders(
    listing: Listing, expected: int | None
) -> None:
    assert expected == listing.expected_shown


@pytest.mark.parametrize(("current", "expected"), [(7, 0), (5, 2), (9, 0), (0, 7)])
def test_what_a_channel_shows_below_belief_was_sold_and_not_imported_yet(current: int, expected: int) -> None:
    assert expected == PUSHED.unimported_sales(current)


def test_no_sales_are_unseen_on_a_channel_that_was_never_pushed() -> None:
    assert 0 == replace(PUSHED, acknowledged=None).unimported_sales(3)


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (PUSHED, True),
        (replace(PUSHED, acknowledged=None), False),
        (replace(PUSHED, in_flight=InFlight(quantity=3, sent_at=NOON)), False),
        (
            replace(PUSHED, acknowledged=replace(TEN, sold=8)),
            False,
        ),  # Sales were seen that are still to be imported.
    ],
)
def test_a_belief_is_trusted_while_nothing_is_in_flight_or_still_to_be_imported(
    listing: Listing, expected: bool
) -> None:
    assert expected == listing.is_expected_reliable


def test_sales_seen_by_reading_back_are_not_counted_again_when_they_are_imported() -> None:
    read = PendingPush(listing=PUSHED, wanted=0, form=Form.SWAP).with_reading(Shown(5), NOON, 0).listing

    imported = replace(read, sold=read.sold + 2)

    assert (False, True, 5) == (read.is_expected_reliable, imported.is_expected_reliable, imported.expected_shown)


CONFIRMED = replace(PUSHED, sold=4)


@pytest.mark.parametrize(
    "listing",
    [
        PUSHED,
        replace(CONFIRMED, in_flight=InFlight(quantity=10, sent_at=NOON)),
        replace(CONFIRMED, acknowledged=replace(TEN, quantity=9)),
        replace(CONFIRMED, acknowledged=None),
        replace(CONFIRMED, last_error=LastError(Failure.TRANSIENT, "later", NOON)),
    ],
)
def test_a_number_is_unconfirmed_once_anything_happened_to_it(listing: Listing) -> None:
    assert not listing.is_confirmed(10)


def test_a_number_the_channel_said_itself_is_confirmed() -> None:
    assert CONFIRMED.is_confirmed(10)
