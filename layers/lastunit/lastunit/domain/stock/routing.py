"""Which location serves which units of an order (docs/rules.md 1.3, docs/design.md section 6).

Deterministic: the same demand, ranks and stock give the same plan. All or nothing, never above what was read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Demand = Mapping[str, int]
"""SKU → units, every quantity at least 1."""

Available = Callable[[str, str], int]
"""(SKU, location) → units that may be reserved."""


class Policy(StrEnum):
    """`pooled` reproduces the five worked examples; `strict` and `priority` as docs/design.md section 6 says."""

    POOLED = "pooled"
    STRICT = "strict"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedUnits:
    """`quantity` units of a SKU from one location. `rule` names the rule that chose it."""

    sku: str
    location: str
    quantity: int
    rule: str


@dataclass(frozen=True, slots=True)
class RoutingPlan:
    """Where every unit comes from, or the `shortage` (SKU → missing units) for which nothing is routed."""

    routed: tuple[RoutedUnits, ...] = ()
    shortage: Mapping[str, int] | None = None


def route(
    policy: Policy, demand: Demand, ranked: Sequence[str], available: Available, named: str | None = None
) -> RoutingPlan:
    """Plan who serves the demand. `ranked`: who may, first choice first. `named`: a location the order names."""
    short = _shortage(demand, ranked, available)
    if short:
        return RoutingPlan(shortage=short)
    if named is not None and named in ranked and _covers(named, demand, available):
        return RoutingPlan(_route_all(named, demand, "the order names this location"))
    if policy is Policy.PRIORITY:
        return RoutingPlan(_by_priority(demand, ranked, available))
    heads = _shortest_head(demand, ranked, available) if policy is Policy.POOLED else ranked
    return RoutingPlan(_one_or_split(demand, heads, available))


def _shortage(demand: Demand, locations: Sequence[str], available: Available) -> dict[str, int]:
    missing = {sku: units - sum(available(sku, at) for at in locations) for sku, units in demand.items()}
    return {sku: units for sku, units in missing.items() if units > 0}


def _covers(location: str, demand: Demand, available: Available) -> bool:
    return all(available(sku, location) >= units for sku, units in demand.items())


def _route_all(location: str, demand: Demand, rule: str) -> tuple[RoutedUnits, ...]:
    return tuple(
        RoutedUnits(sku=sku, location=location, quantity=units, rule=rule) for sku, units in demand.items()
    )


def _split_lines(demand: Demand, locations: Sequence[str], available: Available) -> int:
    """How many SKUs no single location has in full."""
    return sum(all(available(sku, at) < units for at in locations) for sku, units in demand.items())


def _shortest_head(demand: Demand, ranked: Sequence[str], available: Available) -> Sequence[str]:
    """R1: the shortest head of the rank list that covers the order with no more splits than the whole list."""
    unavoidable = _split_lines(demand, ranked, available)
    for size in range(1, len(ranked)):
        head = ranked[:size]
        covers = not _shortage(demand, head, available)
        if covers and _split_lines(demand, head, available) <= unavoidable:
            return head
    return ranked


def _one_or_split(demand: Demand, candidates: Sequence[str], available: Available) -> tuple[RoutedUnits, ...]:
    """R2: the first candidate that covers the whole order takes it. R3 otherwise."""
    for location in candidates:
        if _covers(location, demand, available):
            return _route_all(location, demand, "R2: first location that covers the whole order")
    return _by_most_lines(demand, candidates, available)


def _by_most_lines(demand: Demand, candidates: Sequence[str], available: Available) -> tuple[RoutedUnits, ...]:
    """R3: the location that can serve the most open lines goes first (ties: rank) and takes all it can serve."""
    remaining, left, routed = dict(demand), list(candidates), list[RoutedUnits]()
    while remaining:
        served = {at: _servable(at, remaining, left, available) for at in left}
        best = max(left, key=lambda at: len(served[at]))  # max keeps the first of equals: rank breaks ties.
        for sku, units in served[best].items():
            routed.append(
                RoutedUnits(
                    sku=sku,
                    location=best,
                    quantity=units,
                    rule=f"R3: can serve the most open lines ({len(served[best])})",
                )
            )
            remaining[sku] -= units
        remaining = {sku: units for sku, units in remaining.items() if units}
        left.remove(best)
    return tuple(routed)


def _servable(location: str, remaining: Demand, left: Sequence[str], available: Available) -> dict[str, int]:
    """What a location can serve: a line in full, or in part when no remaining candidate has it in full."""
    served: dict[str, int] = {}
    for sku, units in remaining.items():
        here = available(sku, location)
        if here >= units or (here > 0 and all(available(sku, at) < units for at in left)):
            served[sku] = min(here, units)
    return served


def _by_priority(demand: Demand, ranked: Sequence[str], available: Available) -> tuple[RoutedUnits, ...]:
    """Per SKU the highest-ranked location with enough; else down the list (rules 1.2-6, 1.2-9, 1.2-10)."""
    routed = list[RoutedUnits]()
    for sku, units in demand.items():
        whole = next((at for at in ranked if available(sku, at) >= units), None)
        if whole is not None:
            routed.append(
                RoutedUnits(sku=sku, location=whole, quantity=units, rule="priority: highest rank with enough")
            )
            continue
        for location in ranked:
            part = min(available(sku, location), units)
            if part > 0:
                routed.append(
                    RoutedUnits(
                        sku=sku,
                        location=location,
                        quantity=part,
                        rule="priority: no location has enough, down the list",
                    )
                )
                units -= part
    return tuple(routed)
