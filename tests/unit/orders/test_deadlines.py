"""Two clocks: one for the decision, then one for the payment. Fact and clock race; whoever is first has won."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Decided, Outcome
from lastunit.domain.orders.deadlines import REMIND_MINUTES
from lastunit.domain.orders.inbound import DeadlineCheck, PaymentReceived, RetryOrder
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import awaited_units
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment
from lastunit.domain.stock.levels import AdjustmentReason as Cause
from tests.support.orders.inputs import accept, cancelled, decline, shipment_notice, sold
from tests.support.orders.order_scenario import CommitConditionFailed, OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

DECIDE, PAY = 120, 240
PAID, TICK, RETRY = PaymentReceived("web", "1"), DeadlineCheck("web", "1"), RetryOrder("web", "1")
ASKED = sold({"hat": 3})


def open_shop(*, escalates: bool = False, decision_minutes: int | None = DECIDE) -> OrderScenario:
    channel = Channel(
        name="web",
        kind="generic",
        takes_requests=True,
        escalate_undecided=escalates,
        decision_minutes=decision_minutes,
        payment_minutes=PAY,
    )
    return OrderScenario(
        {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=2)}, {"hat": Sku(sku="hat")}, channel
    )


def accepted() -> OrderScenario:
    """5 units are there; an order of 3 awaits its payment."""
    shop = open_shop()
    shop.apply(ASKED)
    shop.adjust(Adjustment(operation="a1", reason=Cause.RECEIVE, sku="hat", location="M", delta=3, bin="P"))
    shop.apply(accept())
    return shop


def expired() -> OrderScenario:
    shop = accepted()
    shop.wait(PAY)
    shop.apply(TICK)
    return shop


# The decision's clock


@pytest.mark.parametrize(("minutes", "state"), [(DECIDE - 1, State.REQUESTED), (DECIDE, State.CANCELLED)])
def test_undecided_in_time_is_cancelled(minutes: int, state: State) -> None:
    """Rules 1.4-7 and 1.4-13: not a minute early, and nothing is given back because nothing was taken."""
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(minutes)

    shop.apply(TICK)

    assert state == shop.order().state
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")


def test_undecided_in_time_says_so_and_waits_for_nothing_any_more() -> None:
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(DECIDE)

    outcome = shop.apply(TICK)

    assert (Outcome.CANCELLED, OrderReason.UNDECIDED_IN_TIME, {}) == (
        outcome,
        shop.order().reason,
        awaited_units(shop.order()),
    )


def test_a_channel_that_escalates_keeps_the_request_and_says_so_once() -> None:
    """Rule 1.4-7, as docs/rules.md section 2 reads it for imported marketplace orders."""
    shop = open_shop(escalates=True)
    shop.apply(ASKED)
    shop.wait(DECIDE)

    outcomes = [shop.apply(TICK), shop.apply(TICK)]

    assert ([Outcome.UPDATED, Outcome.DUPLICATE], True) == (outcomes, shop.order().escalated)
    assert (State.REQUESTED, None) == (shop.order().state, shop.order().decide_by)


def test_an_escalated_request_can_still_be_decided() -> None:
    shop = open_shop(escalates=True)
    shop.apply(ASKED)
    shop.wait(DECIDE)

    shop.apply(TICK, accept({"1": 2}))

    assert State.AWAITING_PAYMENT is shop.order().state


def test_without_a_limit_a_request_waits_for_ever() -> None:
    shop = open_shop(decision_minutes=None)
    shop.apply(ASKED)
    shop.wait(1_000_000)

    assert (Outcome.DUPLICATE, State.REQUESTED) == (shop.apply(TICK), shop.order().state)


def test_who_decides_at_the_moment_of_expiry_wins_or_loses_by_the_write() -> None:
    """Rules 1.4-13 and 1.4-14: both were decided on one row, so the second write is refused."""
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(DECIDE)
    answer, clock = shop.preview(accept()).change, shop.preview(TICK).change
    assert answer is not None
    assert clock is not None

    shop.commit(answer)

    with pytest.raises(CommitConditionFailed):
        shop.commit(clock)
    assert Outcome.DUPLICATE is shop.apply(TICK)


# The payment's clock


def test_the_payment_clock_starts_when_the_order_is_accepted() -> None:
    """Rules 1.4-5 and 1.4-13."""
    shop = accepted()

    due = shop.now.replace(hour=shop.now.hour + PAY // 60)
    assert (State.AWAITING_PAYMENT, None, due) == (
        shop.order().state,
        shop.order().decide_by,
        shop.order().pay_by,
    )
    assert Stock(on_hand=5, reserved=3, available=2) == shop.stock("hat")


def test_paid_in_time_is_ready_to_ship() -> None:
    """Rule 1.4-5."""
    shop = accepted()
    shop.wait(PAY - 1)

    outcome = shop.apply(PAID)
    shop.wait(2)

    assert Outcome.RESERVED == outcome
    assert shop.order().pay_by is None
    assert Stock(on_hand=5, reserved=3, available=2) == shop.stock("hat")
    assert Outcome.DUPLICATE is shop.apply(TICK)


def test_a_paid_order_is_ready_as_soon_as_it_is_accepted() -> None:
    shop = open_shop()

    shop.apply(ASKED, PAID, accept({"1": 2}))

    assert (State.RESERVED, None) == (shop.order().state, shop.order().pay_by)


def test_the_channel_saying_it_is_paid_counts_as_payment() -> None:
    shop = accepted()

    shop.apply(replace(sold({"hat": 3}, revision="2"), paid=True))

    assert (State.RESERVED, None) == (shop.order().state, shop.order().pay_by)


def test_paid_and_edited_in_one_breath_is_paid() -> None:
    shop = accepted()

    shop.apply(replace(sold({"hat": 2}, revision="2"), paid=True))
    shop.wait(PAY)
    shop.apply(TICK)

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=5, reserved=2, available=3) == shop.stock("hat")


@pytest.mark.parametrize(("minutes", "state"), [(PAY - 1, State.AWAITING_PAYMENT), (PAY, State.CANCELLED)])
def test_unpaid_in_time_is_cancelled_and_gives_its_units_back(minutes: int, state: State) -> None:
    """Rule 1.4-6: a hold ends with its deadline and leaves nothing reserved."""
    shop = accepted()
    shop.wait(minutes)

    shop.apply(TICK)

    assert state == shop.order().state
    assert (3 if state is State.AWAITING_PAYMENT else 0) == shop.stock("hat").reserved


def test_payment_and_expiry_at_one_moment_have_one_winner() -> None:
    """Rule 1.4-14: both were decided on the same row, so only one can be written."""
    for loser, winner in ((PAID, TICK), (TICK, PAID)):
        shop = accepted()
        shop.wait(PAY)
        late, first = shop.preview(loser).change, shop.preview(winner).change
        assert late is not None
        assert first is not None

        shop.commit(first)

        with pytest.raises(CommitConditionFailed):
            shop.commit(late)


def test_an_expiry_that_lost_to_the_payment_changes_nothing() -> None:
    """Rule 1.4-14."""
    shop = accepted()
    shop.wait(PAY)

    shop.apply(PAID)

    assert (Outcome.DUPLICATE, State.RESERVED) == (shop.apply(TICK), shop.order().state)


def test_a_payment_that_lost_to_the_expiry_is_tried_again() -> None:
    """Rules 1.4-13 and 1.4-14."""
    shop = expired()

    outcome = shop.apply(PAID)

    assert Outcome.RESERVED == outcome
    assert shop.order().paid is True
    assert Stock(on_hand=5, reserved=3, available=2) == shop.stock("hat")


def test_the_channel_saying_too_late_that_it_is_paid_is_tried_again() -> None:
    """Rule 1.4-13."""
    shop = expired()

    shop.apply(sold({"hat": 3}, revision="2"))
    unpaid = shop.order().state
    shop.apply(replace(sold({"hat": 3}, revision="3"), paid=True))

    assert (State.CANCELLED, State.RESERVED) == (unpaid, shop.order().state)


def test_a_late_payment_takes_no_more_than_was_accepted() -> None:
    shop = open_shop()
    shop.apply(ASKED, accept({"1": 2}))
    shop.wait(PAY)

    shop.apply(TICK, PAID)

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=2, reserved=2, available=0) == shop.stock("hat")


def test_a_late_payment_for_units_that_are_gone_is_a_refund_for_a_person() -> None:
    """Rule 1.4-13."""
    shop = expired()
    shop.apply(sold({"hat": 4}, "2"))

    outcome = shop.apply(PAID)

    assert (Outcome.EXCEPTION, OrderReason.PAID_AFTER_EXPIRY) == (outcome, shop.order().reason)
    assert [Outcome.DUPLICATE] == [shop.apply(PAID)]


def test_a_refund_stays_a_refund_however_often_it_is_tried_while_the_units_are_gone() -> None:
    shop = expired()
    shop.apply(sold({"hat": 4}, "2"), PAID, RETRY)
    tried = shop.order().reason

    shop.apply(cancelled("2"), RETRY)

    assert (OrderReason.PAID_AFTER_EXPIRY, State.RESERVED) == (tried, shop.order().state)


def test_a_payment_twice_is_one_payment() -> None:
    shop = accepted()

    outcomes = [shop.apply(PAID), shop.apply(PAID)]

    assert [Outcome.RESERVED, Outcome.DUPLICATE] == outcomes


def test_an_unpaid_order_that_waits_for_a_person_gives_its_units_back_in_time_as_well() -> None:
    """A hold may not outlive its clock because an edit went wrong meanwhile."""
    shop = accepted()
    shop.apply(sold({"hat": 30}, revision="2"))
    held = shop.order().state, shop.stock("hat")
    shop.wait(PAY)

    shop.apply(TICK)

    assert (State.EXCEPTION, Stock(on_hand=5, reserved=3, available=2)) == held
    assert State.CANCELLED == shop.order().state
    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat")


def test_what_left_unpaid_is_not_cancelled_by_the_clock_alone_in_stock() -> None:
    shop = accepted()
    shop.apply(shipment_notice({"hat": 1}))
    shop.wait(PAY)

    shop.apply(TICK)

    assert State.CANCELLED == shop.order().state
    assert Stock(on_hand=4, reserved=0, available=4) == shop.stock("hat")


# Reminders


def test_a_deadline_near_its_end_is_announced_once() -> None:
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(DECIDE - REMIND_MINUTES)

    outcomes = [shop.apply(TICK), shop.apply(TICK)]

    assert ([Outcome.UPDATED, Outcome.DUPLICATE], True) == (outcomes, shop.order().reminded)


def test_each_clock_has_its_own_reminder() -> None:
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(DECIDE - REMIND_MINUTES)
    shop.apply(TICK, accept())
    between = shop.order().reminded
    shop.wait(PAY - REMIND_MINUTES)

    shop.apply(TICK)

    assert (False, True) == (between, shop.order().reminded)


def test_early_deadline_checks_change_nothing() -> None:
    shop = open_shop()
    shop.apply(ASKED)
    shop.wait(DECIDE - REMIND_MINUTES - 1)

    assert Decided(Outcome.DUPLICATE) == shop.preview(TICK)


def test_a_schedule_that_is_late_doubled_or_skipped_decides_the_same() -> None:
    """Rules 1.4-6 and 1.4-7: the time stored with the order decides, not when somebody looks."""
    late = accepted()
    late.wait(PAY * 10)

    outcomes = [late.apply(TICK) for _ in range(3)]

    assert [Outcome.CANCELLED, Outcome.DUPLICATE, Outcome.DUPLICATE] == outcomes
    assert Stock(on_hand=5, reserved=0, available=5) == late.stock("hat")


@pytest.mark.parametrize("end", [cancelled(), decline()])
def test_an_order_that_ended_has_no_clock(end: object) -> None:
    shop = open_shop()
    shop.apply(ASKED, end)  # type: ignore[arg-type]  # Both are Facts.
    shop.wait(DECIDE)

    assert Outcome.DUPLICATE is shop.apply(TICK)


def test_a_decline_after_the_payment_clock_ran_out_is_a_conflict() -> None:
    shop = expired()

    with pytest.raises(Conflict) as refused:
        shop.apply(decline())

    assert ("cancelled", "Ann", "unpaid_in_time") == tuple(
        refused.value.details[name] for name in ("state", "decided_by", "cause")
    )
