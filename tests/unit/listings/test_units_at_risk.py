"""Units at risk: what channels may sell beyond what there is, kept live by the changes themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import MissingCapability
from lastunit.domain.events.row_changes import ListingChanged, RowChange, SkuChanged
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged
from lastunit.domain.listings.push_protocol import Form
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.listings.units_at_risk import AtRisk, SkuRisk, TotalRisk, risk, total
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.use_cases.listings.keep_units_at_risk import KeepUnitsAtRisk, showing
from lastunit.use_cases.listings.shared_pool import ReadPool
from lastunit.use_cases.listings.show_units_at_risk import ShowUnitsAtRisk
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeListings, FakeQueue
from tests.support.listings.risk_shop import escrow_listing, moved, shop, track
from tests.support.listings.risks import FakeRisks
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked

PLACES = (Location("M", 1),)
LONG_AGO = NOON - timedelta(days=1)


def at_risk(listings: FakeListings, sku: str) -> SkuRisk:
    view, *kits = showing(listings, sku)
    return risk(view, kits)


def kept(listings: FakeListings, *events: RowChange, **rows: int) -> dict[str, int]:
    """`rows`: what was at risk so far."""
    risks = FakeRisks({sku: AtRisk(sku, units, LONG_AGO) for sku, units in rows.items()})
    KeepUnitsAtRisk(listings, risks, FakeClock()).keep(events, {})
    return {sku: row.units for sku, row in risks.rows.items()}


# What is at risk


def test_what_all_channels_together_may_sell_beyond_what_there_is_is_at_risk() -> None:
    """Promise 7."""
    listings = shop(escrow_listing("shirt", "web", 5), escrow_listing("shirt", "ebay", 4), shirt=5)

    assert SkuRisk(available=5, exposed=9) == at_risk(listings, "shirt")
    assert 4 == at_risk(listings, "shirt").units


def test_nothing_is_at_risk_as_long_as_there_is_enough() -> None:
    assert (
        0
        == at_risk(
            shop(escrow_listing("shirt", "web", 2), escrow_listing("shirt", "ebay", 3), shirt=5), "shirt"
        ).units
    )


def test_a_number_under_way_counts_and_what_is_sold_counts_no_more() -> None:
    listings = shop(escrow_listing("shirt", "web", 9, booked=3, sold=7), shirt=1)

    assert SkuRisk(available=1, exposed=5) == at_risk(listings, "shirt")


def test_a_kit_puts_its_components_at_risk_by_its_recipe() -> None:
    listings = shop(escrow_listing("set", "web", 3), escrow_listing("hat", "web", 1), shirt=4, hat=4)

    assert [(6, 2), (4, 0)] == [
        (one.exposed, one.units) for sku in ("shirt", "hat") if (one := at_risk(listings, sku))
    ]


def test_the_stock_of_all_locations_counts() -> None:
    view = SkuView(
        item=Sku(sku="shirt"),
        levels=(stocked("shirt", "M", 2), stocked("shirt", "L", 3)),
        listings=(escrow_listing("shirt", "web", 6),),
    )

    assert 1 == risk(view, []).units


def test_the_total_names_the_skus_with_most_units_at_risk_first() -> None:
    rows = [AtRisk("hat", 2, NOON), AtRisk("tie", 7, LONG_AGO), AtRisk("cap", 2, LONG_AGO)]

    assert TotalRisk(11, 3, (rows[1], rows[2])) == total(rows, 2)


# Why escrowed listings are low


def shown(mode: Mode, *listings: Listing) -> dict[str, list[str]]:
    """Channel → the channels of the blockers of its listing."""
    found = shop(*listings, shirt=4)
    settings = FakeSettings(
        {name: Channel(name=name, kind="generic", mode=mode) for name in ("web", "ebay")}, PLACES
    )
    read_pool = ReadPool(listings=found, settings=settings, form=lambda channel: Form.SWAP, clock=FakeClock())
    blockers = ShowUnitsAtRisk(listings=found, settings=settings, risks=FakeRisks(), read_pool=read_pool).blockers(
        showing(found, "shirt")[0]
    )
    return {channel: [other for _, other, _ in keys] for (_, channel, _), keys in blockers.items()}


def test_an_escrowed_listing_names_those_that_keep_others_low() -> None:
    silent = escrow_listing("shirt", "ebay", 4)

    assert {"web": ["ebay"], "ebay": []} == shown(Mode.ESCROW, escrow_listing("shirt", "web", 0), silent)


def test_in_other_modes_nobody_keeps_anybody_low() -> None:
    assert {} == shown(Mode.SHARED, escrow_listing("shirt", "web", 0), escrow_listing("shirt", "ebay", 4))


def test_what_a_channel_may_sell_counts_though_its_settings_were_read_before_it_was_connected() -> None:
    """Promise 7."""
    found = shop(escrow_listing("shirt", "web", 0), escrow_listing("shirt", "ebay", 3), shirt=4)
    settings = FakeSettings({"web": Channel(name="web", kind="generic", mode=Mode.ESCROW)}, PLACES)
    pool = ReadPool(listings=found, settings=settings, form=lambda channel: Form.SWAP, clock=FakeClock()).read(
        "shirt"
    )

    assert (1, 1) == (pool.room["shirt"], pool.number(ListingKey("shirt", "web", "shirt")))


def test_a_listing_of_a_channel_that_takes_no_numbers_counts_and_leaves_the_others_theirs() -> None:
    """Promise 7."""
    found = shop(escrow_listing("shirt", "web", 0), escrow_listing("shirt", "parcels", 3), shirt=4)
    names = ("web", "parcels")
    settings = FakeSettings({name: Channel(name=name, kind="generic", mode=Mode.ESCROW) for name in names}, PLACES)

    def form(channel: Channel) -> Form:
        if channel.name == "parcels":
            raise MissingCapability("kind", "takes no quantities")
        return Form.SWAP

    pool = ReadPool(listings=found, settings=settings, form=form, clock=FakeClock()).read("shirt")

    numbers = [pool.number(ListingKey("shirt", name, "shirt")) for name in names]
    assert (1, [1, None]) == (pool.room["shirt"], numbers)


# Kept live


def test_a_change_of_stock_keeps_what_is_at_risk_now() -> None:
    listings = shop(escrow_listing("shirt", "web", 5), shirt=3)

    assert {"shirt": 2} == kept(listings, moved("shirt", 5, 3))


def test_what_is_no_longer_at_risk_is_forgotten() -> None:
    listings = shop(escrow_listing("shirt", "web", 5), shirt=5)

    assert {"hat": 1} == kept(listings, moved("shirt", 3, 5), shirt=2, hat=1)


@pytest.mark.parametrize(
    "before",
    [
        None,
        escrow_listing("shirt", "web", 4),
        escrow_listing("shirt", "web", 5, sold=1),
        escrow_listing("shirt", "web", 5, booked=1),
    ],
)
def test_so_does_a_change_of_what_a_channel_may_sell(before: Listing | None) -> None:
    listing = escrow_listing("shirt", "web", 5)

    assert {"shirt": 2} == kept(shop(listing, shirt=3), ListingChanged(before, listing))


def test_what_a_channel_may_sell_of_a_kit_changes_the_risk_of_its_components() -> None:
    listing = escrow_listing("set", "web", 3)

    assert {"shirt": 2} == kept(shop(listing, shirt=4, hat=4), ListingChanged(None, listing))


def test_a_changed_recipe_changes_the_risk_of_old_and_new_components() -> None:
    listings = shop(escrow_listing("set", "web", 3), shirt=4, hat=2)
    listings.skus["set"] = Sku(sku="set", recipe={"hat": 1})

    change = SkuChanged(Sku(sku="set", recipe={"shirt": 2}), listings.skus["set"])

    assert {"hat": 1} == kept(listings, change, shirt=2)


@pytest.mark.parametrize(
    "event",
    [
        replace(moved("shirt", 3, 3), after=replace(stocked("shirt", "M", 3), on_hand=4, reserved=1)),
        ListingChanged(
            escrow_listing("shirt", "web", 5),
            replace(escrow_listing("shirt", "web", 5), acknowledged=Acknowledged(quantity=5), sequence=2),
        ),
        ListingChanged(escrow_listing("shirt", "web", 5), escrow_listing("shirt", "web", 4, booked=1)),
        SkuChanged(None, Sku(sku="shirt")),
        SkuChanged(Sku(sku="shirt"), Sku(sku="shirt", low_stock=2)),
    ],
)
def test_what_changes_neither_is_not_looked_into(event: RowChange) -> None:
    assert {} == kept(shop(escrow_listing("shirt", "web", 5), shirt=3), event)


def test_an_event_that_comes_late_keeps_what_is_true_now() -> None:
    listings = shop(escrow_listing("shirt", "web", 5), shirt=4)

    assert {"shirt": 1} == kept(listings, moved("shirt", 5, 0), shirt=1)


def test_what_stays_as_it_is_is_not_written() -> None:
    listings, risks = (
        shop(escrow_listing("shirt", "web", 5), shirt=3),
        FakeRisks({"shirt": AtRisk("shirt", 2, LONG_AGO)}),
    )

    KeepUnitsAtRisk(listings, risks, FakeClock()).keep([moved("shirt", 4, 3)], {})

    assert ([], LONG_AGO) == (risks.kept, risks.rows["shirt"].at)


def test_a_change_between_looking_and_keeping_is_not_lost() -> None:
    """Its own event may have been worked off already, and what we keep would undo that for good."""
    listings = shop(escrow_listing("shirt", "web", 5), shirt=3)

    def arrive() -> None:
        listings.stock[LevelKey("shirt", "M")] = stocked("shirt", "M", 5)

    risks = FakeRisks(meanwhile=[arrive])
    KeepUnitsAtRisk(listings, risks, FakeClock()).keep([moved("shirt", 4, 3)], {})

    assert {} == risks.rows


def test_a_sku_that_changes_all_the_time_is_left_to_its_next_change() -> None:
    listings, risks = shop(escrow_listing("shirt", "web", 50), shirt=3), FakeRisks()

    def change() -> None:
        level = listings.stock[LevelKey("shirt", "M")]
        listings.stock[LevelKey("shirt", "M")] = replace(level, available=level.available + 1)

    risks.meanwhile = [change] * 10
    KeepUnitsAtRisk(listings, risks, FakeClock()).keep([moved("shirt", 4, 3)], {})

    assert ["shirt"] * 3 == risks.kept


def test_the_stream_of_the_stock_table_keeps_it() -> None:
    listings, risks = shop(escrow_listing("shirt", "web", 5), shirt=3), FakeRisks()

    track(listings, FakeQueue(), risks).track([moved("shirt", 4, 3)])

    assert {"shirt": 2} == {sku: row.units for sku, row in risks.rows.items()}


def test_views_that_were_read_for_the_pushes_are_not_read_again() -> None:
    shown = {"shirt": showing(shop(escrow_listing("shirt", "web", 5), shirt=3), "shirt")}
    nothing_to_read, risks = FakeListings(), FakeRisks()

    KeepUnitsAtRisk(nothing_to_read, risks, FakeClock()).keep([moved("shirt", 4, 3)], shown)

    assert ["shirt"] == risks.kept


def test_a_sku_that_does_not_exist_is_at_no_risk() -> None:
    assert {} == kept(FakeListings(), moved("ghost", 4, 3))
