"""Escrow at the use case: what happens between a claim, its plan and the grant, and who is looked at again."""

from dataclasses import replace

import pytest

from lastunit.domain.booking import Exposure
from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.exposure import Listing
from lastunit.domain.levels import Level
from lastunit.domain.pushes import Failure, Form, Shown
from lastunit.domain.telling import APPLIED_WITHIN, Due
from lastunit.push import Done
from tests.fakes import NOON
from tests.pushing import Row
from tests.unit.test_push_escrow import Town


def restocks(town: Town, name: str, units: int) -> None:
    """A cancel is imported whose units its channel has put back on its own shelf."""
    town.imports(name, -units)
    town.hub.listings.grants["shirt"] += 1


def test_a_cancel_imported_after_the_claim_brings_no_room() -> None:
    """Promise 7: what the channel put back it may sell itself."""
    town = Town(8)
    town.settle()
    town.sells("east", 2)
    town.markets["east"].sell("shirt", -2)
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, pace=90_000, pace_at=town.hub.clock.now().isoformat())
    town.hub.has("shirt", 8)
    town.hub.listings.rivals = [lambda: restocks(town, "east", 2)]

    town.push("east")

    assert town.exposed <= town.hub.listings.stock["shirt", "M"].available


def test_what_is_booked_counts_the_sales_that_its_room_was_counted_with() -> None:
    """Promise 7: units that were put back after the claim are not booked beside the room that they made."""
    town = Town(6)
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, sold=2, acknowledged=0, acknowledged_sold=2)  # Told 0 after they came back.
    town.hub.listings.rivals = [lambda: restocks(town, "east", 2)]

    town.push("east")

    assert (4, 4) == (town.shown["east"], town.listing("east").exposure.units)


@pytest.mark.parametrize("form", [Form.SWAP, Form.SET])
def test_what_was_sold_before_a_number_left_lowers_it_no_more(form: Form) -> None:
    """Promise 6: it was imported between the claim and the plan, so the number that was planned knows of it."""
    claimed = Listing("east", "shirt", "shirt", sold=3, acknowledged=14, granted=14)
    due = Due(claimed, 10, form, strict=True)

    sent = due.sending(NOON, Exposure(14, 0, sold=4))
    told = sent.confirmed(Shown(10), NOON, 1)

    assert (10, 4) == (sent.listing.in_flight, sent.listing.in_flight_sold)
    assert (10, 4) == (told.acknowledged, told.acknowledged_sold)


def test_a_listing_whose_sku_is_gone_is_left_alone() -> None:
    town = Town(8)
    del town.hub.listings.skus["shirt"]

    result = town.push("east")

    assert Done() == result


@pytest.mark.parametrize("trouble", ["frozen", "gone"])
def test_a_listing_that_waits_for_a_person_is_not_looked_at_after_every_poll(trouble: str) -> None:
    town = Town(8, Form.SET)
    town.settle()
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, granted=row.listing.granted + 3, frozen=trouble == "frozen")
    if trouble == "gone":
        town.markets["east"].unreadable["shirt"] = Failure.GONE

    town.settle()

    assert {} == town.hub.listings.unsettled


def test_what_it_was_told_before_a_person_is_needed_is_settled_all_the_same() -> None:
    town = Town(8, Form.SET)
    town.push("east")
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, granted=row.listing.granted + 3, frozen=True)

    town.push("east")
    waits = set(town.hub.listings.unsettled)
    town.hub.polls.finish()
    town.push("east")

    assert ({("shirt", "east", "shirt")}, {}) == (waits, town.hub.listings.unsettled)
    assert town.shown["east"] == town.listing("east").exposure.units


def test_a_kit_of_too_many_levels_for_one_write_is_named_and_fails_no_other() -> None:
    town = Town(8)
    parts = [f"part{number}" for number in range(30)]
    for part in parts:
        town.hub.listings.skus[part] = Sku(part)
        for place in ("M", "N", "O", "P"):
            town.hub.listings.stock[part, place] = Level(part, place, on_hand=5, available=5)
    town.hub.listings.skus["kit"] = Sku("kit", recipe=dict.fromkeys(parts, 1))
    town.hub.listings.listed["kit", "east", "kit"] = Row(Listing("east", "kit", "kit"))
    town.hub.settings.places = tuple(Location(place, rank) for rank, place in enumerate("MNOP"))
    town.markets["east"].put("kit", 0)

    result = town.push("east", "kit")

    error = town.hub.listings.listed["kit", "east", "kit"].listing.last_error
    assert (Done(refused=True), Failure.INVALID) == (result, error and error.failure)


def test_an_overwrite_looks_at_what_the_channel_shows() -> None:
    """Rule 1.5-7: manual sync overwrites, also a number that somebody changed there."""
    town = Town(8)
    town.settle()
    town.markets["east"].put("shirt", 9)

    town.push("east", overwrite=True)

    assert 4 == town.shown["east"]


def test_a_sale_seen_while_a_request_given_up_may_still_arrive_is_not_counted_again_with_its_import() -> None:
    """Promise 6: or what the channel shows would look like somebody's edit."""
    town = Town(8)
    town.settle()
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, doubt_until=(town.hub.clock.now() + APPLIED_WITHIN).isoformat())
    town.sells("east", 1, imported=False)
    town.push("east", overwrite=True)

    town.imports("east", 1)

    assert (3, 3) == (town.shown["east"], town.listing("east").believed)


def test_an_overwrite_thaws_a_listing_though_its_number_is_left_as_it_is() -> None:
    town = Town(8)
    town.settle()
    row = town.hub.listings.listed["shirt", "east", "shirt"]
    row.listing = replace(row.listing, frozen=True)

    town.push("east", overwrite=True)

    assert not town.listing("east").frozen


def test_a_plan_heeds_what_was_changed_for_another_channel_before_the_claim() -> None:
    """Escrowed channels share the largest of their buffers."""
    town = Town(10)
    accounts = town.hub.settings.accounts

    def buffered() -> None:
        accounts["west"] = replace(accounts["west"], buffer=4)

    town.hub.listings.quicker = [buffered]

    town.push("east")

    assert 3 == town.shown["east"]
