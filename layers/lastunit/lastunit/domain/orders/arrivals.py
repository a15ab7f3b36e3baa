"""The parcels in which a return arrives, and what follows from them for the return as a whole."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lastunit.domain.errors import Conflict
from lastunit.domain.orders.order import Condition, Inspection, Return, ReturnArrival, ReturnState

CORRECTIONS_MAX = 50


def arrivals_of(known: Return) -> tuple[ReturnArrival, ...]:
    """A return that came in one parcel does not keep it apart, and is that parcel itself."""
    if known.arrivals or known.location is None:
        return known.arrivals
    found = known.found if known.state is ReturnState.INSPECTED else None
    return (
        ReturnArrival(
            arrival_id="", location=known.location, lines=known.lines, found=found, restocked=known.restocked
        ),
    )


def due(known: Return) -> Counter[str]:
    """Line id → units that were announced and have not arrived; below 0 where more arrived than was announced."""
    units = Counter(dict(known.lines))
    for one in arrivals_of(known):
        for line_id, came in one.lines.items():
            missing = one.found[line_id].missing if one.found and line_id in one.found else 0
            units[line_id] -= came - missing
    return units


def with_lines(known: Return, lines: Mapping[str, int]) -> Return:
    """The return with other units announced."""
    return _whole(replace(known, lines=dict(lines)), arrivals_of(known))


def with_arrival(known: Return, arrival: ReturnArrival) -> Return:
    """The return with this parcel, new or in the place of what was known of it."""
    before = arrivals_of(known)
    if all(one.arrival_id != arrival.arrival_id for one in before):
        return _whole(known, (*before, arrival))
    return _whole(known, tuple(arrival if one.arrival_id == arrival.arrival_id else one for one in before))


def noted(known: Return, correction: str, step: str, content: object) -> Return | None:
    """The return with the correction's id noted; None: it was applied before. Raises Conflict."""
    digest = hashlib.sha256(json.dumps([step, content]).encode()).hexdigest()[:16]
    if correction in known.corrections:
        if known.corrections[correction] == digest:
            return None
        raise Conflict(f"correction {correction!r} was used for another one")
    if len(known.corrections) >= CORRECTIONS_MAX:
        raise Conflict(f"a return is corrected at most {CORRECTIONS_MAX} times")
    return replace(known, corrections={**known.corrections, correction: digest})


def _whole(known: Return, arrivals: tuple[ReturnArrival, ...]) -> Return:
    """The return as its arrivals make it."""
    is_one = len(arrivals) == 1 and not arrivals[0].arrival_id and dict(arrivals[0].lines) == dict(known.lines)
    return replace(
        known,
        state=_state(known.lines, arrivals),
        location=arrivals[0].location if arrivals else None,
        found=_found(known.lines, arrivals),
        restocked=tuple(units for one in arrivals for units in one.restocked),
        arrivals=() if is_one else arrivals,
    )


def _state(lines: Mapping[str, int], arrivals: Iterable[ReturnArrival]) -> ReturnState:
    came = Counter[str]()
    for one in arrivals:
        if one.found is None:
            return ReturnState.RECEIVED
        came.update(one.lines)
    if all(came[line_id] >= units for line_id, units in lines.items()):
        return ReturnState.INSPECTED
    return ReturnState.RECEIVED if came else ReturnState.ANNOUNCED


def _found(lines: Mapping[str, int], arrivals: tuple[ReturnArrival, ...]) -> dict[str, Inspection]:
    """Line id → what all inspections found; what was missing and came later is missing no more."""
    every = [(line_id, one) for arrival in arrivals for line_id, one in (arrival.found or {}).items()]
    came = Counter[str]()
    for arrival in arrivals:
        came.update(arrival.lines)
    return {
        line_id: _sum([one for key, one in every if key == line_id], came[line_id] - lines.get(line_id, 0))
        for line_id in dict(every)
    }


def _sum(inspections: Iterable[Inspection], came_later: int) -> Inspection:
    whole, components = Condition(), dict[str, Condition]()
    for one in inspections:
        whole = _plus(whole, one)
        for sku, condition in one.components.items():
            components[sku] = _plus(components.get(sku, Condition()), condition)
    missing = max(0, whole.missing - max(0, came_later))
    return Inspection(whole.sellable, whole.damaged, missing, components)


def _plus(first: Condition, second: Condition) -> Condition:
    return Condition(
        first.sellable + second.sellable, first.damaged + second.damaged, first.missing + second.missing
    )
