"""Returns: announced, received in one parcel or more, inspected. Only what is found sellable is restocked.

Every step is recognised when it comes again. What was said wrongly is corrected under an id of its own: the row's
next version says what is true, so that stock moves by the difference, by a counter-movement if need be.
"""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.errors import Conflict, InvalidInput, MissingReference, NotFound
from lastunit.domain.orders.arrivals import arrivals_of, due, noted, with_arrival, with_lines
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.inbound import ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.orders.inspections import check_fall, found_of, restocked_by
from lastunit.domain.orders.order import Order, Return, ReturnArrival
from lastunit.domain.orders.units import returning, shipped

RETURNS_MAX = 50
ARRIVALS_MAX = 20


def announce_return(order: Order, given: ReturnAnnounced) -> Decided:
    """Units that were shipped are on their way back. Raises Conflict, NotFound, or InvalidInput for too many."""
    known, lines = _known(order, given.return_id), _goods(order, given.lines)
    if given.correction:
        return _announce_again(order, _expected(order, given.return_id), given)
    if known:
        if dict(known.lines) == lines:
            return Decided(Outcome.DUPLICATE)
        raise Conflict(f"return {given.return_id!r} was announced with other lines", state=known.state.value)
    if not order.revision:  # Its lines are unknown, and its shipments are booked anew once it comes.
        raise Conflict("only its shipments are known so far: the order itself comes first", state=order.state.value)
    if len(order.returns) >= RETURNS_MAX:
        raise Conflict(f"an order has at most {RETURNS_MAX} returns")
    if not given.lines:
        raise InvalidInput("lines", "a return names at least one line")
    _check_quantities(order, lines, Return(return_id=given.return_id, lines={}), least=1)
    return _with(order, with_lines(Return(return_id=given.return_id, lines={}), lines))


def _announce_again(order: Order, known: Return, given: ReturnAnnounced) -> Decided:
    """Other lines than were announced, but no fewer than arrived already."""
    lines = _goods(order, given.lines)
    corrected = noted(known, given.correction, "announced", sorted(lines.items()))
    if corrected is None:
        return Decided(Outcome.DUPLICATE)
    _check_quantities(order, lines, known, least=0)
    wanted = {line_id: units for line_id, units in lines.items() if units}
    after = with_lines(corrected, wanted)
    for line_id, units in due(after).items():
        if units < 0:
            arrived = wanted.get(line_id, 0) - units
            raise InvalidInput(
                f"lines.{line_id}", f"{arrived} arrived already", "correct its receipt or inspection"
            )
    return _with(order, after)


def receive_return(order: Order, given: ReturnReceived, context: DecisionContext) -> Decided:
    """Goods lie at a location; stock does not change yet. Raises NotFound, MissingReference, Conflict or
    InvalidInput."""
    known = _expected(order, given.return_id)
    if given.location not in {place.name for place in context.locations}:
        raise MissingReference("location", given.location)
    lines = None if given.lines is None else _goods(order, given.lines)
    arrival = _arrival(known, given.arrival_id)
    if not known.lines or (arrival and _is_same(arrival, given.location, lines)):
        return Decided(Outcome.DUPLICATE)
    if arrival is None:
        if len(known.arrivals) >= ARRIVALS_MAX:
            raise Conflict(f"a return arrives in at most {ARRIVALS_MAX} parcels")
        return _with(
            order, _received(known, ReturnArrival(arrival_id=given.arrival_id, location="", lines={}), given, lines)
        )
    if not given.correction:
        raise Conflict("the return was received already", location=arrival.location, state=known.state.value)
    content = [given.arrival_id, given.location, sorted((arrival.lines if lines is None else lines).items())]
    corrected = noted(known, given.correction, "received", content)
    if corrected is None:
        return Decided(Outcome.DUPLICATE)
    if arrival.found is not None:
        raise Conflict("it was inspected: correct the inspection, or transfer the units", state=known.state.value)
    return _with(order, _received(corrected, arrival, given, arrival.lines if lines is None else lines))


def _received(
    known: Return, arrival: ReturnArrival, given: ReturnReceived, lines: Mapping[str, int] | None
) -> Return:
    """The return with this parcel of it; `lines` None: all that is still due. Raises Conflict or InvalidInput."""
    rest = due(known)
    for line_id, units in arrival.lines.items():
        rest[line_id] += units
    wanted = dict(+rest) if lines is None else dict(lines)
    if not +rest:
        raise Conflict("all of it was received already", state=known.state.value)
    if not wanted:
        raise InvalidInput("lines", "a parcel holds at least one unit")
    for line_id, units in wanted.items():
        if not 1 <= units <= rest[line_id]:
            raise InvalidInput(f"lines.{line_id}", f"must be 1 to {rest[line_id]} (still due), got {units}")
    return with_arrival(known, replace(arrival, location=given.location, lines=wanted))


def inspect_return(order: Order, given: ReturnInspected, context: DecisionContext) -> Decided:
    """Sellable units are restocked. Raises NotFound, MissingReference, Conflict or InvalidInput."""
    known = _expected(order, given.return_id)
    if not known.lines:
        return Decided(Outcome.DUPLICATE)
    arrival = _arrival(known, given.arrival_id)
    if arrival is None:
        others = ", ".join(one.arrival_id for one in arrivals_of(known))
        details = {"arrivals": others} if others else {}
        raise Conflict("the return has not been received yet", state=known.state.value, **details)
    found = found_of(order, arrival, given)
    if arrival.found == found and not given.correction:
        return Decided(Outcome.DUPLICATE)
    if arrival.found is not None and not given.correction:
        raise Conflict("the return was inspected already", state=known.state.value)
    content = [given.arrival_id, sorted(given.lines.items()), given.bin, repr(found)]
    corrected = noted(known, given.correction, "inspected", content) if given.correction else known
    if corrected is None:
        return Decided(Outcome.DUPLICATE)
    back = restocked_by(order, arrival.location, found, given.bin, context)
    check_fall(arrival.restocked, back, context)
    after = with_arrival(corrected, replace(arrival, found=found, restocked=back))
    if any(units < 0 for units in due(after).values()):
        raise InvalidInput("lines", "what was missing came in a later parcel, which holds it already")
    return _with(order, after)


def _is_same(arrival: ReturnArrival, location: str, lines: Mapping[str, int] | None) -> bool:
    return arrival.location == location and lines in (None, dict(arrival.lines))


def _goods(order: Order, lines: Mapping[str, int]) -> dict[str, int]:
    """Without lines that need no stock: nothing of them comes back."""
    without = {line.line_id for line in order.lines if line.no_stock}
    return {line_id: units for line_id, units in lines.items() if line_id not in without}


def _check_quantities(order: Order, lines: Mapping[str, int], known: Return, least: int) -> None:
    """Nothing comes back that has not left, or that is on its way back already by another return."""
    left, coming = shipped(order), returning(order)
    coming.subtract(known.lines)
    for line_id, units in lines.items():
        most = left[line_id] - coming[line_id]
        if not least <= units <= most:
            raise InvalidInput(
                f"lines.{line_id}", f"must be {least} to {most} (shipped, less other returns), got {units}"
            )


def _known(order: Order, return_id: str) -> Return | None:
    return next((one for one in order.returns if one.return_id == return_id), None)


def _expected(order: Order, return_id: str) -> Return:
    known = _known(order, return_id)
    if known is None:
        raise NotFound("return", return_id)
    return known


def _arrival(known: Return, arrival_id: str) -> ReturnArrival | None:
    return next((one for one in arrivals_of(known) if one.arrival_id == arrival_id), None)


def _with(order: Order, one: Return) -> Decided:
    others = tuple(known for known in order.returns if known.return_id != one.return_id)
    return changed(order, replace(order, returns=(*others, one)), Outcome.UPDATED)
