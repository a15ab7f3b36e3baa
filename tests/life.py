"""A shop in memory that is told facts about its orders one by one, under the conditions of the real store."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.deciding import decide
from lastunit.domain.facts import Answer, Fact, Shipment, ShippedLine
from lastunit.domain.ledger import LevelEntry, level_entry
from lastunit.domain.levels import Bin, BinKind, Level, LevelKey, Movement, Operation, after, movements
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Backorder, Change, Order, open_lines, order_id, promised, shipped
from lastunit.domain.world import Outcome, World
from tests.fakes import NOON

PICKING, STORAGE = "P", "S"


def shelf(sku: str, location: str, unplaced: int = 0, *, picking: int = 0, storage: int = 0) -> Level:
    """A level whose units lie in its picking bin P, in its storage bin S and outside any bin."""
    bins = {PICKING: Bin(PICKING, BinKind.PICKING, picking), STORAGE: Bin(STORAGE, BinKind.STORAGE, storage)}
    units = unplaced + picking + storage
    return Level(sku, location, units, 0, units, unplaced, bins)


def parcel(
    units: Mapping[str, int], shipment_id: str = "s1", external_id: str = "1", location: str | None = None
) -> Shipment:
    """SKU name → units that left."""
    lines = tuple(ShippedLine(quantity, names=(name,)) for name, quantity in units.items())
    return Shipment("web", external_id, shipment_id, lines, location)


def voided(shipment_id: str = "s1", external_id: str = "1") -> Shipment:
    return Shipment("web", external_id, shipment_id, (), voided=True)


def accept(lines: Mapping[str, int] | None = None, by: str = "Ann") -> Answer:
    return Answer("web", "1", True, by, lines or {})


def decline(by: str = "Ann") -> Answer:
    return Answer("web", "1", False, by)


class Refused(Exception):
    """The store's condition does not hold. One writer alone must never meet it."""


@dataclass(slots=True)
class Life:
    """`opened`: what each level held when the story began. Locations rank in the order their levels are named."""

    levels: dict[LevelKey, Level]
    items: dict[str, Sku]
    channel: Channel
    now: datetime = NOON
    orders: dict[str, Order] = field(default_factory=dict)
    ledger: dict[LevelKey, list[LevelEntry]] = field(default_factory=dict)
    adjusted: Counter[LevelKey] = field(default_factory=Counter)
    opened: dict[LevelKey, Level] = field(init=False)
    places: tuple[Location, ...] = field(init=False)
    names: dict[str, Alias] = field(init=False)

    def __post_init__(self) -> None:
        self.opened = dict(self.levels)
        self.places = tuple(
            Location(name, rank) for rank, name in enumerate(dict.fromkeys(at for _, at in self.levels), 1)
        )
        self.names = {sku: Alias(sku, sku, sku) for sku in self.items}

    def tell(self, *facts: Fact, instant: bool = False) -> Outcome:
        """What came of the last of them. After each, the promises must hold."""
        outcome = Outcome.DUPLICATE
        for fact in facts:
            outcome, change = self.would(fact, instant=instant)
            if change is not None:
                self.commit(change)
            assert [] == self.broken_promises(), fact
        return outcome

    def would(self, fact: Fact, *, instant: bool = False) -> tuple[Outcome, Change | None]:
        """What came of it if it were told now."""
        return decide(
            self.orders.get(order_id(fact.channel, fact.external_id)), fact, self.world(), instant=instant
        )

    def world(self) -> World:
        return World(self.channel, self.places, self.names, self.items, self.level, self.now)

    def level(self, sku: str, location: str) -> Level:
        return self.levels.get((sku, location)) or Level(sku, location)

    def commit(self, change: Change) -> None:
        before = self.orders.get(change.after.order_id)
        if (before.rev if before else None) != (change.before.rev if change.before else None):
            raise Refused(f"{change.after.order_id} is not as expected")
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

    def switch(self, *, imports: bool) -> None:
        self.channel = replace(self.channel, imports=imports)

    def order(self, external_id: str = "1") -> Order:
        return self.orders[f"web:{external_id}"]

    def stock(self, sku: str, location: str = "M") -> tuple[int, int, int]:
        """On hand, reserved, available."""
        level = self.level(sku, location)
        return level.on_hand, level.reserved, level.available

    def bins(self, sku: str, location: str = "M") -> dict[str, int]:
        """Bin → units; what lies in none under ""."""
        level = self.level(sku, location)
        return {name: bin.on_hand for name, bin in level.bins.items()} | {"": level.unplaced}

    def _moved(self, movement: Movement, *, placed: bool) -> Level:
        """The level after it, under the same conditions as `adapters.movement_update`."""
        level = self.level(*movement.key)
        if not movement.bins.keys() <= level.bins.keys():
            raise Refused(f"{movement.key}: no such bin")
        moved = after(level, movement)
        pairs = [(movement.available, moved.available), (movement.reserved, moved.reserved)]
        pairs += [(units, moved.bins[name].on_hand) for name, units in movement.bins.items()]
        pairs += [(movement.unplaced, moved.unplaced)] if placed else []
        if any(units < 0 and left < 0 for units, left in pairs):
            raise Refused(f"{movement.key}: {movement} does not fit {level}")
        return replace(moved, seq=level.seq + 1)

    def _write(self, moved: Iterable[Level]) -> None:
        for level in moved:
            key = level.sku, level.location
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
            held.update(promised(order))
            moved.update(on_hand_of(order))
        for key, level in self.levels.items():
            opened = self.opened[key].on_hand if key in self.opened else 0
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
            opened = self.opened[key].on_hand if key in self.opened else 0
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
    for one in order.parcels:
        for taken in () if one.voided else one.took:
            units[taken.sku, taken.location] -= taken.quantity
    for back in order.returns:
        for taken in back.restocked:
            units[taken.sku, taken.location] += taken.quantity
    return units


TAKES_NOTHING = frozenset({State.RECORDED, State.REQUESTED, State.REFUSED, State.CANCELLED, State.SHIPPED})


def broken_order(order: Order) -> str:
    """All lines are promised together or not at all, and only a person's word leaves a part of them waiting."""
    if any(units > shipped(order)[line_id] for one in order.returns for line_id, units in one.lines.items()):
        return "more comes back than has left"
    if order.state in TAKES_NOTHING:
        return "it takes nothing, yet holds units" if order.allocations or order.backorders else ""
    if order.backorders and not (order.verdict and order.verdict.accepted):
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
