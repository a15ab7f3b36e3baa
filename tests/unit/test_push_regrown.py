"""Units that a channel put back on its shelf before it was told a number, and whose cancel is imported afterwards.

They look like a sale that nobody has imported; a finished poll proves that there was none.
"""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Alias
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.drift import Kind
from lastunit.domain.pushes import Form
from lastunit.push import Retry
from tests.pushing import FakeChannel, Hub
from tests.reconciling import Mirror

FORMS = [Form.SWAP, Form.SET]


def told_before_the_cancel(form: Form) -> Hub:
    """It put 1 unit back and was told 6; then the cancel is imported, and 7 are available."""
    shop = Hub(FakeChannel(form, 100, False, False))
    shop.lists("shirt", 4, told=6, imported=2)
    shop.market.put("shirt", 5)
    shop.has("shirt", 6)
    shop.push()
    cancel(shop)
    return shop


def cancel(shop: Hub) -> None:
    row = shop.listing("shirt")
    shop.has("shirt", shop.listings.stock["shirt", "M"].available + 1)
    shop.edit("shirt", sold=row.sold - 1, rises=replace(row.rises, regrown=row.rises.regrown + 1))


@pytest.mark.parametrize("form", FORMS)
def test_until_a_poll_says_more_it_may_be_a_sale(form: Form) -> None:
    shop = told_before_the_cancel(form)

    shop.push()

    assert ({"shirt": 6}, True) == (shop.market.shelves, shop.listing("shirt").settling)


@pytest.mark.parametrize("form", FORMS)
def test_after_a_poll_that_began_later_it_is_told_the_whole_number(form: Form) -> None:
    shop = told_before_the_cancel(form)
    shop.push()
    shop.polls.finish()

    shop.push()

    assert ({"shirt": 7}, False) == (shop.market.shelves, shop.listing("shirt").settling)


def test_units_that_come_back_between_the_two_reads_hide_no_sale() -> None:
    """The levels have them, and so has what the channel shows: a sale out of them would be shown again."""
    shop = Hub(FakeChannel(Form.SWAP, 100, False, False))
    shop.lists("shirt", 4, told=6, imported=2)
    shop.market.put("shirt", 4)  # One was put back, and sold once more.
    shop.listings.between = [lambda: cancel(shop)]

    results = shop.push()

    assert ({"shirt": Retry(1)}, {"shirt": 4}) == (results, shop.market.shelves)


def test_a_poll_that_began_before_it_was_looked_at_proves_nothing() -> None:
    shop = told_before_the_cancel(Form.SWAP)
    shop.polls.finish()

    shop.push()
    shop.push()

    assert {"shirt": 6} == shop.market.shelves


def test_units_put_back_since_it_was_looked_at_are_no_part_of_the_doubt() -> None:
    """The poll that imports their cancel says nothing about them: they came on top of what was shown."""
    shop = told_before_the_cancel(Form.SWAP)
    shop.push()
    shop.market.put("shirt", 7)
    cancel(shop)
    shop.has("shirt", 6)
    shop.polls.finish()

    shop.push()
    shop.polls.finish()
    shop.push()

    assert ({"shirt": 6}, 6) == (shop.market.shelves, shop.listing("shirt").believed)


def test_a_sale_that_is_found_out_later_stays_subtracted() -> None:
    shop = told_before_the_cancel(Form.SWAP)
    shop.market.sell("shirt", 1)
    shop.push()
    shop.imports("shirt", 1)
    shop.polls.finish()

    shop.push()

    assert {"shirt": 6} == shop.market.shelves


def test_a_number_lowered_by_hand_is_not_explained_by_it() -> None:
    """Only a person may say that nobody bought these units (complaint 14)."""
    shop = told_before_the_cancel(Form.SWAP)
    shop.market.put("shirt", 3)
    shop.push()
    shop.polls.finish()

    shop.push()

    assert {"shirt": 4} == shop.market.shelves


def test_a_blind_number_that_went_over_a_sale_is_no_restock_and_is_told_anew() -> None:
    """eBay sold a unit, was set to 7 and then the sale was imported: it shows one more than that seems to leave."""
    mirror = Mirror(Hub(FakeChannel(Form.SET, 100, False, False)))
    mirror.lists("shirt", 7, shows=7)
    mirror.hub.imports("shirt", 1)

    mirror.reconcile()

    assert ({"shirt": Kind.LOST_PUSH}, set()) == (mirror.kinds(), mirror.frozen())


def given_up() -> Hub:
    """It was told 3 without an answer, then 5; and then the 3 arrives."""
    shop = Hub(FakeChannel(Form.SET, 100, False, False))
    shop.lists("shirt", 3, told=7)
    shop.edit("shirt", in_flight=3, sent_at=shop.clock.now().isoformat())
    shop.has("shirt", 5)
    shop.push()
    shop.clock.advance(120)
    shop.market.put("shirt", 3)
    return shop


def test_what_a_late_request_took_off_is_no_sale() -> None:
    shop = given_up()
    shop.has("shirt", 6)
    shop.push()
    before = dict(shop.market.shelves)
    shop.polls.finish()

    shop.push()

    assert ({"shirt": 4}, {"shirt": 6}) == (before, shop.market.shelves)
    assert shop.listing("shirt").doubt_until is None


def test_what_a_late_request_took_off_is_no_edit_when_it_is_read_back() -> None:
    mirror = Mirror(given_up())
    mirror.hub.settings.known["web"] = [Alias("shirt", "shirt", "shirt")]

    mirror.reconcile()

    assert ({"shirt": Kind.LOST_PUSH}, set()) == (mirror.kinds(), mirror.frozen())


def unanswered() -> Hub:
    """It shows 1 and was told 5 without an answer, long ago; a poll has ended since."""
    shop = Hub(FakeChannel(Form.SWAP, 100, False, False))
    shop.lists("shirt", 5, told=4, imported=3)
    shop.edit("shirt", in_flight=5, in_flight_sold=3, sent_at=shop.clock.now().isoformat())
    shop.polls.finish()
    shop.clock.advance(120)
    return shop


@pytest.mark.parametrize("mode", [Mode.SHARED, Mode.ESCROW])
def test_units_put_back_where_a_number_never_arrived_are_no_sales_out_of_that_number(mode: Mode) -> None:
    shop = unanswered()
    shop.settings.accounts["web"] = Channel("web", "generic", mode=mode)
    shop.market.put("shirt", 3)
    shop.push()
    cancel(shop)
    cancel(shop)
    shop.has("shirt", 7)

    for _ in range(3):
        shop.polls.finish()
        shop.push()

    assert ({"shirt": 7}, 7, 0) == (
        shop.market.shelves,
        shop.listing("shirt").believed,
        shop.listing("shirt").doubtful,
    )


def test_a_sale_out_of_a_number_without_an_answer_stays_subtracted_until_a_later_poll() -> None:
    shop = unanswered()
    shop.market.put("shirt", 4)

    shop.push()
    shop.push()

    assert {"shirt": 4} == shop.market.shelves


def test_what_is_read_back_lower_for_that_reason_is_no_edit_and_is_told_anew() -> None:
    """A sale since hides the doubt: the number looks confirmed."""
    mirror = Mirror()
    mirror.lists("shirt", 7, shows=6)
    row = mirror.hub.listing("shirt")
    mirror.hub.edit("shirt", rises=replace(row.rises, regrown=1))

    mirror.reconcile()

    assert ({"shirt": Kind.LOST_PUSH}, set()) == (mirror.kinds(), mirror.frozen())
    assert [("shirt", True)] == mirror.pushed()
