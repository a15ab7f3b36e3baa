"""Group commit: many orders, one conditional transaction, one update per level (`design.md` section 5)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lastunit.domain.levels import LevelKey, Movement, total
from lastunit.domain.orders import Change, Order, wants

ITEMS_MAX = 100  # DynamoDB's own limit for one transaction.

ListingKey = tuple[str, str, str]
"""(SKU, channel, listing name)."""


@dataclass(frozen=True, slots=True)
class Want:
    """An order's place in the queue for a SKU: by `queued_at`, first come, first served."""

    sku: str
    queued_at: str
    order_id: str
    units: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Changes written together or not at all. `levels`, `listings` and `owed` are the sums over all of them.

    `regrown`: units that channels put back on their shelves; `grown`: stocked SKUs that this takes room of without
    taking units.
    `wanted` are places in queues to write, `unwanted` those to remove.
    """

    changes: tuple[Change, ...]
    levels: Mapping[LevelKey, Movement] = field(default_factory=dict)
    listings: Mapping[ListingKey, int] = field(default_factory=dict)
    owed: Mapping[ListingKey, int] = field(default_factory=dict)
    regrown: Mapping[ListingKey, int] = field(default_factory=dict)
    grown: frozenset[str] = frozenset()
    wanted: tuple[Want, ...] = ()
    unwanted: tuple[Want, ...] = ()

    @property
    def size(self) -> int:
        return sum(map(len, (self.changes, self.levels, self.listed, self.grown, self.wanted, self.unwanted)))

    @property
    def listed(self) -> list[ListingKey]:
        """The listings it writes."""
        return sorted({*self.listings, *self.owed, *self.regrown})


def group(changes: Sequence[Change], without: Iterable[ListingKey] = ()) -> Group:
    """Sum the changes. `without`: listings that no longer exist."""
    listings, owed, regrown = Counter[ListingKey](), Counter[ListingKey](), Counter[ListingKey]()
    for change in changes:
        for (sku, name), units in change.listings().items():
            listings[sku, change.after.channel, name] += units
        for (sku, name), units in change.owed().items():
            owed[sku, change.after.channel, name] += units
        for (sku, name), units in change.regrown.items():
            regrown[sku, change.after.channel, name] += units
    for key in without:
        del listings[key], owed[key], regrown[key]
    return Group(
        tuple(changes),
        total(movement for change in changes for movement in change.levels().values()),
        {key: units for key, units in listings.items() if units},
        {key: units for key, units in owed.items() if units},
        {key: units for key, units in regrown.items() if units},
        frozenset(part for change in changes for part in _grown(change)),
        tuple(want for change in changes for want in _joined(change)),
        tuple(want for change in changes for want in _left(change)),
    )


def _grown(change: Change) -> Iterable[str]:
    """Stocked SKUs whose room shrinks though no level falls: whoever plans on them must look again. A channel may
    sell again what it put back, and what an order waits for is nobody's to sell."""
    shrunk = {sku for sku, _ in change.regrown} | {sku for (sku, _), units in change.owed().items() if units > 0}
    lines = (*change.after.lines, *(change.before.lines if change.before else ()))
    return (part for line in lines if line.sku in shrunk for part in line.parts)


def writes(change: Change) -> int:
    """How many items its stock and its places in queues take up in a transaction."""
    return len(change.levels()) + len(_joined(change)) + len(_left(change))


def _joined(change: Change) -> list[Want]:
    return sorted(_queue(change.after) - _queue(change.before), key=_place)


def _left(change: Change) -> list[Want]:
    kept = set(map(_place, _queue(change.after)))
    return sorted((want for want in _queue(change.before) if _place(want) not in kept), key=_place)


def _queue(order: Order | None) -> frozenset[Want]:
    if order is None or order.queued_at is None:
        return frozenset()
    queued_at = order.queued_at
    return frozenset(Want(sku, queued_at, order.order_id, units) for sku, units in wants(order).items())


def _place(want: Want) -> tuple[str, str, str]:
    return want.sku, want.queued_at, want.order_id


def pack(changes: Sequence[Change], orders_max: int, without: Iterable[ListingKey] = ()) -> list[Group]:
    """Divide changes, in their order, into as few groups as hold at most `orders_max` orders and 100 items each."""
    gone, groups, start = tuple(without), list[Group](), 0
    while start < len(changes):
        size = _largest(changes[start : start + orders_max], gone)
        groups.append(_fit(group(changes[start : start + size], gone)))
        start += size
    return groups


def _largest(changes: Sequence[Change], without: tuple[ListingKey, ...]) -> int:
    """How many of the first changes fit one transaction: at least one. Sizes only grow, so bisect."""
    low, high = 1, len(changes)
    while low < high:
        middle = (low + high + 1) // 2
        fits = group(changes[:middle], without).size <= ITEMS_MAX
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _fit(whole: Group) -> Group:
    """An order of very many SKUs leaves no room for its listings: their sales look like drift when read back."""
    if whole.size <= ITEMS_MAX:
        return whole
    return replace(whole, listings={}, owed={}, regrown={}, grown=frozenset())
