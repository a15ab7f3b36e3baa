"""Two clocks: one for the decision, then one for the payment. Fact and clock race; whoever is first has won."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.facts import Payment, Retry, Tick
from lastunit.domain.levels import Adjustment
from lastunit.domain.levels import Reason as Cause
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import wants
from lastunit.domain.requesting import REMIND_MINUTES
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import Life, Refused, accept, decline, parcel, shelf

DECIDE, PAY = 120, 240
PAID, TICK, RETRY = Payment("web", "1"), Tick("web", "1"), Retry("web", "1")
ASKED = sold({"hat": 3})


def shop(*, escalates: bool = False, decision_minutes: int | None = DECIDE) -> Life:
    channel = Channel(
        "web",
        "generic",
        takes_requests=True,
        escalates=escalates,
        decision_minutes=decision_minutes,
        payment_minutes=PAY,
    )
    return Life({("hat", "M"): shelf("hat", "M", picking=2)}, {"hat": Sku("hat")}, channel)


def accepted() -> Life:
    """5 units are there; an order of 3 awaits its payment."""
    here = shop()
    here.tell(ASKED)
    here.adjust(Adjustment("a1", Cause.RECEIVE, "hat", "M", 3, "P"))
    here.tell(accept())
    return here


def expired() -> Life:
    here = accepted()
    here.wait(PAY)
    here.tell(TICK)
    return here


# The decision's clock


@pytest.mark.parametrize(("minutes", "state"), [(DECIDE - 1, State.REQUESTED), (DECIDE, State.CANCELLED)])
def test_undecided_in_time_is_cancelled(minutes: int, state: State) -> None:
    """Rules 1.4-7 and 1.4-13: not a minute early, and nothing is given back because nothing was taken."""
    here = shop()
    here.tell(ASKED)
    here.wait(minutes)

    here.tell(TICK)

    assert (state, (2, 0, 2)) == (here.order().state, here.stock("hat"))


def test_undecided_in_time_says_so_and_waits_for_nothing_any_more() -> None:
    here = shop()
    here.tell(ASKED)
    here.wait(DECIDE)

    outcome = here.tell(TICK)

    assert (Outcome.CANCELLED, Reason.UNDECIDED_IN_TIME, {}) == (outcome, here.order().reason, wants(here.order()))


def test_a_channel_that_escalates_keeps_the_request_and_says_so_once() -> None:
    """Rule 1.4-7, as `design.md` section 3 reads it for imported marketplace orders."""
    here = shop(escalates=True)
    here.tell(ASKED)
    here.wait(DECIDE)

    outcomes = [here.tell(TICK), here.tell(TICK)]

    assert ([Outcome.UPDATED, Outcome.DUPLICATE], True) == (outcomes, here.order().escalated)
    assert (State.REQUESTED, None) == (here.order().state, here.order().decide_by)


def test_an_escalated_request_can_still_be_decided() -> None:
    here = shop(escalates=True)
    here.tell(ASKED)
    here.wait(DECIDE)

    here.tell(TICK, accept({"1": 2}))

    assert State.AWAITING_PAYMENT is here.order().state


def test_without_a_limit_a_request_waits_for_ever() -> None:
    here = shop(decision_minutes=None)
    here.tell(ASKED)
    here.wait(1_000_000)

    assert (Outcome.DUPLICATE, State.REQUESTED) == (here.tell(TICK), here.order().state)


def test_who_decides_at_the_moment_of_expiry_wins_or_loses_by_the_write() -> None:
    """Rules 1.4-13 and 1.4-14: both were decided on one row, so the second write is refused."""
    here = shop()
    here.tell(ASKED)
    here.wait(DECIDE)
    answer, clock = here.would(accept())[1], here.would(TICK)[1]
    assert answer is not None
    assert clock is not None

    here.commit(answer)

    with pytest.raises(Refused):
        here.commit(clock)
    assert Outcome.DUPLICATE is here.tell(TICK)


# The payment's clock


def test_the_payment_clock_starts_when_the_order_is_accepted() -> None:
    """Rules 1.4-5 and 1.4-13."""
    here = accepted()

    due = here.now.replace(hour=here.now.hour + PAY // 60).isoformat()
    assert (State.AWAITING_PAYMENT, None, due) == (
        here.order().state,
        here.order().decide_by,
        here.order().pay_by,
    )
    assert (5, 3, 2) == here.stock("hat")


def test_paid_in_time_is_ready_to_ship() -> None:
    """Rule 1.4-5."""
    here = accepted()
    here.wait(PAY - 1)

    outcome = here.tell(PAID)
    here.wait(2)

    assert (Outcome.RESERVED, None, (5, 3, 2)) == (outcome, here.order().pay_by, here.stock("hat"))
    assert Outcome.DUPLICATE is here.tell(TICK)


def test_a_paid_order_is_ready_as_soon_as_it_is_accepted() -> None:
    here = shop()

    here.tell(ASKED, PAID, accept({"1": 2}))

    assert (State.RESERVED, None) == (here.order().state, here.order().pay_by)


def test_the_channel_saying_it_is_paid_counts_as_payment() -> None:
    here = accepted()

    here.tell(replace(sold({"hat": 3}, revision="2"), paid=True))

    assert (State.RESERVED, None) == (here.order().state, here.order().pay_by)


def test_paid_and_edited_in_one_breath_is_paid() -> None:
    here = accepted()

    here.tell(replace(sold({"hat": 2}, revision="2"), paid=True))
    here.wait(PAY)
    here.tell(TICK)

    assert (State.RESERVED, (5, 2, 3)) == (here.order().state, here.stock("hat"))


@pytest.mark.parametrize(("minutes", "state"), [(PAY - 1, State.AWAITING_PAYMENT), (PAY, State.CANCELLED)])
def test_unpaid_in_time_is_cancelled_and_gives_its_units_back(minutes: int, state: State) -> None:
    """Rule 1.4-6: field bug 8 and complaint 17."""
    here = accepted()
    here.wait(minutes)

    here.tell(TICK)

    assert (state, 3 if state is State.AWAITING_PAYMENT else 0) == (here.order().state, here.stock("hat")[1])


def test_payment_and_expiry_at_one_moment_have_one_winner() -> None:
    """Rule 1.4-14: both were decided on the same row, so only one can be written."""
    for loser, winner in ((PAID, TICK), (TICK, PAID)):
        here = accepted()
        here.wait(PAY)
        late, first = here.would(loser)[1], here.would(winner)[1]
        assert late is not None
        assert first is not None

        here.commit(first)

        with pytest.raises(Refused):
            here.commit(late)


def test_an_expiry_that_lost_to_the_payment_changes_nothing() -> None:
    """Rule 1.4-14."""
    here = accepted()
    here.wait(PAY)

    here.tell(PAID)

    assert (Outcome.DUPLICATE, State.RESERVED) == (here.tell(TICK), here.order().state)


def test_a_payment_that_lost_to_the_expiry_is_tried_again() -> None:
    """Rules 1.4-13 and 1.4-14."""
    here = expired()

    outcome = here.tell(PAID)

    assert (Outcome.RESERVED, True, (5, 3, 2)) == (outcome, here.order().paid, here.stock("hat"))


def test_the_channel_saying_too_late_that_it_is_paid_is_tried_again() -> None:
    """Rule 1.4-13."""
    here = expired()

    here.tell(sold({"hat": 3}, revision="2"))
    unpaid = here.order().state
    here.tell(replace(sold({"hat": 3}, revision="3"), paid=True))

    assert (State.CANCELLED, State.RESERVED) == (unpaid, here.order().state)


def test_a_late_payment_takes_no_more_than_was_accepted() -> None:
    here = shop()
    here.tell(ASKED, accept({"1": 2}))
    here.wait(PAY)

    here.tell(TICK, PAID)

    assert (State.RESERVED, (2, 2, 0)) == (here.order().state, here.stock("hat"))


def test_a_late_payment_for_units_that_are_gone_is_a_refund_for_a_person() -> None:
    """Rule 1.4-13."""
    here = expired()
    here.tell(sold({"hat": 4}, "2"))

    outcome = here.tell(PAID)

    assert (Outcome.EXCEPTION, Reason.PAID_AFTER_EXPIRY) == (outcome, here.order().reason)
    assert [Outcome.DUPLICATE] == [here.tell(PAID)]


def test_a_refund_stays_a_refund_however_often_it_is_tried_while_the_units_are_gone() -> None:
    here = expired()
    here.tell(sold({"hat": 4}, "2"), PAID, RETRY)
    tried = here.order().reason

    here.tell(cancelled("2"), RETRY)

    assert (Reason.PAID_AFTER_EXPIRY, State.RESERVED) == (tried, here.order().state)


def test_a_payment_twice_is_one_payment() -> None:
    here = accepted()

    outcomes = [here.tell(PAID), here.tell(PAID)]

    assert [Outcome.RESERVED, Outcome.DUPLICATE] == outcomes


def test_an_unpaid_order_that_waits_for_a_person_gives_its_units_back_in_time_as_well() -> None:
    """Complaint 17: a hold may not outlive its clock because an edit went wrong meanwhile."""
    here = accepted()
    here.tell(sold({"hat": 30}, revision="2"))
    held = here.order().state, here.stock("hat")
    here.wait(PAY)

    here.tell(TICK)

    assert ((State.EXCEPTION, (5, 3, 2)), State.CANCELLED) == (held, here.order().state)
    assert (5, 0, 5) == here.stock("hat")


def test_what_left_unpaid_is_not_cancelled_by_the_clock_alone_in_stock() -> None:
    here = accepted()
    here.tell(parcel({"hat": 1}))
    here.wait(PAY)

    here.tell(TICK)

    assert (State.CANCELLED, (4, 0, 4)) == (here.order().state, here.stock("hat"))


# Reminders


def test_a_clock_near_its_end_is_told_once() -> None:
    here = shop()
    here.tell(ASKED)
    here.wait(DECIDE - REMIND_MINUTES)

    outcomes = [here.tell(TICK), here.tell(TICK)]

    assert ([Outcome.UPDATED, Outcome.DUPLICATE], True) == (outcomes, here.order().reminded)


def test_each_clock_has_its_own_reminder() -> None:
    here = shop()
    here.tell(ASKED)
    here.wait(DECIDE - REMIND_MINUTES)
    here.tell(TICK, accept())
    between = here.order().reminded
    here.wait(PAY - REMIND_MINUTES)

    here.tell(TICK)

    assert (False, True) == (between, here.order().reminded)


def test_early_ticks_change_nothing() -> None:
    here = shop()
    here.tell(ASKED)
    here.wait(DECIDE - REMIND_MINUTES - 1)

    assert (Outcome.DUPLICATE, None) == here.would(TICK)


def test_a_schedule_that_is_late_doubled_or_skipped_decides_the_same() -> None:
    """Rules 1.4-6 and 1.4-7: the time stored with the order decides, not when somebody looks."""
    late = accepted()
    late.wait(PAY * 10)

    outcomes = [late.tell(TICK) for _ in range(3)]

    assert [Outcome.CANCELLED, Outcome.DUPLICATE, Outcome.DUPLICATE] == outcomes
    assert (5, 0, 5) == late.stock("hat")


@pytest.mark.parametrize("end", [cancelled(), decline()])
def test_an_order_that_ended_has_no_clock(end: object) -> None:
    here = shop()
    here.tell(ASKED, end)  # type: ignore[arg-type]  # Both are Facts.
    here.wait(DECIDE)

    assert Outcome.DUPLICATE is here.tell(TICK)


def test_a_decline_after_the_payment_clock_ran_out_is_a_conflict() -> None:
    here = expired()

    with pytest.raises(Conflict) as refused:
        here.tell(decline())

    assert ("cancelled", "Ann", "unpaid_in_time") == tuple(
        refused.value.details[name] for name in ("state", "decided_by", "cause")
    )
