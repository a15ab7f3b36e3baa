"""Escrow: shares that move to where units sell, and never add up to more than there is (promise 7).

Pure planning. What it proposes is safe only because a raising is written under the condition that nobody else was
granted room meanwhile; see `docs/escrow.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.push_protocol import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowShare:
    """One listing's share of the units that the escrowed channels may show together."""

    key: ListingKey
    parts: Mapping[str, int]
    """Stocked SKU → units in one of the listing."""
    exposure: int
    """Units of the listing that its channel may still sell."""
    shown: int
    """Units that its channel is expected to show."""
    form: Form
    sales: int
    """How much it sells, in the unit of the others' sales."""
    limit: int
    """Units that its settings let it show at most."""
    is_adjustable: bool = True
    """False: its number follows other rules (another mode, frozen, or a request under way), and only counts."""

    @property
    def rank(self) -> tuple[int, ListingKey]:
        """Sort key: what sells most comes first."""
        return -self.sales, self.key

    @property
    def weight(self) -> int:
        """How fast its share grows beside the others; what never sold yet has a share all the same."""
        return max(1, self.sales)

    def fit(self, left: Mapping[str, int]) -> int:
        """Units of the listing that `left` suffices for."""
        return min(left[sku] // units for sku, units in self.parts.items())

    def is_below_half(self, goal: int) -> bool:
        return 2 * self.shown < goal


Quantities = Mapping[ListingKey, int]


def room(shares: Sequence[EscrowShare], units: Mapping[str, int]) -> dict[str, int]:
    """SKU → units that no channel may sell yet. Below zero: units at risk."""
    return _left(shares, units, {one.key: one.exposure for one in shares})


def targets(shares: Sequence[EscrowShare], units: Mapping[str, int]) -> dict[ListingKey, int]:
    """Units that each adjustable listing should show once no request is under way.

    Shares grow together, by weight, until a limit or its scarcest component stops one; the others go on. As long as
    units last each has at least 1, what sells most first. Whole units go by the largest remainder.
    """
    movers = sorted((one for one in shares if one.is_adjustable), key=lambda one: one.rank)
    left_to_share = room([one for one in shares if not one.is_adjustable], units)
    free = {sku: max(0, left) for sku, left in left_to_share.items()}
    ideal = _ideal_units(movers, free)
    goals = {key: int(share) for key, share in ideal.items()}
    left = _left(movers, free, goals)
    by_remainder = sorted(movers, key=lambda one: (goals[one.key] - ideal[one.key], one.rank))
    while more := [one for one in by_remainder if goals[one.key] < one.limit and one.fit(left) > 0]:
        _move(more[0], 1, goals, left)
        by_remainder.remove(more[0])
        by_remainder.append(more[0])
    return goals


def _ideal_units(movers: Sequence[EscrowShare], free: Mapping[str, int]) -> dict[ListingKey, Fraction]:
    """Shares as fractions. At `level` a listing's share is level × its weight, or the 1 it has anyway."""
    whole, left_whole = dict.fromkeys((one.key for one in movers), 0), dict(free)
    for one in movers:
        _move(one, max(0, min(1, one.limit, one.fit(left_whole))), whole, left_whole)
    ideal = {key: Fraction(floor) for key, floor in whole.items()}
    left = {sku: Fraction(units) for sku, units in left_whole.items()}
    level = Fraction(0)
    while open_ := [
        one for one in movers if ideal[one.key] < one.limit and all(left[sku] > 0 for sku in one.parts)
    ]:
        growing = [one for one in open_ if ideal[one.key] <= level * one.weight]
        rates = {sku: sum(one.weight * one.parts.get(sku, 0) for one in growing) for sku in left}
        step = min(
            *(ideal[one.key] / one.weight - level for one in open_ if one not in growing),
            *(Fraction(one.limit) / one.weight - level for one in growing),
            *(left[sku] / rate for sku, rate in rates.items() if rate),
            level + sum(left.values()) + 1,
        )
        level += step
        for one in growing:
            ideal[one.key] += step * one.weight
        left = {sku: units - step * rates[sku] for sku, units in left.items()}
    return ideal


def plan_quantity(shares: Sequence[EscrowShare], units: Mapping[str, int], key: ListingKey) -> int | None:
    """The number to push to the listing now; None: leave it as it is.

    `units`: SKU → what the escrowed channels may show of it together (available − buffer − what orders wait for).
    Every worker finds the same from the same state, and answers for its own listing only. Small differences from
    the targets are left alone: a listing is lowered when too much is exposed or another one is below half.
    """
    me = next(one for one in shares if one.key == key)
    if not me.is_adjustable:
        return None
    goals = targets(shares, units)
    lowered = _lowered(shares, units, goals)[key]
    return lowered if lowered != me.shown else _raised(me, goals[key], me.fit(room(shares, units)))


def _lowered(shares: Sequence[EscrowShare], units: Mapping[str, int], goals: Quantities) -> dict[ListingKey, int]:
    """Units that each adjustable listing may show at most, until the requests of others are answered."""
    movers = sorted((one for one in shares if one.is_adjustable), key=lambda one: one.rank, reverse=True)
    free = room(shares, units)
    quick, slow = ([one for one in movers if (one.form is Form.SET) is blind] for blind in (False, True))
    least = {one.key: goals[one.key] if one in quick or one.fit(free) >= goals[one.key] else 0 for one in movers}
    numbers = {one.key: least[one.key] if one.shown > one.limit else one.shown for one in movers}
    exposed = {one.key: one.exposure - one.shown + numbers.get(one.key, one.shown) for one in shares}
    left = _left(shares, units, exposed)
    # Too much is exposed. A blind set frees nothing before its channel was polled, so it comes last, and goes to 0.
    for givers, at_least in ((quick, goals), (quick, {}), (slow, {})):
        _lower_until_enough(givers, at_least, numbers, left)
    # What others below half lack, once all that was pushed is settled. One that is not settled is waited for.
    settled = {one.key: numbers.get(one.key, one.exposure) for one in shares}
    needy = {one.key: goals[one.key] for one in movers if one.is_below_half(goals[one.key])}
    left = _left(shares, units, settled | needy)
    _lower_until_enough([*quick, *(one for one in slow if one.exposure == one.shown)], least, numbers, left)
    return numbers


def _lower_until_enough(
    givers: Sequence[EscrowShare], least: Quantities, numbers: dict[ListingKey, int], left: dict[str, int]
) -> None:
    """Lower numbers until no unit lacks, each no further than its least. A blind set goes there at once."""
    for one in givers:
        lack = max(-(left[sku] // units) for sku, units in one.parts.items())
        down = numbers[one.key] - least.get(one.key, 0)
        if lack > 0 and down > 0:
            _move(one, -down if one.form is Form.SET else -min(down, lack), numbers, left)


def _raised(me: EscrowShare, goal: int, fit: int) -> int | None:
    """A blind set needs room for the whole number, and a poll before it is free again: few, large steps."""
    if me.form is not Form.SET:
        return min(goal, me.shown + fit) if fit > 0 and me.shown < goal else None
    if me.exposure > me.shown or not me.is_below_half(goal):
        return None
    whole, by_way_of_0 = min(goal, fit), min(goal, me.shown + fit)
    if whole > 0 and (me.shown == 0 or 2 * whole >= goal):
        return whole
    return 0 if me.shown > 0 and 2 * by_way_of_0 >= goal else None


def blockers(shares: Sequence[EscrowShare], units: Mapping[str, int]) -> list[ListingKey]:
    """Listings whose exposure, above what they would have if all could move, keeps others low."""
    goals = targets([replace(one, is_adjustable=True) for one in shares], units)
    free = room(shares, units)
    low = [
        one for one in shares if one.is_below_half(goals[one.key]) and one.fit(free) < goals[one.key] - one.shown
    ]
    return sorted(
        one.key
        for one in shares
        if one.exposure > goals[one.key]
        and any(other.key != one.key and other.parts.keys() & one.parts.keys() for other in low)
    )


def _left(shares: Sequence[EscrowShare], units: Mapping[str, int], numbers: Quantities) -> dict[str, int]:
    left = dict(units)
    for one in shares:
        for sku, part in one.parts.items():
            left[sku] -= numbers[one.key] * part
    return left


def _move(one: EscrowShare, by: int, numbers: dict[ListingKey, int], left: dict[str, int]) -> None:
    numbers[one.key] += by
    for sku, units in one.parts.items():
        left[sku] -= by * units
