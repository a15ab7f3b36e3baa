"""Short ways to say what stands before a decision, what is said, and what came of it."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome
from lastunit.domain.orders.decide import decide
from lastunit.domain.orders.inbound import OrderInput
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import OrderReason
from lastunit.domain.orders.units import reserved_units
from lastunit.domain.stock.catalogue import Alias, Location, Sku, Status
from tests.support.clock import NOON
from tests.support.stock.levels import stocked

WEB = Channel(name="web", kind="generic")
LOCATIONS = (Location("M", 1), Location("L", 2))
SKUS = {
    sku.sku: sku
    for sku in (
        Sku(sku="shirt"),
        Sku(sku="hat"),
        Sku(sku="old", status=Status.DRAFT),
        Sku(sku="set", recipe={"shirt": 2, "hat": 1}),
    )
}
STOCK: dict[LevelKey, int] = {LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 5, LevelKey("shirt", "L"): 5}


def decision_context(
    stock: Mapping[LevelKey, int] = STOCK, channel: Channel = WEB, skus: Mapping[str, Sku] = SKUS
) -> DecisionContext:
    """Units that others have left at each level."""
    names = {name: Alias(name, name, name) for name in skus}
    return DecisionContext(
        channel=channel,
        locations=LOCATIONS,
        names=names,
        items=skus,
        level=lambda sku, at: stocked(sku, at, stock.get(LevelKey(sku, at), 0)),
        now=NOON,
    )


def decide_input(order: Order | None, order_input: OrderInput, context: DecisionContext | None = None) -> Decided:
    """What an imported notification does."""
    return decide(order, order_input, context or decision_context())


def decide_instantly(
    order: Order | None, snapshot: OrderSnapshot, context: DecisionContext | None = None
) -> Decided:
    """What the own store's request for an instant answer does."""
    return decide(order, snapshot, context or decision_context(), instant=True)


def after(step: Decided) -> Order:
    assert step.change is not None, "the step changes the order"
    return step.change.after


def placed(snapshot: OrderSnapshot, context: DecisionContext | None = None) -> Order:
    return replace(after(decide_input(None, snapshot, context)), rev=1)


def result(step: Decided) -> tuple[Outcome, OrderReason | None, Mapping[str, str]]:
    return step.outcome, after(step).reason, after(step).details


def reserved(order: Order) -> dict[LevelKey, int]:
    return dict(reserved_units(order))


def reserved_delta(step: Decided) -> dict[LevelKey, int]:
    """Units promised (below zero: given back) at each level by a step that moves nothing on hand."""
    assert step.change is not None, "the step changes the order"
    assert not [one for one in step.change.levels().values() if one.on_hand or one.bins]
    return {key: one.reserved for key, one in step.change.levels().items()}
