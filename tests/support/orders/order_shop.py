"""A shop in memory whose orders are changed in batches, as the use case does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.inbound import OrderInput
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.ports.system import ReportError
from lastunit.use_cases.orders.change_orders import Answers, ChangeOrders, ChangeResult, Incoming
from tests.support.clock import FakeClock
from tests.support.orders.order_store import FakeOrderStore, broken_promises
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked
from tests.support.unexpected import raise_again


@dataclass(slots=True)
class OrderShop:
    """Levels (SKU, location) → units, and everything needed to sell them on the channel `web`."""

    levels: Mapping[LevelKey, int]
    kits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    channel: Channel = field(default_factory=lambda: Channel(name="web", kind="generic"))
    aliases: list[Alias] = field(default_factory=list)
    order_store: FakeOrderStore = field(init=False)
    settings: FakeSettings = field(init=False)
    clock: FakeClock = field(init=False, default_factory=FakeClock)
    pauses: list[int] = field(init=False, default_factory=list)
    report_error: ReportError = field(init=False, default=raise_again)
    ids: "count[int]" = field(init=False, default_factory=count)

    def __post_init__(self) -> None:
        places = dict.fromkeys(location for _, location in self.levels)
        self.order_store = FakeOrderStore(
            {LevelKey(sku, at): stocked(sku, at, units) for (sku, at), units in self.levels.items()},
            {sku: Sku(sku=sku) for sku, _ in self.levels}
            | {kit: Sku(sku=kit, recipe=of) for kit, of in self.kits.items()},
        )
        ranked = tuple(Location(name, rank) for rank, name in enumerate(places, 1))
        self.settings = FakeSettings({self.channel.name: self.channel}, ranked, {self.channel.name: self.aliases})
        for listing in {*self.order_store.skus, *(alias.listing for alias in self.aliases)}:
            target = next((alias.sku for alias in self.aliases if alias.listing == listing), listing)
            self.order_store.sales[ListingKey(target, self.channel.name, listing)] = 0

    @property
    def change_orders(self) -> ChangeOrders:
        return ChangeOrders(
            order_store=self.order_store,
            settings=self.settings,
            clock=self.clock,
            new_id=lambda: f"c{next(self.ids)}",
            pause=self.pauses.append,
            report_error=self.report_error,
        )

    def apply(self, *order_inputs: OrderInput, instant: bool = False) -> list[str]:
        """What came of each fact: its outcome, or the name of the error that kept it from being decided."""
        answers = self.change(*order_inputs, instant=instant)
        return [outcome_name(answers[str(at)]) for at in range(len(order_inputs))]

    def change(self, *order_inputs: OrderInput, instant: bool = False) -> Answers:
        return self.change_orders.apply(
            [Incoming(str(at), order_input, instant) for at, order_input in enumerate(order_inputs)]
        )

    def available(self) -> dict[LevelKey, int]:
        return {key: level.available for key, level in self.order_store.stock.items()}

    def order(self, external_id: str = "1") -> Order:
        return self.order_store.rows[f"{self.channel.name}:{external_id}"]

    def broken_promises(self) -> list[str]:
        return broken_promises(self.order_store.stock, self.order_store.rows.values())


def outcome_name(answer: ChangeResult | Exception) -> str:
    return answer.outcome.value if isinstance(answer, ChangeResult) else type(answer).__name__
