"""What each channel was told, in DynamoDB: one writer per listing, and nothing forgotten on the way."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lastunit.adapters import items
from lastunit.adapters.listings import DynamoListings
from lastunit.domain.catalogue import Sku
from lastunit.domain.exposure import LastError, Listing, Rises, Seen
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Failure
from lastunit.sync_ports import Grant, Kept
from tests.dynamo import Store
from tests.fakes import NOON, stocked

KEY: ListingKey = ("shirt", "web", "shirt")
UNTIL = NOON + timedelta(seconds=60)
LATER = UNTIL + timedelta(microseconds=1)
GONE = LastError(Failure.GONE, "gone", NOON.isoformat())
ROOM = Grant({"shirt": 0}, {("shirt", "M"): 5})


@pytest.fixture
def listings(store: Store) -> DynamoListings:
    store.fill({("shirt", "M"): 5, ("hat", "M"): 3}, kits={"set": {"shirt": 1, "hat": 2}})
    return DynamoListings(store.client, store.tables.stock, store.tables.settings)


def stored(listings: DynamoListings) -> Listing:
    return listings.rows([KEY])[KEY]


def claim(listings: DynamoListings, worker: str = "w1", *, now: datetime = NOON) -> bool:
    return listings.claim([KEY], worker, now, now + timedelta(seconds=60)) == {KEY}


def book(listings: DynamoListings, worker: str = "w1", grant: Grant | None = None, **changes: Any) -> bool:
    before = stored(listings)
    after = replace(before, **changes)
    return listings.book([Kept(before, after, grant)], worker) == {KEY}


def close(listings: DynamoListings, worker: str = "w1", **changes: object) -> bool:
    """True: look again."""
    before = stored(listings)
    after = replace(before, **changes)  # type: ignore[arg-type]
    return listings.close([Kept(before, after)], worker) == {KEY}


def unsettled(store: Store) -> list[dict[str, object]]:
    rows = store.rows(store.tables.stock)
    return [row for row in rows if row["pk"] == "UNSETTLED#web"]


def test_one_read_tells_everything_about_a_sku(listings: DynamoListings) -> None:
    view = listings.view("shirt")

    assert view
    assert (Sku("shirt"), ("set",), 0) == (view.item, view.kits, view.grants)
    assert [replace(stocked("shirt", "M", 5), unplaced=5, seq=1, cause="receive receive-shirt-M")] == list(
        view.levels
    )
    assert [Listing("web", "shirt", "shirt")] == list(view.listings)


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
    listings: DynamoListings, store: Store
) -> None:
    names = [f"name-{n:03}" for n in range(120)]
    for name in names:
        row = items.listing_key("hat", "web", name)
        store.client.put_item(TableName=store.tables.stock, Item=row)
    keys = [("hat", "web", name) for name in names]
    listings.claim(keys[7:8], "other", NOON, UNTIL)

    claimed = listings.claim([*keys, ("hat", "web", "gone")], "w1", NOON, UNTIL)

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


def test_a_claim_on_a_listing_that_does_not_exist_creates_none(store: Store, listings: DynamoListings) -> None:
    before = store.rows(store.tables.stock)

    claimed = listings.claim([("shirt", "web", "gone")], "w1", NOON, UNTIL)

    assert (set(), before) == (claimed, store.rows(store.tables.stock))


# What is kept


def test_all_that_a_writer_knows_is_kept_and_read_back(listings: DynamoListings) -> None:
    known: dict[str, Any] = {
        "acknowledged": 0,
        "acknowledged_sold": 2,
        "acknowledged_at": "then",
        "channel_version": "7",
    }
    known |= {
        "granted": 9,
        "booked": 3,
        "doubt_until": "later",
        "observed": 0,
        "observed_poll": 4,
        "settling": True,
    }
    known |= {"pace": 1500, "pace_sold": 1, "pace_at": "then", "revised_on": "today", "revisions": 5}
    known |= {
        "in_flight": 0,
        "in_flight_sold": 1,
        "sent_at": "now",
        "rising": 3,
        "rising_from": 0,
        "last_error": GONE,
    }
    claim(listings)

    booked = book(listings, **known)
    close(listings)

    expected = replace(Listing("web", "shirt", "shirt", sequence=1), **known)
    assert (True, expected) == (booked, stored(listings))


def test_what_no_longer_holds_is_forgotten(listings: DynamoListings) -> None:
    claim(listings)
    book(listings, in_flight=4, in_flight_sold=2, booked=4, sent_at="now", last_error=GONE)

    close(listings, in_flight=None, in_flight_sold=0, booked=0, sent_at=None, last_error=None, acknowledged=4)

    assert Listing("web", "shirt", "shirt", acknowledged=4, sequence=1) == stored(listings)


def test_what_others_write_is_left_alone(listings: DynamoListings, store: Store) -> None:
    """Sales, ids and increases come while a number is under way."""
    claim(listings)
    before = stored(listings)
    key = items.listing_key(*KEY)
    values = {":two": items.value(2), ":refs": items.value({"id": "9"}), ":override": items.value({"cap": 3})}
    store.client.update_item(
        TableName=store.tables.stock,
        Key=key,
        UpdateExpression="SET sold = :two, restocked = :two, refs = :refs, #override = :override, frozen = :two",
        ExpressionAttributeNames={"#override": "override"},
        ExpressionAttributeValues=values,
    )

    listings.close([Kept(before, replace(before, acknowledged=4))], "w1")

    after = stored(listings)
    assert (2, 2, {"id": "9"}, {"cap": 3}) == (after.sold, after.rises.restocked, after.refs, after.override)


def test_a_worker_that_lost_its_claim_writes_nothing_and_looks_again(listings: DynamoListings) -> None:
    claim(listings, "old")
    claim(listings, "new", now=LATER)
    book(listings, "new", in_flight=4)

    booked = book(listings, "old", in_flight=9)
    looks = close(listings, "old", acknowledged=9)

    after = stored(listings)
    assert (False, True, 4, None) == (booked, looks, after.in_flight, after.acknowledged)
    assert not claim(listings, "third", now=LATER)


def test_a_repeated_end_asks_for_one_more_look_and_changes_nothing(listings: DynamoListings) -> None:
    claim(listings)
    close(listings, acknowledged=4)
    once = stored(listings)

    again = close(listings, acknowledged=5)

    assert (True, once) == (again, stored(listings))


# Room


def test_room_is_granted_once_for_what_was_seen(listings: DynamoListings) -> None:
    claim(listings)

    first = book(listings, grant=ROOM, booked=3)
    second = book(listings, grant=ROOM, booked=5)

    assert (True, False, 3) == (first, second, stored(listings).booked)


def test_no_room_is_granted_on_units_that_are_gone(listings: DynamoListings) -> None:
    claim(listings)

    granted = book(listings, grant=Grant({"shirt": 0}, {("shirt", "M"): 6}), booked=6)

    assert (False, 0) == (granted, stored(listings).booked)


def test_room_of_every_component_is_counted(listings: DynamoListings) -> None:
    claim(listings)
    book(listings, grant=Grant({"shirt": 0, "hat": 0}, {("shirt", "M"): 5, ("hat", "M"): 3}), booked=1)

    views = [listings.view(sku) for sku in ("shirt", "hat")]

    assert [1, 1] == [view.grants for view in views if view]


def test_no_room_is_granted_without_the_claim(listings: DynamoListings) -> None:
    granted = book(listings, "nobody", grant=ROOM, booked=3)

    view = listings.view("shirt")
    assert (False, 0) == (granted, view.grants if view else None)


# What waits for a poll


def test_a_listing_that_waits_for_a_poll_is_found_until_it_is_settled(
    listings: DynamoListings, store: Store
) -> None:
    claim(listings)
    close(listings, settling=True, observed=0, observed_poll=7)
    waiting = unsettled(store)
    claim(listings)

    close(listings, settling=False, observed=None)

    assert [("shirt#shirt", 7)] == [(row["sk"], row["poll"]) for row in waiting]
    assert [] == unsettled(store)


def test_a_settled_listing_waits_for_no_poll_though_word_was_left_for_its_holder(
    listings: DynamoListings, store: Store
) -> None:
    claim(listings)
    close(listings, settling=True, observed=0, observed_poll=7)
    claim(listings)
    claim(listings, "another")

    looks_again = close(listings, settling=False, observed=None)

    assert (True, []) == (looks_again, unsettled(store))


def test_nobody_waits_for_a_poll_whose_claim_was_lost(listings: DynamoListings, store: Store) -> None:
    close(listings, "nobody", settling=True)

    assert [] == unsettled(store)


# Increases


def test_increases_are_kept_once_for_what_was_counted_before(listings: DynamoListings) -> None:
    before = stored(listings)
    rises = Rises(risen=3, seen={("shirt", "M"): Seen(2, 8), ("hat", "L"): Seen(1, 0)})

    first, second = listings.rise(before, rises), listings.rise(before, replace(rises, risen=6))
    third = listings.rise(stored(listings), replace(rises, risen=4))

    assert (True, False, True) == (first, second, third)
    assert replace(rises, risen=4, rev=2) == stored(listings).rises


def test_the_listings_of_a_channel_come_in_pages_without_further_names(
    store: Store, listings: DynamoListings
) -> None:
    row = items.alias_key("web", "item:1") | items.encode({"sku": "hat", "listing": "hat"})
    store.client.put_item(TableName=store.tables.settings, Item=row)

    first = listings.page("web", None, 2)
    second = listings.page("web", first[1], 2)

    # As many as were asked for, whatever lies between them: a channel's batches would be half full otherwise.
    assert ([("hat", "web", "hat"), ("set", "web", "set")], "set") == first
    assert ([("shirt", "web", "shirt")], None) == second
    assert ([], None) == listings.page("other", None, 2)
