"""Pushes that must come again: none is dropped, and none comes for nothing."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from lastunit.domain.channels import Sync
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.exposure import Rises
from lastunit.domain.pushes import Limits
from lastunit.push import Retry, Task
from lastunit.push_desk import HELD_SECONDS
from tests.pushing import Hub

SHIRT = ("shirt", "web", "shirt")


def fail() -> None:
    raise StoreUnavailable("no answer")


def test_a_push_that_the_table_failed_comes_again_after_its_own_claim() -> None:
    """Sooner it would find that claim, leave word for a holder who is gone, and be forgotten."""
    hub = Hub()
    hub.lists("shirt", 5, told=9)
    hub.listings.rivals = [fail]
    first = hub.push()["shirt"]
    assert isinstance(first, Retry)
    hub.clock.advance(max(1, first.seconds or 0))

    hub.push()

    assert {"shirt": 5} == hub.market.shelves


def test_a_change_is_told_though_an_older_overwrite_of_the_same_listing_is_not() -> None:
    hub = Hub()
    hub.lists("shirt", 9, told=9)
    before = hub.clock.now().isoformat()
    hub.clock.advance(1)
    hub.push("shirt", overwrite=True)
    hub.has("shirt", 5)

    hub.use_case([Task(SHIRT, overwrite=True, not_since=before), Task(SHIRT)])

    assert {"shirt": 5} == hub.market.shelves


@pytest.mark.parametrize(("overwrite", "pause"), [(True, HELD_SECONDS), (False, None)])
def test_whoever_meets_a_claim_comes_again(overwrite: bool, pause: float | None) -> None:
    """Its holder looks again, but at no more than what changed, which is less than an overwrite; and it may die."""
    hub = Hub()
    hub.lists("shirt", 5, told=9)
    row = hub.listings.listed[SHIRT]
    row.claim, row.until = "another worker", hub.clock.now() + timedelta(seconds=1)

    results = hub.push("shirt", overwrite=overwrite)

    assert ({"shirt": Retry(pause)}, True) == (results, row.again)


def test_a_listing_out_of_revisions_waits_until_the_day_ends() -> None:
    """Not at every quarter of an hour: then it would be among the dead letters before the day is over."""
    hub = Hub()
    hub.lists("shirt", 5, told=9)
    hub.market.limits = Limits(1000, 1000, daily_revisions=250)
    hub.edit("shirt", revised_on=hub.clock.now().date().isoformat(), revisions=250)

    results = hub.push()

    tomorrow = (hub.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert {"shirt": Retry((tomorrow - hub.clock.now()).total_seconds())} == results


def test_a_number_is_never_told_by_settings_that_were_changed_before_the_claim() -> None:
    """Promise 6: the change's own push came first, and this one would undo it."""
    hub = Hub()
    hub.lists("shirt", 22, told=30)

    def capped() -> None:
        hub.treated(cap=4)
        hub.push()

    hub.listings.quicker = [capped]

    results = hub.push()

    assert ({"shirt": Retry(1)}, [("shirt", 4)]) == (results, hub.market.told)
    assert hub.listings.listed[SHIRT].claim is None


def test_a_change_of_settings_while_a_number_is_told_is_heeded_when_its_push_comes_again() -> None:
    hub = Hub()
    hub.lists("shirt", 22, told=30)
    seen = list[object]()

    def capped() -> None:
        hub.treated(cap=4)
        seen.append(hub.push())

    hub.market.meanwhile = [capped]

    results = hub.push()
    hub.push()

    assert [[{"shirt": Retry()}], {"shirt": Retry(1)}] == [seen, results]
    assert [("shirt", 22), ("shirt", 4)] == hub.market.told


@pytest.mark.parametrize("change", [{"sync": Sync.MANUAL}, {"outbound": False}])
def test_an_increase_is_not_sent_to_a_channel_that_was_to_hear_of_it_no_more_before_the_claim(
    change: Mapping[str, object],
) -> None:
    hub = Hub()
    hub.market.adjusts = True
    hub.lists("shirt", 13, told=10)
    hub.edit("shirt", rises=Rises(risen=3))
    hub.treated(sync=Sync.INCREMENTAL)
    hub.listings.quicker = [lambda: hub.treated(**change)]

    results = hub.push()

    assert ({"shirt": Retry(1)}, []) == (results, hub.market.adjusted)
