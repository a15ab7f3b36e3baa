"""What each deed of a plan does, to whatever it finds when its time has come."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lastunit.change_orders import Incoming
from lastunit.domain import lifecycle
from lastunit.domain.catalogue import Location
from lastunit.domain.errors import LastunitError
from lastunit.domain.facts import Answer, Fact, Payment, Retry, ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.levels import Adjustment, Place, Reason, Transfer
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Order, shipped
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.hub import Hub
from tests.channels.ebay import Ebay
from tests.channels.marketplace import Delivery, SoldOut
from tests.simulate.opening import COUNTER
from tests.simulate.plan import Intent
from tests.simulate.shape import Shape
from tests.simulate.town import Sale, Town

OPEN_SALES = 20  # Older orders are left alone.


@dataclass(frozen=True, slots=True)
class Deeds:
    town: Town
    shape: Shape

    def do(self, intent: Intent) -> None:
        getattr(self, f"_{intent.deed}")(intent, random.Random(intent.draw))  # noqa: S311 - reproducible, not secret

    # -- buyers ----------------------------------------------------------------------------------------------

    def _buy(self, intent: Intent, chance: random.Random) -> None:
        market: Any = self.town.markets[intent.channel]
        shelves = market.shelves
        lines = {name: min(units, shelves[name]) for name, units in intent.lines.items() if shelves[name] > 0}
        if lines:
            self.town.sales.append(Sale(intent.channel, market.sell(lines), lines, self._second))

    def _cancel(self, intent: Intent, chance: random.Random) -> None:
        """What the channel puts back somebody else often buys at once: that order may be heard of first."""
        sale = self._some(chance, lambda one: not one.cancelled and not one.parcels and one.channel != COUNTER)
        if sale and self._kind(sale) == "ebay" and len(sale.lines) > 1 and chance.random() < 0.7:
            self._cancel_line(sale, chance)
        elif sale:
            self._market(sale).cancel(sale.external_id)
            sale.cancelled = True
            if chance.random() < 0.5:
                self._buy(replace(intent, channel=sale.channel, lines=sale.lines), chance)

    def _cancel_line(self, sale: Sale, chance: random.Random) -> None:
        name = chance.choice(list(sale.lines))
        self._market(sale).cancel(sale.external_id, [name])
        del sale.lines[name]

    def _edit(self, intent: Intent, chance: random.Random) -> None:
        """Later than what it changes: by Shopify's clock, nobody can tell two changes within a second apart."""
        sale = self._some(
            chance,
            lambda one: not one.cancelled and not one.parcels and self._kind(one) in ("generic", "shopify"),
        )
        if sale is None or sale.changed_at == self._second:
            return
        lines = {name: max(1, units + chance.choice((-1, 0, 1))) for name, units in sale.lines.items()}
        try:
            self._market(sale).edit(sale.external_id, lines)
        except SoldOut:
            return
        sale.lines, sale.changed_at = lines, self._second

    # -- the warehouse ---------------------------------------------------------------------------------------

    def _ship(self, intent: Intent, chance: random.Random) -> None:
        """Only what the hub holds units for leaves the house: staff print their pick lists from it."""
        sale = self._some(chance, lambda one: not one.cancelled and one.unsent)
        if sale is None:
            return
        order = self._order(sale)
        # What escrow sold is there, so that staff may also pack what only its channel knows yet.
        early = order is None and (self.shape.mode == "escrow" or self.shape.is_ample)
        if not early and (order is None or order.state not in (State.RESERVED, State.PARTLY_SHIPPED)):
            return
        if sale.cancelled or not sale.unsent:
            return  # Meanwhile.
        packable = _packable(sale, order) if order else sale.unsent
        lines = {name: chance.randint(1, units) for name, units in packable.items() if chance.random() < 0.8}
        if lines:
            places = {one.location for one in order.allocations} if order else set[str]()
            self._send(sale, lines, places.pop() if len(places) == 1 else None)

    def _send(self, sale: Sale, lines: Mapping[str, int], place: str | None) -> None:
        """ShipStation sends what lies in one warehouse."""
        shipper = next((one for one in self.shape.channels if one.kind == "shipstation"), None)
        if sale.channel == COUNTER:
            return
        market = self._market(sale)
        if self._kind(sale) == "shopify" and shipper and place:
            shipping: Any = self.town.markets[shipper.name]
            warehouse = str(77 + self.shape.locations.index(place))
            ids = {line["sku"]: str(line["id"]) for line in market.orders[sale.external_id]["line_items"]}
            named = {ids[name]: (name, units) for name, units in lines.items()}
            parcel = shipping.ship(sale.external_id, named, warehouse=warehouse)
        else:
            parcel = market.ship(sale.external_id, lines)
        sale.parcels[parcel] = dict(lines)

    def _void(self, intent: Intent, chance: random.Random) -> None:
        sale = self._some(
            chance, lambda one: any(one.parcels.values()) and not one.returning and self._kind(one) == "generic"
        )
        if sale:
            parcel = chance.choice([key for key, lines in sale.parcels.items() if lines])
            self._market(sale).void(sale.external_id, parcel)
            sale.parcels[parcel] = {}

    def _take_back(self, intent: Intent, chance: random.Random) -> None:
        """A parcel comes back: announced, received, inspected; some of it can be sold again.

        Only what left can come back: a parcel voided on its channel stayed, though the hub may not know it yet.
        """
        sale = self._some(chance, lambda one: sum(one.left.values()) > 0 and not one.returning)
        order = self._order(sale) if sale else None
        if sale is None or order is None:
            return
        stayed = {parcel for parcel, units in sale.parcels.items() if not units}
        lines = {
            line.line_id: 1 for line in order.lines if line.listing and _left_of(order, line.line_id, stayed) > 0
        }
        number, sale.returning = f"r{intent.number}", True
        announced = self._tell(ReturnAnnounced(sale.channel, sale.external_id, number, lines))
        if not lines or isinstance(announced, LastunitError):
            return
        place = chance.choice(self.shape.locations)
        self._tell(ReturnReceived(sale.channel, sale.external_id, number, place))
        found = {line: (1, 0, 0) if chance.random() < 0.7 else (0, 1, 0) for line in lines}
        inspected = self._tell(ReturnInspected(sale.channel, sale.external_id, number, found))
        if not isinstance(inspected, LastunitError):
            named = {line.line_id: line.listing or "" for line in order.lines}
            sale.returned.update({named[line]: 1 for line, (sellable, _, _) in found.items() if sellable})

    # -- staff -----------------------------------------------------------------------------------------------

    def _counter_sale(self, intent: Intent, chance: random.Random) -> None:
        number = f"c{intent.number}"
        lines = tuple(SnapshotLine(name, (name,), units) for name, units in intent.lines.items())
        sale = Sale(COUNTER, number, dict(intent.lines))
        self.town.sales.append(sale)
        self._tell(Snapshot(COUNTER, number, "1", lines), instant=True)

    def _receive(self, intent: Intent, chance: random.Random) -> None:
        self._move(intent, chance, Reason.RECEIVE, chance.randint(1, 8))

    def _damage(self, intent: Intent, chance: random.Random) -> None:
        self._move(intent, chance, Reason.DAMAGE, -chance.randint(1, 3))

    def _count(self, intent: Intent, chance: random.Random) -> None:
        self._move(intent, chance, Reason.COUNT, chance.choice((-2, -1, 1, 2)))

    def _move(self, intent: Intent, chance: random.Random, reason: Reason, delta: int) -> None:
        sku, place = self._level(chance)
        bin = chance.choice(("P", "S")) if (sku, place) in self.shape.picking else None
        operation = Adjustment(f"op{intent.number}", reason, sku, place, delta, bin)
        if not isinstance(self.town.ask(lambda hub: hub.adjust_stock.move(operation)), LastunitError):
            self.town.moved[sku, place] += delta

    def _transfer(self, intent: Intent, chance: random.Random) -> None:
        sku, source = self._level(chance)
        _, target = self._level(chance)
        if source == target or {(sku, source), (sku, target)} & self.shape.picking:
            return
        units = chance.randint(1, 4)
        operation = Transfer(f"op{intent.number}", sku, units, Place(source), Place(target))
        if not isinstance(self.town.ask(lambda hub: hub.adjust_stock.move(operation)), LastunitError):
            self.town.moved[sku, source] -= units
            self.town.moved[sku, target] += units

    def _decide(self, intent: Intent, chance: random.Random) -> None:
        for sale in self._recent():
            order = self._order(sale)
            if order and order.state is State.REQUESTED:
                self._tell(Answer(sale.channel, sale.external_id, chance.random() < 0.6, "staff"))
                return

    def _pay(self, intent: Intent, chance: random.Random) -> None:
        sale = self._some(chance, lambda one: not one.cancelled)
        if sale:
            self._tell(Payment(sale.channel, sale.external_id))

    def _sync(self, intent: Intent, chance: random.Random) -> None:
        self.town.ask(lambda hub: hub.manual_sync.channel(intent.channel))

    def _settings(self, intent: Intent, chance: random.Random) -> None:
        change = chance.choice(({"buffer": chance.randint(0, 3)}, {"cap": chance.choice((None, 1, 4))}))

        def save(hub: Hub) -> None:
            stored = hub.settings.channel(intent.channel)
            assert stored is not None
            hub.configure.put_channel(replace(stored, **change))

        self.town.ask(save)

    def _hold(self, intent: Intent, chance: random.Random) -> None:
        on = chance.random() < 0.5
        self.town.ask(lambda hub: hub.configure.hold([intent.channel], on))

    def _close_location(self, intent: Intent, chance: random.Random) -> None:
        place = chance.randrange(len(self.shape.locations))
        location = Location(self.shape.locations[place], place + 1, chance.random() < 0.5)
        self.town.ask(lambda hub: hub.configure.put_location(location))

    # -- strangers -------------------------------------------------------------------------------------------

    def _edit_on_channel(self, intent: Intent, chance: random.Random) -> None:
        """Somebody changes a number on the channel itself. eBay's shelf only mirrors its offers."""
        if isinstance(self.town.markets[intent.channel], Ebay):
            return
        market = self.town.markets[intent.channel]
        name = chance.choice(self.shape.names)
        self.town.edited.add((intent.channel, name))
        market.put_on_shelf(name, chance.randint(0, 5), "edit")

    def _forge(self, intent: Intent, chance: random.Random) -> None:
        body = b'{"type":"order.created","data":{"order_id":"forged"}}'
        headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,Zm9yZ2Vk"}
        if self.town.post(intent.channel, Delivery(headers, body)):
            self.town.forged.append(f"{intent.channel} took a forged webhook")

    # -- looking around --------------------------------------------------------------------------------------

    def _some(self, chance: random.Random, fits: Callable[[Sale], object]) -> Sale | None:
        found = [sale for sale in self._recent() if fits(sale)]
        return chance.choice(found) if found else None

    def _recent(self) -> Iterable[Sale]:
        return self.town.sales[-OPEN_SALES:]

    def _market(self, sale: Sale) -> Any:
        return self.town.markets[sale.channel]

    def _kind(self, sale: Sale) -> str:
        return next((one.kind for one in self.shape.channels if one.name == sale.channel), "")

    def _level(self, chance: random.Random) -> tuple[str, str]:
        return chance.choice(list(self.shape.stock)), chance.choice(self.shape.locations)

    # -- the morning after -----------------------------------------------------------------------------------

    def retry_uncovered(self) -> None:
        """What the remedy says of parcels that took more than was there: staff left with a unit that a cancelled
        order had, before the hub heard of the cancel. Meanwhile it did, and nothing has to be corrected."""
        ids = [sale.order_id for sale in self.town.sales]
        found: Any = self.town.ask(lambda hub: hub.stock_book.orders(ids))
        for order in found.values():
            if order.reason is lifecycle.Reason.SHIPPED_UNCOVERED:
                self._tell(Retry(order.channel, order.external_id))

    # --------------------------------------------------------------------------------------------------------

    @property
    def _second(self) -> int:
        return int(self.town.cloud.scheduler.now)

    def _order(self, sale: Sale) -> Order | None:
        found: Any = self.town.ask(lambda hub: hub.stock_book.orders([sale.order_id]))
        order: Order | None = found.get(sale.order_id)
        return order

    def _tell(self, fact: Fact, *, instant: bool = False) -> object:
        return self.town.ask(lambda hub: _changed(hub, fact, instant))


def _changed(hub: Hub, fact: Fact, instant: bool) -> object:
    answer = hub.change_orders([Incoming("request", fact, instant)])["request"]
    if isinstance(answer, LastunitError):
        raise answer
    return answer


def _packable(sale: Sale, order: Order) -> dict[str, int]:
    """Name → units that its buyer awaits and the hub holds: fewer than all if the order grew meanwhile."""
    held, left = Counter[tuple[str, str]](), shipped(order)
    for one in order.allocations:
        held[one.line_id, one.sku] += one.quantity
    promised = Counter[str]()
    for line in order.lines:
        if line.listing:
            whole = min(held[line.line_id, sku] // each for sku, each in line.parts.items())
            promised[line.listing] += left[line.line_id] + whole
    free = promised - sale.left  # The hub may hold what has left, and does not know it yet.
    return {name: min(units, free[name]) for name, units in sale.unsent.items() if free[name]}


def _left_of(order: Order, line_id: str, stayed: Collection[str]) -> int:
    left = sum(parcel.lines.get(line_id, 0) for parcel in order.parcels if parcel.shipment_id not in stayed)
    back = sum(one.lines.get(line_id, 0) for one in order.returns)
    return left - back
