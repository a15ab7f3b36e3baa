"""Requests: nothing is taken while nobody has decided; an answer counts once, and arriving stock has an order."""

from collections.abc import Mapping

import pytest

from lastunit.domain.catalogue import Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.facts import Answer, Arrival, Payment, Retry, Tick
from lastunit.domain.levels import Adjustment, Level, LevelKey
from lastunit.domain.levels import Reason as Cause
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import Order, Verdict
from lastunit.domain.world import Outcome
from tests.fakes import sold
from tests.life import Life, accept, decline, shelf

HATS = {("hat", "M"): shelf("hat", "M", picking=2), ("shirt", "M"): shelf("shirt", "M", picking=9)}
SKUS = (Sku("hat"), Sku("shirt"), Sku("pair", recipe={"hat": 2}), Sku("old", Status.DRAFT))


def shop(levels: Mapping[LevelKey, Level] = HATS, *, takes_requests: bool = True) -> Life:
    channel = Channel("web", "generic", takes_requests=takes_requests, decision_minutes=60)
    return Life(dict(levels), {item.sku: item for item in SKUS}, channel)


def come(here: Life, sku: str, units: int, operation: str = "a1") -> None:
    here.adjust(Adjustment(operation, Cause.RECEIVE, sku, "M", units, "P"))


def waits_for(order: Order) -> list[tuple[str, str, int]]:
    return [(one.line_id, one.sku, one.quantity) for one in order.backorders]


# When an order becomes a request


@pytest.mark.parametrize(("units", "left"), [(1, 1), (2, 0)])
def test_what_stock_covers_is_reserved_at_once_to_the_last_unit(units: int, left: int) -> None:
    """Rules 1.4-1 and 1.4-2."""
    here = shop()

    outcome = here.tell(sold({"hat": units}), instant=True)

    assert (Outcome.RESERVED, (2, units, left)) == (outcome, here.stock("hat"))


def test_more_than_there_is_becomes_a_request_that_takes_nothing() -> None:
    """Rules 1.4-3 and 1.4-12."""
    here = shop()

    outcome = here.tell(sold({"hat": 5}), instant=True)

    assert (Outcome.REQUESTED, {"hat": "3"}) == (outcome, here.order().details)
    assert (2, 0, 2) == here.stock("hat")


def test_a_sku_at_0_still_takes_requests_whatever_the_quantity() -> None:
    """Rules 1.4-4, 1.4-9 and 1.4-10: who sells the last unit turns the SKU to requests, not to sold out."""
    here = shop()
    here.tell(sold({"hat": 2}), instant=True)

    outcomes = [here.tell(sold({"hat": units}, f"of {units}"), instant=True) for units in (5, 1)]

    assert [Outcome.REQUESTED] * 2 == outcomes


def test_a_draft_takes_no_requests() -> None:
    """Rule 1.4-9."""
    here = shop()

    here.tell(sold({"old": 1}), instant=True)

    assert (State.REFUSED, Reason.DRAFT_SKU) == (here.order().state, here.order().reason)


def test_a_channel_that_takes_no_requests_is_told_no_when_it_waits_for_the_answer() -> None:
    here = shop(takes_requests=False)

    here.tell(sold({"hat": 3}), instant=True)

    assert (State.REFUSED, Reason.SHORTAGE) == (here.order().state, here.order().reason)


def test_an_imported_order_that_stock_cannot_cover_is_a_request_on_every_channel() -> None:
    """Rule 1.2-11: visible, unassigned, and never below zero."""
    here = shop(takes_requests=False)

    here.tell(sold({"hat": 3}))

    assert (State.REQUESTED, (), (2, 0, 2)) == (here.order().state, here.order().allocations, here.stock("hat"))


def test_of_two_orders_of_3_against_5_one_is_instant_and_the_other_a_request() -> None:
    """Rule 1.4-11."""
    here = shop({("hat", "M"): shelf("hat", "M", picking=5)})

    outcomes = [here.tell(sold({"hat": 3}, key), instant=True) for key in ("1", "2")]

    assert [Outcome.RESERVED, Outcome.REQUESTED] == outcomes


# Answers


def test_accepting_what_can_be_covered_by_now_reserves_it() -> None:
    """Rules 1.4-5 and 1.4-8: until then the order says that it is only asked for."""
    here = shop()
    here.tell(sold({"hat": 3}))
    come(here, "hat", 5)

    outcome = here.tell(accept())

    assert (Outcome.RESERVED, (7, 3, 4)) == (outcome, here.stock("hat"))
    assert (Verdict(True, "Ann", here.now.isoformat()), None) == (here.order().verdict, here.order().reason)


def test_accepting_with_a_part_of_the_stock_reserves_it_and_promises_the_rest() -> None:
    """Rule 1.4-12: 2 of 5 are there."""
    here = shop()

    outcome = here.tell(sold({"hat": 5}), accept())

    assert (Outcome.PROMISED, (2, 2, 0), [("1", "hat", 3)]) == (outcome, here.stock("hat"), waits_for(here.order()))


def test_accepting_with_no_stock_at_all_promises_everything() -> None:
    here = shop({("hat", "M"): shelf("hat", "M")})

    outcome = here.tell(sold({"pair": 2}), accept())

    assert (Outcome.PROMISED, [("1", "hat", 4)]) == (outcome, waits_for(here.order()))


def test_accepting_a_part_takes_no_more_than_that_part() -> None:
    """Rule 1.4-16: line by line."""
    here = shop()

    outcome = here.tell(sold({"hat": 5, "shirt": 4}), accept({"1": 2, "2": 1}))

    assert (Outcome.RESERVED, (2, 2, 0), (9, 1, 8)) == (outcome, here.stock("hat"), here.stock("shirt"))
    assert [3, 3] == [line.declined for line in here.order().lines]


def test_lines_that_the_answer_leaves_out_are_accepted_whole() -> None:
    """Rule 1.4-16."""
    here = shop()

    here.tell(sold({"hat": 5, "shirt": 4}), accept({"1": 0}))

    assert (State.RESERVED, (2, 0, 2), (9, 4, 5)) == (here.order().state, here.stock("hat"), here.stock("shirt"))


@pytest.mark.parametrize("no", [decline(), accept({"1": 0})])
def test_declining_cancels_and_gives_nothing_back_because_nothing_was_taken(no: Answer) -> None:
    """Rules 1.4-4 and 1.4-12."""
    here = shop()

    outcome = here.tell(sold({"hat": 5}), no)

    assert (Outcome.CANCELLED, Reason.DECLINED, (2, 0, 2)) == (outcome, here.order().reason, here.stock("hat"))


def test_declining_what_was_promised_nothing_leaves_the_units_to_others() -> None:
    here = shop()

    here.tell(sold({"hat": 5}), decline(), sold({"hat": 2}, "2"))

    assert State.RESERVED is here.order("2").state


@pytest.mark.parametrize("units", [-1, 6])
def test_an_answer_cannot_accept_less_than_nothing_or_more_than_was_asked(units: int) -> None:
    here = shop()
    here.tell(sold({"hat": 5}))

    with pytest.raises(InvalidInput, match=f"must be 0 to 5, got {units}"):
        here.tell(accept({"1": units}))


def test_an_answer_about_a_line_that_is_not_there_is_refused() -> None:
    here = shop()
    here.tell(sold({"hat": 5}))

    with pytest.raises(InvalidInput, match="no lines of this order"):
        here.tell(accept({"7": 1}))


@pytest.mark.parametrize("told", [accept(), decline(), accept({"1": 2})])
def test_the_same_answer_again_is_a_repeat(told: Answer) -> None:
    """Rule 1.4-13: a double accept has one outcome."""
    here = shop()
    here.tell(sold({"hat": 5}), told)

    assert Outcome.DUPLICATE is here.tell(told)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (accept(), accept(by="Bob")),
        (accept(), decline()),
        (decline(), accept()),
        (decline(), decline(by="Bob")),
        (accept({"1": 2}), accept()),
        (accept(), accept({"1": 2})),
    ],
    ids=["accepted twice", "declined late", "accepted late", "declined twice", "all after part", "part after all"],
)
def test_a_different_answer_comes_too_late_and_is_told_who_decided(first: Answer, second: Answer) -> None:
    """Rule 1.4-13."""
    here = shop()
    here.tell(sold({"hat": 5}), first)

    with pytest.raises(Conflict) as refused:
        here.tell(second)

    details = refused.value.details
    assert (here.order().state.value, "Ann", here.now.isoformat()) == (
        details["state"],
        details["decided_by"],
        details["decided_at"],
    )


def test_an_answer_after_the_time_was_up_is_told_that_the_clock_decided() -> None:
    """Rule 1.4-13: late accept."""
    here = shop()
    here.tell(sold({"hat": 5}))
    here.wait(60)
    here.tell(Tick("web", "1"))

    with pytest.raises(Conflict) as refused:
        here.tell(accept())

    assert {"state": "cancelled", "cause": "undecided_in_time"} == refused.value.details


@pytest.mark.parametrize("units", [1, 2])
def test_an_order_that_awaits_no_decision_takes_no_answer(units: int) -> None:
    here = shop()
    here.tell(sold({"hat": units}))

    with pytest.raises(Conflict, match="does not await a decision"):
        here.tell(accept())


@pytest.mark.parametrize("kind", [Arrival, Payment, Tick, Retry])
def test_nothing_can_be_said_about_an_order_that_is_not_known(
    kind: type[Arrival | Payment | Tick | Retry],
) -> None:
    with pytest.raises(NotFound):
        shop().tell(kind("web", "1"))
