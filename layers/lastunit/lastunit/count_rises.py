"""Use case: count increases for the listings of channels that are told nothing else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lastunit.domain.channels import Channel, Sync
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.events import LevelChanged
from lastunit.domain.exposure import Listing, Rises, Seen
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.rising import Number, counted, forgotten
from lastunit.domain.stock_view import SkuView
from lastunit.pool import looked_up, rivals, rule_number
from lastunit.ports import Settings
from lastunit.sync_ports import Listings

ATTEMPTS_MAX = 5  # Others who count for the same listing at the same time: only a stream delivered twice.


@dataclass(frozen=True, slots=True)
class CountRises:
    listings: Listings
    settings: Settings

    def __call__(
        self, changes: Sequence[LevelChanged], listings: Iterable[Listing], channels: Mapping[str, Channel]
    ) -> None:
        """Raises StoreUnavailable when it could not be kept: the stream delivers its batch again."""
        for listing in listings:
            channel = channels.get(listing.channel)
            if channel and channel.sync is Sync.INCREMENTAL:
                self._count(listing, channel, changes)
            elif listing.rises.seen:
                self._keep(listing, forgotten)

    def _count(self, listing: Listing, channel: Channel, changes: Sequence[LevelChanged]) -> None:
        views = self._views(listing.sku)
        parts = views[listing.sku].item.parts if listing.sku in views else {}
        its_own = [change for change in changes if change.after.sku in parts]
        levels = [level for sku in parts if sku in views for level in views[sku].levels]
        self._keep(listing, lambda row: counted(row, its_own, levels, self._number(row, channel, views)))

    def _keep(self, listing: Listing, made: Callable[[Listing], Rises]) -> None:
        current: Listing | None = listing
        for _ in range(ATTEMPTS_MAX):
            if current is None:
                return
            rises = made(current)
            if rises == current.rises or self.listings.rise(current, rises):
                return
            current = self.listings.rows([listing.key]).get(listing.key)
        raise StoreUnavailable("others count for the same listing all the time")

    def _views(self, sku: str) -> dict[str, SkuView]:
        view = self.listings.view(sku)
        recipe = view.item.recipe if view else ()
        parts = {part: found for part in recipe if (found := self.listings.view(part))}
        return parts | ({sku: view} if view else {})

    def _number(self, listing: Listing, channel: Channel, views: Mapping[str, SkuView]) -> Number:
        items, _ = looked_up(views)
        locations, others = self.settings.locations(), rivals(self.settings, channel)

        def number(seen: Mapping[LevelKey, Seen]) -> int:
            def levels_of(sku: str) -> list[Level]:
                return [Level(*at, available=one.available) for at, one in seen.items() if at[0] == sku]

            return rule_number(listing.terms(channel), listing.sku, items, levels_of, locations, others)

        return number
