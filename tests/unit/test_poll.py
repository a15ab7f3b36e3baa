"""Polling a channel's orders: what webhooks did not tell is found, and what a finished poll proves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lastunit.domain.errors import (
    ChannelUnavailable,
    Conflict,
    LastunitError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
)
from lastunit.domain.lifecycle import State
from lastunit.domain.polling import FIRST_LOOK, OVERLAP
from lastunit.poll import PAGE_ATTEMPTS, UNSETTLED_MAX, WORK_SECONDS, Polled
from tests.fakes import NOON, Mishap, cancelled, left_us, sold
from tests.polling import Exchange, ListingOrders, minutes, with_orders


def test_an_order_whose_webhook_was_lost_is_found_and_counted() -> None:
    """Rule 1.2-1."""
    exchange = with_orders(-5)

    polled = exchange.poll()

    assert (Polled(True, 1), 49, 1) == (polled, exchange.left(), exchange.position.found)


def test_what_webhooks_have_told_changes_nothing_and_is_not_counted() -> None:
    """Field bug 19."""
    exchange = with_orders(-5, -4)
    exchange.shop.tell(sold({"shirt": 1}, "1"))

    polled = [exchange.poll(), exchange.poll()]

    assert ([Polled(True, 1), Polled(True)], 48) == (polled, exchange.left())


def test_cancels_and_parcels_are_found_like_orders() -> None:
    exchange = with_orders(-9)
    exchange.poll()
    exchange.web.sells("1", -3, left_us({"shirt": 1}))
    exchange.web.sells("2", -2, cancelled("2"))

    polled = exchange.poll()

    assert (Polled(True, 2), State.SHIPPED) == (polled, exchange.shop.order().state)


def test_an_older_state_in_the_list_does_not_undo_what_a_webhook_has_told_since() -> None:
    exchange = with_orders(-5)
    exchange.shop.tell(sold({"shirt": 3}, "1", revision="2"))

    polled = exchange.poll()

    assert (Polled(True), 47) == (polled, exchange.left())


def test_orders_of_a_channel_whose_import_is_off_are_recorded() -> None:
    """Rule 1.2-5."""
    exchange = with_orders(-5)
    exchange.shop.settings.accounts["web"] = replace(exchange.shop.channel, imports=False)

    polled = exchange.poll()

    assert (Polled(True, 1), State.RECORDED, 50) == (polled, exchange.shop.order().state, exchange.left())


def test_the_first_poll_looks_back_a_day_and_the_next_a_little_before_the_last_change() -> None:
    exchange = with_orders(-30, -20, -15)
    exchange.poll()

    exchange.poll()

    first, last = NOON - FIRST_LOOK, minutes(-15) - OVERLAP
    assert [(first, None), (first, "2"), (last, None)] == exchange.web.asked


@pytest.mark.parametrize("troubles", [0, PAGE_ATTEMPTS], ids=["ended", "failed"])
def test_after_polls_that_saw_nothing_the_next_looks_from_where_the_first_did(troubles: int) -> None:
    """However late it comes: a store that answers again after two days has sold meanwhile."""
    exchange = with_orders()
    exchange.web.troubles = [NotSent("x")] * troubles
    exchange.poll()
    exchange.web.sells("1", 5)
    exchange.clock.advance(2 * FIRST_LOOK.total_seconds())

    polled = exchange.poll()

    assert Polled(True, 1) == polled


def test_where_nothing_is_seen_the_cursor_stays() -> None:
    exchange = with_orders(-30)
    exchange.poll()
    exchange.web.entries.clear()

    exchange.poll()

    assert minutes(-30) == exchange.position.cursor


def test_a_change_dated_in_the_future_hides_none_that_comes_before_it() -> None:
    exchange = with_orders(60 * 24 * 365)
    exchange.poll()
    exchange.web.sells("2", 1)
    exchange.clock.advance(120)

    polled = exchange.poll()

    assert (Polled(True, 1), 48) == (polled, exchange.left())


def test_a_change_that_becomes_visible_late_is_met_within_the_overlap() -> None:
    exchange = with_orders(-1)
    exchange.poll()
    exchange.web.sells("late", -9)

    polled = exchange.poll()

    assert (Polled(True, 1), 48) == (polled, exchange.left())


def test_a_finished_poll_covers_what_was_observed_before_it_began_and_no_more() -> None:
    exchange = with_orders(-5)
    observed_before = exchange.polls.begun("web")
    during = list[int]()
    exchange.web.before_page.append(lambda: during.append(exchange.polls.begun("web")))

    exchange.poll()

    assert (True, False) == (exchange.polls.done("web") > observed_before, exchange.polls.done("web") > during[0])


@pytest.mark.parametrize(
    "trouble",
    [Throttled(30), NotSent("x"), OutcomeUnknown("x"), ChannelUnavailable("it lists no orders")],
    ids=lambda trouble: type(trouble).__name__,
)
def test_a_poll_that_met_trouble_proves_nothing_and_shows_why(trouble: LastunitError) -> None:
    exchange = with_orders(-5, -4, -3)
    exchange.web.troubles = [None, *[trouble] * PAGE_ATTEMPTS]

    polled = exchange.poll()

    assert Polled(False, 2, str(trouble)) == polled
    position = exchange.position
    assert (0, str(trouble)) == (position.done, position.last_error)


def test_the_trouble_is_forgotten_once_a_poll_ends_well() -> None:
    exchange = with_orders(-5)
    exchange.web.troubles = [NotSent("x")] * PAGE_ATTEMPTS
    exchange.poll()

    exchange.poll()

    assert (2, None) == (exchange.position.done, exchange.position.last_error)


def test_an_order_that_our_own_tables_could_not_take_now_is_met_again() -> None:
    exchange = with_orders(-5)
    exchange.shop.book.mishaps = [Mishap.LOST_BEFORE] * 3

    polled = [exchange.poll(), exchange.poll()]

    assert [(False, 0), (True, 1)] == [(one.ended, one.found) for one in polled]
    assert (49, 2) == (exchange.left(), exchange.position.done)


def test_one_channel_in_trouble_keeps_no_other_from_its_poll() -> None:
    exchange = with_orders(-5)
    exchange.open("down", ListingOrders(troubles=[NotSent("no connection")] * PAGE_ATTEMPTS))
    exchange.open("shop", ListingOrders())

    polled = exchange.use_case()

    expected = {"web": Polled(True, 1), "down": Polled(error="no connection"), "shop": Polled(True)}
    assert expected == polled


def test_a_channel_that_was_removed_meanwhile_is_passed_over() -> None:
    exchange = with_orders(-5)
    exchange.open("gone", ListingOrders())
    exchange.shop.settings.accounts["gone"] = None  # type: ignore[assignment]  # Listed, and gone when it is read.

    polled = exchange.use_case()

    assert (Polled(True, 1), False) == (polled["web"], polled["gone"].ended)


def test_a_channel_that_does_not_exist_cannot_be_polled() -> None:
    with pytest.raises(NotFound):
        Exchange().use_case.poll("nowhere")


def test_when_the_time_is_up_the_next_poll_goes_on_after_the_last_whole_page() -> None:
    exchange = with_orders(-9, -8, -7, -6, -5)
    exchange.web.before_page = [lambda: None, lambda: exchange.clock.advance(WORK_SECONDS + 1)]

    polled = [exchange.poll(), exchange.poll()]

    assert [Polled(False, 4), Polled(True, 1)] == polled
    assert (minutes(-6), None) == exchange.web.asked[2]


def test_a_backlog_in_which_each_poll_manages_one_page_is_worked_off() -> None:
    """All of it lies within the overlap, so that reading that again each time would never get further."""
    exchange = with_orders(*(-9 + number / 10 for number in range(20)))
    exchange.web.before_page = [lambda: exchange.clock.advance(WORK_SECONDS + 1)] * 60

    for _ in range(20):
        exchange.poll()

    assert (30, 20) == (exchange.left(), exchange.position.found)


def test_a_channel_that_throttles_each_second_page_is_read_to_the_end_all_the_same() -> None:
    exchange = with_orders(*(-9 + number / 10 for number in range(8)))
    exchange.web.troubles = [None, *[Throttled(60)] * PAGE_ATTEMPTS] * 20

    for _ in range(8):
        exchange.poll()

    assert 42 == exchange.left()
    assert exchange.position.done > 0


def test_a_reading_over_several_polls_proves_only_what_was_before_its_first() -> None:
    """An order may have been sold before the second poll began, and changed before where the first had read to."""
    exchange = with_orders(-9, -8, -7)
    exchange.web.before_page = [lambda: exchange.clock.advance(WORK_SECONDS + 1)]
    exchange.poll()

    exchange.poll()
    after_second = exchange.position.done
    exchange.poll()

    assert (1, 3) == (after_second, exchange.position.done)


def test_of_two_polls_at_once_the_second_to_finish_moves_nothing() -> None:
    exchange = with_orders(-9, -8)
    exchange.web.before_page = [lambda: overtake(exchange)]

    with pytest.raises(Conflict):
        exchange.poll()

    assert (2, minutes(-1), 3) == (exchange.position.done, exchange.position.cursor, exchange.position.found)


def overtake(exchange: Exchange) -> None:
    """A newer poll begins and ends, and so has seen more."""
    exchange.web.sells("3", -1)
    exchange.poll()
    exchange.web.entries.pop()


def test_listings_that_waited_for_the_poll_are_looked_at_again() -> None:
    exchange = with_orders(-5)
    exchange.polls.settles = {("shirt", "web", "a"): 0, ("shirt", "web", "b"): 1, ("shirt", "shop", "a"): 0}

    exchange.poll()

    assert [{"sku": "shirt", "channel": "web", "listing": "a"}] == exchange.pushes.sent


def test_listings_go_on_waiting_while_nothing_is_proved() -> None:
    exchange = with_orders(-5)
    exchange.polls.settles = {("shirt", "web", "a"): 0}
    exchange.web.troubles = [*[NotSent("x")] * PAGE_ATTEMPTS, None, *[NotSent("x")] * PAGE_ATTEMPTS]

    sent = [(exchange.poll(), len(exchange.pushes.sent))[1] for _ in range(3)]

    assert [0, 1, 1] == sent


def test_very_many_waiting_listings_are_looked_at_again_over_several_polls() -> None:
    exchange = with_orders(-5)
    exchange.polls.settles = {("shirt", "web", str(number)): 0 for number in range(UNSETTLED_MAX + 5)}
    exchange.poll()
    first = len(exchange.pushes.sent)
    for message in exchange.pushes.sent:
        del exchange.polls.settles["shirt", "web", str(message["listing"])]

    exchange.poll()

    assert (UNSETTLED_MAX, UNSETTLED_MAX + 5) == (first, len(exchange.pushes.sent))


def test_what_our_own_tables_do_not_answer_is_the_callers_to_know() -> None:
    exchange = with_orders(-5)
    exchange.polls.silent = True

    with pytest.raises(StoreUnavailable):
        exchange.poll()
    assert {"web": Polled(error="no answer")} == exchange.use_case()


def test_the_reading_of_a_channel_with_a_wrong_clock_ends_too() -> None:
    """Two hours ahead of ours: it reads the last two hours again each time, and misses nothing."""
    exchange = with_orders(110)
    exchange.poll()
    exchange.web.sells("2", 119)

    polled = exchange.poll()

    assert (Polled(True, 1), NOON) == (polled, exchange.position.cursor)
    assert timedelta(0) < NOON - exchange.web.asked[-1][0]


def test_polls_and_pushes_share_what_the_channel_allows() -> None:
    exchange = Exchange()
    exchange.pace.waits = [3.0]
    began = exchange.clock.now()

    polled = exchange.poll()

    assert (True, 3.0) == (polled.ended, (exchange.clock.now() - began).total_seconds())


def test_a_channel_whose_turn_is_too_far_away_is_polled_next_time() -> None:
    exchange = Exchange()
    exchange.pace.waits = [600.0]

    polled = exchange.poll()

    assert (False, []) == (polled.ended, exchange.web.asked)


def test_a_pause_that_the_list_of_orders_wants_holds_for_pushes_as_well() -> None:
    exchange = Exchange()
    exchange.web.troubles = [Throttled(7)]

    exchange.poll()

    assert [7] == exchange.pace.pauses


def test_a_page_that_got_no_answer_is_asked_for_again() -> None:
    """Or a list of many pages would hardly ever be read to its end."""
    exchange = Exchange()
    exchange.web.troubles = [OutcomeUnknown("lost"), Throttled(1), NotSent("x")]

    polled = exchange.poll()

    assert (True, None, 4) == (polled.ended, polled.error, len(exchange.web.asked))


def test_a_store_without_a_list_of_orders_is_no_silent_store() -> None:
    """Its numbers are told as ever: the circuit stays closed."""
    exchange = Exchange()
    exchange.web.troubles = [ChannelUnavailable("no list")]

    exchange.poll()

    assert ([], 1) == (exchange.pace.answers, len(exchange.web.asked))
