"""From what routing took per SKU to the lines of an order."""

from collections.abc import Iterable

from lastunit.domain.orders import Allocation, Backorder, Line
from lastunit.domain.routing import Take


def allocate(
    lines: Iterable[tuple[Line, int]], takes: Iterable[Take]
) -> tuple[tuple[Allocation, ...], tuple[Backorder, ...]]:
    """Spread what was taken per SKU over the lines, first line first; what is not covered is a backorder."""
    pool: dict[str, list[Take]] = {}
    for take in takes:
        pool.setdefault(take.sku, []).append(take)
    allocations, backorders = list[Allocation](), list[Backorder]()
    for line, quantity in lines:
        for sku, units in sorted(line.parts.items()):
            filled = list(_fill(line.line_id, sku, units * quantity, pool.get(sku, [])))
            allocations += filled
            missing = units * quantity - sum(allocation.quantity for allocation in filled)
            if missing:
                backorders.append(Backorder(line.line_id, sku, missing))
    return tuple(allocations), tuple(backorders)


def _fill(line_id: str, sku: str, units: int, takes: list[Take]) -> Iterable[Allocation]:
    while units and takes:
        take = takes.pop(0)
        part = min(units, take.quantity)
        units -= part
        if part < take.quantity:
            takes.insert(0, Take(sku, take.location, take.quantity - part, take.rule))
        yield Allocation(line_id, sku, take.location, part, take.rule)
