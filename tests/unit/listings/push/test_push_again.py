"""Pushes that must come again: none is dropped, and none comes for nothing."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from lastunit.domain.channel import Sync
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing_parts import DailyRevisions, Increments
from lastunit.domain.listings.push_protocol import Limits
from lastunit.use_cases.listings.push.claimed_listings import HELD_SECONDS
from lastunit.use_cases.listings.push.push_quantities import PushTask, RetryLater
from tests.support.listings.pushing import AdjustingChannel, PushHub

SHIRT = ListingKey("shirt", "web", "shirt")


def fail() -> None:
    raise StoreUnavailable("no answer")


def test_a_push_that_the_table_failed_comes_again_after_its_own_claim() -> None:
    """Sooner it would find that claim, leave word for a holder who is gone, and be forgotten."""
    hub = PushHub()
    hub.add_listing("shirt", 5, acknowledged=9)
    hub.listings.before_bookings = [fail]
    first = hub.push()["shirt"]
    assert isinstance(first, RetryLater)
    hub.clock.advance(max(1, first.seconds or 0))

    hub.push()

    assert {"shirt": 5} == hub.channel.shelves


def test_a_change_is_pushed_though_an_older_overwrite_of_the_same_listing_is_not() -> None:
    hub = PushHub()
    hub.add_listing("shirt", 9, acknowledged=9)
    before = hub.clock.now()
    hub.clock.advance(1)
    hub.push("shirt", overwrite=True)
    hub.set_available("shirt", 5)

    hub.use_case.push([PushTask(key=SHIRT, overwrite=True, not_since=before), PushTask(key=SHIRT)])

    assert {"shirt": 5} == hub.channel.shelves


@pytest.mark.parametrize(("overwrite", "pause"), [(True, HELD_SECONDS), (False, None)])
def test_whoever_meets_a_claim_comes_again(overwrite: bool, pause: float | None) -> None:
    """Its holder looks again, but at no more than what changed, which is less than an overwrite; and it may die."""
    hub = PushHub()
    hub.add_listing("shirt", 5, acknowledged=9)
    row = hub.listings.listed[SHIRT]
    row.claim, row.until = "another worker", hub.clock.now() + timedelta(seconds=1)

    results = hub.push("shirt", overwrite=overwrite)

    assert ({"shirt": RetryLater(pause)}, True) == (results, row.recheck)


def test_a_listing_out_of_revisions_waits_until_the_day_ends() -> None:
    """Not at every quarter of an hour: then it would be among the dead letters before the day is over."""
    hub = PushHub()
    hub.add_listing("shirt", 5, acknowledged=9)
    hub.channel.limits = Limits(1000, 1000, daily_revisions=250)
    hub.edit_listing("shirt", daily_revisions=DailyRevisions(hub.clock.now().date(), 250))

    results = hub.push()

    tomorrow = (hub.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert {"shirt": RetryLater((tomorrow - hub.clock.now()).total_seconds())} == results


def test_a_number_is_never_pushed_by_settings_that_were_changed_before_the_claim() -> None:
    """Promise 6: the change's own push came first, and this one would undo it."""
    hub = PushHub()
    hub.add_listing("shirt", 22, acknowledged=30)

    def capped() -> None:
        hub.configure(cap=4)
        hub.push()

    hub.listings.before_claims = [capped]

    results = hub.push()

    assert ({"shirt": RetryLater(1)}, [("shirt", 4)]) == (results, hub.channel.pushed)
    assert hub.listings.listed[SHIRT].claim is None


def test_a_change_of_settings_during_a_push_is_heeded_when_the_push_comes_again() -> None:
    hub = PushHub()
    hub.add_listing("shirt", 22, acknowledged=30)
    seen = list[object]()

    def capped() -> None:
        hub.configure(cap=4)
        seen.append(hub.push())

    hub.channel.meanwhile = [capped]

    results = hub.push()
    hub.push()

    assert [[{"shirt": RetryLater()}], {"shirt": RetryLater(1)}] == [seen, results]
    assert [("shirt", 22), ("shirt", 4)] == hub.channel.pushed


@pytest.mark.parametrize("change", [{"sync": Sync.MANUAL}, {"outbound": False}])
def test_an_increase_is_not_sent_to_a_channel_that_was_switched_off_before_the_claim(
    change: Mapping[str, object],
) -> None:
    hub = PushHub(AdjustingChannel())
    hub.add_listing("shirt", 13, acknowledged=10)
    hub.edit_listing("shirt", increments=Increments(counted_increase=3))
    hub.configure(sync=Sync.INCREMENTAL)
    hub.listings.before_claims = [lambda: hub.configure(**change)]

    results = hub.push()

    assert ({"shirt": RetryLater(1)}, []) == (results, hub.channel.adjusted)
