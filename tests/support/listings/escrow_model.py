"""Every state that two channels, a few units and bad luck can reach under the protocol of `docs/escrow.md`.

`python -m tests.support.listings.escrow_model` explores them and prints how many there are.
"""

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, count
from typing import NamedTuple

from lastunit.domain.listings.push_protocol import Form
from tests.support.listings.escrow_shop import EscrowShop, Laws, Move, Rule, moves


@dataclass(frozen=True, slots=True)
class EscrowModel:
    """What may happen in it. A form None is a neighbour: all other channels, whatever they are, at their worst.

    `asks_max`: requests under way at a time. `late_max`: and those given up on that may still be applied.
    `looks`: channels are read back. `falls`, `arrivals`: of the stock, for no order. `cancels`: of orders, their
    units put back by the channel. `torn`: a plan is not read at one instant.
    """

    forms: tuple[Form | None, Form | None]
    units: int
    asks_max: int = 2
    late_max: int = 1
    looks: bool = False
    falls: int = 0
    arrivals: int = 0
    cancels: int = 0
    torn: bool = False
    without: Rule | None = None

    @property
    def laws(self) -> tuple[Laws, ...]:
        return tuple(
            Laws(form, self.units, self.late_max, self.cancels > 0, self.looks, self.without) for form in self.forms
        )


Quiet = tuple[int, tuple[tuple[int, int], ...]]
"""Units available, and of each channel what it shows and its exposure."""


class Plan(NamedTuple):
    """What a worker has read so far; `stale`: somebody took room since it began."""

    available: int | None = None
    held: int | None = None
    stale: bool = False


class State(NamedTuple):
    """`short`: units that stock fell by though they were exposed."""

    available: int
    shops: tuple[EscrowShop, ...]
    waiting: int = 0
    falls: int = 0
    arrivals: int = 0
    cancels: int = 0
    short: int = 0
    plans: tuple[Plan | None, ...] = (None, None)

    @property
    def held(self) -> int:
        one, other = self.shops
        return max(0, one.free + one.booked) + max(0, other.free + other.booked) + self.waiting

    @property
    def excess(self) -> int:
        """Units at risk: I2 holds where it is not above 0."""
        return self.held - self.available

    @property
    def covers_all_sold(self) -> bool:
        """Promise 7: no accepted order lacks a unit but for what stock lost by itself."""
        one, other = self.shops
        sold = one.unseen + other.unseen - one.back - other.back
        return sold + self.waiting <= self.available + self.short

    @property
    def calm(self) -> Quiet:
        """When all is imported, answered or lost, and nothing may be applied any more."""
        available = self.available - sum(shop.unseen for shop in self.shops)
        return available, tuple((shop.shows, shop.exposure.units - shop.unseen) for shop in self.shops)


@dataclass(frozen=True, slots=True)
class Found:
    """`violation`: the steps that lead to a broken promise, and which. `calms`: what it may all come down to."""

    states: int
    violation: tuple[str, ...] = ()
    calms: frozenset[Quiet] = frozenset()


@cache
def explore(model: EscrowModel) -> Found:
    """Breadth first, so that a violation is a shortest one."""
    first = State(model.units, (EscrowShop(), EscrowShop()), 0, model.falls, model.arrivals, model.cancels)
    came: dict[State, tuple[State, str] | None] = {first: None}
    open_ = deque([first])
    while open_:
        state = open_.popleft()
        risk = max(0, state.excess)
        for name, after, unforeseen in _steps(state, model):
            if not unforeseen and after.excess > risk:
                return Found(len(came), (*_path(came, state), name, "I2: more is exposed, by our own doing"))
            if after not in came:
                came[after] = (state, name)
                open_.append(after)
                if broken := _broken(after):
                    return Found(len(came), (*_path(came, after), broken))
    return Found(len(came), (), frozenset(state.calm for state in came))


_ranks = count()

Step = tuple[str, State, bool]
"""What happens, what is then, and whether it may take units that were exposed."""


def _steps(state: State, model: EscrowModel) -> Iterator[Step]:
    yield from _of_stock(state)
    if model.torn:
        yield from _of_plans(state)
    for at, laws in enumerate(model.laws):
        for move in moves(state.shops[at], laws):
            if _may(state, at, move, model):
                yield move.name, _after(state, at, move, model), move.surprise


def _of_stock(state: State) -> Iterator[Step]:
    """A counter sale or a count, goods coming in, and units going to the first order that waits for them."""
    if state.falls and state.available:
        after = state._replace(available=state.available - 1, falls=state.falls - 1)
        yield "stock falls", after._replace(short=state.short + (after.excess > 0)), True
    if state.arrivals:
        yield "stock rises", state._replace(available=state.available + 1, arrivals=state.arrivals - 1), False
    if state.waiting and state.available:
        yield "fill", state._replace(available=state.available - 1, waiting=state.waiting - 1), False


def _of_plans(state: State) -> Iterator[Step]:
    for at, plan in enumerate(state.plans):
        if plan is None:
            yield "plan", _planned(state, at, Plan()), False
        elif plan.available is None:
            yield "read the level", _planned(state, at, plan._replace(available=state.available)), False
        if plan and plan.held is None:
            yield "read the exposures", _planned(state, at, plan._replace(held=state.held)), False


def _planned(state: State, at: int, plan: Plan | None) -> State:
    return state._replace(plans=tuple(plan if one == at else other for one, other in enumerate(state.plans)))


def _may(state: State, at: int, move: Move, model: EscrowModel) -> bool:
    if move.cancels > state.cancels or state.available + move.available < 0 or state.waiting + move.waiting < 0:
        return False
    both = (move.shop, state.shops[1 - at])
    if (
        sum(1 for shop in both if shop.ask) > model.asks_max
        or sum(len(shop.late) for shop in both) > model.late_max
    ):
        return False
    if move.waiting > 0:  # With locations and larger orders an order may also wait while there is a unit.
        return model.torn or state.available == 0
    return not move.need or model.without is Rule.ROOM or _granted(state, at, move.need, model)


def _granted(state: State, at: int, need: int, model: EscrowModel) -> bool:
    """The condition of the grant's transaction; all of it is read and written at one instant unless `torn`."""
    if not model.torn:
        held = state.held - state.waiting * (model.without is Rule.WAITING)
        return need <= state.available - held
    plan = state.plans[at]
    if plan is None or plan.available is None or plan.held is None:
        return False
    current = not plan.stale or model.without is Rule.VERSION
    level = state.available >= plan.available or model.without is Rule.LEVEL
    return current and level and need <= plan.available - plan.held


def _after(state: State, at: int, move: Move, model: EscrowModel) -> State:
    shops = tuple(move.shop if one == at else other for one, other in enumerate(state.shops))
    if model.forms[0] is model.forms[1] and not model.torn:
        shops = tuple(sorted(shops, key=_rank))
    after = state._replace(
        available=state.available + move.available,
        waiting=state.waiting + move.waiting,
        cancels=state.cancels - move.cancels,
        shops=shops,
    )
    if not model.torn:
        return after
    if move.need:
        after = _planned(after, at, None)
    takes_room = move.need or (move.growth and model.without is not Rule.GROWTH)
    return after._replace(plans=tuple(map(_stale, after.plans))) if takes_room else after


@cache
def _rank(shop: EscrowShop) -> int:
    """Two channels of one form may change places: the order in which their states were met tells them apart."""
    return next(_ranks)


def _stale(plan: Plan | None) -> Plan | None:
    return plan and plan._replace(stale=True)


def _broken(state: State) -> str | None:
    if not (state.shops[0].keeps_its_promise and state.shops[1].keeps_its_promise):
        return "I1: a channel may sell more than its exposure"
    if not state.covers_all_sold:
        return "promise 7: an accepted order lacks a unit"
    return None


def _path(came: dict[State, tuple[State, str] | None], state: State) -> tuple[str, ...]:
    steps, at = list[str](), state
    while (step := came[at]) is not None:
        at, name = step
        steps.append(name)
    return tuple(reversed(steps))


PAIRS = tuple(combinations_with_replacement(Form, 2))

MODELS = {
    "every pair of forms": [EscrowModel(forms, 3, asks_max=1, late_max=0) for forms in PAIRS],
    "every pair, two requests under way": [EscrowModel(forms, 2, late_max=0) for forms in PAIRS],
    "each beside a neighbour, one request applied late": [EscrowModel((form, None), 4) for form in Form],
    "each beside a neighbour, two requests applied late": [
        EscrowModel((form, None), 3, late_max=2) for form in Form
    ],
    "each beside a neighbour, read back": [EscrowModel((form, None), 3, looks=True) for form in Form],
    "stock falls and rises": [EscrowModel((form, None), 2, falls=1, arrivals=1) for form in Form],
    "orders are cancelled and restocked": [EscrowModel((form, None), 2, cancels=1, late_max=0) for form in Form],
    "the same, and read back": [EscrowModel((form, None), 1, cancels=1, looks=True, late_max=0) for form in Form],
    "plans are read piece by piece": [
        EscrowModel((None, None), 2, falls=1, torn=True),
        EscrowModel((None, None), 1, falls=1, cancels=1, torn=True),
    ],
}


def summary(model: EscrowModel, found: Found) -> str:
    names = " + ".join(form.value if form else "neighbour" for form in model.forms)
    return f"{names}, {model.units} units: {found.states:,} states" + "".join(
        f"\n    {one}" for one in found.violation
    )


def report() -> Iterator[str]:
    for title, models in MODELS.items():
        yield title
        yield from (f"  {summary(model, explore(model))}" for model in models)


if __name__ == "__main__":
    for line in report():
        sys.stdout.write(f"{line}\n")
