"""What each action of a plan does, to whatever it finds when its time has come."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from lastunit.container import Hub
from lastunit.domain.errors import Conflict, LastunitError
from lastunit.domain.orders import states
from lastunit.domain.orders.inbound import (
    DecideRequest,
    OrderInput,
    PaymentReceived,
    RetryOrder,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
)
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import shipped
from lastunit.domain.review import ExceptionRecord, ReviewKind
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Place, Transfer
from lastunit.use_cases.orders.change_orders import Incoming
from tests.channels.ebay.simulator import Ebay
from tests.channels.marketplace import Delivery, SoldOut
from tests.simulate.draws.catalogue import BY_NAME
from tests.simulate.plan import Intent
from tests.simulate.scenario import Scenario
from tests.simulate.setup import COUNTER
from tests.simulate.shop_world import Sale, ShopWorld

OPEN_SALES = 20  # Older orders are left alone.


@dataclass(frozen=True, slots=True)
class Actions:
    """`drawn`: how often each draw of `draws/` came to something."""

    shop_world: ShopWorld
    scenario: Scenario
    drawn: Counter[str] = field(default_factory=Counter)

    def do(self, intent: Intent) -> None:
        rng = random.Random(intent.draw)  # noqa: S311 - reproducible, not secret
        draw = BY_NAME.get(intent.action)
        if draw is None:
            getattr(self, f"_{intent.action}")(intent, rng)
        elif draw.do(self, intent, rng):
            self.drawn[draw.name] += 1

    # -- buyers ----------------------------------------------------------------------------------------------

    def _buy(self, intent: Intent, rng: random.Random) -> None:
        market: Any = self.shop_world.markets[intent.channel]
        shelves = market.shelves
        lines = {name: min(units, shelves[name]) for name, units in intent.lines.items() if shelves[name] > 0}
        if lines:
            self.shop_world.sales.append(Sale(intent.channel, market.sell(lines), lines, self.second))

    def _cancel(self, intent: Intent, rng: random.Random) -> None:
        """What the channel puts back somebody else often buys at once: that order may be heard of first."""
        sale = self.some_sale(rng, lambda one: not one.cancelled and not one.parcels and one.channel != COUNTER)
        if sale and self.kind_of(sale) == "ebay" and len(sale.lines) > 1 and rng.random() < 0.7:
            self._cancel_line(sale, rng)
        elif sale:
            self.market_of(sale).cancel(sale.external_id)
            sale.cancelled = True
            if rng.random() < 0.5:
                self._buy(replace(intent, channel=sale.channel, lines=sale.lines), rng)

    def _cancel_line(self, sale: Sale, rng: random.Random) -> None:
        name = rng.choice(list(sale.lines))
        self.market_of(sale).cancel(sale.external_id, [name])
        del sale.lines[name]

    def _edit(self, intent: Intent, rng: random.Random) -> None:
        """Later than what it changes: by Shopify's clock, nobody can tell two changes within a second apart."""
        sale = self.some_sale(
            rng,
            lambda one: not one.cancelled and not one.parcels and self.kind_of(one) in ("generic", "shopify"),
        )
        if sale is None or sale.changed_at == self.second:
            return
        lines = {name: max(1, units + rng.choice((-1, 0, 1))) for name, units in sale.lines.items()}
        try:
            self.market_of(sale).edit(sale.external_id, lines)
        except SoldOut:
            return
        sale.lines, sale.changed_at = lines, self.second

    # -- the warehouse ---------------------------------------------------------------------------------------

    def _ship(self, intent: Intent, rng: random.Random) -> None:
        """Only what the hub holds units for leaves the house: staff print their pick lists from it."""
        sale = self.some_sale(rng, lambda one: not one.cancelled and one.unsent)
        if sale is None:
            return
        order = self.order_of(sale)
        # What escrow sold is there, so that staff may also pack what only its channel knows yet.
        early = order is None and (self.scenario.mode == "escrow" or self.scenario.is_ample)
        if not early and (order is None or order.state not in (State.RESERVED, State.PARTLY_SHIPPED)):
            return
        if sale.cancelled or not sale.unsent:
            return  # Meanwhile.
        packable = _packable(sale, order) if order else sale.unsent
        lines = {name: rng.randint(1, units) for name, units in packable.items() if rng.random() < 0.8}
        if lines:
            places = {one.location for one in order.allocations} if order else set[str]()
            self._send(sale, lines, places.pop() if len(places) == 1 else None)

    def _send(self, sale: Sale, lines: Mapping[str, int], place: str | None) -> None:
        """ShipStation sends what lies in one warehouse."""
        shipper = next((one for one in self.scenario.channels if one.kind == "shipstation"), None)
        if sale.channel == COUNTER:
            return
        market = self.market_of(sale)
        if self.kind_of(sale) == "shopify" and shipper and place:
            shipping: Any = self.shop_world.markets[shipper.name]
            warehouse = str(77 + self.scenario.locations.index(place))
            ids = {line["sku"]: str(line["id"]) for line in market.orders[sale.external_id]["line_items"]}
            named = {ids[name]: (name, units) for name, units in lines.items()}
            parcel = shipping.ship(sale.external_id, named, warehouse=warehouse)
        else:
            parcel = market.ship(sale.external_id, lines)
        sale.parcels[parcel] = dict(lines)

    def _void(self, intent: Intent, rng: random.Random) -> None:
        sale = self.some_sale(
            rng, lambda one: any(one.parcels.values()) and not one.returning and self.kind_of(one) == "generic"
        )
        if sale:
            parcel = rng.choice([key for key, lines in sale.parcels.items() if lines])
            self.market_of(sale).void(sale.external_id, parcel)
            sale.parcels[parcel] = {}

    def _take_back(self, intent: Intent, rng: random.Random) -> None:
        """A parcel comes back: announced, received, inspected; some of it can be sold again.

        Only what left can come back: a parcel voided on its channel stayed, though the hub may not know it yet.
        """
        sale = self.some_sale(rng, lambda one: sum(one.left.values()) > 0 and not one.returning)
        order = self.order_of(sale) if sale else None
        if sale is None or order is None:
            return
        stayed = {parcel for parcel, units in sale.parcels.items() if not units}
        lines = {
            line.line_id: 1 for line in order.lines if line.listing and _left_of(order, line.line_id, stayed) > 0
        }
        number, sale.returning = f"r{intent.number}", True
        announced = self.apply(
            ReturnAnnounced(channel=sale.channel, external_id=sale.external_id, return_id=number, lines=lines)
        )
        if not lines or isinstance(announced, LastunitError):
            return
        place = rng.choice(self.scenario.locations)
        self.apply(
            ReturnReceived(channel=sale.channel, external_id=sale.external_id, return_id=number, location=place)
        )
        found = {line: (1, 0, 0) if rng.random() < 0.7 else (0, 1, 0) for line in lines}
        inspected = self.apply(
            ReturnInspected(channel=sale.channel, external_id=sale.external_id, return_id=number, lines=found)
        )
        if not isinstance(inspected, LastunitError):
            named = {line.line_id: line.listing or "" for line in order.lines}
            sale.returned.update({named[line]: 1 for line, (sellable, _, _) in found.items() if sellable})

    # -- staff -----------------------------------------------------------------------------------------------

    def _counter_sale(self, intent: Intent, rng: random.Random) -> None:
        number = f"c{intent.number}"
        lines = tuple(SnapshotLine(name, (name,), units) for name, units in intent.lines.items())
        sale = Sale(COUNTER, number, dict(intent.lines))
        self.shop_world.sales.append(sale)
        self.apply(OrderSnapshot(channel=COUNTER, external_id=number, revision="1", lines=lines), instant=True)

    def _receive(self, intent: Intent, rng: random.Random) -> None:
        self._move(intent, rng, AdjustmentReason.RECEIVE, rng.randint(1, 8))

    def _damage(self, intent: Intent, rng: random.Random) -> None:
        self._move(intent, rng, AdjustmentReason.DAMAGE, -rng.randint(1, 3))

    def _count(self, intent: Intent, rng: random.Random) -> None:
        self._move(intent, rng, AdjustmentReason.COUNT, rng.choice((-2, -1, 1, 2)))

    def _move(self, intent: Intent, rng: random.Random, reason: AdjustmentReason, delta: int) -> None:
        sku, place = self.some_level(rng)
        bin = rng.choice(("P", "S")) if (sku, place) in self.scenario.picking else None
        operation = Adjustment(
            operation=f"op{intent.number}", reason=reason, sku=sku, location=place, delta=delta, bin=bin
        )
        if not isinstance(self.shop_world.ask(lambda hub: hub.adjust_stock.move(operation)), LastunitError):
            self.shop_world.moved[sku, place] += delta

    def _transfer(self, intent: Intent, rng: random.Random) -> None:
        sku, source = self.some_level(rng)
        _, target = self.some_level(rng)
        if source == target or {(sku, source), (sku, target)} & self.scenario.picking:
            return
        units = rng.randint(1, 4)
        operation = Transfer(
            operation=f"op{intent.number}", sku=sku, quantity=units, source=Place(source), destination=Place(target)
        )
        if not isinstance(self.shop_world.ask(lambda hub: hub.adjust_stock.move(operation)), LastunitError):
            self.shop_world.moved[sku, source] -= units
            self.shop_world.moved[sku, target] += units

    def _decide(self, intent: Intent, rng: random.Random) -> None:
        for sale in self.recent():
            order = self.order_of(sale)
            if order and order.state is State.REQUESTED:
                self.apply(
                    DecideRequest(
                        channel=sale.channel, external_id=sale.external_id, accept=rng.random() < 0.6, by="staff"
                    )
                )
                return

    def _pay(self, intent: Intent, rng: random.Random) -> None:
        sale = self.some_sale(rng, lambda one: not one.cancelled)
        if sale:
            self.apply(PaymentReceived(sale.channel, sale.external_id))

    def _sync(self, intent: Intent, rng: random.Random) -> None:
        self.shop_world.ask(lambda hub: hub.manual_sync.channel(intent.channel))

    def _settings(self, intent: Intent, rng: random.Random) -> None:
        change = rng.choice(({"buffer": rng.randint(0, 3)}, {"cap": rng.choice((None, 1, 4))}))

        def save(hub: Hub) -> None:
            stored = hub.settings.channel(intent.channel)
            assert stored is not None
            hub.configure_channel.put_channel(replace(stored, **change))

        self.shop_world.ask(save)

    def _hold(self, intent: Intent, rng: random.Random) -> None:
        on = rng.random() < 0.5
        self.shop_world.ask(lambda hub: hub.configure_channel.pause([intent.channel], on))

    def _close_location(self, intent: Intent, rng: random.Random) -> None:
        place = rng.randrange(len(self.scenario.locations))
        location = Location(self.scenario.locations[place], place + 1, rng.random() < 0.5)
        self.shop_world.ask(lambda hub: hub.configure_catalogue.put_location(location))

    # -- strangers -------------------------------------------------------------------------------------------

    def _edit_on_channel(self, intent: Intent, rng: random.Random) -> None:
        """Somebody changes a number on the channel itself. eBay's shelf only mirrors its offers."""
        if isinstance(self.shop_world.markets[intent.channel], Ebay):
            return
        market = self.shop_world.markets[intent.channel]
        name = rng.choice(self.scenario.names)
        self.shop_world.edited.add((intent.channel, name))
        market.put_on_shelf(name, rng.randint(0, 5), "edit")

    def _forge(self, intent: Intent, rng: random.Random) -> None:
        body = b'{"type":"order.created","data":{"order_id":"forged"}}'
        headers = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,Zm9yZ2Vk"}
        if self.shop_world.post(intent.channel, Delivery(headers, body)):
            self.shop_world.forged.append(f"{intent.channel} took a forged webhook")

    # -- looking around --------------------------------------------------------------------------------------

    def some_sale(self, rng: random.Random, fits: Callable[[Sale], object]) -> Sale | None:
        found = [sale for sale in self.recent() if fits(sale)]
        return rng.choice(found) if found else None

    def recent(self) -> Iterable[Sale]:
        return self.shop_world.sales[-OPEN_SALES:]

    def market_of(self, sale: Sale) -> Any:
        return self.shop_world.markets[sale.channel]

    def kind_of(self, sale: Sale) -> str:
        return next((one.kind for one in self.scenario.channels if one.name == sale.channel), "")

    def some_level(self, rng: random.Random) -> tuple[str, str]:
        return rng.choice(list(self.scenario.stock)), rng.choice(self.scenario.locations)

    # -- the morning after -----------------------------------------------------------------------------------

    def retry_uncovered(self) -> None:
        """What the remedy says of parcels that took more than was there: staff left with a unit that a cancelled
        order had, before the hub heard of the cancel. Meanwhile it did, and nothing has to be corrected."""
        ids = [sale.order_id for sale in self.shop_world.sales]
        found: Any = self.shop_world.ask(lambda hub: hub.order_store.orders(ids))
        for order in found.values():
            if order.reason is states.OrderReason.SHIPPED_UNCOVERED:
                self.apply(RetryOrder(order.channel, order.external_id))

    def resolve_exceptions(self) -> None:
        """Of orders that cannot be understood. Until then their channels' polls prove nothing."""
        if self.shop_world.odd:
            self.shop_world.ask(_resolve_all)

    # --------------------------------------------------------------------------------------------------------

    @property
    def second(self) -> int:
        return int(self.shop_world.cloud.scheduler.now)

    def order_of(self, sale: Sale) -> Order | None:
        found: Any = self.shop_world.ask(lambda hub: hub.order_store.orders([sale.order_id]))
        order: Order | None = found.get(sale.order_id)
        return order

    def apply(self, fact: OrderInput, *, instant: bool = False) -> object:
        return self.shop_world.ask(lambda hub: _changed(hub, fact, instant))


def _resolve_all(hub: Hub) -> None:
    for item in hub.exceptions.review(ReviewKind.EXCEPTION, 100):
        if isinstance(item.subject, ExceptionRecord):
            with suppress(Conflict):  # Resolved when this was asked before.
                hub.resolve_exception.resolve(item.subject.exception_id, "staff", retry=False)


def _changed(hub: Hub, fact: OrderInput, instant: bool) -> object:
    answer = hub.change_orders.apply([Incoming("request", fact, instant)])["request"]
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
    left = sum(parcel.lines.get(line_id, 0) for parcel in order.shipments if parcel.shipment_id not in stayed)
    back = sum(one.lines.get(line_id, 0) for one in order.returns)
    return left - back
