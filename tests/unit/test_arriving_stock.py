"""Arriving stock fills what was promised, first come, first served; and what becomes of promises meanwhile."""

from collections.abc import Callable

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Answer, Arrival
from lastunit.domain.levels import Adjustment
from lastunit.domain.levels import Reason as Cause
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import Order, wants
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import Life, accept, parcel, shelf

ARRIVED = Arrival("web", "1")


def shop(*, reevaluates: bool = False) -> Life:
    channel = Channel("web", "generic", takes_requests=True, reevaluates=reevaluates, decision_minutes=60)
    return Life({("hat", "M"): shelf("hat", "M", picking=2)}, {"hat": Sku("hat")}, channel)


def come(here: Life, units: int, operation: str = "a1") -> None:
    here.adjust(Adjustment(operation, Cause.RECEIVE, "hat", "M", units, "P"))


def waits_for(order: Order) -> list[tuple[str, str, int]]:
    return [(one.line_id, one.sku, one.quantity) for one in order.backorders]


def test_arriving_units_fill_what_was_promised_as_far_as_they_reach() -> None:
    """Rule 1.4-15."""
    here = shop()
    here.tell(sold({"hat": 5}), accept())

    come(here, 2)
    some = here.tell(ARRIVED), waits_for(here.order())
    come(here, 4, "a2")
    rest = here.tell(ARRIVED), waits_for(here.order())

    assert ((Outcome.PROMISED, [("1", "hat", 1)]), (Outcome.RESERVED, [])) == (some, rest)
    assert (8, 5, 3) == here.stock("hat")


def test_arriving_units_go_first_come_first_served() -> None:
    """Rule 1.4-15: the place in the queue is the moment the promise was made."""
    here = shop()
    here.tell(sold({"hat": 5}), accept())
    here.wait(1)
    here.tell(sold({"hat": 4}, "2"), Answer("web", "2", True, "Ann"))
    queued = {key: order.queued_at for key, order in here.orders.items()}

    come(here, 4)
    first, second = sorted(queued, key=lambda key: queued[key] or "")
    here.tell(Arrival("web", first[4:]), Arrival("web", second[4:]))

    assert (["web:1", "web:2"], State.RESERVED) == ([first, second], here.order("1").state)
    assert [("1", "hat", 3)] == waits_for(here.order("2"))


def test_no_units_no_change() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), accept())

    assert Outcome.DUPLICATE is here.tell(ARRIVED)


@pytest.mark.parametrize(("reevaluates", "state"), [(True, State.RESERVED), (False, State.REQUESTED)])
def test_arriving_units_decide_an_open_request_only_if_the_channel_says_so(reevaluates: bool, state: State) -> None:
    """Rule 1.4-15."""
    here = shop(reevaluates=reevaluates)
    here.tell(sold({"hat": 5}))

    come(here, 3)
    here.tell(ARRIVED)

    assert state is here.order().state


def test_a_request_that_units_still_do_not_cover_takes_none_of_them() -> None:
    here = shop(reevaluates=True)
    here.tell(sold({"hat": 5}))

    come(here, 2)

    assert (Outcome.DUPLICATE, (4, 0, 4)) == (here.tell(ARRIVED), here.stock("hat"))


def test_what_was_declined_is_not_filled_by_arriving_units() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), accept({"1": 3}))

    come(here, 9)
    here.tell(ARRIVED)

    assert (State.RESERVED, (11, 3, 8)) == (here.order().state, here.stock("hat"))


def test_units_that_left_before_they_were_promised_are_awaited_no_more() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), accept())
    come(here, 4)

    here.tell(parcel({"hat": 4}), ARRIVED)

    assert (State.PARTLY_SHIPPED, [], (2, 1, 1)) == (
        here.order().state,
        waits_for(here.order()),
        here.stock("hat"),
    )


# Changes of what was accepted


CHANGES: list[tuple[str, int, Callable[[Order], object], object]] = [
    ("fewer than wait", 4, lambda order: (order.state, waits_for(order)), (State.PROMISED, [("1", "hat", 2)])),
    ("as many as are there", 2, lambda order: (order.state, waits_for(order)), (State.RESERVED, [])),
    ("more", 6, lambda order: (order.reason, waits_for(order)), (Reason.EDIT_SHORT, [("1", "hat", 3)])),
]


@pytest.mark.parametrize(
    ("units", "seen", "expected"), [change[1:] for change in CHANGES], ids=lambda one: str(one)
)
def test_an_edit_of_what_partly_waits_keeps_what_was_accepted(
    units: int, seen: Callable[[Order], object], expected: object
) -> None:
    here = shop()
    here.tell(sold({"hat": 5}), accept())

    here.tell(sold({"hat": units}, revision="2"))

    assert expected == seen(here.order())


def test_an_edit_that_waits_for_a_person_keeps_its_place_in_the_queue() -> None:
    here = shop()
    here.tell(sold({"hat": 5}), accept())
    queued_at = here.order().queued_at
    here.wait(1)

    here.tell(sold({"hat": 6}, revision="2"))
    waiting = here.order().queued_at, wants(here.order())
    come(here, 3)
    here.tell(ARRIVED)

    assert ((queued_at, {"hat": 3}), State.EXCEPTION) == (waiting, here.order().state)
    assert (5, 5, 0) == here.stock("hat")


def test_an_edit_of_a_request_is_asked_again_by_the_same_clock() -> None:
    here = shop()
    here.tell(sold({"hat": 5}))
    due = here.order().decide_by
    here.wait(10)

    here.tell(sold({"hat": 6}, revision="2"))

    assert (State.REQUESTED, due) == (here.order().state, here.order().decide_by)


def test_cancelling_what_was_promised_leaves_the_queue() -> None:
    here = shop()

    here.tell(sold({"hat": 5}), accept(), cancelled())

    assert (State.CANCELLED, None, (2, 0, 2)) == (here.order().state, here.order().queued_at, here.stock("hat"))
