"""What an inspection of returned goods found, and which units become stock by it: of a kit its components."""

from collections.abc import Iterable, Mapping

from lastunit.domain.errors import Conflict, InvalidInput, MissingReference
from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.inbound import ReturnInspected
from lastunit.domain.orders.order import Condition, Inspection, Order, PickedUnits, ReturnArrival
from lastunit.domain.orders.stock_effects import moved
from lastunit.domain.stock.levels import sum_by_level


def found_of(order: Order, arrival: ReturnArrival, given: ReturnInspected) -> dict[str, Inspection]:
    """Line id → what was found of it. Raises InvalidInput unless it accounts for exactly what arrived."""
    without = {line.line_id for line in order.lines if line.no_stock}
    named = sorted((given.lines.keys() | given.components.keys()) - without)
    found = {line_id: _inspection(given, line_id) for line_id in named}
    for line_id in sorted(arrival.lines.keys() | found.keys()):
        _check(order, line_id, found.get(line_id, Inspection()), arrival.lines.get(line_id, 0))
    return found


def _inspection(given: ReturnInspected, line_id: str) -> Inspection:
    parts = {sku: Condition(*units) for sku, units in given.components.get(line_id, {}).items()}
    return Inspection(*given.lines.get(line_id, (0, 0, 0)), components=parts)


def _check(order: Order, line_id: str, found: Inspection, expected: int) -> None:
    if any(min(one.sellable, one.damaged, one.missing) < 0 for one in (found, *found.components.values())):
        raise InvalidInput(f"lines.{line_id}", "takes no negative numbers")
    if not found.components:
        _check_units(f"lines.{line_id}", found, expected)
        return
    if found.units:
        raise InvalidInput(f"lines.{line_id}", "is counted as a whole or by its components, not both")
    parts = _parts(order, line_id)
    for sku in sorted(parts.keys() | found.components.keys()):
        field = f"lines.{line_id}.components.{sku}"
        _check_units(field, found.components.get(sku, Condition()), parts.get(sku, 0) * expected)


def _check_units(field: str, found: Condition, expected: int) -> None:
    if found.units != expected:
        raise InvalidInput(field, f"sellable + damaged + missing must be {expected}, got {found.units}")


def restocked_by(
    order: Order, location: str, found: Mapping[str, Inspection], bin: str | None, context: DecisionContext
) -> tuple[PickedUnits, ...]:
    """The sellable units, where they were received. Raises MissingReference for a bin that is not there."""
    back = list[PickedUnits]()
    for line_id, one in sorted(found.items()):
        for sku, quantity in _sellable(order, line_id, one):
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


def _sellable(order: Order, line_id: str, found: Inspection) -> Iterable[tuple[str, int]]:
    """(Stocked SKU, units of it) that can be sold again."""
    for sku, each in sorted(_parts(order, line_id).items()):
        of_part = found.components[sku].sellable if sku in found.components else each * found.sellable
        if of_part:
            yield sku, of_part


def _parts(order: Order, line_id: str) -> Mapping[str, int]:
    return next((line.parts for line in order.lines if line.line_id == line_id), {})


def check_fall(before: Iterable[PickedUnits], after: Iterable[PickedUnits], context: DecisionContext) -> None:
    """Raises Conflict where a correction takes back units that are no longer there to be taken."""
    steps = [*(moved(units, -1) for units in before), *(moved(units, 1) for units in after)]
    for (sku, location), step in sum_by_level(steps).items():
        level = context.level(sku, location)
        if step.available < 0 and level.available + step.available < 0:
            there = max(0, level.available)
            raise Conflict(
                f"{-step.available} {sku} at {location} were never there, and {there} are left to take back",
                remedy="move units there, or count the level",
            )
        in_bins = {name: bin.on_hand for name, bin in level.bins.items()}
        short = [name for name, units in step.bins.items() if units < 0 and in_bins.get(name, 0) + units < 0]
        if short:
            raise Conflict(
                f"bin {short[0]!r} holds too few {sku} to take back", remedy="transfer units into it first"
            )
