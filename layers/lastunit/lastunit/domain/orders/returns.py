"""Returns: announced, received, inspected. Only what is found sellable is restocked, where it was received."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.errors import Conflict, InvalidInput, MissingReference, NotFound
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.inbound import ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.orders.order import Inspection, Order, PickedUnits, Return, ReturnState
from lastunit.domain.orders.units import returning, shipped

RETURNS_MAX = 50


def announce_return(order: Order, given: ReturnAnnounced) -> Decided:
    """Units that were shipped are on their way back. Raises Conflict, or InvalidInput for too many."""
    known = _known(order, given.return_id)
    if known:
        if dict(known.lines) == dict(given.lines):
            return Decided(Outcome.DUPLICATE)
        raise Conflict(f"return {given.return_id!r} was announced with other lines", state=known.state.value)
    if not order.revision:  # Its lines are unknown, and its shipments are booked anew once it comes.
        raise Conflict("only its shipments are known so far: the order itself comes first", state=order.state.value)
    if len(order.returns) >= RETURNS_MAX:
        raise Conflict(f"an order has at most {RETURNS_MAX} returns")
    _check_quantities(order, given.lines)
    return _with(order, Return(return_id=given.return_id, lines=dict(given.lines)))


def receive_return(order: Order, given: ReturnReceived, context: DecisionContext) -> Decided:
    """The goods lie at a location; stock does not change yet. Raises NotFound, MissingReference or Conflict."""
    known = _expected(order, given.return_id)
    if given.location not in {place.name for place in context.locations}:
        raise MissingReference("location", given.location)
    if known.state is not ReturnState.ANNOUNCED:
        if known.location == given.location:
            return Decided(Outcome.DUPLICATE)
        raise Conflict("the return was received already", location=known.location, state=known.state.value)
    return _with(order, replace(known, state=ReturnState.RECEIVED, location=given.location))


def inspect_return(order: Order, given: ReturnInspected, context: DecisionContext) -> Decided:
    """Sellable units are restocked. Raises NotFound, MissingReference, Conflict or InvalidInput."""
    known = _expected(order, given.return_id)
    found = {line_id: Inspection(*units) for line_id, units in given.lines.items()}
    if known.state is ReturnState.INSPECTED:
        if dict(known.found) == found:
            return Decided(Outcome.DUPLICATE)
        raise Conflict("the return was inspected already", state=known.state.value)
    if known.state is not ReturnState.RECEIVED or known.location is None:
        raise Conflict("the return has not been received yet", state=known.state.value)
    _check_inspection(known, found)
    back = _sellable(order, known.location, found, given.bin, context)
    return _with(order, replace(known, state=ReturnState.INSPECTED, found=found, restocked=back))


def _check_quantities(order: Order, lines: Mapping[str, int]) -> None:
    """Nothing comes back that has not left, or that is on its way back already."""
    left, coming = shipped(order), returning(order)
    if not lines:
        raise InvalidInput("lines", "a return names at least one line")
    for line_id, units in lines.items():
        most = left[line_id] - coming[line_id]
        if not 1 <= units <= most:
            raise InvalidInput(
                f"lines.{line_id}", f"must be 1 to {most} (shipped, less other returns), got {units}"
            )


def _check_inspection(known: Return, found: Mapping[str, Inspection]) -> None:
    for line_id, one in found.items():
        if min(one.sellable, one.damaged, one.missing) < 0:
            raise InvalidInput(f"lines.{line_id}", "takes no negative numbers")
    for line_id in known.lines.keys() | found.keys():
        units = found[line_id].units if line_id in found else 0
        if units != known.lines.get(line_id, 0):
            expected = known.lines.get(line_id, 0)
            raise InvalidInput(f"lines.{line_id}", f"sellable + damaged + missing must be {expected}, got {units}")


def _sellable(
    order: Order, location: str, found: Mapping[str, Inspection], bin: str | None, context: DecisionContext
) -> tuple[PickedUnits, ...]:
    parts = {line.line_id: line.parts for line in order.lines}
    back = list[PickedUnits]()
    for line_id, one in sorted(found.items()):
        for sku, units in sorted(parts[line_id].items()):
            quantity = units * one.sellable
            if not quantity:
                continue
            if bin is not None and bin not in context.level(sku, location).bins:
                raise MissingReference("bin", bin)
            back.append(
                PickedUnits(
                    line_id=line_id,
                    sku=sku,
                    location=location,
                    quantity=quantity,
                    bins={bin: quantity} if bin else {},
                )
            )
    return tuple(back)


def _known(order: Order, return_id: str) -> Return | None:
    return next((one for one in order.returns if one.return_id == return_id), None)


def _expected(order: Order, return_id: str) -> Return:
    known = _known(order, return_id)
    if known is None:
        raise NotFound("return", return_id)
    return known


def _with(order: Order, one: Return) -> Decided:
    others = tuple(known for known in order.returns if known.return_id != one.return_id)
    return changed(order, replace(order, returns=(*others, one)), Outcome.UPDATED)
