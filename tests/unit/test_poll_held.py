"""Orders that cannot be imported: each waits for a person, and no poll proves anything while one does."""

from lastunit.domain.errors import NotSent
from lastunit.domain.polling import HELD_MAX, OVERLAP
from lastunit.poll import PAGE_ATTEMPTS, WORK_SECONDS, Polled
from tests.fakes import sold
from tests.polling import Exchange, minutes, with_orders


def test_an_order_that_cannot_be_read_becomes_one_exception_and_keeps_no_other_waiting() -> None:
    exchange = with_orders(-5, -4)
    exchange.web.sells("bad", -4.5, "lines: is no list")

    polled = [exchange.poll(), exchange.poll()]

    [exception] = exchange.exceptions.waiting.values()
    assert ("unreadable_order", "order bad: lines: is no list") == (exception.kind, exception.cause)
    assert ([2, 0], 48) == ([one.found for one in polled], exchange.left())


def test_nothing_is_proved_while_an_order_that_cannot_be_read_waits_for_a_person() -> None:
    """It has taken units on its channel that nobody counts, also once the list is read from far behind it."""
    exchange = with_orders()
    exchange.web.sells("bad", -30, "lines: is no list")
    exchange.web.sells("1", -5)

    polled = [(exchange.poll().ended, exchange.position.done) for _ in range(3)]

    assert [(True, 0)] * 3 == polled
    assert (minutes(-5) - OVERLAP, "1 orders could not be imported; resolve their exceptions") == (
        exchange.web.asked[-1][0],
        exchange.position.last_error,
    )


def test_an_exception_that_was_resolved_by_hand_holds_nothing_back() -> None:
    exchange = with_orders()
    exchange.web.sells("bad", -30, "lines: is no list")
    exchange.poll()
    resolve(exchange, tried_again=False)

    polled = exchange.poll()

    assert (Polled(True), 2) == (polled, exchange.position.done)


def test_an_order_whose_exception_is_tried_again_is_read_again_however_long_ago_it_was() -> None:
    exchange = with_orders()
    exchange.web.sells("bad", -300, "lines: is no list")
    exchange.web.sells("1", -5)
    exchange.poll()
    exchange.poll()
    resolve(exchange, tried_again=True)
    exchange.web.sells("bad", -300, sold({"shirt": 7}, "bad"))

    polled = exchange.poll()

    assert (Polled(True, 1), 42, 3) == (polled, exchange.left(), exchange.position.done)


def test_what_is_tried_again_and_fails_again_holds_back_again() -> None:
    exchange = with_orders()
    exchange.web.sells("bad", -300, "lines: is no list")
    exchange.poll()
    resolve(exchange, tried_again=True)

    exchange.poll()

    assert (0, 1) == (exchange.position.done, len(exchange.exceptions.waiting))


def test_what_was_to_be_tried_again_still_is_after_a_poll_that_met_trouble() -> None:
    exchange = with_orders()
    exchange.web.sells("bad", -300, "lines: is no list")
    exchange.web.sells("1", -5)
    exchange.poll()
    resolve(exchange, tried_again=True)
    exchange.web.sells("bad", -300, sold({"shirt": 7}, "bad"))
    exchange.web.troubles = [NotSent("x")] * PAGE_ATTEMPTS

    polled = [exchange.poll(), exchange.poll()]

    assert ([0, 1], 42) == ([one.found for one in polled], exchange.left())


def test_what_is_to_be_tried_again_is_read_although_the_last_poll_was_interrupted_behind_it() -> None:
    exchange = with_orders(-5, -4, -3)
    exchange.web.sells("bad", -300, "lines: is no list")
    exchange.web.before_page = [lambda: exchange.clock.advance(WORK_SECONDS + 1)]
    exchange.poll()
    resolve(exchange, tried_again=True)
    exchange.web.sells("bad", -300, sold({"shirt": 7}, "bad"))

    exchange.poll()

    assert (40, 2) == (exchange.left(), exchange.position.done)


def resolve(exchange: Exchange, *, tried_again: bool) -> None:
    [exception_id] = exchange.exceptions.waiting
    exchange.exceptions.resolve(exception_id, "ann", "now", tried_again=tried_again)


def test_an_order_that_can_never_be_written_becomes_an_exception_too() -> None:
    exchange = with_orders(-5, -4)
    exchange.shop.book.poisoned = frozenset({"web:1"})

    polled = exchange.poll()

    assert (True, 1, 0) == (polled.ended, polled.found, exchange.position.done)
    assert [1] == [len(exchange.exceptions.waiting)]


def test_a_flood_of_orders_that_cannot_be_read_stops_the_poll_where_it_began() -> None:
    exchange = with_orders()
    exchange.web.page_size = 20
    for number in range(HELD_MAX + 1):
        exchange.web.sells(f"bad {number}", -60 + number / 10, "lines: is no list")

    polled = [exchange.poll(), exchange.poll()]

    assert [False, False] == [one.ended for one in polled]
    assert (HELD_MAX - HELD_MAX % 20, 0) == (len(exchange.position.held), exchange.position.done)
