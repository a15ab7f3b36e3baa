"""Units at risk: what channels may sell beyond what there is, kept live by the changes themselves."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.events import Event, ListingChanged, SkuChanged
from lastunit.domain.exposure import Listing
from lastunit.domain.pushes import Form
from lastunit.domain.risk import AtRisk, Risk, Total, risk, total
from lastunit.domain.stock_view import SkuView
from lastunit.pool import ReadPool
from lastunit.risk import KeepRisk, ShowRisk, showing
from tests.fakes import FakeSettings, FixedClock, stocked
from tests.pushing import FakeListings, FakeQueue
from tests.risk_shop import moved, shop, told, track
from tests.risks import FakeRisks

PLACES = (Location("M", 1),)


def at_risk(listings: FakeListings, sku: str) -> Risk:
    view, *kits = showing(listings, sku)
    return risk(view, kits)


def kept(listings: FakeListings, *events: Event, **rows: int) -> dict[str, int]:
    """`rows`: what was at risk so far."""
    risks = FakeRisks({sku: AtRisk(sku, units, "") for sku, units in rows.items()})
    KeepRisk(listings, risks, FixedClock())(events, {})
    return {sku: row.units for sku, row in risks.rows.items()}


# What is at risk


def test_what_all_channels_together_may_sell_beyond_what_there_is_is_at_risk() -> None:
    """Promise 7."""
    listings = shop(told("shirt", "web", 5), told("shirt", "ebay", 4), shirt=5)

    assert Risk(available=5, exposed=9) == at_risk(listings, "shirt")
    assert 4 == at_risk(listings, "shirt").units


def test_nothing_is_at_risk_as_long_as_there_is_enough() -> None:
    assert 0 == at_risk(shop(told("shirt", "web", 2), told("shirt", "ebay", 3), shirt=5), "shirt").units


def test_a_number_under_way_counts_and_what_is_sold_counts_no_more() -> None:
    listings = shop(told("shirt", "web", 9, booked=3, sold=7), shirt=1)

    assert Risk(available=1, exposed=5) == at_risk(listings, "shirt")


def test_a_kit_puts_its_components_at_risk_by_its_recipe() -> None:
    listings = shop(told("set", "web", 3), told("hat", "web", 1), shirt=4, hat=4)

    assert [(6, 2), (4, 0)] == [
        (one.exposed, one.units) for sku in ("shirt", "hat") if (one := at_risk(listings, sku))
    ]


def test_the_stock_of_all_locations_counts() -> None:
    view = SkuView(Sku("shirt"), (stocked("shirt", "M", 2), stocked("shirt", "L", 3)), (told("shirt", "web", 6),))

    assert 1 == risk(view, []).units


def test_the_total_names_the_skus_with_most_units_at_risk_first() -> None:
    rows = [AtRisk("hat", 2, "a"), AtRisk("tie", 7, "b"), AtRisk("cap", 2, "c")]

    assert Total(11, 3, (rows[1], rows[2])) == total(rows, 2)


# Why escrowed listings are low


def shown(mode: Mode, *listings: Listing) -> dict[str, list[str]]:
    """Channel → the channels of the blockers of its listing."""
    found = shop(*listings, shirt=4)
    settings = FakeSettings({name: Channel(name, "generic", mode=mode) for name in ("web", "ebay")}, PLACES)
    read_pool = ReadPool(found, settings, lambda channel: Form.SWAP, FixedClock())
    blockers = ShowRisk(found, settings, FakeRisks(), read_pool).blockers(showing(found, "shirt")[0])
    return {channel: [other for _, other, _ in keys] for (_, channel, _), keys in blockers.items()}


def test_an_escrowed_listing_names_those_that_keep_others_low() -> None:
    silent = told("shirt", "ebay", 4)

    assert {"web": ["ebay"], "ebay": []} == shown(Mode.ESCROW, told("shirt", "web", 0), silent)


def test_in_other_modes_nobody_keeps_anybody_low() -> None:
    assert {} == shown(Mode.SHARED, told("shirt", "web", 0), told("shirt", "ebay", 4))


def test_what_a_channel_may_sell_counts_though_its_settings_were_read_before_it_was_connected() -> None:
    """Promise 7."""
    found = shop(told("shirt", "web", 0), told("shirt", "ebay", 3), shirt=4)
    settings = FakeSettings({"web": Channel("web", "generic", mode=Mode.ESCROW)}, PLACES)
    pool = ReadPool(found, settings, lambda channel: Form.SWAP, FixedClock())("shirt")

    assert (1, 1) == (pool.room["shirt"], pool.number(("shirt", "web", "shirt")))


# Kept live


def test_a_change_of_stock_keeps_what_is_at_risk_now() -> None:
    listings = shop(told("shirt", "web", 5), shirt=3)

    assert {"shirt": 2} == kept(listings, moved("shirt", 5, 3))


def test_what_is_no_longer_at_risk_is_forgotten() -> None:
    listings = shop(told("shirt", "web", 5), shirt=5)

    assert {"hat": 1} == kept(listings, moved("shirt", 3, 5), shirt=2, hat=1)


@pytest.mark.parametrize(
    "before", [None, told("shirt", "web", 4), told("shirt", "web", 5, sold=1), told("shirt", "web", 5, booked=1)]
)
def test_so_does_a_change_of_what_a_channel_may_sell(before: Listing | None) -> None:
    listing = told("shirt", "web", 5)

    assert {"shirt": 2} == kept(shop(listing, shirt=3), ListingChanged(before, listing))


def test_what_a_channel_may_sell_of_a_kit_changes_the_risk_of_its_components() -> None:
    listing = told("set", "web", 3)

    assert {"shirt": 2} == kept(shop(listing, shirt=4, hat=4), ListingChanged(None, listing))


def test_a_changed_recipe_changes_the_risk_of_old_and_new_components() -> None:
    listings = shop(told("set", "web", 3), shirt=4, hat=2)
    listings.skus["set"] = Sku("set", recipe={"hat": 1})

    change = SkuChanged(Sku("set", recipe={"shirt": 2}), listings.skus["set"])

    assert {"hat": 1} == kept(listings, change, shirt=2)


@pytest.mark.parametrize(
    "event",
    [
        replace(moved("shirt", 3, 3), after=replace(stocked("shirt", "M", 3), on_hand=4, reserved=1)),
        ListingChanged(told("shirt", "web", 5), replace(told("shirt", "web", 5), acknowledged=5, sequence=2)),
        ListingChanged(told("shirt", "web", 5), told("shirt", "web", 4, booked=1)),
        SkuChanged(None, Sku("shirt")),
        SkuChanged(Sku("shirt"), Sku("shirt", low_stock=2)),
    ],
)
def test_what_changes_neither_is_not_looked_into(event: Event) -> None:
    assert {} == kept(shop(told("shirt", "web", 5), shirt=3), event)


def test_an_event_that_comes_late_keeps_what_is_true_now() -> None:
    listings = shop(told("shirt", "web", 5), shirt=4)

    assert {"shirt": 1} == kept(listings, moved("shirt", 5, 0), shirt=1)


def test_what_stays_as_it_is_is_not_written() -> None:
    listings, risks = shop(told("shirt", "web", 5), shirt=3), FakeRisks({"shirt": AtRisk("shirt", 2, "then")})

    KeepRisk(listings, risks, FixedClock())([moved("shirt", 4, 3)], {})

    assert ([], "then") == (risks.kept, risks.rows["shirt"].at)


def test_a_change_between_looking_and_keeping_is_not_lost() -> None:
    """Its own event may have been worked off already, and what we keep would undo that for good."""
    listings = shop(told("shirt", "web", 5), shirt=3)

    def arrive() -> None:
        listings.stock["shirt", "M"] = stocked("shirt", "M", 5)

    risks = FakeRisks(meanwhile=[arrive])
    KeepRisk(listings, risks, FixedClock())([moved("shirt", 4, 3)], {})

    assert {} == risks.rows


def test_a_sku_that_changes_all_the_time_is_left_to_its_next_change() -> None:
    listings, risks = shop(told("shirt", "web", 50), shirt=3), FakeRisks()

    def change() -> None:
        level = listings.stock["shirt", "M"]
        listings.stock["shirt", "M"] = replace(level, available=level.available + 1)

    risks.meanwhile = [change] * 10
    KeepRisk(listings, risks, FixedClock())([moved("shirt", 4, 3)], {})

    assert ["shirt"] * 3 == risks.kept


def test_the_stream_of_the_stock_table_keeps_it() -> None:
    listings, risks = shop(told("shirt", "web", 5), shirt=3), FakeRisks()

    track(listings, FakeQueue(), risks)([moved("shirt", 4, 3)])

    assert {"shirt": 2} == {sku: row.units for sku, row in risks.rows.items()}


def test_views_that_were_read_for_the_pushes_are_not_read_again() -> None:
    shown = {"shirt": showing(shop(told("shirt", "web", 5), shirt=3), "shirt")}
    nothing_to_read, risks = FakeListings(), FakeRisks()

    KeepRisk(nothing_to_read, risks, FixedClock())([moved("shirt", 4, 3)], shown)

    assert ["shirt"] == risks.kept


def test_a_sku_that_does_not_exist_is_at_no_risk() -> None:
    assert {} == kept(FakeListings(), moved("ghost", 4, 3))
