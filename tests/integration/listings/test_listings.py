"""What each channel was told, in DynamoDB: one writer per listing, and nothing forgotten on the way."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.listings import DynamoListings
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import (
    Acknowledged,
    CountedLevel,
    DailyRevisions,
    IncrementInFlight,
    Increments,
    InFlight,
    LastError,
    LastReading,
    SalesRate,
)
from lastunit.domain.listings.listing_update import ListingUpdate, RoomGrant
from lastunit.domain.listings.push_protocol import Failure
from lastunit.domain.stock.catalogue import Sku
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON
from tests.support.listings.listed import acknowledged_quantity, in_flight_quantity
from tests.support.stock.levels import stocked

KEY: ListingKey = ListingKey("shirt", "web", "shirt")
UNTIL = NOON + timedelta(seconds=60)
LATER = UNTIL + timedelta(microseconds=1)
GONE = LastError(Failure.GONE, "gone", NOON)
FOUR = InFlight(quantity=4, sold=2, sent_at=NOON)
ROOM = RoomGrant({"shirt": 0}, {LevelKey("shirt", "M"): 5})


@pytest.fixture
def listings(store: HubStore) -> DynamoListings:
    store.fill({LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 3}, kits={"set": {"shirt": 1, "hat": 2}})
    return DynamoListings(store.client, store.tables.stock, store.tables.settings)


def stored(listings: DynamoListings) -> Listing:
    return listings.read([KEY])[KEY]


def claim(listings: DynamoListings, worker: str = "w1", *, now: datetime = NOON) -> bool:
    return listings.claim([KEY], worker, now, now + timedelta(seconds=60)) == {KEY}


def book(listings: DynamoListings, worker: str = "w1", grant: RoomGrant | None = None, **changes: Any) -> bool:
    before = stored(listings)
    after = replace(before, **changes)
    return listings.book([ListingUpdate(before, after, grant)], worker) == {KEY}


def close(listings: DynamoListings, worker: str = "w1", **changes: object) -> bool:
    """True: look again."""
    before = stored(listings)
    after = replace(before, **changes)  # type: ignore[arg-type]
    return listings.close([ListingUpdate(before, after)], worker) == {KEY}


def awaiting_poll(store: HubStore) -> list[dict[str, object]]:
    stored = store.rows(store.tables.stock)
    return [row for row in stored if row["pk"] == "AWAITING_POLL#web"]


def test_one_read_shows_everything_about_a_sku(listings: DynamoListings) -> None:
    view = listings.view("shirt")

    assert view
    assert (Sku(sku="shirt"), ("set",), 0) == (view.item, view.kits, view.grants)
    assert [replace(stocked("shirt", "M", 5), unplaced=5, seq=1, cause="receive receive-shirt-M")] == list(
        view.levels
    )
    assert [Listing(channel="web", name="shirt", sku="shirt")] == list(view.listings)


def test_there_is_no_view_of_an_unknown_sku(listings: DynamoListings) -> None:
    assert listings.view("stranger") is None


# Claims


def test_a_claim_makes_one_writer_and_counts_the_push(listings: DynamoListings) -> None:
    first, second = claim(listings, "w1"), claim(listings, "w2")

    assert (True, False, 1) == (first, second, stored(listings).sequence)


def test_a_claim_may_be_asked_for_twice_as_when_its_answer_is_lost(listings: DynamoListings) -> None:
    assert (True, True) == (claim(listings), claim(listings))


def test_a_claim_past_its_time_is_taken_over(listings: DynamoListings) -> None:
    claim(listings, "dead")

    assert claim(listings, "w2", now=LATER)


def test_many_are_claimed_together_and_one_that_is_held_keeps_no_other(
    listings: DynamoListings, store: HubStore
) -> None:
    names = [f"name-{n:03}" for n in range(120)]
    for name in names:
        row = rows.listing_key("hat", "web", name)
        store.client.put_item(TableName=store.tables.stock, Item=row)
    keys = [ListingKey("hat", "web", name) for name in names]
    listings.claim(keys[7:8], "other", NOON, UNTIL)

    claimed = listings.claim([*keys, ListingKey("hat", "web", "gone")], "w1", NOON, UNTIL)

    assert set(keys) - {keys[7]} == claimed


@pytest.mark.parametrize("last_error", [GONE, None])
def test_the_holder_learns_at_the_end_that_another_came(
    listings: DynamoListings, last_error: LastError | None
) -> None:
    claim(listings)
    claim(listings, "w2")

    disturbed = close(listings, last_error=last_error)
    claim(listings)

    assert (True, False) == (disturbed, close(listings, last_error=last_error))


def test_a_claim_on_a_listing_that_does_not_exist_creates_none(store: HubStore, listings: DynamoListings) -> None:
    before = store.rows(store.tables.stock)

    claimed = listings.claim([ListingKey("shirt", "web", "gone")], "w1", NOON, UNTIL)

    assert (set(), before) == (claimed, store.rows(store.tables.stock))


# What is kept


def test_all_that_a_writer_knows_is_kept_and_read_back(listings: DynamoListings) -> None:
    known: dict[str, Any] = {
        "acknowledged": Acknowledged(quantity=0, sold=2, restocked=1, at=NOON, version="7"),
        "in_flight": InFlight(quantity=0, sold=1, sent_at=LATER, increment=IncrementInFlight(3, 0)),
        "may_apply_until": UNTIL,
        "last_reading": LastReading(quantity=0, poll=4, restocked=2),
        "granted": 9,
        "booked": 3,
        "awaiting_poll": True,
        "sales_rate": SalesRate(thousandths=1500, sold=1, at=NOON),
        "daily_revisions": DailyRevisions(NOON.date(), 5),
        "last_error": GONE,
        "frozen": True,
    }
    claim(listings)

    booked = book(listings, **known)
    close(listings)

    expected = replace(Listing(channel="web", name="shirt", sku="shirt", sequence=1), **known)
    assert (True, expected) == (booked, stored(listings))


def test_what_no_longer_holds_is_forgotten(listings: DynamoListings) -> None:
    claim(listings)
    book(listings, in_flight=FOUR, booked=4, last_error=GONE)

    close(listings, in_flight=None, booked=0, last_error=None, acknowledged=Acknowledged(quantity=4))

    expected = Listing(channel="web", name="shirt", sku="shirt", sequence=1)
    assert replace(expected, acknowledged=Acknowledged(quantity=4)) == stored(listings)


def test_what_others_write_is_left_alone(listings: DynamoListings, store: HubStore) -> None:
    """Sales, ids and increases come while a number is under way."""
    claim(listings)
    before = stored(listings)
    key = rows.listing_key(*KEY)
    values = {":two": rows.value(2), ":refs": rows.value({"id": "9"}), ":override": rows.value({"cap": 3})}
    store.client.update_item(
        TableName=store.tables.stock,
        Key=key,
        UpdateExpression=(
            "SET sold = :two, deducted_restock = :two, refs = :refs, #override = :override, frozen = :two"
        ),
        ExpressionAttributeNames={"#override": "override"},
        ExpressionAttributeValues=values,
    )

    listings.close([ListingUpdate(before, replace(before, acknowledged=Acknowledged(quantity=4)))], "w1")

    after = stored(listings)
    assert (2, 2, {"id": "9"}, {"cap": 3}) == (
        after.sold,
        after.increments.deducted_restock,
        after.refs,
        after.override,
    )


def test_a_worker_that_lost_its_claim_writes_nothing_and_looks_again(listings: DynamoListings) -> None:
    claim(listings, "old")
    claim(listings, "new", now=LATER)
    book(listings, "new", in_flight=FOUR)

    booked = book(listings, "old", in_flight=replace(FOUR, quantity=9))
    looks = close(listings, "old", acknowledged=Acknowledged(quantity=9))

    after = stored(listings)
    assert (False, True, 4, None) == (booked, looks, in_flight_quantity(after), acknowledged_quantity(after))
    assert not claim(listings, "third", now=LATER)


def test_a_repeated_end_asks_for_one_more_look_and_changes_nothing(listings: DynamoListings) -> None:
    claim(listings)
    close(listings, acknowledged=Acknowledged(quantity=4))
    once = stored(listings)

    again = close(listings, acknowledged=Acknowledged(quantity=5))

    assert (True, once) == (again, stored(listings))


# Room


def test_room_is_granted_once_for_what_was_seen(listings: DynamoListings) -> None:
    claim(listings)

    first = book(listings, grant=ROOM, booked=3)
    second = book(listings, grant=ROOM, booked=5)

    assert (True, False, 3) == (first, second, stored(listings).booked)


def test_no_room_is_granted_on_units_that_are_gone(listings: DynamoListings) -> None:
    claim(listings)

    granted = book(listings, grant=RoomGrant({"shirt": 0}, {LevelKey("shirt", "M"): 6}), booked=6)

    assert (False, 0) == (granted, stored(listings).booked)


def test_room_of_every_component_is_counted(listings: DynamoListings) -> None:
    claim(listings)
    book(
        listings,
        grant=RoomGrant({"shirt": 0, "hat": 0}, {LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 3}),
        booked=1,
    )

    views = [listings.view(sku) for sku in ("shirt", "hat")]

    assert [1, 1] == [view.grants for view in views if view]


def test_no_room_is_granted_without_the_claim(listings: DynamoListings) -> None:
    granted = book(listings, "nobody", grant=ROOM, booked=3)

    view = listings.view("shirt")
    assert (False, 0) == (granted, view.grants if view else None)


# What waits for a poll


def test_a_listing_that_waits_for_a_poll_is_found_until_it_is_settled(
    listings: DynamoListings, store: HubStore
) -> None:
    claim(listings)
    close(listings, awaiting_poll=True, last_reading=LastReading(quantity=0, poll=7))
    waiting = awaiting_poll(store)
    claim(listings)

    close(listings, awaiting_poll=False, last_reading=LastReading(poll=7))

    assert [("shirt#shirt", 7)] == [(row["sk"], row["poll"]) for row in waiting]
    assert [] == awaiting_poll(store)


def test_a_settled_listing_waits_for_no_poll_though_its_holder_was_asked_to_recheck(
    listings: DynamoListings, store: HubStore
) -> None:
    claim(listings)
    close(listings, awaiting_poll=True, last_reading=LastReading(quantity=0, poll=7))
    claim(listings)
    claim(listings, "another")

    looks_again = close(listings, awaiting_poll=False, last_reading=LastReading(poll=7))

    assert (True, []) == (looks_again, awaiting_poll(store))


def test_nobody_waits_for_a_poll_whose_claim_was_lost(listings: DynamoListings, store: HubStore) -> None:
    close(listings, "nobody", awaiting_poll=True)

    assert [] == awaiting_poll(store)


# Increases


def test_increases_are_kept_once_for_what_was_counted_before(listings: DynamoListings) -> None:
    before = stored(listings)
    increments = Increments(
        counted_increase=3,
        counted_levels={LevelKey("shirt", "M"): CountedLevel(2, 8), LevelKey("hat", "L"): CountedLevel(1, 0)},
    )

    first, second = (
        listings.keep_increments(before, increments),
        listings.keep_increments(before, replace(increments, counted_increase=6)),
    )
    third = listings.keep_increments(stored(listings), replace(increments, counted_increase=4))

    assert (True, False, True) == (first, second, third)
    assert replace(increments, counted_increase=4, rev=2) == stored(listings).increments


def test_the_listings_of_a_channel_come_in_pages_without_further_names(
    store: HubStore, listings: DynamoListings
) -> None:
    row = rows.alias_key("web", "item:1") | rows.encode({"sku": "hat", "listing": "hat"})
    store.client.put_item(TableName=store.tables.settings, Item=row)

    first = listings.page("web", None, 2)
    second = listings.page("web", first[1], 2)

    # As many as were asked for, whatever lies between them: a channel's batches would be half full otherwise.
    assert ([("hat", "web", "hat"), ("set", "web", "set")], "set") == first
    assert ([("shirt", "web", "shirt")], None) == second
    assert ([], None) == listings.page("other", None, 2)
