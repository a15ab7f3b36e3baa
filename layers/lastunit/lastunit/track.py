"""Use case: what changed in stock leads to a push for every listing that shows it, kits included."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.domain.events import Event, LevelChanged, ListingChanged, QueueJoined, SkuChanged
from lastunit.domain.groups import ListingKey
from lastunit.ports import Listings, Queue


@dataclass(frozen=True, slots=True)
class TrackStock:
    listings: Listings
    queue: Queue
    orders: Queue

    def __call__(self, events: Iterable[Event]) -> int:
        """How many pushes were asked for. Changes of one batch coalesce per listing."""
        found = list(events)
        self._offer({sku for event in found if (sku := _sku_to_offer(event))})
        skus = {sku for event in found if (sku := _sku_to_push(event))}
        keys = {key for event in found if (key := _listing_to_push(event))}
        keys |= {key for sku in skus for key in self._listings_of(sku)}
        if keys:
            self.queue.send([push_message(key) for key in sorted(keys)])
        return len(keys)

    def _offer(self, skus: Iterable[str]) -> None:
        """Units that may be had now go to the orders that wait for them, first come first served."""
        arrived = [{"arrived": sku} for sku in sorted(skus) if self._is_awaited(sku)]
        if arrived:
            self.orders.send(arrived)

    def _is_awaited(self, sku: str) -> bool:
        view = self.listings.view(sku)
        return view is not None and view.is_awaited and any(level.available for level in view.levels)

    def _listings_of(self, sku: str) -> set[ListingKey]:
        view = self.listings.view(sku)
        if view is None:
            return set()
        kits = (self.listings.view(kit) for kit in view.kits)
        return {
            (listing.sku, listing.channel, listing.name)
            for shown in (view, *(kit for kit in kits if kit))
            for listing in shown.listings
        }


def push_message(key: ListingKey) -> dict[str, object]:
    """Keys, never quantities: the number is computed when it is sent (promise 6)."""
    sku, channel, listing = key
    return {"sku": sku, "channel": channel, "listing": listing}


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
    """A new listing, one with new ids, and one whose channel lowered itself. Our own bookkeeping is no reason."""
    if not isinstance(event, ListingChanged):
        return None
    before, after = event.before, event.after
    if before and (before.refs, before.sold) == (after.refs, after.sold):
        return None
    return after.sku, after.channel, after.name
