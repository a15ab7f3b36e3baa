"""Escrow: shares that move to where units sell, and never add up to more than there is (promise 7).

Pure planning. What it proposes is safe only because a raising is written under the condition that nobody else was
granted room meanwhile; see `docs/escrow.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Form


@dataclass(frozen=True, slots=True)
class Stake:
    """One listing's part in the units of its `parts` (stocked SKU → units in one of it).

    `exposure`: units of the listing it may still sell. `shown`: what it is believed to show. `weight`: how much it
    sells, against the others. `limit`: the most its settings let it show. `moves` False: its number follows other
    rules (another mode, frozen, or a request under way), and only counts.
    """

    key: ListingKey
    parts: Mapping[str, int]
    exposure: int
    shown: int
    form: Form
    weight: int
    limit: int
    moves: bool = True

    @property
    def rank(self) -> tuple[int, ListingKey]:
        """What sells most comes first."""
        return -self.weight, self.key

    @property
    def pull(self) -> int:
        """What never sold yet is to have a part all the same."""
        return max(1, self.weight)

    def fit(self, left: Mapping[str, int]) -> int:
        """How many of it are in what is left."""
        return min(left[sku] // units for sku, units in self.parts.items())

    def starves(self, goal: int) -> bool:
        return 2 * self.shown < goal


Numbers = Mapping[ListingKey, int]


def room(stakes: Sequence[Stake], units: Mapping[str, int]) -> dict[str, int]:
    """SKU → units that nobody may sell yet. Below zero: units at risk."""
    return _left(stakes, units, {one.key: one.exposure for one in stakes})


def targets(stakes: Sequence[Stake], units: Mapping[str, int]) -> dict[ListingKey, int]:
    """What each listing that moves should come to show, if all exposures were as they should.

    Shares grow together, by weight, until a limit or its scarcest component stops one; the others go on. As long as
    units last each has at least 1, what sells most first. Whole units go by the largest remainder.
    """
    movers = sorted((one for one in stakes if one.moves), key=lambda one: one.rank)
    held = room([one for one in stakes if not one.moves], units)
    free = {sku: max(0, left) for sku, left in held.items()}
    shares = _shares(movers, free)
    goals = {key: int(share) for key, share in shares.items()}
    left = _left(movers, free, goals)
    by_remainder = sorted(movers, key=lambda one: (goals[one.key] - shares[one.key], one.rank))
    while more := [one for one in by_remainder if goals[one.key] < one.limit and one.fit(left) > 0]:
        _move(more[0], 1, goals, left)
        by_remainder.remove(more[0])
        by_remainder.append(more[0])
    return goals


def _shares(movers: Sequence[Stake], free: Mapping[str, int]) -> dict[ListingKey, Fraction]:
    """At `level` a listing's share is level × its pull, or the 1 it has anyway."""
    whole, left_whole = dict.fromkeys((one.key for one in movers), 0), dict(free)
    for one in movers:
        _move(one, max(0, min(1, one.limit, one.fit(left_whole))), whole, left_whole)
    shares = {key: Fraction(floor) for key, floor in whole.items()}
    left = {sku: Fraction(units) for sku, units in left_whole.items()}
    level = Fraction(0)
    while open_ := [
        one for one in movers if shares[one.key] < one.limit and all(left[sku] > 0 for sku in one.parts)
    ]:
        growing = [one for one in open_ if shares[one.key] <= level * one.pull]
        rates = {sku: sum(one.pull * one.parts.get(sku, 0) for one in growing) for sku in left}
        step = min(
            *(shares[one.key] / one.pull - level for one in open_ if one not in growing),
            *(Fraction(one.limit) / one.pull - level for one in growing),
            *(left[sku] / rate for sku, rate in rates.items() if rate),
            level + sum(left.values()) + 1,
        )
        level += step
        for one in growing:
            shares[one.key] += step * one.pull
        left = {sku: units - step * rates[sku] for sku, units in left.items()}
    return shares


def tell(stakes: Sequence[Stake], units: Mapping[str, int], key: ListingKey) -> int | None:
    """The number the listing should be told now; None: leave it as it is.

    `units`: SKU → what the escrowed channels may show of it together (available − buffer − what orders wait for).
    Every worker finds the same from the same state, and answers for its own listing only. Small differences from
    the targets are left alone: a listing is lowered when too much is exposed or another one starves.
    """
    me = next(one for one in stakes if one.key == key)
    if not me.moves:
        return None
    goals = targets(stakes, units)
    lowered = _lowered(stakes, units, goals)[key]
    return lowered if lowered != me.shown else _raised(me, goals[key], me.fit(room(stakes, units)))


def _lowered(stakes: Sequence[Stake], units: Mapping[str, int], goals: Numbers) -> dict[ListingKey, int]:
    """What each listing that moves is to show at most, until others had their answers."""
    movers = sorted((one for one in stakes if one.moves), key=lambda one: one.rank, reverse=True)
    free = room(stakes, units)
    quick, slow = ([one for one in movers if (one.form is Form.SET) is blind] for blind in (False, True))
    least = {one.key: goals[one.key] if one in quick or one.fit(free) >= goals[one.key] else 0 for one in movers}
    numbers = {one.key: least[one.key] if one.shown > one.limit else one.shown for one in movers}
    exposed = {one.key: one.exposure - one.shown + numbers.get(one.key, one.shown) for one in stakes}
    left = _left(stakes, units, exposed)
    # Too much is exposed. A blind set frees nothing before its channel was polled, so it comes last, and goes to 0.
    for givers, at_least in ((quick, goals), (quick, {}), (slow, {})):
        _take(givers, at_least, numbers, left)
    # What others starve for, once all that was told is settled. One that is not settled is waited for.
    settled = {one.key: numbers.get(one.key, one.exposure) for one in stakes}
    starving = {one.key: goals[one.key] for one in movers if one.starves(goals[one.key])}
    left = _left(stakes, units, settled | starving)
    _take([*quick, *(one for one in slow if one.exposure == one.shown)], least, numbers, left)
    return numbers


def _take(givers: Sequence[Stake], least: Numbers, numbers: dict[ListingKey, int], left: dict[str, int]) -> None:
    """Lower numbers until nothing lacks, each no further than its least. A blind set goes there at once."""
    for one in givers:
        lack = max(-(left[sku] // units) for sku, units in one.parts.items())
        down = numbers[one.key] - least.get(one.key, 0)
        if lack > 0 and down > 0:
            _move(one, -down if one.form is Form.SET else -min(down, lack), numbers, left)


def _raised(me: Stake, goal: int, fit: int) -> int | None:
    """A blind set needs room for the whole number, and a poll before it is free again: few, large steps."""
    if me.form is not Form.SET:
        return min(goal, me.shown + fit) if fit > 0 and me.shown < goal else None
    if me.exposure > me.shown or not me.starves(goal):
        return None
    whole, by_way_of_0 = min(goal, fit), min(goal, me.shown + fit)
    if whole > 0 and (me.shown == 0 or 2 * whole >= goal):
        return whole
    return 0 if me.shown > 0 and 2 * by_way_of_0 >= goal else None


def blockers(stakes: Sequence[Stake], units: Mapping[str, int]) -> list[ListingKey]:
    """Listings whose exposure, above what they would have if all could move, keeps others low."""
    goals = targets([replace(one, moves=True) for one in stakes], units)
    free = room(stakes, units)
    low = [one for one in stakes if one.starves(goals[one.key]) and one.fit(free) < goals[one.key] - one.shown]
    return sorted(
        one.key
        for one in stakes
        if one.exposure > goals[one.key]
        and any(other.key != one.key and other.parts.keys() & one.parts.keys() for other in low)
    )


def _left(stakes: Sequence[Stake], units: Mapping[str, int], numbers: Numbers) -> dict[str, int]:
    left = dict(units)
    for one in stakes:
        for sku, part in one.parts.items():
            left[sku] -= numbers[one.key] * part
    return left


def _move(one: Stake, by: int, numbers: dict[ListingKey, int], left: dict[str, int]) -> None:
    numbers[one.key] += by
    for sku, units in one.parts.items():
        left[sku] -= by * units
