"""Group commit: many orders, one conditional transaction, one update per level (`design.md` section 5)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lastunit.domain.levels import LevelKey
from lastunit.domain.orders import Change

ITEMS_MAX = 100  # DynamoDB's own limit for one transaction.

ListingKey = tuple[str, str, str]
"""(SKU, channel, listing name)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Changes written together or not at all. `levels` and `listings` are the sums over all of them."""

    changes: tuple[Change, ...]
    levels: Mapping[LevelKey, int] = field(default_factory=dict)
    listings: Mapping[ListingKey, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.changes) + len(self.levels) + len(self.listings)


def group(changes: Sequence[Change], without: Iterable[ListingKey] = ()) -> Group:
    """Sum the changes. `without`: listings that no longer exist."""
    levels, listings = Counter[LevelKey](), Counter[ListingKey]()
    for change in changes:
        levels.update(change.levels())
        for (sku, name), units in change.listings().items():
            listings[sku, change.after.channel, name] += units
    for key in without:
        del listings[key]
    return Group(
        tuple(changes),
        {key: units for key, units in levels.items() if units},
        {key: units for key, units in listings.items() if units},
    )


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
    """An order of very many SKUs leaves no room for its listings: reading the channel back corrects them."""
    return whole if whole.size <= ITEMS_MAX else Group(whole.changes, whole.levels)
