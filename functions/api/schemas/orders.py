"""An order: what was sold, what is reserved for it, and what has become of it."""

from functions.api.schemas.common import Answer, DateTime
from functions.api.schemas.returns import ReturnOut
from functions.api.schemas.shipments import PendingShipmentOut, PickedUnitsOut, ShipmentOut
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order, RequestDecision, RoutingDecision
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.review import remedy_for
from lastunit.domain.stock.catalogue import Supply
from lastunit.use_cases.orders.change_orders import ChangeResult


class LineOut(Answer):
    """One position of an order. `names`: what the channel calls it; `sku` and `listing` are null if unknown.

    `quantity` is what the channel wants now, `declined` what of it a person declined, `cancelled` what the channel
    cancelled and did not put back on its shelf. `components`: stocked SKUs in one unit, as the recipe stood then.
    `no_stock`: it needs none, such as a tip: nothing is reserved or shipped for it.
    """

    line_id: str
    names: list[str]
    sku: str | None
    listing: str | None
    quantity: int
    declined: int
    cancelled: int
    components: dict[str, int]
    no_stock: bool

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        return cls(
            line_id=line.line_id,
            names=list(line.names),
            sku=line.sku,
            listing=line.listing,
            quantity=line.quantity,
            declined=line.declined,
            cancelled=line.cancelled,
            components=dict(line.parts),
            no_stock=line.no_stock,
        )


class AllocationOut(Answer):
    """Units of a line reserved at one location, and the rule that chose it. Of a kit one for each component."""

    line_id: str
    sku: str
    location: str
    quantity: int
    rule: str

    @classmethod
    def of(cls, allocation: Allocation) -> "AllocationOut":
        return cls(
            line_id=allocation.line_id,
            sku=allocation.sku,
            location=allocation.location,
            quantity=allocation.quantity,
            rule=allocation.rule,
        )


class BackorderOut(Answer):
    """Units of a line that were accepted and wait for arriving stock."""

    line_id: str
    sku: str
    quantity: int

    @classmethod
    def of(cls, backorder: Backorder) -> "BackorderOut":
        return cls(line_id=backorder.line_id, sku=backorder.sku, quantity=backorder.quantity)


class RoutingOut(Answer):
    """How the order was routed. `stock_seen`: SKU → location → units available then; `shortage`: SKU → units."""

    policy: str
    candidates: list[str]
    stock_seen: dict[str, dict[str, int]]
    shortage: dict[str, int]

    @classmethod
    def of(cls, routing: RoutingDecision) -> "RoutingOut":
        return cls(
            policy=routing.policy,
            candidates=list(routing.candidates),
            stock_seen={sku: dict(units) for sku, units in routing.saw.items()},
            shortage=dict(routing.shortage),
        )


class RequestDecisionOut(Answer):
    """Who decided the request. `lines`: line id → units accepted, of lines that were not accepted whole.

    `supply` and `location` of the missing units are null where settings decided.
    """

    accepted: bool
    by: str
    at: DateTime
    lines: dict[str, int]
    supply: Supply | None
    location: str | None

    @classmethod
    def of(cls, decision: RequestDecision) -> "RequestDecisionOut":
        return cls(
            accepted=decision.accepted,
            by=decision.by,
            at=decision.at,
            lines=dict(decision.lines),
            supply=decision.supply,
            location=decision.location,
        )


class OrderOut(Answer):
    """An order. `remedy`: what a person can do about its `reason`, empty if nothing.

    `decide_by` and `pay_by`: its deadlines while they run; `queued_at`: its place among those that wait for units;
    `waiting_since`: how long a person has been awaited. `location`: where its channel says it was sold. `version`
    names what the channel said last. `brought_in`: units that came into stock when its request was
    accepted.
    """

    order_id: str
    channel: str
    external_id: str
    state: State
    reason: OrderReason | None
    details: dict[str, str]
    remedy: str
    lines: list[LineOut]
    allocations: list[AllocationOut]
    backorders: list[BackorderOut]
    shipments: list[ShipmentOut]
    pending_shipments: list[PendingShipmentOut]
    returns: list[ReturnOut]
    routing: RoutingOut | None
    request_decision: RequestDecisionOut | None
    brought_in: list[PickedUnitsOut]
    decide_by: DateTime | None
    pay_by: DateTime | None
    escalated: bool
    paid: bool
    location: str | None
    placed_at: DateTime | None
    changed_at: DateTime | None
    queued_at: DateTime | None
    waiting_since: DateTime | None
    version: str

    @classmethod
    def of(cls, order: Order) -> "OrderOut":
        return cls(
            order_id=order.order_id,
            channel=order.channel,
            external_id=order.external_id,
            state=order.state,
            reason=order.reason,
            details=dict(order.details),
            remedy=remedy_for(order.reason),
            lines=[LineOut.of(line) for line in order.lines],
            allocations=[AllocationOut.of(one) for one in order.allocations],
            backorders=[BackorderOut.of(one) for one in order.backorders],
            shipments=[ShipmentOut.of(one) for one in order.shipments],
            pending_shipments=[PendingShipmentOut.of(one) for one in order.pending_shipments],
            returns=[ReturnOut.of(one) for one in order.returns],
            routing=RoutingOut.of(order.routing) if order.routing else None,
            request_decision=RequestDecisionOut.of(order.request_decision) if order.request_decision else None,
            brought_in=[PickedUnitsOut.of(one) for one in order.brought_in],
            decide_by=order.decide_by,
            pay_by=order.pay_by,
            escalated=order.escalated,
            paid=order.paid,
            location=order.location,
            placed_at=order.placed_at,
            changed_at=order.changed_at,
            queued_at=order.queued_at,
            waiting_since=order.waiting_since,
            version=order.version,
        )


class OrderChangedOut(Answer):
    """What the request came to, and the order as it now stands."""

    outcome: Outcome
    order: OrderOut

    @classmethod
    def of(cls, changed: ChangeResult) -> "OrderChangedOut":
        return cls(outcome=changed.outcome, order=OrderOut.of(changed.order))
