"""Orders that cannot be imported: each waits for a person, and no poll proves anything while one does."""

from lastunit.domain.errors import NotSent
from lastunit.domain.listings.order_watermark import OVERLAP, UNIMPORTED_MAX
from lastunit.use_cases.orders.poll_channels import PAGE_ATTEMPTS, WORK_SECONDS, Polled
from tests.support.listings.polling import PollingShop, minutes, with_orders
from tests.support.orders.inputs import sold


def test_an_order_that_cannot_be_read_becomes_one_exception_and_keeps_no_other_waiting() -> None:
    polling_shop = with_orders(-5, -4)
    polling_shop.web.add_sale("bad", -4.5, "lines: is no list")

    polled = [polling_shop.poll(), polling_shop.poll()]

    [exception] = polling_shop.exceptions.waiting.values()
    assert ("unreadable_order", "order bad: lines: is no list") == (exception.kind, exception.cause)
    assert ([2, 0], 48) == ([one.found for one in polled], polling_shop.available())


def test_nothing_is_proved_while_an_order_that_cannot_be_read_waits_for_a_person() -> None:
    """It has taken units on its channel that nobody counts, also once the list is read from far behind it."""
    polling_shop = with_orders()
    polling_shop.web.add_sale("bad", -30, "lines: is no list")
    polling_shop.web.add_sale("1", -5)

    polled = [(polling_shop.poll().ended, polling_shop.position.done) for _ in range(3)]

    assert [(True, 0)] * 3 == polled
    assert (minutes(-5) - OVERLAP, "1 orders could not be imported; resolve their exceptions") == (
        polling_shop.web.asked[-1][0],
        polling_shop.position.last_error,
    )


def test_an_exception_that_was_resolved_by_hand_holds_nothing_back() -> None:
    polling_shop = with_orders()
    polling_shop.web.add_sale("bad", -30, "lines: is no list")
    polling_shop.poll()
    resolve(polling_shop, tried_again=False)

    polled = polling_shop.poll()

    assert (Polled(True), 2) == (polled, polling_shop.position.done)


def test_an_order_whose_exception_is_tried_again_is_read_again_however_long_ago_it_was() -> None:
    polling_shop = with_orders()
    polling_shop.web.add_sale("bad", -300, "lines: is no list")
    polling_shop.web.add_sale("1", -5)
    polling_shop.poll()
    polling_shop.poll()
    resolve(polling_shop, tried_again=True)
    polling_shop.web.add_sale("bad", -300, sold({"shirt": 7}, "bad"))

    polled = polling_shop.poll()

    assert (Polled(True, 1), 42, 3) == (polled, polling_shop.available(), polling_shop.position.done)


def test_what_is_tried_again_and_fails_again_holds_back_again() -> None:
    polling_shop = with_orders()
    polling_shop.web.add_sale("bad", -300, "lines: is no list")
    polling_shop.poll()
    resolve(polling_shop, tried_again=True)

    polling_shop.poll()

    assert (0, 1) == (polling_shop.position.done, len(polling_shop.exceptions.waiting))


def test_what_was_to_be_tried_again_still_is_after_a_poll_that_met_trouble() -> None:
    polling_shop = with_orders()
    polling_shop.web.add_sale("bad", -300, "lines: is no list")
    polling_shop.web.add_sale("1", -5)
    polling_shop.poll()
    resolve(polling_shop, tried_again=True)
    polling_shop.web.add_sale("bad", -300, sold({"shirt": 7}, "bad"))
    polling_shop.web.errors = [NotSent("x")] * PAGE_ATTEMPTS

    polled = [polling_shop.poll(), polling_shop.poll()]

    assert ([0, 1], 42) == ([one.found for one in polled], polling_shop.available())


def test_what_is_to_be_tried_again_is_read_although_the_last_poll_was_interrupted_behind_it() -> None:
    polling_shop = with_orders(-5, -4, -3)
    polling_shop.web.add_sale("bad", -300, "lines: is no list")
    polling_shop.web.before_page = [lambda: polling_shop.clock.advance(WORK_SECONDS + 1)]
    polling_shop.poll()
    resolve(polling_shop, tried_again=True)
    polling_shop.web.add_sale("bad", -300, sold({"shirt": 7}, "bad"))

    polling_shop.poll()

    assert (40, 2) == (polling_shop.available(), polling_shop.position.done)


def resolve(polling_shop: PollingShop, *, tried_again: bool) -> None:
    [exception_id] = polling_shop.exceptions.waiting
    polling_shop.exceptions.resolve(exception_id, "ann", "now", tried_again=tried_again)


def test_an_order_that_can_never_be_written_becomes_an_exception_too() -> None:
    polling_shop = with_orders(-5, -4)
    polling_shop.shop.order_store.unwritable = frozenset({"web:1"})

    polled = polling_shop.poll()

    assert (True, 1, 0) == (polled.ended, polled.found, polling_shop.position.done)
    assert [1] == [len(polling_shop.exceptions.waiting)]


def test_a_flood_of_orders_that_cannot_be_read_stops_the_poll_where_it_began() -> None:
    polling_shop = with_orders()
    polling_shop.web.page_size = 20
    for number in range(UNIMPORTED_MAX + 1):
        polling_shop.web.add_sale(f"bad {number}", -60 + number / 10, "lines: is no list")

    polled = [polling_shop.poll(), polling_shop.poll()]

    assert [False, False] == [one.ended for one in polled]
    assert (UNIMPORTED_MAX - UNIMPORTED_MAX % 20, 0) == (
        len(polling_shop.position.unimported),
        polling_shop.position.done,
    )
