"""Escrow at the use case: what happens between a claim, its plan and the grant, and who is looked at again."""

from dataclasses import replace

import pytest

from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.exposure import Exposure
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, SalesRate
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Failure, Form, Shown
from lastunit.domain.listings.push_state import APPLIED_WITHIN
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Level
from lastunit.use_cases.listings.push.push_quantities import Finished
from tests.support.clock import NOON
from tests.support.listings.listed import (
    acknowledged_quantity,
    acknowledged_sold,
    in_flight_quantity,
    in_flight_sold,
)
from tests.support.listings.pushing import ListingRow
from tests.unit.listings.push.test_push_escrow import EscrowHub


def restocks(hub: EscrowHub, name: str, units: int) -> None:
    """A cancel is imported whose units its channel has put back on its own shelf."""
    hub.import_sale(name, -units)
    hub.hub.listings.grants["shirt"] += 1


def test_a_cancel_imported_after_the_claim_brings_no_room() -> None:
    """Promise 7: what the channel put back it may sell itself."""
    hub = EscrowHub(8)
    hub.settle()
    hub.sell("east", 2)
    hub.markets["east"].sell("shirt", -2)
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, sales_rate=SalesRate(thousandths=90_000, sold=0, at=hub.hub.clock.now()))
    hub.hub.set_available("shirt", 8)
    hub.hub.listings.before_bookings = [lambda: restocks(hub, "east", 2)]

    hub.push("east")

    assert hub.exposed <= hub.hub.listings.stock[LevelKey("shirt", "M")].available


def test_what_is_booked_counts_the_sales_that_its_room_was_counted_with() -> None:
    """Promise 7: units that were put back after the claim are not booked beside the room that they made."""
    hub = EscrowHub(6)
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    # Told 0 after they came back.
    row.listing = replace(row.listing, sold=2, acknowledged=Acknowledged(quantity=0, sold=2))
    hub.hub.listings.before_bookings = [lambda: restocks(hub, "east", 2)]

    hub.push("east")

    assert (4, 4) == (hub.shown["east"], hub.listing("east").exposure.units)


@pytest.mark.parametrize("form", [Form.SWAP, Form.SET])
def test_what_was_sold_before_a_number_left_lowers_it_no_more(form: Form) -> None:
    """Promise 6: it was imported between the claim and the plan, so the number that was planned knows of it."""
    claimed = Listing(
        channel="east", name="shirt", sku="shirt", sold=3, acknowledged=Acknowledged(quantity=14), granted=14
    )
    due = PendingPush(listing=claimed, wanted=10, form=form, strict=True)

    sent = due.sending(NOON, Exposure(14, 0, sold=4))
    pushed = sent.confirmed(Shown(10), NOON, 1)

    assert (10, 4) == (in_flight_quantity(sent.listing), in_flight_sold(sent.listing))
    assert (10, 4) == (acknowledged_quantity(pushed), acknowledged_sold(pushed))


def test_a_listing_whose_sku_is_gone_is_left_alone() -> None:
    hub = EscrowHub(8)
    del hub.hub.listings.skus["shirt"]

    result = hub.push("east")

    assert Finished() == result


@pytest.mark.parametrize("failure", ["frozen", "gone"])
def test_a_listing_that_waits_for_a_person_is_not_looked_at_after_every_poll(failure: str) -> None:
    hub = EscrowHub(8, Form.SET)
    hub.settle()
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, granted=row.listing.granted + 3, frozen=failure == "frozen")
    if failure == "gone":
        hub.markets["east"].unreadable["shirt"] = Failure.GONE

    hub.settle()

    assert {} == hub.hub.listings.awaiting_poll


def test_what_was_pushed_before_a_person_is_needed_is_settled_all_the_same() -> None:
    hub = EscrowHub(8, Form.SET)
    hub.push("east")
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, granted=row.listing.granted + 3, frozen=True)

    hub.push("east")
    waits = set(hub.hub.listings.awaiting_poll)
    hub.hub.polls.finish()
    hub.push("east")

    assert ({("shirt", "east", "shirt")}, {}) == (waits, hub.hub.listings.awaiting_poll)
    assert hub.shown["east"] == hub.listing("east").exposure.units


def test_a_kit_of_too_many_levels_for_one_write_is_named_and_fails_no_other() -> None:
    hub = EscrowHub(8)
    parts = [f"part{number}" for number in range(30)]
    for part in parts:
        hub.hub.listings.skus[part] = Sku(sku=part)
        for place in ("M", "N", "O", "P"):
            hub.hub.listings.stock[LevelKey(part, place)] = Level(sku=part, location=place, on_hand=5, available=5)
    hub.hub.listings.skus["kit"] = Sku(sku="kit", recipe=dict.fromkeys(parts, 1))
    hub.hub.listings.listed[ListingKey("kit", "east", "kit")] = ListingRow(
        Listing(channel="east", name="kit", sku="kit")
    )
    hub.hub.settings.places = tuple(Location(place, rank) for rank, place in enumerate("MNOP"))
    hub.markets["east"].put("kit", 0)

    result = hub.push("east", "kit")

    error = hub.hub.listings.listed[ListingKey("kit", "east", "kit")].listing.last_error
    assert (Finished(refused=True), Failure.INVALID) == (result, error and error.failure)


def test_an_overwrite_looks_at_what_the_channel_shows() -> None:
    """Rule 1.5-7: manual sync overwrites, also a number that somebody changed there."""
    hub = EscrowHub(8)
    hub.settle()
    hub.markets["east"].put("shirt", 9)

    hub.push("east", overwrite=True)

    assert 4 == hub.shown["east"]


def test_a_sale_seen_while_a_push_is_unconfirmed_is_not_counted_again_with_its_import() -> None:
    """Promise 6: or what the channel shows would look like somebody's edit."""
    hub = EscrowHub(8)
    hub.settle()
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, may_apply_until=hub.hub.clock.now() + APPLIED_WITHIN)
    hub.sell("east", 1, imported=False)
    hub.push("east", overwrite=True)

    hub.import_sale("east", 1)

    assert (3, 3) == (hub.shown["east"], hub.listing("east").expected_shown)


def test_an_overwrite_thaws_a_listing_though_its_number_is_left_as_it_is() -> None:
    hub = EscrowHub(8)
    hub.settle()
    row = hub.hub.listings.listed[ListingKey("shirt", "east", "shirt")]
    row.listing = replace(row.listing, frozen=True)

    hub.push("east", overwrite=True)

    assert not hub.listing("east").frozen


def test_a_plan_heeds_what_was_changed_for_another_channel_before_the_claim() -> None:
    """Escrowed channels share the largest of their buffers."""
    hub = EscrowHub(10)
    accounts = hub.hub.settings.accounts

    def buffered() -> None:
        accounts["west"] = replace(accounts["west"], buffer=4)

    hub.hub.listings.before_claims = [buffered]

    hub.push("east")

    assert 3 == hub.shown["east"]
