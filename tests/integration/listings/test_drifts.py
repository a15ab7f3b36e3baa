"""Drifts in DynamoDB: a listing is frozen only as it was read, and decided by one person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.drifts import DynamoDrifts
from lastunit.adapters.dynamodb.listings import DynamoListings
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.drift import Drift, DriftDecision, DriftKind
from lastunit.domain.listings.listing import Listing
from tests.support.aws.dynamo import HubStore

KEY = ListingKey("shirt", "web", "shirt")
MONDAY, DAY = datetime(2026, 11, 23, 12, tzinfo=UTC), timedelta(days=1)
EDIT = Drift(
    key=KEY,
    kind=DriftKind.EDIT,
    shown=7,
    expected_shown=10,
    since=MONDAY,
    seen_at=MONDAY + DAY,
    acknowledged=10,
    acknowledged_sold=4,
    sold=4,
)
ADOPTED = replace(EDIT, decision=DriftDecision.ADOPT, decided_by="ann", decided_at=MONDAY + 2 * DAY)


@pytest.fixture
def drifts(store: HubStore) -> DynamoDrifts:
    store.fill({LevelKey("shirt", "montreal"): 20})
    write(store, acknowledged={"quantity": 10, "sold": 4}, sold=4)
    return DynamoDrifts(store.client, store.tables.settings, store.tables.stock)


def write(store: HubStore, **answered: object) -> None:
    row = rows.listing_key(*KEY) | rows.encode(answered)
    store.client.put_item(TableName=store.tables.stock, Item=row)


def listing(store: HubStore) -> Listing:
    listings = DynamoListings(store.client, store.tables.stock, store.tables.settings)
    return listings.read([KEY])[KEY]


def test_a_drift_is_kept_and_its_listing_frozen_with_the_units_it_shows(
    drifts: DynamoDrifts, store: HubStore
) -> None:
    kept = drifts.keep(EDIT)

    assert (True, (EDIT,), {KEY: EDIT}) == (
        kept,
        drifts.of("web"),
        drifts.find([KEY, ListingKey("hat", "web", "hat")]),
    )
    assert (True, 11) == (listing(store).frozen, listing(store).granted)


def test_an_exposure_that_is_larger_stays(drifts: DynamoDrifts, store: HubStore) -> None:
    write(store, acknowledged={"quantity": 10, "sold": 4}, sold=4, granted=30)

    drifts.keep(EDIT)

    assert (True, 30) == (listing(store).frozen, listing(store).granted)


def test_what_resolves_by_itself_freezes_nothing(drifts: DynamoDrifts, store: HubStore) -> None:
    kept = drifts.keep(replace(EDIT, kind=DriftKind.LATE_ORDER))

    assert (True, False, 1) == (kept, listing(store).frozen, len(drifts.of("web")))


@pytest.mark.parametrize(
    "answered",
    [
        {"acknowledged": {"quantity": 9, "sold": 4}},
        {"acknowledged": {"quantity": 10, "sold": 5}},
        {"acknowledged": {"quantity": 10, "sold": 0}},
        {"acknowledged": {"quantity": 10, "sold": 4}, "claim": "another"},
    ],
    ids=["another number", "other sales", "from no sales on", "being told"],
)
def test_a_listing_pushed_something_else_meanwhile_is_left_alone(
    drifts: DynamoDrifts, store: HubStore, answered: dict[str, object]
) -> None:
    write(store, **answered)

    kept = drifts.keep(EDIT)

    assert (False, False, ()) == (kept, listing(store).frozen, drifts.of("web"))


def test_a_listing_pushed_before_its_first_sale_is_frozen_too(drifts: DynamoDrifts, store: HubStore) -> None:
    write(store, acknowledged={"quantity": 10, "sold": 0})

    assert drifts.keep(replace(EDIT, acknowledged_sold=0, sold=0))


def test_a_listing_that_has_taken_sales_into_account_since_is_left_alone(drifts: DynamoDrifts) -> None:
    assert not drifts.keep(replace(EDIT, acknowledged_sold=0, sold=0))


def test_a_listing_that_is_gone_is_not_made_anew(drifts: DynamoDrifts, store: HubStore) -> None:
    kept = drifts.keep(replace(EDIT, key=ListingKey("hat", "web", "hat")))

    assert False is kept
    drifts.clear(ListingKey("hat", "web", "hat"))
    assert [] == [row for row in store.rows(store.tables.stock) if row["pk"] == "SKU#hat"]


def test_a_drift_that_is_gone_frees_its_listing(drifts: DynamoDrifts, store: HubStore) -> None:
    drifts.keep(EDIT)

    drifts.clear(KEY)

    assert ((), False) == (drifts.of("web"), listing(store).frozen)


def test_a_decision_is_kept_and_frees_the_listing(drifts: DynamoDrifts, store: HubStore) -> None:
    drifts.keep(EDIT)

    drifts.decide(ADOPTED)

    assert ((ADOPTED,), False) == (drifts.of("web"), listing(store).frozen)


def test_a_decision_whose_answer_was_lost_and_is_written_again_stands(drifts: DynamoDrifts) -> None:
    drifts.keep(EDIT)
    drifts.decide(ADOPTED)

    drifts.decide(ADOPTED)

    assert (ADOPTED,) == drifts.of("web")


def test_of_two_decisions_the_first_stands(drifts: DynamoDrifts) -> None:
    drifts.keep(EDIT)
    drifts.decide(ADOPTED)

    with pytest.raises(Conflict):
        drifts.decide(replace(ADOPTED, decision=DriftDecision.OVERWRITE, decided_by="ben"))
    assert (ADOPTED,) == drifts.of("web")


def test_nobody_decides_about_another_number_than_was_looked_at(drifts: DynamoDrifts, store: HubStore) -> None:
    drifts.keep(EDIT)
    drifts.keep(replace(EDIT, shown=3, seen_at=MONDAY + 3 * DAY))

    with pytest.raises(Conflict):
        drifts.decide(ADOPTED)
    assert listing(store).frozen
