"""Returns: announced, received, inspected. Only what is found sellable becomes stock, where it was received."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.facts import ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.orders import Change, Inspection, Order, Return, ReturnState, Taken, shipped
from lastunit.domain.world import Outcome, Step, World

RETURNS_MAX = 50


def announce(order: Order, given: ReturnAnnounced) -> Step:
    known = _known(order, given.return_id)
    if known:
        if dict(known.lines) == dict(given.lines):
            return Outcome.DUPLICATE, None
        raise Conflict(f"return {given.return_id!r} was announced with other lines", state=known.state.value)
    if not order.revision:  # Its lines are not known yet, and what has left is booked anew once they are.
        raise Conflict("only its shipments are known so far: the order itself comes first", state=order.state.value)
    if len(order.returns) >= RETURNS_MAX:
        raise Conflict(f"an order has at most {RETURNS_MAX} returns")
    _check_quantities(order, given.lines)
    return _with(order, Return(given.return_id, dict(given.lines)))


def receive(order: Order, given: ReturnReceived, world: World) -> Step:
    known = _expected(order, given.return_id)
    if given.location not in {place.name for place in world.locations}:
        raise NotFound("location", given.location)
    if known.state is not ReturnState.ANNOUNCED:
        if known.location == given.location:
            return Outcome.DUPLICATE, None
        raise Conflict("the return was received already", location=known.location, state=known.state.value)
    return _with(order, replace(known, state=ReturnState.RECEIVED, location=given.location))


def inspect(order: Order, given: ReturnInspected, world: World) -> Step:
    known = _expected(order, given.return_id)
    found = {line_id: Inspection(*units) for line_id, units in given.lines.items()}
    if known.state is ReturnState.INSPECTED:
        if dict(known.found) == found:
            return Outcome.DUPLICATE, None
        raise Conflict("the return was inspected already", state=known.state.value)
    if known.state is not ReturnState.RECEIVED or known.location is None:
        raise Conflict("the return has not been received yet", state=known.state.value)
    _check_inspection(known, found)
    back = _sellable(order, known.location, found, given.bin, world)
    return _with(order, replace(known, state=ReturnState.INSPECTED, found=found, restocked=back))


def _check_quantities(order: Order, lines: Mapping[str, int]) -> None:
    """Nothing comes back that has not left, or that is on its way back already."""
    left = shipped(order)
    coming = Counter[str]()
    for one in order.returns:
        coming.update(one.lines)
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
    order: Order, location: str, found: Mapping[str, Inspection], bin: str | None, world: World
) -> tuple[Taken, ...]:
    parts = {line.line_id: line.parts for line in order.lines}
    back = list[Taken]()
    for line_id, one in sorted(found.items()):
        for sku, units in sorted(parts[line_id].items()):
            quantity = units * one.sellable
            if not quantity:
                continue
            if bin is not None and bin not in world.level(sku, location).bins:
                raise NotFound("bin", bin)
            back.append(Taken(line_id, sku, location, quantity, bins={bin: quantity} if bin else {}))
    return tuple(back)


def _known(order: Order, return_id: str) -> Return | None:
    return next((one for one in order.returns if one.return_id == return_id), None)


def _expected(order: Order, return_id: str) -> Return:
    known = _known(order, return_id)
    if known is None:
        raise NotFound("return", return_id)
    return known


def _with(order: Order, one: Return) -> Step:
    others = tuple(known for known in order.returns if known.return_id != one.return_id)
    return Outcome.UPDATED, Change(order, replace(order, returns=(*others, one)))
