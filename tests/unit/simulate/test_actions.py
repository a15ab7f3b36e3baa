"""What people of the simulated shop do: only what could happen in a real one."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from lastunit.domain.orders.inbound import OrderInput, ReturnAnnounced
from lastunit.domain.orders.order import Line, Order, Shipment
from lastunit.domain.orders.states import State
from lastunit.use_cases.orders.change_orders import Incoming
from tests.simulate import scenario
from tests.simulate.actions import Actions
from tests.simulate.plan import Intent
from tests.simulate.scenario import ChannelScenario
from tests.simulate.shop_world import Sale
from tests.support.orders.commits import order

SCENARIO = replace(
    scenario.draw(random.Random(1)),  # noqa: S311 - reproducible, not secret
    channels=(ChannelScenario("web", "generic"),),
    stock={"shirt": {"M": 9}, "hat": {"M": 9}},
    mode="shared",
)
LINES = tuple(
    Line(line_id=number, names=(sku,), quantity=1, listing=sku, sku=sku, parts={sku: 1})
    for number, sku in (("1", "shirt"), ("2", "hat"))
)
SHIPPED = replace(
    order(),
    state=State.SHIPPED,
    lines=LINES,
    allocations=(),
    shipments=(Shipment(shipment_id="p1", lines={"1": 1}), Shipment(shipment_id="p2", lines={"2": 1})),
)


@dataclass(slots=True)
class FakeShopWorld:
    """A hub that knows one order, and takes down what it is told; a channel that does the same with parcels."""

    sales: list[Sale]
    known: Order
    sent: list[Mapping[str, int]] = field(default_factory=list)
    told: list[OrderInput] = field(default_factory=list)

    def ask(self, do: Callable[[Any], object]) -> object:
        book = SimpleNamespace(orders=lambda ids: {self.known.order_id: self.known})
        return do(SimpleNamespace(order_store=book, change_orders=SimpleNamespace(apply=self._take_down)))

    @property
    def markets(self) -> Mapping[str, Any]:
        return {"web": SimpleNamespace(ship=self._ship)}

    def _ship(self, order_id: str, lines: Mapping[str, int]) -> str:
        self.sent.append(lines)
        return f"p{len(self.sent)}"

    def _take_down(self, incoming: list[Incoming]) -> dict[str, object]:
        self.told += [one.order_input for one in incoming]
        return {one.key: None for one in incoming}


def test_of_a_parcel_that_was_voided_nothing_comes_back_though_the_hub_does_not_know_it_yet() -> None:
    sale = Sale("web", "1", {"shirt": 1, "hat": 1}, parcels={"p1": {}, "p2": {"hat": 1}})
    world = FakeShopWorld([sale], SHIPPED)

    Actions(world, SCENARIO).do(Intent(1, 0.0, "take_back", "web", {}, 0.5))  # type: ignore[arg-type]

    assert [{"2": 1}] == [fact.lines for fact in world.told if isinstance(fact, ReturnAnnounced)]


@pytest.mark.parametrize(("gone", "most"), [({}, 2), ({"p0": {"shirt": 1}}, 1), ({"p0": {"shirt": 2}}, 0)])
def test_of_an_order_that_grew_no_more_leaves_than_the_hub_holds_for_it(
    gone: dict[str, dict[str, int]], most: int
) -> None:
    """`gone`: parcels that it does not know yet."""
    worlds = [
        FakeShopWorld([Sale("web", "1", {"shirt": 4}, parcels=dict(gone))], order(units=2)) for _ in range(60)
    ]

    for number, world in enumerate(worlds):
        Actions(world, SCENARIO).do(Intent(1, 0.0, "ship", "web", {}, number / 60))  # type: ignore[arg-type]

    assert most == max((lines["shirt"] for world in worlds for lines in world.sent), default=0)
