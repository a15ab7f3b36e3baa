"""What each channel was told, in DynamoDB: one writer per listing, and nothing forgotten on the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.adapters import items
from lastunit.adapters.listings import DynamoListings
from lastunit.domain.catalogue import Sku
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Failure, Shown
from tests.dynamo import Store
from tests.fakes import NOON, stocked

KEY: ListingKey = ("shirt", "web", "shirt")
UNTIL = NOON + timedelta(seconds=60)
LATER = UNTIL + timedelta(microseconds=1)
GONE = LastError(Failure.GONE, "gone", NOON.isoformat())


@pytest.fixture
def listings(store: Store) -> DynamoListings:
    store.fill({("shirt", "M"): 5, ("hat", "M"): 3}, kits={"set": {"shirt": 1, "hat": 2}})
    return DynamoListings(store.client, store.tables.stock, store.tables.settings)


def stored(listings: DynamoListings) -> Listing:
    view = listings.view("shirt")
    found = view.listing("web", "shirt") if view else None
    assert found
    return found


def claim(listings: DynamoListings, worker: str = "w1", *, later: bool = False) -> bool:
    now = LATER if later else NOON
    return listings.claim(KEY, worker, now, now + timedelta(seconds=60))


def acknowledge(listings: DynamoListings, quantity: int, worker: str = "w1", version: str | None = None) -> bool:
    return listings.acknowledged(KEY, worker, quantity, 2, version, NOON)


def test_one_read_tells_everything_about_a_sku(listings: DynamoListings) -> None:
    view = listings.view("shirt")

    assert view
    assert (Sku("shirt"), ("set",)) == (view.item, view.kits)
    assert [replace(stocked("shirt", "M", 5), unplaced=5, seq=1, cause="receive receive-shirt-M")] == list(
        view.levels
    )
    assert [Listing("web", "shirt", "shirt")] == list(view.listings)


def test_there_is_no_view_of_an_unknown_sku(listings: DynamoListings) -> None:
    assert listings.view("stranger") is None


def test_a_claim_makes_one_writer_and_counts_the_push(listings: DynamoListings) -> None:
    first, second = claim(listings, "w1"), claim(listings, "w2")

    assert (True, False, 1) == (first, second, stored(listings).sequence)


def test_a_claim_may_be_asked_for_twice_as_when_its_answer_is_lost(listings: DynamoListings) -> None:
    assert (True, True) == (claim(listings), claim(listings))


def test_a_claim_past_its_time_is_taken_over(listings: DynamoListings) -> None:
    claim(listings, "dead")

    assert claim(listings, "w2", later=True)


@pytest.mark.parametrize("ends_with_error", [True, False])
def test_the_holder_learns_at_the_end_that_another_came(listings: DynamoListings, ends_with_error: bool) -> None:
    def end() -> bool:
        claim(listings)
        claim(listings, "w2")
        return listings.release(KEY, "w1", GONE, True) if ends_with_error else acknowledge(listings, 4)

    def undisturbed() -> bool:
        claim(listings)
        return listings.release(KEY, "w1", GONE, True) if ends_with_error else acknowledge(listings, 4)

    assert (True, False) == (end(), undisturbed())


def test_a_claim_on_a_listing_that_does_not_exist_creates_none(store: Store, listings: DynamoListings) -> None:
    before = store.rows(store.tables.stock)

    claimed = listings.claim(("shirt", "web", "gone"), "w1", NOON, UNTIL)

    assert (False, before) == (claimed, store.rows(store.tables.stock))


def test_a_number_is_booked_before_it_leaves_and_settled_by_its_acknowledgement(listings: DynamoListings) -> None:
    claim(listings)

    booked = listings.sending(KEY, "w1", 4, 2, None)

    assert (True, 4, 2, None) == (
        booked,
        stored(listings).in_flight,
        stored(listings).in_flight_sold,
        stored(listings).acknowledged,
    )
    acknowledge(listings, 4, version="7")
    told = Listing("web", "shirt", "shirt", acknowledged=4, acknowledged_sold=2, channel_version="7", sequence=1)
    assert replace(told, acknowledged_at=NOON.isoformat()) == stored(listings)


def test_what_was_read_back_settles_what_was_in_flight_before(listings: DynamoListings) -> None:
    claim(listings)
    listings.sending(KEY, "w1", 4, 0, None)
    listings.release(KEY, "w1", None, settled=False)
    claim(listings)

    listings.sending(KEY, "w1", 3, 1, Shown(5, "8"))
    listings.release(KEY, "w1", None, settled=True)

    told = Listing("web", "shirt", "shirt", acknowledged=5, acknowledged_sold=1, channel_version="8", sequence=2)
    assert told == stored(listings)


def test_zero_is_booked_and_acknowledged_like_any_number(listings: DynamoListings) -> None:
    claim(listings)
    listings.sending(KEY, "w1", 0, 0, Shown(0))

    assert 0 == stored(listings).in_flight
    acknowledge(listings, 0)
    assert 0 == stored(listings).acknowledged


@pytest.mark.parametrize(("settled", "expected"), [(True, None), (False, 4)])
def test_only_a_settled_number_is_no_longer_in_flight(
    listings: DynamoListings, settled: bool, expected: int | None
) -> None:
    claim(listings)
    listings.sending(KEY, "w1", 4, 0, None)

    listings.release(KEY, "w1", GONE, settled)

    assert (expected, GONE) == (stored(listings).in_flight, stored(listings).last_error)


def test_an_error_stays_until_the_next_acknowledgement(listings: DynamoListings) -> None:
    claim(listings)
    listings.release(KEY, "w1", GONE, settled=True)
    claim(listings)
    listings.release(KEY, "w1", None, settled=True)
    assert GONE == stored(listings).last_error

    claim(listings)
    acknowledge(listings, 4)

    assert stored(listings).last_error is None


def test_a_worker_that_lost_its_claim_writes_nothing_and_looks_again(listings: DynamoListings) -> None:
    claim(listings, "old")
    listings.sending(KEY, "old", 9, 0, None)
    claim(listings, "new", later=True)
    listings.sending(KEY, "new", 4, 0, None)

    booked = listings.sending(KEY, "old", 9, 0, Shown(9))
    looks = acknowledge(listings, 9, "old"), listings.release(KEY, "old", GONE, True)

    after = stored(listings)
    assert (False, (True, True)) == (booked, looks)
    assert (4, None, None) == (after.in_flight, after.acknowledged, after.last_error)
    assert not claim(listings, "third", later=True)


def test_a_repeated_acknowledgement_asks_for_one_more_look_and_changes_nothing(listings: DynamoListings) -> None:
    claim(listings)
    acknowledge(listings, 4)
    once = stored(listings)

    again = acknowledge(listings, 4)

    assert (True, once) == (again, stored(listings))


def test_the_listings_of_a_channel_come_in_pages_without_further_names(
    store: Store, listings: DynamoListings
) -> None:
    row = items.alias_key("web", "item:1") | items.encode({"sku": "hat", "listing": "hat"})
    store.client.put_item(TableName=store.tables.settings, Item=row)

    first, after = listings.page("web", None, 2)
    second, end = listings.page("web", after, 3)

    assert [("hat", "web", "hat")] == first
    assert ([("set", "web", "set"), ("shirt", "web", "shirt")], None) == (
        second,
        end and listings.page("web", end, 3)[1],
    )
    assert ([], None) == listings.page("other", None, 2)
