"""Short ways to say what stands before a decision, what is said, and what came of it."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.deciding import decide
from lastunit.domain.facts import Fact
from lastunit.domain.levels import LevelKey
from lastunit.domain.lifecycle import Reason
from lastunit.domain.orders import Order, promised
from lastunit.domain.snapshots import Snapshot
from lastunit.domain.world import Outcome, Step, World
from tests.fakes import NOON, stocked

WEB = Channel("web", "generic")
PLACES = (Location("M", 1), Location("L", 2))
SKUS = {
    sku.sku: sku
    for sku in (Sku("shirt"), Sku("hat"), Sku("old", Status.DRAFT), Sku("set", recipe={"shirt": 2, "hat": 1}))
}
STOCK: dict[LevelKey, int] = {("shirt", "M"): 5, ("hat", "M"): 5, ("shirt", "L"): 5}


def world(stock: Mapping[LevelKey, int] = STOCK, channel: Channel = WEB, skus: Mapping[str, Sku] = SKUS) -> World:
    """Units that others have left at each level."""
    names = {name: Alias(name, name, name) for name in skus}
    return World(channel, PLACES, names, skus, lambda sku, at: stocked(sku, at, stock.get((sku, at), 0)), NOON)


def said(order: Order | None, fact: Fact, here: World | None = None) -> Step:
    """What an imported notification does."""
    return decide(order, fact, here or world())


def asked(order: Order | None, snapshot: Snapshot, here: World | None = None) -> Step:
    """What the own store's request for an instant answer does."""
    return decide(order, snapshot, here or world(), instant=True)


def after(step: Step) -> Order:
    assert step[1] is not None, "the step changes the order"
    return step[1].after


def placed(snapshot: Snapshot, here: World | None = None) -> Order:
    return replace(after(said(None, snapshot, here)), rev=1)


def told(step: Step) -> tuple[Outcome, Reason | None, Mapping[str, str]]:
    return step[0], after(step).reason, after(step).details


def held(order: Order) -> dict[LevelKey, int]:
    return dict(promised(order))


def moved(step: Step) -> dict[LevelKey, int]:
    """Units promised (below zero: given back) at each level by a step that moves nothing on hand."""
    assert step[1] is not None, "the step changes the order"
    assert not [one for one in step[1].levels().values() if one.on_hand or one.bins]
    return {key: one.reserved for key, one in step[1].levels().items()}
