"""Shipment notices: a parcel that left is booked once by its id, a voided one gives back what it took."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from lastunit.domain.errors import NotFound
from lastunit.domain.orders.cancel import void_of_cancelled
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.depletion import deplete_pending, expects_no_shipment
from lastunit.domain.orders.inbound import ConfirmShipment, ShipmentNotice
from lastunit.domain.orders.order import Allocation, Order, Shipment
from lastunit.domain.orders.parcels import voided_with
from lastunit.domain.orders.states import SHIPPED_THOUGH_CANCELLED, OrderReason, State
from lastunit.domain.orders.units import returning, settled_state, shipped, unallocated

VOIDED = "the shipment was voided"
"""The rule noted with an allocation that a void brings back."""


def ship(order: Order | None, shipment: ShipmentNotice, context: DecisionContext) -> Decided:
    """Deplete what the shipment took, or undo it when it is voided. The same notice again is a duplicate."""
    if order is None:
        return _ship_before_order(shipment)
    known = next((one for one in order.shipments if one.shipment_id == shipment.shipment_id), None)
    is_pending = any(one.shipment_id == shipment.shipment_id for one in order.pending_shipments)
    if shipment.voided:
        return _void(order, known, shipment, context)
    if known or is_pending:
        return Decided(Outcome.DUPLICATE)
    with_pending = replace(order, pending_shipments=(*order.pending_shipments, shipment))
    if order.state is State.RECORDED:  # Import is off: the shipment deducts nothing until the order is confirmed.
        return changed(order, with_pending, Outcome.UPDATED)
    return deplete_pending(order, with_pending, context)


def confirm_shipment(order: Order, given: ConfirmShipment, context: DecisionContext) -> Decided:
    """Deplete what the shipment reports beyond the order as well. Raises NotFound."""
    if any(one.shipment_id == given.shipment_id for one in order.pending_shipments):
        return deplete_pending(order, order, context, confirmed=given.shipment_id)
    if any(one.shipment_id == given.shipment_id for one in order.shipments):
        return Decided(Outcome.DUPLICATE)
    raise NotFound("shipment", given.shipment_id)


def _ship_before_order(shipment: ShipmentNotice) -> Decided:
    """Kept as pending until the order comes; until then a person can see it. A void is kept so that it counts."""
    stub = Order(
        channel=shipment.channel,
        external_id=shipment.external_id,
        state=State.EXCEPTION,
        revision="",
        shipments=(_voided_unseen(shipment),) if shipment.voided else (),
        pending_shipments=() if shipment.voided else (shipment,),
        reason=OrderReason.SHIPMENT_BEFORE_ORDER,
        details={"shipment_id": shipment.shipment_id},
    )
    return changed(None, stub)


def _void(order: Order, known: Shipment | None, shipment: ShipmentNotice, context: DecisionContext) -> Decided:
    """The units are on hand again, and reserved again for lines that still want them (rule 1.1-17)."""
    if known and known.voided:
        return Decided(Outcome.DUPLICATE)
    voided = [replace(known, voided=True) if known else _voided_unseen(shipment)]
    voided += [replace(one, voided=True) for one in voided_with(order, known, shipment)]
    ids = {one.shipment_id for one in voided}
    others = tuple(one for one in order.shipments if one.shipment_id not in ids)
    pending = tuple(one for one in order.pending_shipments if one.shipment_id not in ids)
    base = replace(order, shipments=(*others, *voided), pending_shipments=pending)
    if _returns_exceed_shipped(base):
        return _void_after_return(order, shipment)
    has_depleted = any(one.picked for one in voided)
    if not has_depleted or order.state in (State.CANCELLED, State.REQUESTED):
        return changed(order, _without_cause(base), Outcome.UPDATED)
    if order.reason in SHIPPED_THOUGH_CANCELLED:
        return void_of_cancelled(order, base)
    for one in voided:
        base = replace(base, allocations=(*base.allocations, *_allocate_again(base, one)))
    if base.pending_shipments:  # They may have waited for these very units.
        return deplete_pending(order, base, context)
    if order.state is State.EXCEPTION:
        return changed(order, _without_cause(base))
    return changed(order, replace(base, state=settled_state(base)))


def _without_cause(order: Order) -> Order:
    """What was reported beyond the order is voided: the exception has ended."""
    if order.reason is not OrderReason.SHIPPED_BEYOND_ORDER or order.pending_shipments or unallocated(order):
        return order
    return replace(order, state=settled_state(order), reason=None, details={})


def _voided_unseen(notice: ShipmentNotice) -> Shipment:
    """Kept so that the shipment counts as voided when its own report comes after all."""
    return Shipment(
        shipment_id=notice.shipment_id, lines={}, voided=True, tracking=notice.tracking, reporter=notice.reporter
    )


def _returns_exceed_shipped(order: Order) -> bool:
    """More units of a line are in returns than were shipped."""
    left = shipped(order)
    return any(units > left[line_id] for line_id, units in returning(order).items())


def _void_after_return(order: Order, shipment: ShipmentNotice) -> Decided:
    """An exception: voided means the parcel never left, and then its return would bring the units a second time."""
    reason = OrderReason.SHIPPED_AFTER_CANCEL if expects_no_shipment(order) else OrderReason.VOIDED_AFTER_RETURN
    details = {"shipment_id": shipment.shipment_id}
    after = replace(order, state=State.EXCEPTION, reason=reason, details=details)
    return changed(order, after) if after != order else Decided(Outcome.DUPLICATE)


def _allocate_again(order: Order, voided: Shipment) -> Iterable[Allocation]:
    """Allocations of the voided shipment's units, as far as its lines still want them."""
    wanted: Counter[tuple[str, str]] = unallocated(order)
    for picked in voided.picked:
        units = min(picked.quantity, wanted[picked.line_id, picked.sku])
        if units:
            wanted[picked.line_id, picked.sku] -= units
            yield Allocation(
                line_id=picked.line_id, sku=picked.sku, location=picked.location, quantity=units, rule=VOIDED
            )
