"""Increases of a channel that was told otherwise meanwhile, and of one that sells while it is told."""

import pytest

from lastunit.domain.channel import Sync
from lastunit.domain.errors import OutcomeUnknown, Throttled
from lastunit.domain.listings.listing_parts import Increments
from lastunit.domain.listings.push_state import may_be_applied_until
from lastunit.use_cases.listings.push.push_quantities import Finished
from tests.support.listings.listed import acknowledged_sold
from tests.support.listings.pushing import APPLIED_WITHIN_SECONDS, PushHub
from tests.unit.listings.push.test_push_increments import FORMS, moves, shop

LOST = OutcomeUnknown("no answer")


def test_what_changed_while_every_number_was_pushed_is_no_increase() -> None:
    """Rule 1.5-2: counting begins anew when a channel is switched back, however long that took."""
    hub = shop()
    moves(hub, 1)
    hub.push()
    hub.configure(sync=Sync.LIVE)
    moves(hub, 40)
    hub.push()
    hub.configure(sync=Sync.INCREMENTAL)
    moves(hub, 2)

    hub.push()

    assert ([1, 2], {"shirt": 53}) == ([delta.units for delta in hub.channel.adjusted], hub.channel.shelves)


def test_what_changed_while_nothing_was_pushed_is_no_increase() -> None:
    hub = shop()
    moves(hub, 1)
    hub.push()
    hub.configure(sync=Sync.MANUAL)
    moves(hub, 40)
    hub.configure(sync=Sync.INCREMENTAL)
    moves(hub, 2)

    hub.push()

    assert [1, 2] == [delta.units for delta in hub.channel.adjusted]


def test_an_increase_that_was_pushed_with_a_whole_number_is_not_sent_again() -> None:
    """Rule 1.5-10."""
    hub = shop()
    moves(hub, 3)
    hub.channel.write_errors = [Throttled(5)]
    hub.push()
    hub.configure(sync=Sync.LIVE)
    hub.push()
    hub.configure(sync=Sync.INCREMENTAL)

    hub.push()

    assert ([], {"shirt": 13}) == (hub.channel.adjusted, hub.channel.shelves)


@pytest.mark.parametrize("later", [Sync.LIVE, Sync.INCREMENTAL])
def test_nor_is_one_whose_answer_was_lost_before(later: Sync) -> None:
    """Rule 1.5-10."""
    hub = shop()
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    hub.clock.advance(APPLIED_WITHIN_SECONDS)
    hub.configure(sync=later)
    hub.push(overwrite=True)
    hub.configure(sync=Sync.INCREMENTAL)
    hub.push()
    moves(hub, 2)

    hub.push()

    assert ([3, 2], {"shirt": 15}) == ([delta.units for delta in hub.channel.adjusted], hub.channel.shelves)


def test_units_restocked_while_every_number_was_pushed_hide_no_increase() -> None:
    """Rule 1.5-2."""
    hub = shop()
    hub.edit_listing("shirt", increments=Increments(deducted_restock=5, restocked_by_channel=5))
    moves(hub, 3)

    hub.push()

    assert {"shirt": 13} == hub.channel.shelves


@pytest.mark.parametrize("form", FORMS)
def test_a_sale_not_imported_yet_is_not_taken_for_a_lower_number(form: str) -> None:
    """Else the import would lower what the channel is believed to show once more, and look like a drift."""
    hub = shop(form)
    hub.channel.sell("shirt", 1)
    moves(hub, 3)
    hub.push()

    hub.import_sale("shirt", 1)

    assert (
        hub.channel.shelves["shirt"] == hub.listing("shirt").expected_shown == hub.listing("shirt").exposure.units
    )


def test_an_increase_is_known_to_have_arrived_though_a_sale_before_it_is_imported_late() -> None:
    """Rule 1.5-10: else nobody could ever tell."""
    hub = shop("set")
    hub.channel.sell("shirt", 1)
    moves(hub, 3)
    hub.channel.lost = [LOST]
    hub.push()
    hub.import_sale("shirt", 1)
    hub.clock.advance(APPLIED_WITHIN_SECONDS)

    results = hub.push()

    assert ({"shirt": Finished(acknowledged=True)}, {"shirt": 12}) == (results, hub.channel.shelves)


def lost_overwrite(hub: PushHub) -> None:
    """Told to show 7 where it showed 10, and nobody heard that it did."""
    moves(hub, -3)
    hub.channel.lost = [LOST]
    hub.push(overwrite=True)


@pytest.mark.parametrize("form", ["swap", "set"])
def test_what_a_whole_number_without_an_answer_explains_is_taken_for_no_sale(form: str) -> None:
    hub = shop(form)
    lost_overwrite(hub)
    moves(hub, 1)

    hub.push()

    row = hub.listing("shirt")
    assert ({"shirt": 8}, 8, 0) == (hub.channel.shelves, row.expected_shown, acknowledged_sold(row))


@pytest.mark.parametrize("form", FORMS)
def test_a_whole_number_stays_unconfirmed_after_an_increase(form: str) -> None:
    hub = shop(form)
    lost_overwrite(hub)
    until = may_be_applied_until(hub.listing("shirt"))
    moves(hub, 1)

    hub.push()

    assert until == may_be_applied_until(hub.listing("shirt"))


def test_sales_that_an_unanswered_push_may_explain_end_with_a_poll_begun_later() -> None:
    hub = shop()
    lost_overwrite(hub)
    moves(hub, 1)
    hub.push()
    hub.polls.finish()

    hub.push(overwrite=True)

    assert {"shirt": 8} == hub.channel.shelves


def test_but_not_by_one_that_ended_before() -> None:
    hub = shop()
    hub.polls.finish()
    lost_overwrite(hub)
    moves(hub, 1)
    hub.channel.sell("shirt", 1)
    hub.push()

    hub.push(overwrite=True)

    assert {"shirt": 4} == hub.channel.shelves
