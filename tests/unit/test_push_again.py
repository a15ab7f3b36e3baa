"""Pushes that must come again: none is dropped, and none comes for nothing."""

from datetime import timedelta

from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.pushes import Limits
from lastunit.push import Retry, Task
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


def test_a_listing_out_of_revisions_waits_until_the_day_ends() -> None:
    """Not at every quarter of an hour: then it would be among the dead letters before the day is over."""
    hub = Hub()
    hub.lists("shirt", 5, told=9)
    hub.market.limits = Limits(1000, 1000, daily_revisions=250)
    hub.edit("shirt", revised_on=hub.clock.now().date().isoformat(), revisions=250)

    results = hub.push()

    tomorrow = (hub.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert {"shirt": Retry((tomorrow - hub.clock.now()).total_seconds())} == results
