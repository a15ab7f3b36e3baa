"""Use case: count increases for the listings of channels that are sent increases only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.increments import RuleQuantity, count_changes, reset_increments
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import CountedLevel, Increments
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.domain.stock.levels import Level
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.use_cases.listings.shared_pool import quantity_rule

ATTEMPTS_MAX = 5  # Others who count for the same listing at the same time: only a stream delivered twice.


@dataclass(frozen=True, slots=True)
class CountIncrements:
    listings: Listings
    settings: Settings

    def count(
        self, changes: Sequence[LevelChanged], listings: Iterable[Listing], channels: Mapping[str, Channel]
    ) -> None:
        """Raises StoreUnavailable when it could not be kept: the stream delivers its batch again."""
        for listing in listings:
            channel = channels.get(listing.channel)
            if channel and channel.sync is Sync.INCREMENTAL:
                self._count(listing, channel, changes)
            elif listing.increments.counted_levels:
                self._keep(listing, reset_increments)

    def _count(self, listing: Listing, channel: Channel, changes: Sequence[LevelChanged]) -> None:
        views = self._views(listing.sku)
        parts = views[listing.sku].item.parts if listing.sku in views else {}
        its_own = [change for change in changes if change.after.sku in parts]
        levels = [level for sku in parts if sku in views for level in views[sku].levels]
        self._keep(listing, lambda row: count_changes(row, its_own, levels, self._number(row, channel, views)))

    def _keep(self, listing: Listing, made: Callable[[Listing], Increments]) -> None:
        current: Listing | None = listing
        for _ in range(ATTEMPTS_MAX):
            if current is None:
                return
            increments = made(current)
            if increments == current.increments or self.listings.keep_increments(current, increments):
                return
            current = self.listings.read([listing.key]).get(listing.key)
        raise StoreUnavailable("others count for the same listing all the time")

    def _views(self, sku: str) -> dict[str, SkuView]:
        view = self.listings.view(sku)
        recipe = view.item.recipe if view else ()
        parts = {part: found for part in recipe if (found := self.listings.view(part))}
        return parts | ({sku: view} if view else {})

    def _number(self, listing: Listing, channel: Channel, views: Mapping[str, SkuView]) -> RuleQuantity:
        rule = quantity_rule(self.settings, channel, views)

        def number(counted: Mapping[LevelKey, CountedLevel]) -> int:
            def levels_of(sku: str) -> list[Level]:
                return [
                    Level(sku=sku, location=at, available=one.available)
                    for (name, at), one in counted.items()
                    if name == sku
                ]

            return replace(rule, levels_of=levels_of).quantity(listing, channel)

        return number
