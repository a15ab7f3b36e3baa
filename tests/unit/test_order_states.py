"""Every way from state to state that the table allows can be gone, no other can, and the docs show this table."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Confirm, Fact, Payment, Tick
from lastunit.domain.levels import Adjustment, Reason
from lastunit.domain.lifecycle import TRANSITIONS, State, allowed
from lastunit.domain.orders import Change, Order
from tests import diagram
from tests.fakes import cancelled, sold
from tests.life import Life, accept, decline, parcel, shelf, voided

Happening = Fact | Callable[[Life], None]
OPEN, OFF = Channel("web", "generic"), Channel("web", "generic", imports=False)
PAY_FIRST = Channel("web", "generic", payment_minutes=60)

FEW, MANY, UP, DOWN, GONE = (
    sold({"hat": units}, revision=revision)
    for units, revision in ((4, "1"), (12, "1"), (20, "2"), (4, "2"), (0, "2"))
)
BACK_UP, STRANGE = sold({"hat": 3}, revision="3"), sold({"hat": 4, "mystery": 1})
CONFIRM, PAID, TICK = (kind("web", "1") for kind in (Confirm, Payment, Tick))
ONE, ALL, COAT = parcel({"hat": 1}), parcel({"hat": 4}, "s2"), parcel({"coat": 1}, "s3")


def late(here: Life) -> None:
    here.wait(61)


def units_come(here: Life) -> None:
    here.adjust(Adjustment("a1", Reason.RECEIVE, "hat", "M", 8, "P"))


def told_no(here: Life) -> None:
    here.tell(MANY, instant=True)


@dataclass(frozen=True, slots=True)
class Story:
    """10 hats are there. The last thing that happens goes the way."""

    before: State | None
    after: State
    channel: Channel
    happenings: tuple[Happening, ...]


def story(before: State | None, after: State, channel: Channel, *happenings: Happening) -> Story:
    return Story(before, after, channel, happenings)


STORIES = (
    story(None, State.RECORDED, OFF, FEW),
    story(None, State.REQUESTED, OPEN, MANY),
    story(None, State.EXCEPTION, OPEN, ONE),
    story(None, State.RESERVED, OPEN, FEW),
    story(None, State.REFUSED, OPEN, told_no),
    story(None, State.CANCELLED, OPEN, cancelled()),
    story(State.RECORDED, State.RESERVED, OFF, FEW, CONFIRM),
    story(State.RECORDED, State.REQUESTED, OFF, MANY, CONFIRM),
    story(State.RECORDED, State.EXCEPTION, OFF, STRANGE, CONFIRM),
    story(State.RECORDED, State.CANCELLED, OFF, FEW, cancelled()),
    story(State.RECORDED, State.PARTLY_SHIPPED, OFF, FEW, ONE, CONFIRM),
    story(State.RECORDED, State.SHIPPED, OFF, FEW, ALL, CONFIRM),
    story(State.REQUESTED, State.PROMISED, OPEN, MANY, accept()),
    story(State.REQUESTED, State.AWAITING_PAYMENT, PAY_FIRST, MANY, accept()),
    story(State.REQUESTED, State.RESERVED, OPEN, MANY, DOWN),
    story(State.REQUESTED, State.PARTLY_SHIPPED, OPEN, MANY, ONE, accept({"1": 2})),
    story(State.REQUESTED, State.SHIPPED, OPEN, MANY, units_come, parcel({"hat": 12})),
    story(State.REQUESTED, State.EXCEPTION, OPEN, MANY, COAT),
    story(State.REQUESTED, State.CANCELLED, OPEN, MANY, decline()),
    story(State.REFUSED, State.RESERVED, OPEN, told_no, DOWN),
    story(State.REFUSED, State.REQUESTED, OPEN, told_no, UP),
    story(State.REFUSED, State.EXCEPTION, OPEN, told_no, ONE),
    story(State.REFUSED, State.CANCELLED, OPEN, told_no, cancelled()),
    story(State.EXCEPTION, State.PROMISED, OPEN, MANY, accept(), UP, sold({"hat": 11}, revision="3")),
    story(State.EXCEPTION, State.AWAITING_PAYMENT, PAY_FIRST, MANY, accept(), UP, BACK_UP),
    story(State.EXCEPTION, State.RESERVED, OPEN, FEW, UP, BACK_UP),
    story(State.EXCEPTION, State.PARTLY_SHIPPED, OPEN, ONE, FEW),
    story(State.EXCEPTION, State.SHIPPED, OPEN, ALL, FEW),
    story(State.EXCEPTION, State.RECORDED, OFF, ONE, FEW),
    story(State.EXCEPTION, State.REQUESTED, OPEN, ONE, MANY),
    story(State.EXCEPTION, State.CANCELLED, OPEN, FEW, UP, cancelled(revision="3")),
    story(State.PROMISED, State.RESERVED, OPEN, MANY, accept(), DOWN),
    story(State.PROMISED, State.EXCEPTION, OPEN, MANY, accept(), UP),
    story(State.PROMISED, State.CANCELLED, OPEN, MANY, accept(), cancelled()),
    story(State.PROMISED, State.PARTLY_SHIPPED, OPEN, MANY, accept(), ONE),
    story(State.PROMISED, State.SHIPPED, OPEN, MANY, accept(), units_come, parcel({"hat": 12})),
    story(State.AWAITING_PAYMENT, State.PROMISED, PAY_FIRST, MANY, accept(), PAID),
    story(State.AWAITING_PAYMENT, State.RESERVED, PAY_FIRST, MANY, accept({"1": 4}), PAID),
    story(State.AWAITING_PAYMENT, State.EXCEPTION, PAY_FIRST, MANY, accept({"1": 4}), UP),
    story(State.AWAITING_PAYMENT, State.CANCELLED, PAY_FIRST, MANY, accept(), late, TICK),
    story(State.AWAITING_PAYMENT, State.PARTLY_SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ONE, PAID),
    story(State.AWAITING_PAYMENT, State.SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ALL),
    story(State.RESERVED, State.EXCEPTION, OPEN, FEW, UP),
    story(State.RESERVED, State.CANCELLED, OPEN, FEW, cancelled()),
    story(State.RESERVED, State.PARTLY_SHIPPED, OPEN, FEW, ONE),
    story(State.RESERVED, State.SHIPPED, OPEN, FEW, ALL),
    story(State.PARTLY_SHIPPED, State.PROMISED, OPEN, MANY, accept(), ONE, voided()),
    story(State.PARTLY_SHIPPED, State.RESERVED, OPEN, FEW, ONE, voided()),
    story(State.PARTLY_SHIPPED, State.SHIPPED, OPEN, FEW, ONE, cancelled()),
    story(State.PARTLY_SHIPPED, State.EXCEPTION, OPEN, FEW, ONE, UP),
    story(State.SHIPPED, State.RESERVED, OPEN, FEW, ALL, voided("s2")),
    story(State.SHIPPED, State.PARTLY_SHIPPED, OPEN, FEW, parcel({"hat": 3}), parcel({"hat": 1}, "s4"), voided()),
    story(State.SHIPPED, State.EXCEPTION, OPEN, FEW, ALL, UP),
    story(State.SHIPPED, State.CANCELLED, OPEN, FEW, ONE, cancelled(), voided()),
    story(State.CANCELLED, State.RESERVED, OPEN, FEW, GONE, BACK_UP),
    story(State.CANCELLED, State.REQUESTED, OPEN, FEW, GONE, sold({"hat": 12}, revision="3")),
    story(State.CANCELLED, State.EXCEPTION, OPEN, FEW, cancelled(), ONE),
    story(State.CANCELLED, State.PARTLY_SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ONE, late, TICK, PAID),
    story(State.CANCELLED, State.SHIPPED, OPEN, FEW, GONE, ONE),
)


def happens(here: Life, what: Happening) -> None:
    if callable(what):
        what(here)
    else:
        here.tell(what)


def state(here: Life) -> State | None:
    return here.order().state if here.orders else None


@pytest.mark.parametrize("one", STORIES, ids=lambda one: f"{one.before} to {one.after}")
def test_every_way_can_be_gone(one: Story) -> None:
    here = Life({("hat", "M"): shelf("hat", "M", picking=10)}, {"hat": Sku("hat")}, one.channel)
    *before, last = one.happenings
    for what in before:
        happens(here, what)
    was = state(here)

    happens(here, last)

    assert (one.before, one.after) == (was, state(here))


def test_a_story_is_told_of_every_way_in_the_table() -> None:
    table = {(before, after) for before, following in TRANSITIONS.items() for after in following}

    assert table == {(one.before, one.after) for one in STORIES}


@pytest.mark.parametrize(("before", "after"), list(product([None, *State], State)))
def test_a_change_goes_no_other_way(before: State | None, after: State) -> None:
    old = Order("web", "1", before, "1") if before else None
    new = Order("web", "1", after, "1")

    if allowed(before, after):
        assert after is Change(old, new).after.state
    else:
        with pytest.raises(ValueError, match="no way leads"):
            Change(old, new)


def test_a_change_that_stands_for_several_steps_goes_each_of_them() -> None:
    new = Order("web", "1", State.SHIPPED, "1")

    assert new == Change(None, new, (State.RESERVED,)).after
    with pytest.raises(ValueError, match="no way leads"):
        Change(None, new, (State.REFUSED,))


def test_every_state_is_in_the_table_and_explained() -> None:
    assert {None, *State} == TRANSITIONS.keys()
    assert {*State} == diagram.MEANING.keys()


def test_the_document_is_what_the_table_says() -> None:
    """Else: python -m tests.diagram."""
    assert diagram.document() == diagram.PATH.read_text()
