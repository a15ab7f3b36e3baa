"""A shop in memory that is told facts about its orders one by one, under the conditions of the real store."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lastunit.domain.channel import Channel
from lastunit.domain.events.ledger import LevelEntry, level_entry
from lastunit.domain.keys import LevelKey, OrderKey
from lastunit.domain.orders.arrivals import arrivals_of
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome
from lastunit.domain.orders.decide import decide
from lastunit.domain.orders.inbound import OrderInput
from lastunit.domain.orders.order import Allocation, Backorder, Order, Return
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import open_lines, reserved_units, shipped
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.domain.stock.levels import Level, Movement, Operation, level_after, movements
from tests.support.clock import NOON
from tests.support.stock.levels import Stock, stock_of


class CommitConditionFailed(Exception):
    """The store's condition does not hold. One writer alone must never meet it."""


@dataclass(slots=True)
class OrderScenario:
    """`opened`: what each level held when the story began. Locations rank in the order their levels are named."""

    levels: dict[LevelKey, Level]
    items: dict[str, Sku]
    channel: Channel
    now: datetime = NOON
    orders: dict[str, Order] = field(default_factory=dict)
    ledger: dict[LevelKey, list[LevelEntry]] = field(default_factory=dict)
    adjusted: Counter[LevelKey] = field(default_factory=Counter)
    initial_levels: dict[LevelKey, Level] = field(init=False)
    locations: tuple[Location, ...] = field(init=False)
    names: dict[str, Alias] = field(init=False)

    def __post_init__(self) -> None:
        self.initial_levels = dict(self.levels)
        self.locations = tuple(
            Location(name, rank) for rank, name in enumerate(dict.fromkeys(at for _, at in self.levels), 1)
        )
        self.names = {sku: Alias(sku, sku, sku) for sku in self.items}

    def apply(self, *order_inputs: OrderInput, instant: bool = False) -> Outcome:
        """What came of the last of them. After each, the promises must hold."""
        outcome = Outcome.DUPLICATE
        for order_input in order_inputs:
            decided = self.preview(order_input, instant=instant)
            outcome = decided.outcome
            if decided.change is not None:
                self.commit(decided.change)
            assert [] == self.broken_promises(), order_input
        return outcome

    def preview(self, order_input: OrderInput, *, instant: bool = False) -> Decided:
        """What came of it if it were told now."""
        return decide(
            self.orders.get(str(OrderKey(order_input.channel, order_input.external_id))),
            order_input,
            self.context(),
            instant=instant,
        )

    def context(self) -> DecisionContext:
        return DecisionContext(
            channel=self.channel,
            locations=self.locations,
            names=self.names,
            items=self.items,
            level=self.level,
            now=self.now,
        )

    def level(self, sku: str, location: str) -> Level:
        return self.levels.get(LevelKey(sku, location)) or Level(sku=sku, location=location)

    def commit(self, change: OrderChange) -> None:
        before = self.orders.get(change.after.order_id)
        if (before.rev if before else None) != (change.before.rev if change.before else None):
            raise CommitConditionFailed(f"{change.after.order_id} is not as expected")
        moved = [self._moved(movement, placed=False) for movement in change.levels().values()]
        self.orders[change.after.order_id] = replace(change.after, rev=before.rev + 1 if before else 1)
        self._write(moved)

    def adjust(self, operation: Operation) -> None:
        """A person moves units. Raises Refused when they are not there."""
        moved = movements(operation)
        self._write([self._moved(movement, placed=True) for movement in moved])
        for movement in moved:
            self.adjusted[movement.key] += movement.on_hand
        assert [] == self.broken_promises()

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def switch_import(self, *, imports: bool) -> None:
        self.channel = replace(self.channel, import_orders=imports)

    def order(self, external_id: str = "1") -> Order:
        return self.orders[f"web:{external_id}"]

    def stock(self, sku: str, location: str = "M") -> Stock:
        return stock_of(self.level(sku, location))

    def bins(self, sku: str, location: str = "M") -> dict[str, int]:
        """Bin → units; what lies in none under ""."""
        level = self.level(sku, location)
        return {name: bin.on_hand for name, bin in level.bins.items()} | {"": level.unplaced}

    def _moved(self, movement: Movement, *, placed: bool) -> Level:
        """The level after it, under the same conditions as `adapters.movement_update`."""
        level = self.level(*movement.key)
        if not movement.bins.keys() <= level.bins.keys():
            raise CommitConditionFailed(f"{movement.key}: no such bin")
        moved = level_after(level, movement)
        pairs = [(movement.available, moved.available), (movement.reserved, moved.reserved)]
        pairs += [(units, moved.bins[name].on_hand) for name, units in movement.bins.items()]
        pairs += [(movement.unplaced, moved.unplaced)] if placed else []
        if any(units < 0 and left < 0 for units, left in pairs):
            raise CommitConditionFailed(f"{movement.key}: {movement} does not fit {level}")
        return replace(moved, seq=level.seq + 1)

    def _write(self, moved: Iterable[Level]) -> None:
        for level in moved:
            key = LevelKey(level.sku, level.location)
            entry = level_entry(self.levels.get(key), level, self.now.isoformat())
            assert entry is not None
            self.ledger.setdefault(key, []).append(entry)
            self.levels[key] = level

    def broken_promises(self) -> list[str]:
        """Promises 1 to 4 and 8 of the design, as far as they can be seen from what is stored."""
        return [*self._broken_levels(), *self._broken_ledgers(), *self._broken_orders()]

    def _broken_levels(self) -> Iterable[str]:
        held, moved = Counter[LevelKey](), Counter(self.adjusted)
        for order in self.orders.values():
            held.update(reserved_units(order))
            moved.update(on_hand_of(order))
        for key, level in self.levels.items():
            opened = self.initial_levels[key].on_hand if key in self.initial_levels else 0
            if level.on_hand != level.available + level.reserved or min(level.available, level.reserved) < 0:
                yield f"promise 1: {level}"
            if level.on_hand != level.unplaced + sum(bin.on_hand for bin in level.bins.values()):
                yield f"promise 1: the bins of {level}"
            if any(bin.on_hand < 0 for bin in level.bins.values()):
                yield f"promise 1: a bin of {level}"
            if level.reserved != held[key]:
                yield f"promise 2: {level}, {held[key]} allocated"
            if level.on_hand != opened + moved[key]:
                yield f"promise 3: {level}, {opened} opened, {moved[key]} moved"
        yield from (f"promise 2: {key} is no level" for key in held.keys() - self.levels.keys())

    def _broken_ledgers(self) -> Iterable[str]:
        for key, level in self.levels.items():
            entries = self.ledger.get(key, [])
            opened = self.initial_levels[key].on_hand if key in self.initial_levels else 0
            if [entry.seq for entry in entries] != list(range(1, level.seq + 1)):
                yield f"promise 8: the ledger of {key} has a gap"
            if opened + sum(entry.on_hand for entry in entries) != level.on_hand:
                yield f"promise 8: the ledger of {key} does not add up"

    def _broken_orders(self) -> Iterable[str]:
        for order in self.orders.values():
            if problem := broken_order(order):
                yield f"promise 4: {problem}: {order}"


def on_hand_of(order: Order) -> Counter[LevelKey]:
    """(SKU, location) → units on hand by its parcels that are not voided and its returns; counted anew here."""
    units = Counter[LevelKey]()
    for one in order.shipments:
        for taken in () if one.voided else one.picked:
            units[LevelKey(taken.sku, taken.location)] -= taken.quantity
    for come in order.brought_in:
        units[LevelKey(come.sku, come.location)] += come.quantity
    for back in order.returns:
        for taken in back.restocked:
            units[LevelKey(taken.sku, taken.location)] += taken.quantity
    return units


TAKES_NOTHING = frozenset({State.RECORDED, State.REFUSED, State.CANCELLED, State.SHIPPED})


def broken_return(back: Return) -> str:
    found = {key: one.sellable + one.damaged for key, one in back.found.items()}
    if any(units > back.lines.get(key, 0) for key, units in found.items()):
        return "more was found than came back"
    parcels = [units for one in arrivals_of(back) for units in one.restocked]
    return "" if parcels == [*back.restocked] else "a return is not the sum of its parcels"


def broken_order(order: Order) -> str:
    """All lines are promised together or not at all, and only a person's word leaves a part of them waiting."""
    if any(units > shipped(order)[line_id] for one in order.returns for line_id, units in one.lines.items()):
        return "more comes back than has left"
    if problems := list(filter(None, map(broken_return, order.returns))):
        return problems[0]
    if order.state in TAKES_NOTHING:
        return "it takes nothing, yet holds units" if order.allocations or order.backorders else ""
    if order.state is State.REQUESTED:
        return "nobody accepted that a part of it waits" if order.backorders else ""
    if order.backorders and not (order.request_decision and order.request_decision.accepted):
        return "nobody accepted that a part of it waits"
    if order.state is State.EXCEPTION:
        return ""
    waits = Counter[tuple[str, str]]()
    covered: tuple[Allocation | Backorder, ...] = (*order.allocations, *order.backorders)
    for one in covered:
        waits[one.line_id, one.sku] += one.quantity
    needs = Counter(
        {(line.line_id, sku): n * units for line, n in open_lines(order) for sku, units in line.parts.items()}
    )
    return "" if +waits == +needs else f"it needs {+needs} and waits for {+waits}"
