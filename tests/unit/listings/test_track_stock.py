"""Who must be told when stock changes."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel, Mode, Sync
from lastunit.domain.events.row_changes import ListingChanged, OrderChanged, RowChange, SkuChanged
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight, LastError
from lastunit.domain.listings.push_protocol import Failure
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location, Sku, Status
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.use_cases.listings.keep_units_at_risk import KeepUnitsAtRisk
from lastunit.use_cases.listings.track_stock import TrackStock
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeListings, FakeQueue, ListingRow
from tests.support.listings.risks import FakeRisks
from tests.support.messages import content, push
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked

LISTING = Listing(
    channel="web", name="tee", sku="shirt", refs={"id": "1"}, sold=3, acknowledged=Acknowledged(quantity=5, sold=3)
)
LEVEL = stocked("shirt", "M", 5)
LOWERED = replace(LISTING, granted=8)


def shop() -> FakeListings:
    """A shirt listed on two channels, in a kit that is listed on one of them."""
    skus = {"shirt": Sku(sku="shirt"), "hat": Sku(sku="hat"), "set": Sku(sku="set", recipe={"shirt": 1, "hat": 1})}
    keys = (("shirt", "web", "tee"), ("shirt", "ebay", "tee"), ("set", "web", "set"), ("hat", "web", "hat"))
    return FakeListings(
        skus,
        listed={ListingKey(*key): ListingRow(Listing(channel=key[1], name=key[2], sku=key[0])) for key in keys},
    )


def track(listings: FakeListings, queue: FakeQueue, **settings: object) -> TrackStock:
    """`settings` of every channel."""
    channels = {name: Channel(name=name, kind="generic", **settings) for name in ("ebay", "web")}  # type: ignore[arg-type]
    keep_risk = KeepUnitsAtRisk(listings, FakeRisks(), FakeClock())
    return TrackStock(
        listings=listings,
        settings=FakeSettings(channels, (Location("M", 1),)),
        queue=queue,
        orders=FakeQueue(),
        keep_risk=keep_risk,
    )


def asked(*events: RowChange, **settings: object) -> list[tuple[object, ...]]:
    queue = FakeQueue()
    track(shop(), queue, **settings).track(events)
    return [(message.sku, message.channel, message.listing) for message in queue.sent]


def moved(before: Level | None, after: Level) -> LevelChanged:
    return LevelChanged(before, after, NOON.isoformat())


def test_every_listing_of_a_changed_sku_and_of_its_kits_is_pushed() -> None:
    assert [("set", "web", "set"), ("shirt", "ebay", "tee"), ("shirt", "web", "tee")] == asked(
        moved(LEVEL, replace(LEVEL, available=4))
    )


def test_a_push_carries_keys_and_no_quantity() -> None:
    queue = FakeQueue()

    track(shop(), queue).track([moved(None, stocked("hat", "M", 5))])

    assert push("hat", since=NOON.isoformat()) in queue.sent
    assert {("type", "sku", "channel", "listing", "overwrite", "not_since", "since")} == {
        tuple(content(message)) for message in queue.sent
    }


def test_a_thousand_changes_of_one_sku_are_one_push_for_each_listing() -> None:
    queue = FakeQueue()
    events = [moved(replace(LEVEL, available=left + 1), replace(LEVEL, available=left)) for left in range(1000)]

    pushes = track(shop(), queue).track(events)

    assert (3, 3, 1) == (pushes, len(queue.sent), queue.sends)


@pytest.mark.parametrize(
    "event",
    [
        moved(LEVEL, replace(LEVEL, bins={"A": Bin(name="A", kind=BinKind.PICKING)})),
        moved(replace(LEVEL, on_hand=6, reserved=1), LEVEL),
        moved(None, replace(LEVEL, on_hand=0, available=0)),
        moved(stocked("stranger", "M", 5), stocked("stranger", "M", 4)),
        SkuChanged(Sku(sku="shirt"), Sku(sku="shirt")),
        OrderChanged(None, Order(channel="web", external_id="1", state=State.RESERVED, revision="1"), "now"),
        ListingChanged(
            LISTING,
            replace(
                LISTING,
                acknowledged=Acknowledged(quantity=4),
                in_flight=InFlight(quantity=4, sent_at=NOON),
                sequence=9,
            ),
        ),
        ListingChanged(LISTING, replace(LISTING, last_error=LastError(Failure.GONE, "gone", NOON))),
    ],
)
def test_what_changes_no_number_asks_for_no_push(event: RowChange) -> None:
    queue = FakeQueue()

    pushes = track(shop(), queue).track([event])

    assert (0, 0) == (pushes, queue.sends)


@pytest.mark.parametrize(
    "after",
    [
        Sku(sku="set", status=Status.DRAFT, recipe={"shirt": 1, "hat": 1}),
        Sku(sku="set", recipe={"shirt": 2, "hat": 1}),
    ],
)
def test_a_changed_status_or_recipe_is_pushed(after: Sku) -> None:
    assert [("set", "web", "set")] == asked(SkuChanged(shop().skus["set"], after))


def test_a_component_that_becomes_a_draft_takes_its_kits_with_it() -> None:
    assert [("hat", "web", "hat"), ("set", "web", "set")] == asked(
        SkuChanged(Sku(sku="hat"), Sku(sku="hat", status=Status.DRAFT))
    )


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
    waited = ListingChanged(replace(LISTING, sold_unallocated=2), LISTING)

    assert 3 == len(asked(waited, mode=Mode.ESCROW))


def test_a_lowered_kit_frees_room_of_its_components() -> None:
    kit = replace(LOWERED, sku="set", name="set")

    pushed = asked(ListingChanged(kit, replace(kit, granted=5)), mode=Mode.ESCROW)

    assert {("hat", "web", "hat"), ("shirt", "web", "tee"), ("set", "web", "set")} <= set(pushed)


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
    listings.stock = {
        LevelKey("shirt", "M"): stocked("shirt", "M", 8),
        LevelKey("hat", "M"): stocked("hat", "M", 6),
    }
    listings.stock[LevelKey("shirt", "M")] = replace(listings.stock[LevelKey("shirt", "M")], seq=2)
    change = moved(replace(LEVEL, seq=1), listings.stock[LevelKey("shirt", "M")])

    track(listings, FakeQueue(), sync=Sync.INCREMENTAL).track([change, change])

    due = {key: row.listing.increments.due for key, row in listings.listed.items()}
    assert {("shirt", "web", "tee"): 3, ("shirt", "ebay", "tee"): 3, ("set", "web", "set"): 1} == {
        key: units for key, units in due.items() if units
    }
