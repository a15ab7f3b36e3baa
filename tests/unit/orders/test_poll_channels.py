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
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.order_watermark import FIRST_LOOK, OVERLAP
from lastunit.domain.orders.states import State
from lastunit.domain.review import ExceptionKind
from lastunit.use_cases.orders.poll_channels import AWAITING_POLL_MAX, PAGE_ATTEMPTS, WORK_SECONDS, Polled
from tests.support.clock import NOON
from tests.support.listings.polling import FakeOrderList, PollingShop, minutes, with_orders
from tests.support.messages import push
from tests.support.orders.inputs import cancelled, shipment_notice, sold
from tests.support.orders.order_store import Mishap
from tests.support.unexpected import ReportedErrors


def test_an_order_whose_webhook_was_lost_is_found_and_counted() -> None:
    """Rule 1.2-1."""
    polling_shop = with_orders(-5)

    polled = polling_shop.poll()

    assert (Polled(True, 1), 49, 1) == (polled, polling_shop.available(), polling_shop.position.found)


def test_what_webhooks_have_reported_changes_nothing_and_is_not_counted() -> None:
    """The same order told by webhook and poll counts once."""
    polling_shop = with_orders(-5, -4)
    polling_shop.shop.apply(sold({"shirt": 1}, "1"))

    polled = [polling_shop.poll(), polling_shop.poll()]

    assert ([Polled(True, 1), Polled(True)], 48) == (polled, polling_shop.available())


def test_cancels_and_parcels_are_found_like_orders() -> None:
    polling_shop = with_orders(-9)
    polling_shop.poll()
    polling_shop.web.add_sale("1", -3, shipment_notice({"shirt": 1}))
    polling_shop.web.add_sale("2", -2, cancelled("2"))

    polled = polling_shop.poll()

    assert (Polled(True, 2), State.SHIPPED) == (polled, polling_shop.shop.order().state)


def test_an_older_state_in_the_list_does_not_undo_what_a_webhook_has_reported_since() -> None:
    polling_shop = with_orders(-5)
    polling_shop.shop.apply(sold({"shirt": 3}, "1", revision="2"))

    polled = polling_shop.poll()

    assert (Polled(True), 47) == (polled, polling_shop.available())


def test_orders_of_a_channel_whose_import_is_off_are_recorded() -> None:
    """Rule 1.2-5."""
    polling_shop = with_orders(-5)
    polling_shop.shop.settings.accounts["web"] = replace(polling_shop.shop.channel, import_orders=False)

    polled = polling_shop.poll()

    assert (Polled(True, 1), State.RECORDED, 50) == (
        polled,
        polling_shop.shop.order().state,
        polling_shop.available(),
    )


def test_the_first_poll_looks_back_a_day_and_the_next_a_little_before_the_last_change() -> None:
    polling_shop = with_orders(-30, -20, -15)
    polling_shop.poll()

    polling_shop.poll()

    first, last = NOON - FIRST_LOOK, minutes(-15) - OVERLAP
    assert [(first, None), (first, "2"), (last, None)] == polling_shop.web.asked


@pytest.mark.parametrize("troubles", [0, PAGE_ATTEMPTS], ids=["ended", "failed"])
def test_after_polls_that_saw_nothing_the_next_looks_from_where_the_first_did(troubles: int) -> None:
    """However late it comes: a store that answers again after two days has sold meanwhile."""
    polling_shop = with_orders()
    polling_shop.web.errors = [NotSent("x")] * troubles
    polling_shop.poll()
    polling_shop.web.add_sale("1", 5)
    polling_shop.clock.advance(2 * FIRST_LOOK.total_seconds())

    polled = polling_shop.poll()

    assert Polled(True, 1) == polled


def test_where_nothing_is_seen_the_cursor_stays() -> None:
    polling_shop = with_orders(-30)
    polling_shop.poll()
    polling_shop.web.entries.clear()

    polling_shop.poll()

    assert minutes(-30) == polling_shop.position.cursor


def test_a_change_dated_in_the_future_hides_none_that_comes_before_it() -> None:
    polling_shop = with_orders(60 * 24 * 365)
    polling_shop.poll()
    polling_shop.web.add_sale("2", 1)
    polling_shop.clock.advance(120)

    polled = polling_shop.poll()

    assert (Polled(True, 1), 48) == (polled, polling_shop.available())


def test_a_change_that_becomes_visible_late_is_met_within_the_overlap() -> None:
    polling_shop = with_orders(-1)
    polling_shop.poll()
    polling_shop.web.add_sale("late", -9)

    polled = polling_shop.poll()

    assert (Polled(True, 1), 48) == (polled, polling_shop.available())


def test_a_finished_poll_covers_what_was_observed_before_it_began_and_no_more() -> None:
    polling_shop = with_orders(-5)
    observed_before = polling_shop.polls.begun("web")
    during = list[int]()
    polling_shop.web.before_page.append(lambda: during.append(polling_shop.polls.begun("web")))

    polling_shop.poll()

    assert (True, False) == (
        polling_shop.polls.done("web") > observed_before,
        polling_shop.polls.done("web") > during[0],
    )


@pytest.mark.parametrize(
    "failure",
    [Throttled(30), NotSent("x"), OutcomeUnknown("x"), ChannelUnavailable("it lists no orders")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_poll_that_met_trouble_proves_nothing_and_shows_why(failure: LastunitError) -> None:
    polling_shop = with_orders(-5, -4, -3)
    polling_shop.web.errors = [None, *[failure] * PAGE_ATTEMPTS]

    polled = polling_shop.poll()

    assert Polled(False, 2, str(failure)) == polled
    position = polling_shop.position
    assert (0, str(failure)) == (position.done, position.last_error)


def test_the_trouble_is_forgotten_once_a_poll_ends_well() -> None:
    polling_shop = with_orders(-5)
    polling_shop.web.errors = [NotSent("x")] * PAGE_ATTEMPTS
    polling_shop.poll()

    polling_shop.poll()

    assert (2, None) == (polling_shop.position.done, polling_shop.position.last_error)


def test_an_order_that_our_own_tables_could_not_take_now_is_met_again() -> None:
    polling_shop = with_orders(-5)
    polling_shop.shop.order_store.mishaps = [Mishap.LOST_BEFORE] * 3

    polled = [polling_shop.poll(), polling_shop.poll()]

    assert [(False, 0), (True, 1)] == [(one.ended, one.found) for one in polled]
    assert (49, 2) == (polling_shop.available(), polling_shop.position.done)


def test_one_channel_in_trouble_keeps_no_other_from_its_poll() -> None:
    polling_shop = with_orders(-5)
    polling_shop.connect("down", FakeOrderList(errors=[NotSent("no connection")] * PAGE_ATTEMPTS))
    polling_shop.connect("shop", FakeOrderList())

    polled = polling_shop.use_case.run()

    expected = {"web": Polled(True, 1), "down": Polled(error="no connection"), "shop": Polled(True)}
    assert expected == polled


def test_a_channel_that_was_removed_meanwhile_is_passed_over() -> None:
    polling_shop = with_orders(-5)
    polling_shop.connect("gone", FakeOrderList())
    polling_shop.shop.settings.accounts["gone"] = None  # type: ignore[assignment]  # Listed, and gone when it is read.

    polled = polling_shop.use_case.run()

    assert (Polled(True, 1), False) == (polled["web"], polled["gone"].ended)


def test_a_channel_that_does_not_exist_cannot_be_polled() -> None:
    with pytest.raises(NotFound):
        PollingShop().use_case.poll("nowhere")


def test_when_the_time_is_up_the_next_poll_goes_on_after_the_last_whole_page() -> None:
    polling_shop = with_orders(-9, -8, -7, -6, -5)
    polling_shop.web.before_page = [lambda: None, lambda: polling_shop.clock.advance(WORK_SECONDS + 1)]

    polled = [polling_shop.poll(), polling_shop.poll()]

    assert [Polled(False, 4), Polled(True, 1)] == polled
    assert (minutes(-6), None) == polling_shop.web.asked[2]


def test_a_backlog_in_which_each_poll_manages_one_page_is_worked_off() -> None:
    """All of it lies within the overlap, so that reading that again each time would never get further."""
    polling_shop = with_orders(*(-9 + number / 10 for number in range(20)))
    polling_shop.web.before_page = [lambda: polling_shop.clock.advance(WORK_SECONDS + 1)] * 60

    for _ in range(20):
        polling_shop.poll()

    assert (30, 20) == (polling_shop.available(), polling_shop.position.found)


def test_a_channel_that_throttles_each_second_page_is_read_to_the_end_all_the_same() -> None:
    polling_shop = with_orders(*(-9 + number / 10 for number in range(8)))
    polling_shop.web.errors = [None, *[Throttled(60)] * PAGE_ATTEMPTS] * 20

    for _ in range(8):
        polling_shop.poll()

    assert 42 == polling_shop.available()
    assert polling_shop.position.done > 0


def test_a_reading_over_several_polls_proves_only_what_was_before_its_first() -> None:
    """An order may have been sold before the second poll began, and changed before where the first had read to."""
    polling_shop = with_orders(-9, -8, -7)
    polling_shop.web.before_page = [lambda: polling_shop.clock.advance(WORK_SECONDS + 1)]
    polling_shop.poll()

    polling_shop.poll()
    after_second = polling_shop.position.done
    polling_shop.poll()

    assert (1, 3) == (after_second, polling_shop.position.done)


def test_of_two_polls_at_once_the_second_to_finish_moves_nothing() -> None:
    polling_shop = with_orders(-9, -8)
    polling_shop.web.before_page = [lambda: overtake(polling_shop)]

    with pytest.raises(Conflict):
        polling_shop.poll()

    assert (2, minutes(-1), 3) == (
        polling_shop.position.done,
        polling_shop.position.cursor,
        polling_shop.position.found,
    )


def overtake(polling_shop: PollingShop) -> None:
    """A newer poll begins and ends, and so has seen more."""
    polling_shop.web.add_sale("3", -1)
    polling_shop.poll()
    polling_shop.web.entries.pop()


def test_listings_that_waited_for_the_poll_are_looked_at_again() -> None:
    polling_shop = with_orders(-5)
    polling_shop.polls.settles = {
        ListingKey("shirt", "web", "a"): 0,
        ListingKey("shirt", "web", "b"): 1,
        ListingKey("shirt", "shop", "a"): 0,
    }

    polling_shop.poll()

    assert [push("a", sku="shirt")] == polling_shop.pushes.sent


def test_listings_go_on_waiting_while_nothing_is_proved() -> None:
    polling_shop = with_orders(-5)
    polling_shop.polls.settles = {ListingKey("shirt", "web", "a"): 0}
    polling_shop.web.errors = [*[NotSent("x")] * PAGE_ATTEMPTS, None, *[NotSent("x")] * PAGE_ATTEMPTS]

    sent = [(polling_shop.poll(), len(polling_shop.pushes.sent))[1] for _ in range(3)]

    assert [0, 1, 1] == sent


def test_very_many_waiting_listings_are_looked_at_again_over_several_polls() -> None:
    polling_shop = with_orders(-5)
    polling_shop.polls.settles = {
        ListingKey("shirt", "web", str(number)): 0 for number in range(AWAITING_POLL_MAX + 5)
    }
    polling_shop.poll()
    first = len(polling_shop.pushes.sent)
    for message in polling_shop.pushes.sent:
        del polling_shop.polls.settles[ListingKey("shirt", "web", message.listing)]

    polling_shop.poll()

    assert (AWAITING_POLL_MAX, AWAITING_POLL_MAX + 5) == (first, len(polling_shop.pushes.sent))


def test_what_our_own_tables_do_not_answer_is_the_callers_to_know() -> None:
    polling_shop = with_orders(-5)
    polling_shop.polls.silent = True

    with pytest.raises(StoreUnavailable):
        polling_shop.poll()
    assert {"web": Polled(error="no answer")} == polling_shop.use_case.run()


def test_the_reading_of_a_channel_with_a_wrong_clock_ends_too() -> None:
    """Two hours ahead of ours: it reads the last two hours again each time, and misses nothing."""
    polling_shop = with_orders(110)
    polling_shop.poll()
    polling_shop.web.add_sale("2", 119)

    polled = polling_shop.poll()

    assert (Polled(True, 1), NOON) == (polled, polling_shop.position.cursor)
    assert timedelta(0) < NOON - polling_shop.web.asked[-1][0]


def test_polls_and_pushes_share_what_the_channel_allows() -> None:
    polling_shop = PollingShop()
    polling_shop.rate_limit.waits = [3.0]
    began = polling_shop.clock.now()

    polled = polling_shop.poll()

    assert (True, 3.0) == (polled.ended, (polling_shop.clock.now() - began).total_seconds())


def test_a_channel_whose_turn_is_too_far_away_is_polled_next_time() -> None:
    polling_shop = PollingShop()
    polling_shop.rate_limit.waits = [600.0]

    polled = polling_shop.poll()

    assert (False, []) == (polled.ended, polling_shop.web.asked)


def test_a_pause_that_the_list_of_orders_wants_holds_for_pushes_as_well() -> None:
    polling_shop = PollingShop()
    polling_shop.web.errors = [Throttled(7)]

    polling_shop.poll()

    assert [7] == polling_shop.rate_limit.pauses


def test_a_page_that_got_no_answer_is_asked_for_again() -> None:
    """Or a list of many pages would hardly ever be read to its end."""
    polling_shop = PollingShop()
    polling_shop.web.errors = [OutcomeUnknown("lost"), Throttled(1), NotSent("x")]

    polled = polling_shop.poll()

    assert (True, None, 4) == (polled.ended, polled.error, len(polling_shop.web.asked))


def test_a_store_without_a_list_of_orders_is_no_silent_store() -> None:
    """Its numbers are told as ever: the circuit stays closed."""
    polling_shop = PollingShop()
    polling_shop.web.errors = [ChannelUnavailable("no list")]

    polling_shop.poll()

    assert ([], 1) == (polling_shop.rate_limit.answers, len(polling_shop.web.asked))


def reporting(*minutes_of_orders: float) -> PollingShop:
    """With the errors that nobody expected reported, not raised."""
    polling_shop = with_orders(*minutes_of_orders)
    polling_shop.shop.report_error = ReportedErrors()
    return polling_shop


def test_an_order_that_the_hub_fails_over_is_an_exception_and_the_poll_goes_on() -> None:
    polling_shop = reporting(-5, -4, -3)
    polling_shop.shop.order_store.rows["web:2"] = None  # type: ignore[assignment]  # A row that no release wrote.

    first, again = polling_shop.poll(), polling_shop.poll()

    waiting = "1 orders could not be imported; resolve their exceptions"
    assert [(True, waiting), (True, waiting)] == [(one.ended, one.error) for one in (first, again)]
    assert (48, [ExceptionKind.UNEXPECTED_ERROR]) == (
        polling_shop.available(),
        [one.kind for one in polling_shop.exceptions.waiting.values()],
    )


def test_a_list_that_the_hub_fails_over_is_reported_and_read_again() -> None:
    polling_shop = reporting(-5, -4, -3)
    polling_shop.web.errors = [None, KeyError("nodes")]

    failed, ended = polling_shop.poll(), polling_shop.poll()

    assert "the hub failed over it (KeyError); its log entry is entry-1" == failed.error
    assert (False, True, 47) == (failed.ended, ended.ended, polling_shop.available())


def test_a_channel_that_the_hub_fails_over_keeps_no_other_from_its_poll() -> None:
    polling_shop = reporting(-5)
    broken = FakeOrderList(errors=[KeyError("nodes")])
    polling_shop.connect("ebay", broken)
    polling_shop.polls.positions["ebay"] = None  # type: ignore[assignment]  # A row that no release wrote.

    polled = polling_shop.use_case.run()

    assert (True, 49) == (polled["web"].ended, polling_shop.available())
    assert "the hub failed over it" in (polled["ebay"].error or "")
