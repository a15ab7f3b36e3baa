"""Use case: what changed in stock leads to a push for every listing that shows it, kits included."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lastunit.count_rises import CountRises
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.events import Event, LevelChanged, ListingChanged, QueueJoined, SkuChanged
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.stock_view import SkuView
from lastunit.ports import Queue, Settings
from lastunit.pushing import Task, push_message
from lastunit.risk import KeepRisk, showing
from lastunit.sync_ports import Listings


@dataclass(frozen=True, slots=True)
class TrackStock:
    listings: Listings
    settings: Settings
    queue: Queue
    orders: Queue
    keep_risk: KeepRisk

    def __call__(self, events: Iterable[Event]) -> int:
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
            self.queue.send([push_message(Task(key, since=since.get(key))) for key in sorted(keys)])
        self.keep_risk(found, shown)
        return len(keys)

    def _offer(self, skus: Iterable[str]) -> None:
        """Units that may be had now go to the orders that wait for them, first come first served."""
        arrived = [{"arrived": sku} for sku in sorted(skus) if self._is_awaited(sku)]
        if arrived:
            self.orders.send(arrived)

    def _is_awaited(self, sku: str) -> bool:
        view = self.listings.view(sku)
        return view is not None and view.is_awaited and any(level.available for level in view.levels)

    def _freed(self, events: Sequence[ListingChanged]) -> set[str]:
        """SKUs of which an escrowed channel holds fewer, other than by selling: now others may have them."""
        fallen = [event.after for event in events if event.before and _held(event.before) > _held(event.after)]
        channels = self._channels({listing.channel for listing in fallen})
        skus = {one.sku for one in fallen if one.channel in channels and channels[one.channel].mode is Mode.ESCROW}
        return {part for sku in skus if (view := self.listings.view(sku)) for part in view.item.parts}

    def _count(self, changes: Sequence[LevelChanged], views: Sequence[SkuView]) -> None:
        listings = {listing.key: listing for view in views for listing in view.listings}
        if changes and listings:
            channels = self._channels({listing.channel for listing in listings.values()})
            CountRises(self.listings, self.settings)(changes, listings.values(), channels)

    def _channels(self, names: Iterable[str]) -> Mapping[str, Channel]:
        found = {name: self.settings.channel(name) for name in names}
        return {name: channel for name, channel in found.items() if channel}


def _since(events: Iterable[Event]) -> str | None:
    """When the first of these changes happened; its pushes are measured from then on."""
    return min((one.at for one in events if isinstance(one, LevelChanged) and _sku_to_push(one)), default=None)


def _held(listing: Listing) -> int:
    """Units that nobody else may have, its sales included: what it was granted, and what its orders wait for."""
    return listing.granted + listing.booked + listing.owed


def _sku_to_push(event: Event) -> str | None:
    if isinstance(event, LevelChanged):
        before = event.before.available if event.before else 0
        return event.after.sku if before != event.after.available else None
    if isinstance(event, SkuChanged):
        return event.after.sku if event.before != event.after else None
    return None


def _sku_to_offer(event: Event) -> str | None:
    """Units came, or somebody began to wait who may have missed them."""
    if isinstance(event, QueueJoined):
        return event.sku
    if isinstance(event, LevelChanged):
        before = event.before.available if event.before else 0
        return event.after.sku if event.after.available > before else None
    return None


def _listing_to_push(event: Event) -> ListingKey | None:
    """A new listing, one with new ids or numbers of its own, and one whose channel lowered itself.

    Our own bookkeeping is no reason.
    """
    if not isinstance(event, ListingChanged):
        return None
    before, after = event.before, event.after
    if before and (before.refs, before.sold, before.override) == (after.refs, after.sold, after.override):
        return None
    return after.key
