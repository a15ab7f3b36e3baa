"""Telling channels their numbers beside sales that are not imported yet, and after answers that never came."""

from dataclasses import replace

import pytest

from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing_parts import InFlight
from lastunit.domain.listings.push_protocol import Form
from lastunit.use_cases.listings.push.push_quantities import Finished, RetryLater
from tests.support.listings.listed import acknowledged_quantity, acknowledged_sold, in_flight_quantity
from tests.support.listings.pushing import FakeChannel, PushHub

ACKNOWLEDGED = Finished(acknowledged=True)


def hub(form: Form = Form.SWAP, batch_max: int = 100, *, versioned: bool = False, tells: bool = False) -> PushHub:
    return PushHub(FakeChannel(form, batch_max, versioned, tells))


# Sales the hub has not seen yet


def test_a_swap_starts_from_the_number_the_channel_is_expected_to_show() -> None:
    shop = hub()
    shop.add_listing("shirt", 4, acknowledged=10, imported=3)

    shop.push()

    assert ([], [7]) == (shop.channel.reads, [push.expected for push in shop.channel.writes[0]])
    assert {"shirt": 4} == shop.channel.shelves


@pytest.mark.parametrize(("tells", "reads"), [(False, [["shirt"]]), (True, [])])
def test_a_stale_swap_is_repeated_from_the_real_number_less_the_unseen_sales(
    tells: bool, reads: list[list[str]]
) -> None:
    shop = hub(tells=tells)
    shop.add_listing("shirt", 9, acknowledged=10)
    shop.channel.sell("shirt", 2)

    shop.push()

    assert (reads, [("shirt", 9), ("shirt", 7)]) == (shop.channel.reads, shop.channel.pushed)
    assert [10, 8] == [push.expected for batch in shop.channel.writes for push in batch]
    assert (7, 2) == (acknowledged_quantity(shop.listing("shirt")), acknowledged_sold(shop.listing("shirt")))


def test_a_sale_between_reading_and_swapping_is_subtracted_as_well() -> None:
    shop = hub()
    shop.add_listing("shirt", 9, acknowledged=10)
    shop.channel.sell("shirt", 2)
    shop.channel.meanwhile = [lambda: None, lambda: shop.channel.sell("shirt", 1)]

    shop.push()

    assert {"shirt": 6} == shop.channel.shelves


def test_a_channel_that_is_set_blindly_is_read_before_it_is_overwritten() -> None:
    shop = hub(Form.SET)
    shop.add_listing("shirt", 9, acknowledged=10)
    shop.channel.sell("shirt", 2)

    shop.push()

    assert ([["shirt"]], [("shirt", 7)]) == (shop.channel.reads, shop.channel.pushed)


def test_a_channel_that_shows_the_number_already_is_not_written_to() -> None:
    shop = hub(Form.SET)
    shop.add_listing("shirt", 7, acknowledged=10, imported=3)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, []) == (results, shop.channel.pushed)
    assert (7, 3) == (acknowledged_quantity(shop.listing("shirt")), acknowledged_sold(shop.listing("shirt")))


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("versioned", [True, False])
def test_sales_that_stay_unseen_are_subtracted_from_every_later_push(form: Form, versioned: bool) -> None:
    shop = hub(form, versioned=versioned)
    shop.add_listing("shirt", 9, acknowledged=10)
    shop.channel.sell("shirt", 2)
    first = shop.push()
    shop.set_available("shirt", 8)

    second = shop.push()

    assert [{"shirt": ACKNOWLEDGED}] * 2 == [first, second]
    assert {"shirt": 6} == shop.channel.shelves


def test_an_unseen_sale_that_is_imported_changes_nothing_more() -> None:
    shop = hub()
    shop.add_listing("shirt", 9, acknowledged=10)
    shop.channel.sell("shirt", 2)
    shop.push()
    shop.import_sale("shirt", 2)

    results = shop.push()

    assert ({"shirt": Finished()}, {"shirt": 7}) == (results, shop.channel.shelves)


def test_units_the_channel_took_back_itself_are_no_sales() -> None:
    shop = hub()
    shop.add_listing("shirt", 8, acknowledged=10, imported=2)
    shop.push()
    shop.import_sale("shirt", -2)
    shop.channel.sell("shirt", -2)

    shop.push()

    assert {"shirt": 10} == shop.channel.shelves


# Numbers in flight


LOST = (OutcomeUnknown("lost"), ChannelUnavailable("500"))


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", LOST)
def test_a_number_whose_outcome_is_unknown_stays_booked_until_it_is_read_back(
    form: Form, error: LastunitError
) -> None:
    shop = hub(form)
    shop.add_listing("shirt", 4, acknowledged=10)
    shop.channel.write_errors = [error]

    first = shop.push()

    assert ({"shirt": RetryLater()}, 4) == (first, in_flight_quantity(shop.listing("shirt")))
    second, settled = shop.push(), shop.listing("shirt")
    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 4}) == (second, shop.channel.shelves)
    assert (None, 4, 0) == (in_flight_quantity(settled), acknowledged_quantity(settled), acknowledged_sold(settled))


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", LOST)
def test_a_number_in_flight_that_was_applied_is_not_mistaken_for_sales(form: Form, error: LastunitError) -> None:
    shop = hub(form)
    shop.add_listing("shirt", 4, acknowledged=10)
    shop.channel.lost = [error]
    shop.push()

    shop.push()

    assert ({"shirt": 4}, 0) == (shop.channel.shelves, acknowledged_sold(shop.listing("shirt")))


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", [Throttled(2), NotSent("refused")])
@pytest.mark.parametrize("where", ["read_errors", "write_errors"])
def test_nor_is_it_when_the_next_attempt_is_turned_away(form: Form, error: LastunitError, where: str) -> None:
    shop = hub(form)
    shop.add_listing("shirt", 4, acknowledged=10)
    shop.channel.lost = [OutcomeUnknown("lost")]
    shop.push()
    setattr(shop.channel, where, [error])
    shop.set_available("shirt", 3)
    shop.push()

    shop.push()

    assert ({"shirt": 3}, 0) == (shop.channel.shelves, acknowledged_sold(shop.listing("shirt")))


def test_a_sale_after_reading_it_back_is_counted_from_the_number_that_was_read() -> None:
    shop = hub()
    shop.add_listing("shirt", 4, acknowledged=10)
    shop.channel.lost = [OutcomeUnknown("lost")]
    shop.push()
    shop.channel.meanwhile = [lambda: shop.channel.sell("shirt", 1)]

    shop.push()

    assert ({"shirt": 3}, 1) == (shop.channel.shelves, acknowledged_sold(shop.listing("shirt")))


def test_a_throttled_batch_forgets_nothing_about_those_behind_it() -> None:
    shop = hub(batch_max=1)
    shop.add_listing("a", 2, acknowledged=3)
    shop.add_listing("b", 4, acknowledged=10)
    shop.listings.listed[ListingKey("b", "web", "b")].listing = replace(
        shop.listing("b"), in_flight=InFlight(quantity=5, sent_at=shop.clock.now())
    )
    shop.channel.put("b", 5)
    shop.channel.write_errors = [Throttled(1)]
    shop.push()

    shop.push()

    assert {"a": 2, "b": 4} == shop.channel.shelves
