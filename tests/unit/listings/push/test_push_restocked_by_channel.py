"""Units that a channel put back on its shelf before it was told a number, and whose cancel is imported afterwards.

They look like a sale that nobody has imported; a finished poll proves that there was none.
"""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.drift import DriftKind
from lastunit.domain.listings.listing_parts import InFlight
from lastunit.domain.listings.push_protocol import Form
from lastunit.domain.stock.catalogue import Alias
from lastunit.use_cases.listings.push.push_quantities import RetryLater
from tests.support.listings.pushing import FakeChannel, PushHub
from tests.support.listings.reconciling import ReconcileHub

FORMS = [Form.SWAP, Form.SET]


def pushed_before_the_cancel(form: Form) -> PushHub:
    """It put 1 unit back and was told 6; then the cancel is imported, and 7 are available."""
    shop = PushHub(FakeChannel(form, 100, False, False))
    shop.add_listing("shirt", 4, acknowledged=6, imported=2)
    shop.channel.put("shirt", 5)
    shop.set_available("shirt", 6)
    shop.push()
    cancel(shop)
    return shop


def cancel(shop: PushHub) -> None:
    row = shop.listing("shirt")
    shop.set_available("shirt", shop.listings.stock[LevelKey("shirt", "M")].available + 1)
    shop.edit_listing(
        "shirt",
        sold=row.sold - 1,
        increments=replace(row.increments, restocked_by_channel=row.increments.restocked_by_channel + 1),
    )


@pytest.mark.parametrize("form", FORMS)
def test_until_a_poll_says_more_it_may_be_a_sale(form: Form) -> None:
    shop = pushed_before_the_cancel(form)

    shop.push()

    assert ({"shirt": 6}, True) == (shop.channel.shelves, shop.listing("shirt").awaiting_poll)


@pytest.mark.parametrize("form", FORMS)
def test_after_a_poll_that_began_later_it_is_pushed_the_whole_number(form: Form) -> None:
    shop = pushed_before_the_cancel(form)
    shop.push()
    shop.polls.finish()

    shop.push()

    assert ({"shirt": 7}, False) == (shop.channel.shelves, shop.listing("shirt").awaiting_poll)


def test_units_that_come_back_between_the_two_reads_hide_no_sale() -> None:
    """The levels have them, and so has what the channel shows: a sale out of them would be shown again."""
    shop = PushHub(FakeChannel(Form.SWAP, 100, False, False))
    shop.add_listing("shirt", 4, acknowledged=6, imported=2)
    shop.channel.put("shirt", 4)  # One was put back, and sold once more.
    shop.listings.before_level_reads = [lambda: cancel(shop)]

    results = shop.push()

    assert ({"shirt": RetryLater(1)}, {"shirt": 4}) == (results, shop.channel.shelves)


def test_a_poll_that_began_before_it_was_looked_at_proves_nothing() -> None:
    shop = pushed_before_the_cancel(Form.SWAP)
    shop.polls.finish()

    shop.push()
    shop.push()

    assert {"shirt": 6} == shop.channel.shelves


def test_units_put_back_since_the_last_reading_are_not_uncertain() -> None:
    """The poll that imports their cancel says nothing about them: they came on top of what was shown."""
    shop = pushed_before_the_cancel(Form.SWAP)
    shop.push()
    shop.channel.put("shirt", 7)
    cancel(shop)
    shop.set_available("shirt", 6)
    shop.polls.finish()

    shop.push()
    shop.polls.finish()
    shop.push()

    assert ({"shirt": 6}, 6) == (shop.channel.shelves, shop.listing("shirt").expected_shown)


def test_a_sale_that_is_found_out_later_stays_subtracted() -> None:
    shop = pushed_before_the_cancel(Form.SWAP)
    shop.channel.sell("shirt", 1)
    shop.push()
    shop.import_sale("shirt", 1)
    shop.polls.finish()

    shop.push()

    assert {"shirt": 6} == shop.channel.shelves


def test_a_number_lowered_by_hand_is_not_explained_by_it() -> None:
    """Only a person may say that nobody bought these units."""
    shop = pushed_before_the_cancel(Form.SWAP)
    shop.channel.put("shirt", 3)
    shop.push()
    shop.polls.finish()

    shop.push()

    assert {"shirt": 4} == shop.channel.shelves


def test_a_blind_number_that_went_over_a_sale_is_no_restock_and_is_pushed_again() -> None:
    """eBay sold a unit, was set to 7 and then the sale was imported: it shows one more than that seems to leave."""
    hub = ReconcileHub(PushHub(FakeChannel(Form.SET, 100, False, False)))
    hub.add_listing("shirt", 7, shows=7)
    hub.hub.import_sale("shirt", 1)

    hub.reconcile()

    assert ({"shirt": DriftKind.LOST_PUSH}, set()) == (hub.kinds(), hub.frozen())


def given_up() -> PushHub:
    """It was told 3 without an answer, then 5; and then the 3 arrives."""
    shop = PushHub(FakeChannel(Form.SET, 100, False, False))
    shop.add_listing("shirt", 3, acknowledged=7)
    shop.edit_listing("shirt", in_flight=InFlight(quantity=3, sent_at=shop.clock.now()))
    shop.set_available("shirt", 5)
    shop.push()
    shop.clock.advance(120)
    shop.channel.put("shirt", 3)
    return shop


def test_what_a_late_request_took_off_is_no_sale() -> None:
    shop = given_up()
    shop.set_available("shirt", 6)
    shop.push()
    before = dict(shop.channel.shelves)
    shop.polls.finish()

    shop.push()

    assert ({"shirt": 4}, {"shirt": 6}) == (before, shop.channel.shelves)
    assert shop.listing("shirt").may_apply_until is None


def test_what_a_late_request_took_off_is_no_edit_when_it_is_read_back() -> None:
    hub = ReconcileHub(given_up())
    hub.hub.settings.known["web"] = [Alias("shirt", "shirt", "shirt")]

    hub.reconcile()

    assert ({"shirt": DriftKind.LOST_PUSH}, set()) == (hub.kinds(), hub.frozen())


def unanswered() -> PushHub:
    """It shows 1 and was told 5 without an answer, long ago; a poll has ended since."""
    shop = PushHub(FakeChannel(Form.SWAP, 100, False, False))
    shop.add_listing("shirt", 5, acknowledged=4, imported=3)
    shop.edit_listing("shirt", in_flight=InFlight(quantity=5, sold=3, sent_at=shop.clock.now()))
    shop.polls.finish()
    shop.clock.advance(120)
    return shop


@pytest.mark.parametrize("mode", [Mode.SHARED, Mode.ESCROW])
def test_units_put_back_where_a_number_never_arrived_are_no_sales_out_of_that_number(mode: Mode) -> None:
    shop = unanswered()
    shop.settings.accounts["web"] = Channel(name="web", kind="generic", mode=mode)
    shop.channel.put("shirt", 3)
    shop.push()
    cancel(shop)
    cancel(shop)
    shop.set_available("shirt", 7)

    for _ in range(3):
        shop.polls.finish()
        shop.push()

    assert ({"shirt": 7}, 7, 0) == (
        shop.channel.shelves,
        shop.listing("shirt").expected_shown,
        shop.listing("shirt").possibly_restocked,
    )


def test_a_sale_out_of_a_number_without_an_answer_stays_subtracted_until_a_later_poll() -> None:
    shop = unanswered()
    shop.channel.put("shirt", 4)

    shop.push()
    shop.push()

    assert {"shirt": 4} == shop.channel.shelves


def test_what_is_read_back_lower_for_that_reason_is_no_edit_and_is_pushed_again() -> None:
    """A sale since hides the doubt: the number looks confirmed."""
    hub = ReconcileHub()
    hub.add_listing("shirt", 7, shows=6)
    row = hub.hub.listing("shirt")
    hub.hub.edit_listing("shirt", increments=replace(row.increments, restocked_by_channel=1))

    hub.reconcile()

    assert ({"shirt": DriftKind.LOST_PUSH}, set()) == (hub.kinds(), hub.frozen())
    assert [("shirt", True)] == hub.pushed()
