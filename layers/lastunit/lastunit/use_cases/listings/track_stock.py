"""Use case: what changed in stock leads to a push for every listing that shows it, kits included."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.events.row_changes import ListingChanged, QueueJoined, RowChange, SkuChanged
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.ports.system import Queue
from lastunit.use_cases.listings.count_increments import CountIncrements
from lastunit.use_cases.listings.keep_units_at_risk import KeepUnitsAtRisk, showing
from lastunit.use_cases.listings.push.tasks import PushTask, push_message
from lastunit.use_cases.messages import StockArrivedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStock:
    listings: Listings
    settings: Settings
    queue: Queue
    orders: Queue
    keep_risk: KeepUnitsAtRisk

    def track(self, events: Iterable[RowChange]) -> int:
        """How many pushes were asked for. Changes of one batch coalesce per listing."""
        found = list(events)
        self._offer({sku for event in found if (sku := _sku_to_offer(event))})
        skus = {sku for event in found if (sku := _sku_to_push(event))}
        skus |= self._freed([event for event in found if isinstance(event, ListingChanged)])
        shown = {sku: showing(self.listings, sku) for sku in sorted(skus)}
        views = [view for views in shown.values() for view in views]
        self._count([event for event in found if isinstance(event, LevelChanged)], views)
        since = dict.fromkeys((listing.key for view in views for listing in view.listings), _since(found))
        keys = since.keys() | {key for event in found if (key := _listing_to_push(event))}
        if keys:
            self.queue.send([push_message(PushTask(key=key, since=since.get(key))) for key in sorted(keys)])
        self.keep_risk.keep(found, shown)
        return len(keys)

    def _offer(self, skus: Iterable[str]) -> None:
        """Units that may be had now go to the orders that wait for them, first come first served."""
        arrived = [StockArrivedMessage(sku=sku) for sku in sorted(skus) if self._is_awaited(sku)]
        if arrived:
            self.orders.send(arrived)

    def _is_awaited(self, sku: str) -> bool:
        view = self.listings.view(sku)
        return view is not None and view.is_awaited and any(level.available for level in view.levels)

    def _freed(self, events: Sequence[ListingChanged]) -> set[str]:
        """SKUs of which an escrowed channel holds fewer, other than by selling: now others may have them."""
        fallen = [event.after for event in events if event.before and _taken(event.before) > _taken(event.after)]
        channels = self._channels({listing.channel for listing in fallen})
        skus = {one.sku for one in fallen if one.channel in channels and channels[one.channel].mode is Mode.ESCROW}
        return {part for sku in skus if (view := self.listings.view(sku)) for part in view.item.parts}

    def _count(self, changes: Sequence[LevelChanged], views: Sequence[SkuView]) -> None:
        listings = {listing.key: listing for view in views for listing in view.listings}
        if changes and listings:
            channels = self._channels({listing.channel for listing in listings.values()})
            CountIncrements(self.listings, self.settings).count(changes, listings.values(), channels)

    def _channels(self, names: Iterable[str]) -> Mapping[str, Channel]:
        found = {name: self.settings.channel(name) for name in names}
        return {name: channel for name, channel in found.items() if channel}


def _since(events: Iterable[RowChange]) -> datetime | None:
    """When the first of these changes happened; its pushes are measured from then on."""
    instants = [one.at for one in events if isinstance(one, LevelChanged) and _sku_to_push(one)]
    return min(map(datetime.fromisoformat, instants), default=None)


def _taken(listing: Listing) -> int:
    """Units that nobody else may have, its sales included: what it was granted, and what its orders wait for."""
    return listing.granted + listing.booked + listing.sold_unallocated


def _sku_to_push(event: RowChange) -> str | None:
    if isinstance(event, LevelChanged):
        before = event.before.available if event.before else 0
        return event.after.sku if before != event.after.available else None
    if isinstance(event, SkuChanged):
        return event.after.sku if event.before != event.after else None
    return None


def _sku_to_offer(event: RowChange) -> str | None:
    """Units came, or somebody began to wait who may have missed them."""
    if isinstance(event, QueueJoined):
        return event.sku
    if isinstance(event, LevelChanged):
        before = event.before.available if event.before else 0
        return event.after.sku if event.after.available > before else None
    return None


def _listing_to_push(event: RowChange) -> ListingKey | None:
    """A new listing, one with new ids or numbers of its own, and one whose channel lowered itself.

    Our own bookkeeping is no reason.
    """
    if not isinstance(event, ListingChanged):
        return None
    before, after = event.before, event.after
    if before and (before.refs, before.sold, before.override) == (after.refs, after.sold, after.override):
        return None
    return after.key
