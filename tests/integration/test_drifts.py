"""Drifts in DynamoDB: a listing is frozen only as it was read, and decided by one person."""

from dataclasses import replace

import pytest

from lastunit.adapters import items
from lastunit.adapters.drifts import DynamoDrifts
from lastunit.adapters.listings import DynamoListings
from lastunit.domain.drift import Decision, Drift, Kind
from lastunit.domain.errors import Conflict
from lastunit.domain.exposure import Listing
from tests.dynamo import Store

KEY = ("shirt", "web", "shirt")
EDIT = Drift(KEY, Kind.EDIT, 7, 10, "monday", "tuesday", 10, 4, 4)
ADOPTED = replace(EDIT, decision=Decision.ADOPT, decided_by="ann", decided_at="wednesday")


@pytest.fixture
def drifts(store: Store) -> DynamoDrifts:
    store.fill({("shirt", "montreal"): 20})
    write(store, acknowledged=10, acknowledged_sold=4, sold=4)
    return DynamoDrifts(store.client, store.tables.settings, store.tables.stock)


def write(store: Store, **told: object) -> None:
    row = items.listing_key(*KEY) | items.encode(told)
    store.client.put_item(TableName=store.tables.stock, Item=row)


def listing(store: Store) -> Listing:
    listings = DynamoListings(store.client, store.tables.stock, store.tables.settings)
    return listings.rows([KEY])[KEY]


def test_a_drift_is_kept_and_its_listing_frozen_with_the_units_it_shows(drifts: DynamoDrifts, store: Store) -> None:
    kept = drifts.keep(EDIT)

    assert (True, (EDIT,), {KEY: EDIT}) == (kept, drifts.of("web"), drifts.find([KEY, ("hat", "web", "hat")]))
    assert (True, 11) == (listing(store).frozen, listing(store).granted)


def test_an_exposure_that_is_larger_stays(drifts: DynamoDrifts, store: Store) -> None:
    write(store, acknowledged=10, acknowledged_sold=4, sold=4, granted=30)

    drifts.keep(EDIT)

    assert (True, 30) == (listing(store).frozen, listing(store).granted)


def test_what_resolves_by_itself_freezes_nothing(drifts: DynamoDrifts, store: Store) -> None:
    kept = drifts.keep(replace(EDIT, kind=Kind.LATE_ORDER))

    assert (True, False, 1) == (kept, listing(store).frozen, len(drifts.of("web")))


@pytest.mark.parametrize(
    "told",
    [
        {"acknowledged": 9, "acknowledged_sold": 4},
        {"acknowledged": 10, "acknowledged_sold": 5},
        {"acknowledged": 10},
        {"acknowledged": 10, "acknowledged_sold": 4, "claim": "another"},
    ],
    ids=["another number", "other sales", "from no sales on", "being told"],
)
def test_a_listing_told_something_else_meanwhile_is_left_alone(
    drifts: DynamoDrifts, store: Store, told: dict[str, object]
) -> None:
    write(store, **told)

    kept = drifts.keep(EDIT)

    assert (False, False, ()) == (kept, listing(store).frozen, drifts.of("web"))


def test_a_listing_told_before_its_first_sale_is_frozen_too(drifts: DynamoDrifts, store: Store) -> None:
    write(store, acknowledged=10)

    assert drifts.keep(replace(EDIT, acknowledged_sold=0, sold=0))


def test_a_listing_that_has_taken_sales_into_account_since_is_left_alone(drifts: DynamoDrifts) -> None:
    assert not drifts.keep(replace(EDIT, acknowledged_sold=0, sold=0))


def test_a_listing_that_is_gone_is_not_made_anew(drifts: DynamoDrifts, store: Store) -> None:
    kept = drifts.keep(replace(EDIT, key=("hat", "web", "hat")))

    assert False is kept
    drifts.clear(("hat", "web", "hat"))
    assert [] == [row for row in store.rows(store.tables.stock) if row["pk"] == "SKU#hat"]


def test_a_drift_that_is_gone_frees_its_listing(drifts: DynamoDrifts, store: Store) -> None:
    drifts.keep(EDIT)

    drifts.clear(KEY)

    assert ((), False) == (drifts.of("web"), listing(store).frozen)


def test_a_decision_is_kept_and_frees_the_listing(drifts: DynamoDrifts, store: Store) -> None:
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
        drifts.decide(replace(ADOPTED, decision=Decision.OVERWRITE, decided_by="ben"))
    assert (ADOPTED,) == drifts.of("web")


def test_nobody_decides_about_another_number_than_was_looked_at(drifts: DynamoDrifts, store: Store) -> None:
    drifts.keep(EDIT)
    drifts.keep(replace(EDIT, shown=3, seen_at="thursday"))

    with pytest.raises(Conflict):
        drifts.decide(ADOPTED)
    assert listing(store).frozen
