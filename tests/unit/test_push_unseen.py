"""Telling channels their numbers beside sales that are not imported yet, and after answers that never came."""

from dataclasses import replace

import pytest

from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.pushes import Form
from lastunit.push import Done, Retry
from tests.pushing import FakeChannel, Hub

ACKNOWLEDGED = Done(acknowledged=True)


def hub(form: Form = Form.SWAP, batch_max: int = 100, *, versioned: bool = False, tells: bool = False) -> Hub:
    return Hub(FakeChannel(form, batch_max, versioned, tells))


# Sales the hub has not seen yet


def test_a_swap_starts_from_the_number_the_channel_is_believed_to_show() -> None:
    shop = hub()
    shop.lists("shirt", 4, told=10, imported=3)

    shop.push()

    assert ([], [7]) == (shop.market.reads, [push.expected for push in shop.market.writes[0]])
    assert {"shirt": 4} == shop.market.shelves


@pytest.mark.parametrize(("tells", "reads"), [(False, [["shirt"]]), (True, [])])
def test_a_stale_swap_is_repeated_from_the_real_number_less_the_unseen_sales(
    tells: bool, reads: list[list[str]]
) -> None:
    shop = hub(tells=tells)
    shop.lists("shirt", 9, told=10)
    shop.market.sell("shirt", 2)

    shop.push()

    assert (reads, [("shirt", 9), ("shirt", 7)]) == (shop.market.reads, shop.market.told)
    assert [10, 8] == [push.expected for batch in shop.market.writes for push in batch]
    assert (7, 2) == (shop.listing("shirt").acknowledged, shop.listing("shirt").acknowledged_sold)


def test_a_sale_between_reading_and_swapping_is_subtracted_as_well() -> None:
    shop = hub()
    shop.lists("shirt", 9, told=10)
    shop.market.sell("shirt", 2)
    shop.market.meanwhile = [lambda: None, lambda: shop.market.sell("shirt", 1)]

    shop.push()

    assert {"shirt": 6} == shop.market.shelves


def test_a_channel_that_is_set_blindly_is_read_before_it_is_overwritten() -> None:
    shop = hub(Form.SET)
    shop.lists("shirt", 9, told=10)
    shop.market.sell("shirt", 2)

    shop.push()

    assert ([["shirt"]], [("shirt", 7)]) == (shop.market.reads, shop.market.told)


def test_a_channel_that_shows_the_number_already_is_not_written_to() -> None:
    shop = hub(Form.SET)
    shop.lists("shirt", 7, told=10, imported=3)

    results = shop.push()

    assert ({"shirt": ACKNOWLEDGED}, []) == (results, shop.market.told)
    assert (7, 3) == (shop.listing("shirt").acknowledged, shop.listing("shirt").acknowledged_sold)


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("versioned", [True, False])
def test_sales_that_stay_unseen_are_subtracted_from_every_later_push(form: Form, versioned: bool) -> None:
    shop = hub(form, versioned=versioned)
    shop.lists("shirt", 9, told=10)
    shop.market.sell("shirt", 2)
    first = shop.push()
    shop.has("shirt", 8)

    second = shop.push()

    assert [{"shirt": ACKNOWLEDGED}] * 2 == [first, second]
    assert {"shirt": 6} == shop.market.shelves


def test_an_unseen_sale_that_is_imported_changes_nothing_more() -> None:
    shop = hub()
    shop.lists("shirt", 9, told=10)
    shop.market.sell("shirt", 2)
    shop.push()
    shop.imports("shirt", 2)

    results = shop.push()

    assert ({"shirt": Done()}, {"shirt": 7}) == (results, shop.market.shelves)


def test_units_the_channel_took_back_itself_are_no_sales() -> None:
    shop = hub()
    shop.lists("shirt", 8, told=10, imported=2)
    shop.push()
    shop.imports("shirt", -2)
    shop.market.sell("shirt", -2)

    shop.push()

    assert {"shirt": 10} == shop.market.shelves


# Numbers in flight


LOST = (OutcomeUnknown("lost"), ChannelUnavailable("500"))


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", LOST)
def test_a_number_whose_outcome_is_unknown_stays_booked_until_it_is_read_back(
    form: Form, error: LastunitError
) -> None:
    shop = hub(form)
    shop.lists("shirt", 4, told=10)
    shop.market.write_errors = [error]

    first = shop.push()

    assert ({"shirt": Retry()}, 4) == (first, shop.listing("shirt").in_flight)
    second, settled = shop.push(), shop.listing("shirt")
    assert ({"shirt": ACKNOWLEDGED}, {"shirt": 4}) == (second, shop.market.shelves)
    assert (None, 4, 0) == (settled.in_flight, settled.acknowledged, settled.acknowledged_sold)


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", LOST)
def test_a_number_in_flight_that_was_applied_is_not_mistaken_for_sales(form: Form, error: LastunitError) -> None:
    shop = hub(form)
    shop.lists("shirt", 4, told=10)
    shop.market.lost = [error]
    shop.push()

    shop.push()

    assert ({"shirt": 4}, 0) == (shop.market.shelves, shop.listing("shirt").acknowledged_sold)


@pytest.mark.parametrize("form", [Form.SET, Form.SWAP])
@pytest.mark.parametrize("error", [Throttled(2), NotSent("refused")])
@pytest.mark.parametrize("where", ["read_errors", "write_errors"])
def test_nor_is_it_when_the_next_attempt_is_turned_away(form: Form, error: LastunitError, where: str) -> None:
    shop = hub(form)
    shop.lists("shirt", 4, told=10)
    shop.market.lost = [OutcomeUnknown("lost")]
    shop.push()
    setattr(shop.market, where, [error])
    shop.has("shirt", 3)
    shop.push()

    shop.push()

    assert ({"shirt": 3}, 0) == (shop.market.shelves, shop.listing("shirt").acknowledged_sold)


def test_a_sale_after_reading_it_back_is_counted_from_the_number_that_was_read() -> None:
    shop = hub()
    shop.lists("shirt", 4, told=10)
    shop.market.lost = [OutcomeUnknown("lost")]
    shop.push()
    shop.market.meanwhile = [lambda: shop.market.sell("shirt", 1)]

    shop.push()

    assert ({"shirt": 3}, 1) == (shop.market.shelves, shop.listing("shirt").acknowledged_sold)


def test_a_throttled_batch_forgets_nothing_about_those_behind_it() -> None:
    shop = hub(batch_max=1)
    shop.lists("a", 2, told=3)
    shop.lists("b", 4, told=10)
    shop.listings.listed["b", "web", "b"].listing = replace(shop.listing("b"), in_flight=5)
    shop.market.put("b", 5)
    shop.market.write_errors = [Throttled(1)]
    shop.push()

    shop.push()

    assert {"a": 2, "b": 4} == shop.market.shelves
