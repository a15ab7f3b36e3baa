"""Group commit: many orders, one conditional transaction, one update per level (docs/design.md section 5)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.order import Order, PickedUnits
from lastunit.domain.orders.units import awaited_units
from lastunit.domain.stock.levels import Level, Movement, sum_by_level

ITEMS_MAX = 100  # DynamoDB's own limit for one transaction.
LEVELS_MAX = 90  # Of one order: leaves room for its row and its listings.


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """An order's place in the queue for a SKU: by `queued_at`, first come, first served."""

    sku: str
    queued_at: datetime
    order_id: str
    units: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitGroup:
    """Changes that are written together or not at all, and the sums over all of them."""

    changes: tuple[OrderChange, ...]
    levels: Mapping[LevelKey, Movement] = field(default_factory=dict)
    listings: Mapping[ListingKey, int] = field(default_factory=dict)  # units more (or fewer) that the channel sold
    sold_unallocated: Mapping[ListingKey, int] = field(default_factory=dict)  # units sold and not reserved yet
    restocked_by_channel: Mapping[ListingKey, int] = field(default_factory=dict)  # units the channel put back
    skus_losing_room: frozenset[str] = frozenset()  # stocked SKUs that less may be sold of though no level falls
    skus_brought_in: frozenset[str] = frozenset()  # stocked SKUs of which a decision said that units are there
    queue_added: tuple[QueueEntry, ...] = ()
    queue_removed: tuple[QueueEntry, ...] = ()

    @property
    def size(self) -> int:
        """Items of the transaction that writes it."""
        in_queues = len(self.queue_added) + len(self.queue_removed)
        skus = len(self.skus_losing_room | self.skus_brought_in)
        return len(self.changes) + len(self.levels) + len(self.listed) + skus + in_queues

    @property
    def listed(self) -> list[ListingKey]:
        """The listings whose counts it changes."""
        return sorted({*self.listings, *self.sold_unallocated, *self.restocked_by_channel})


def commit_group(changes: Sequence[OrderChange], without: Iterable[ListingKey] = ()) -> CommitGroup:
    """Sum the changes. `without`: listings that no longer exist, whose counts are left out."""
    sold, unallocated, restocked = Counter[ListingKey](), Counter[ListingKey](), Counter[ListingKey]()
    for change in changes:
        channel = change.after.channel
        for (sku, name), units in change.listings().items():
            sold[ListingKey(sku, channel, name)] += units
        for (sku, name), units in change.sold_unallocated().items():
            unallocated[ListingKey(sku, channel, name)] += units
        for (sku, name), units in change.restocked_by_channel.items():
            restocked[ListingKey(sku, channel, name)] += units
    for key in without:
        del sold[key], unallocated[key], restocked[key]
    return CommitGroup(
        changes=tuple(changes),
        levels=sum_by_level(movement for change in changes for movement in change.levels().values()),
        listings={key: units for key, units in sold.items() if units},
        sold_unallocated={key: units for key, units in unallocated.items() if units},
        restocked_by_channel={key: units for key, units in restocked.items() if units},
        skus_losing_room=frozenset(sku for change in changes for sku in _skus_losing_room(change)),
        skus_brought_in=frozenset(one.sku for change in changes for one in _brought_in(change)),
        queue_added=tuple(entry for change in changes for entry in _queue_added(change)),
        queue_removed=tuple(entry for change in changes for entry in _queue_removed(change)),
    )


def _skus_losing_room(change: OrderChange) -> Iterable[str]:
    """Stocked SKUs whose room shrinks though no level falls, so that plans made on their room do not hold.

    A channel may sell again what it put back; what an order waits for is not to be sold to another.
    """
    shrunk = {sku for sku, _ in change.restocked_by_channel} | {
        sku for (sku, _), units in change.sold_unallocated().items() if units > 0
    }
    lines = (*change.after.lines, *(change.before.lines if change.before else ()))
    return (part for line in lines if line.sku in shrunk for part in line.parts)


def _brought_in(change: OrderChange) -> tuple[PickedUnits, ...]:
    return change.after.brought_in[len(change.before.brought_in) if change.before else 0 :]


def written_items(change: OrderChange) -> int:
    """Items of a transaction that the change's levels, queue entries and SKUs brought in take up."""
    skus = len({one.sku for one in _brought_in(change)})
    return len(change.levels()) + len(_queue_added(change)) + len(_queue_removed(change)) + skus


def _queue_added(change: OrderChange) -> list[QueueEntry]:
    return sorted(_queue(change.after) - _queue(change.before), key=_place)


def _queue_removed(change: OrderChange) -> list[QueueEntry]:
    kept = set(map(_place, _queue(change.after)))
    return sorted((entry for entry in _queue(change.before) if _place(entry) not in kept), key=_place)


def _queue(order: Order | None) -> frozenset[QueueEntry]:
    if order is None or order.queued_at is None:
        return frozenset()
    queued_at = order.queued_at
    return frozenset(
        QueueEntry(sku=sku, queued_at=queued_at, order_id=order.order_id, units=units)
        for sku, units in awaited_units(order).items()
    )


def _place(entry: QueueEntry) -> tuple[str, datetime, str]:
    return entry.sku, entry.queued_at, entry.order_id


def pack(changes: Sequence[OrderChange], orders_max: int, without: Iterable[ListingKey] = ()) -> list[CommitGroup]:
    """Divide changes, in their order, into as few groups as hold at most `orders_max` orders and 100 items each.

    `without`: listings that no longer exist.
    """
    gone, groups, start = tuple(without), list[CommitGroup](), 0
    while start < len(changes):
        size = _largest(changes[start : start + orders_max], gone)
        groups.append(_fit(commit_group(changes[start : start + size], gone)))
        start += size
    return groups


def _largest(changes: Sequence[OrderChange], without: tuple[ListingKey, ...]) -> int:
    """How many of the first changes fit one transaction: at least one. Sizes only grow, so bisect."""
    low, high = 1, len(changes)
    while low < high:
        middle = (low + high + 1) // 2
        fits = commit_group(changes[:middle], without).size <= ITEMS_MAX
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _fit(whole: CommitGroup) -> CommitGroup:
    """An order of very many SKUs leaves no room for its listings: their sales look like drift when read back."""
    if whole.size <= ITEMS_MAX:
        return whole
    return replace(whole, listings={}, sold_unallocated={}, restocked_by_channel={}, skus_losing_room=frozenset())


class CommitRefused(LastunitError):
    """The transaction's conditions did not hold: nothing was written. Carries what is stored instead.

    `orders`: rows that are not as expected (None: gone). `levels`: levels with too little (None: no such level).
    `listings`: listings that do not exist. `contended`: another transaction was under way on the same items.
    """

    def __init__(
        self,
        orders: Mapping[str, Order | None],
        levels: Mapping[LevelKey, Level | None],
        listings: frozenset[ListingKey],
        contended: bool,
    ) -> None:
        super().__init__(f"{len(orders)} orders, {len(levels)} levels, {len(listings)} listings refused")
        self.orders, self.levels, self.listings, self.contended = orders, levels, listings, contended
