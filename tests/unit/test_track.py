"""Who must be told when stock changes."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Location, Sku, Status
from lastunit.domain.channels import Channel, Mode, Sync
from lastunit.domain.events import Event, LevelChanged, ListingChanged, OrderChanged, SkuChanged
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.levels import Bin, BinKind, Level
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Order
from lastunit.domain.pushes import Failure
from lastunit.risk import KeepRisk
from lastunit.track import TrackStock
from tests.fakes import FakeSettings, FixedClock, stocked
from tests.pushing import FakeListings, FakeQueue, Row
from tests.risks import FakeRisks

LISTING = Listing("web", "tee", "shirt", refs={"id": "1"}, sold=3, acknowledged=5, acknowledged_sold=3)
LEVEL = stocked("shirt", "M", 5)
LOWERED = replace(LISTING, granted=8)


def shop() -> FakeListings:
    """A shirt listed on two channels, in a kit that is listed on one of them."""
    skus = {"shirt": Sku("shirt"), "hat": Sku("hat"), "set": Sku("set", recipe={"shirt": 1, "hat": 1})}
    keys = (("shirt", "web", "tee"), ("shirt", "ebay", "tee"), ("set", "web", "set"), ("hat", "web", "hat"))
    return FakeListings(skus, listed={key: Row(Listing(key[1], key[2], key[0])) for key in keys})


def track(listings: FakeListings, queue: FakeQueue, **settings: object) -> TrackStock:
    """`settings` of every channel."""
    channels = {name: Channel(name, "generic", **settings) for name in ("ebay", "web")}  # type: ignore[arg-type]
    keep_risk = KeepRisk(listings, FakeRisks(), FixedClock())
    return TrackStock(listings, FakeSettings(channels, (Location("M", 1),)), queue, FakeQueue(), keep_risk)


def asked(*events: Event, **settings: object) -> list[tuple[object, ...]]:
    queue = FakeQueue()
    track(shop(), queue, **settings)(events)
    return [(message["sku"], message["channel"], message["listing"]) for message in queue.sent]


def moved(before: Level | None, after: Level) -> LevelChanged:
    return LevelChanged(before, after, "now")


def test_every_listing_of_a_changed_sku_and_of_its_kits_is_pushed() -> None:
    assert [("set", "web", "set"), ("shirt", "ebay", "tee"), ("shirt", "web", "tee")] == asked(
        moved(LEVEL, replace(LEVEL, available=4))
    )


def test_a_push_carries_keys_and_no_quantity() -> None:
    queue = FakeQueue()

    track(shop(), queue)([moved(None, stocked("hat", "M", 5))])

    assert {"sku": "hat", "channel": "web", "listing": "hat", "since": "now"} in queue.sent
    assert {("sku", "channel", "listing", "since")} == {tuple(message) for message in queue.sent}


def test_a_thousand_changes_of_one_sku_are_one_push_for_each_listing() -> None:
    queue = FakeQueue()
    events = [moved(replace(LEVEL, available=left + 1), replace(LEVEL, available=left)) for left in range(1000)]

    pushes = track(shop(), queue)(events)

    assert (3, 3, 1) == (pushes, len(queue.sent), queue.sends)


@pytest.mark.parametrize(
    "event",
    [
        moved(LEVEL, replace(LEVEL, bins={"A": Bin("A", BinKind.PICKING)})),
        moved(replace(LEVEL, on_hand=6, reserved=1), LEVEL),
        moved(None, replace(LEVEL, on_hand=0, available=0)),
        moved(stocked("stranger", "M", 5), stocked("stranger", "M", 4)),
        SkuChanged(Sku("shirt"), Sku("shirt")),
        OrderChanged(None, Order("web", "1", State.RESERVED, "1"), "now"),
        ListingChanged(LISTING, replace(LISTING, acknowledged=4, in_flight=4, sequence=9)),
        ListingChanged(LISTING, replace(LISTING, last_error=LastError(Failure.GONE, "gone", "now"))),
    ],
)
def test_what_changes_no_number_asks_for_no_push(event: Event) -> None:
    queue = FakeQueue()

    pushes = track(shop(), queue)([event])

    assert (0, 0) == (pushes, queue.sends)


@pytest.mark.parametrize(
    "after", [Sku("set", Status.DRAFT, {"shirt": 1, "hat": 1}), Sku("set", recipe={"shirt": 2, "hat": 1})]
)
def test_a_changed_status_or_recipe_is_pushed(after: Sku) -> None:
    assert [("set", "web", "set")] == asked(SkuChanged(shop().skus["set"], after))


def test_a_component_that_becomes_a_draft_takes_its_kits_with_it() -> None:
    assert [("hat", "web", "hat"), ("set", "web", "set")] == asked(SkuChanged(Sku("hat"), Sku("hat", Status.DRAFT)))


@pytest.mark.parametrize("before", [None, replace(LISTING, refs={"id": "0"}), replace(LISTING, sold=2)])
def test_a_new_listing_one_with_new_ids_and_one_that_sold_are_pushed_themselves(before: Listing | None) -> None:
    assert [("shirt", "web", "tee")] == asked(ListingChanged(before, LISTING))


def test_room_that_an_escrowed_channel_gave_up_is_offered_to_all_who_share_it() -> None:
    freed = ListingChanged(LOWERED, replace(LOWERED, granted=5))

    assert [("set", "web", "set"), ("shirt", "ebay", "tee"), ("shirt", "web", "tee")] == asked(
        freed, mode=Mode.ESCROW
    )


def test_units_that_no_order_waits_for_any_more_are_offered_to_all_who_share_them() -> None:
    """An order that waited is declined: no level changes, nor what its channel has sold."""
    waited = ListingChanged(replace(LISTING, owed=2), LISTING)

    assert 3 == len(asked(waited, mode=Mode.ESCROW))


def test_a_lowered_kit_frees_room_of_its_components() -> None:
    kit = replace(LOWERED, sku="set", name="set")

    told = asked(ListingChanged(kit, replace(kit, granted=5)), mode=Mode.ESCROW)

    assert {("hat", "web", "hat"), ("shirt", "web", "tee"), ("set", "web", "set")} <= set(told)


@pytest.mark.parametrize(
    ("before", "after", "mode"),
    [
        (LOWERED, replace(LOWERED, granted=5), Mode.SHARED),
        (LOWERED, replace(LOWERED, granted=9), Mode.ESCROW),
        (replace(LOWERED, booked=2), replace(LOWERED, granted=10), Mode.ESCROW),
    ],
)
def test_other_bookkeeping_is_no_reason_to_push(before: Listing, after: Listing, mode: Mode) -> None:
    assert [] == asked(ListingChanged(before, after), mode=mode)


def test_increases_are_counted_for_channels_that_hear_nothing_else() -> None:
    """Rule 1.5-2, and kits by their scarcest component."""
    listings = shop()
    listings.stock = {("shirt", "M"): stocked("shirt", "M", 8), ("hat", "M"): stocked("hat", "M", 6)}
    listings.stock["shirt", "M"] = replace(listings.stock["shirt", "M"], seq=2)
    change = moved(replace(LEVEL, seq=1), listings.stock["shirt", "M"])

    track(listings, FakeQueue(), sync=Sync.INCREMENTAL)([change, change])

    due = {key: row.listing.rises.due for key, row in listings.listed.items()}
    assert {("shirt", "web", "tee"): 3, ("shirt", "ebay", "tee"): 3, ("set", "web", "set"): 1} == {
        key: units for key, units in due.items() if units
    }
