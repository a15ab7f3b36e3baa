"""Every way from state to state that the table allows can be gone, no other can, and the docs show this table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.inbound import ConfirmOrder, DeadlineCheck, OrderInput, PaymentReceived
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.snapshot import SnapshotLine
from lastunit.domain.orders.states import TRANSITIONS, State, allowed
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from tests import diagram
from tests.support.orders.inputs import accept, cancelled, decline, lines, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import level_in_bins

Happening = OrderInput | Callable[[OrderScenario], None]
OPEN, OFF = Channel(name="web", kind="generic"), Channel(name="web", kind="generic", import_orders=False)
PAY_FIRST = Channel(name="web", kind="generic", payment_minutes=60)

FEW, MANY, UP, DOWN, GONE = (
    sold({"hat": units}, revision=revision)
    for units, revision in ((4, "1"), (12, "1"), (20, "2"), (4, "2"), (0, "2"))
)
TIP, TIP_AND_MANY = (
    replace(GONE, revision=revision, lines=(*lines(units), SnapshotLine("t", ("tip",), 1, no_stock=True)))
    for units, revision in (({}, "2"), ({"hat": 12}, "3"))
)
BACK_UP, STRANGE = sold({"hat": 3}, revision="3"), sold({"hat": 4, "mystery": 1})
CONFIRM, PAID, TICK = (kind("web", "1") for kind in (ConfirmOrder, PaymentReceived, DeadlineCheck))
ONE, ALL, COAT = (
    shipment_notice({"hat": 1}),
    shipment_notice({"hat": 4}, shipment_id="s2"),
    shipment_notice({"coat": 1}, shipment_id="s3"),
)


def late(shop: OrderScenario) -> None:
    shop.wait(61)


def units_come(shop: OrderScenario) -> None:
    shop.adjust(
        Adjustment(operation="a1", reason=AdjustmentReason.RECEIVE, sku="hat", location="M", delta=8, bin="P")
    )


def told_no(shop: OrderScenario) -> None:
    shop.apply(MANY, instant=True)


@dataclass(frozen=True, slots=True)
class Transition:
    """10 hats are there. The last thing that happens goes the way."""

    before: State | None
    after: State
    channel: Channel
    events: tuple[Happening, ...]


def transition(before: State | None, after: State, channel: Channel, *happenings: Happening) -> Transition:
    return Transition(before, after, channel, happenings)


EXAMPLES = (
    transition(None, State.RECORDED, OFF, FEW),
    transition(None, State.REQUESTED, OPEN, MANY),
    transition(None, State.EXCEPTION, OPEN, ONE),
    transition(None, State.RESERVED, OPEN, FEW),
    transition(None, State.REFUSED, OPEN, told_no),
    transition(None, State.CANCELLED, OPEN, cancelled()),
    transition(None, State.SHIPPED, OPEN, TIP),
    transition(State.RECORDED, State.RESERVED, OFF, FEW, CONFIRM),
    transition(State.RECORDED, State.REQUESTED, OFF, MANY, CONFIRM),
    transition(State.RECORDED, State.EXCEPTION, OFF, STRANGE, CONFIRM),
    transition(State.RECORDED, State.CANCELLED, OFF, FEW, cancelled()),
    transition(State.RECORDED, State.PARTLY_SHIPPED, OFF, FEW, ONE, CONFIRM),
    transition(State.RECORDED, State.SHIPPED, OFF, FEW, ALL, CONFIRM),
    transition(State.REQUESTED, State.BACKORDERED, OPEN, MANY, accept()),
    transition(State.REQUESTED, State.AWAITING_PAYMENT, PAY_FIRST, MANY, accept()),
    transition(State.REQUESTED, State.RESERVED, OPEN, MANY, DOWN),
    transition(State.REQUESTED, State.PARTLY_SHIPPED, OPEN, MANY, ONE, accept({"1": 2})),
    transition(State.REQUESTED, State.SHIPPED, OPEN, MANY, units_come, shipment_notice({"hat": 12})),
    transition(State.REQUESTED, State.EXCEPTION, OPEN, MANY, COAT),
    transition(State.REQUESTED, State.CANCELLED, OPEN, MANY, decline()),
    transition(State.REFUSED, State.RESERVED, OPEN, told_no, DOWN),
    transition(State.REFUSED, State.REQUESTED, OPEN, told_no, UP),
    transition(State.REFUSED, State.EXCEPTION, OPEN, told_no, ONE),
    transition(State.REFUSED, State.CANCELLED, OPEN, told_no, cancelled()),
    transition(State.REFUSED, State.SHIPPED, OPEN, told_no, TIP),
    transition(State.EXCEPTION, State.BACKORDERED, OPEN, MANY, accept(), UP, sold({"hat": 11}, revision="3")),
    transition(State.EXCEPTION, State.AWAITING_PAYMENT, PAY_FIRST, MANY, accept(), UP, BACK_UP),
    transition(State.EXCEPTION, State.RESERVED, OPEN, FEW, UP, BACK_UP),
    transition(State.EXCEPTION, State.PARTLY_SHIPPED, OPEN, ONE, FEW),
    transition(State.EXCEPTION, State.SHIPPED, OPEN, ALL, FEW),
    transition(State.EXCEPTION, State.RECORDED, OFF, ONE, FEW),
    transition(State.EXCEPTION, State.REQUESTED, OPEN, ONE, MANY),
    transition(State.EXCEPTION, State.CANCELLED, OPEN, FEW, UP, cancelled(revision="3")),
    transition(State.BACKORDERED, State.RESERVED, OPEN, MANY, accept(), DOWN),
    transition(State.BACKORDERED, State.EXCEPTION, OPEN, MANY, accept(), UP),
    transition(State.BACKORDERED, State.CANCELLED, OPEN, MANY, accept(), cancelled()),
    transition(State.BACKORDERED, State.PARTLY_SHIPPED, OPEN, MANY, accept(), ONE),
    transition(State.BACKORDERED, State.SHIPPED, OPEN, MANY, accept(), units_come, shipment_notice({"hat": 12})),
    transition(State.AWAITING_PAYMENT, State.BACKORDERED, PAY_FIRST, MANY, accept(), PAID),
    transition(State.AWAITING_PAYMENT, State.RESERVED, PAY_FIRST, MANY, accept({"1": 4}), PAID),
    transition(State.AWAITING_PAYMENT, State.EXCEPTION, PAY_FIRST, MANY, accept({"1": 4}), UP),
    transition(State.AWAITING_PAYMENT, State.CANCELLED, PAY_FIRST, MANY, accept(), late, TICK),
    transition(State.AWAITING_PAYMENT, State.PARTLY_SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ONE, PAID),
    transition(State.AWAITING_PAYMENT, State.SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ALL),
    transition(State.RESERVED, State.EXCEPTION, OPEN, FEW, UP),
    transition(State.RESERVED, State.CANCELLED, OPEN, FEW, cancelled()),
    transition(State.RESERVED, State.PARTLY_SHIPPED, OPEN, FEW, ONE),
    transition(State.RESERVED, State.SHIPPED, OPEN, FEW, ALL),
    transition(State.PARTLY_SHIPPED, State.BACKORDERED, OPEN, MANY, accept(), ONE, voided()),
    transition(State.PARTLY_SHIPPED, State.RESERVED, OPEN, FEW, ONE, voided()),
    transition(State.PARTLY_SHIPPED, State.SHIPPED, OPEN, FEW, ONE, cancelled()),
    transition(State.PARTLY_SHIPPED, State.EXCEPTION, OPEN, FEW, ONE, UP),
    transition(State.SHIPPED, State.RESERVED, OPEN, FEW, ALL, voided("s2")),
    transition(
        State.SHIPPED,
        State.PARTLY_SHIPPED,
        OPEN,
        FEW,
        shipment_notice({"hat": 3}),
        shipment_notice({"hat": 1}, shipment_id="s4"),
        voided(),
    ),
    transition(State.SHIPPED, State.EXCEPTION, OPEN, FEW, ALL, UP),
    transition(State.SHIPPED, State.REQUESTED, OPEN, TIP, TIP_AND_MANY),
    transition(State.SHIPPED, State.CANCELLED, OPEN, FEW, ONE, cancelled(), voided()),
    transition(State.CANCELLED, State.RESERVED, OPEN, FEW, GONE, BACK_UP),
    transition(State.CANCELLED, State.REQUESTED, OPEN, FEW, GONE, sold({"hat": 12}, revision="3")),
    transition(State.CANCELLED, State.EXCEPTION, OPEN, FEW, cancelled(), ONE),
    transition(State.CANCELLED, State.PARTLY_SHIPPED, PAY_FIRST, MANY, accept({"1": 4}), ONE, late, TICK, PAID),
    transition(State.CANCELLED, State.SHIPPED, OPEN, FEW, GONE, replace(TIP, revision="3")),
)


def happens(shop: OrderScenario, what: Happening) -> None:
    if callable(what):
        what(shop)
    else:
        shop.apply(what)


def state(shop: OrderScenario) -> State | None:
    return shop.order().state if shop.orders else None


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: f"{one.before} to {one.after}")
def test_every_way_can_be_gone(one: Transition) -> None:
    shop = OrderScenario(
        {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=10)}, {"hat": Sku(sku="hat")}, one.channel
    )
    *before, last = one.events
    for what in before:
        happens(shop, what)
    was = state(shop)

    happens(shop, last)

    assert (one.before, one.after) == (was, state(shop))


def test_every_transition_of_the_table_has_an_example() -> None:
    table = {(before, after) for before, following in TRANSITIONS.items() for after in following}

    assert table == {(one.before, one.after) for one in EXAMPLES}


@pytest.mark.parametrize(("before", "after"), list(product([None, *State], State)))
def test_a_change_goes_no_other_way(before: State | None, after: State) -> None:
    old = Order(channel="web", external_id="1", state=before, revision="1") if before else None
    new = Order(channel="web", external_id="1", state=after, revision="1")

    if allowed(before, after):
        assert after is OrderChange(before=old, after=new).after.state
    else:
        with pytest.raises(ValueError, match="no way leads"):
            OrderChange(before=old, after=new)


def test_a_change_that_stands_for_several_steps_goes_each_of_them() -> None:
    new = Order(channel="web", external_id="1", state=State.SHIPPED, revision="1")

    assert new == OrderChange(before=None, after=new, through=(State.RESERVED,)).after
    with pytest.raises(ValueError, match="no way leads"):
        OrderChange(before=None, after=new, through=(State.REFUSED, State.RECORDED))


def test_every_state_is_in_the_table_and_explained() -> None:
    assert {None, *State} == TRANSITIONS.keys()
    assert {*State} == diagram.MEANING.keys()


def test_the_document_is_what_the_table_says() -> None:
    """Else: python -m tests.diagram."""
    assert diagram.document() == diagram.PATH.read_text()
