"""Use case: what would be pushed to a channel, before anything is or its settings are changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.push_protocol import Failure
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.levels import BinKind
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.use_cases.listings.shared_pool import with_settings
from lastunit.use_cases.lookup import get_channel
from lastunit.use_cases.stock.show_stock import ShowStock

PAGE_MAX = 100  # Every listing costs a few reads, and the API answers within 10 s.


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalLine:
    """The number that would be pushed to a listing now, and what its channel shows as far as is known."""

    listing: str
    sku: str
    number: int
    expected_shown: int | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    listing: str
    sku: str
    problem: str


@dataclass(frozen=True, slots=True)
class PickingBins:
    """More of them at one location than the one that there may be (rule 1.1-5)."""

    sku: str
    location: str
    bins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A page of it. `next`: where to go on; the last page has `rehearsed_version` instead, which turning outbound
    on asks for."""

    listings: tuple[RehearsalLine, ...]
    unmatched: tuple[Unmatched, ...]
    picking_bins: tuple[PickingBins, ...]
    next: str | None
    rehearsed_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A listing's number before and after a change of settings."""

    listing: str
    sku: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Preview:
    listings: tuple[Compared, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Reads only. `show` computes the numbers, as it does for everybody."""

    listings: Listings
    settings: Settings
    show: ShowStock

    def rehearse(self, name: str, after: str | None = None) -> Rehearsal:
        """`after`: what the page before named as `next`. Raises Conflict when the settings were changed since."""
        channel = get_channel(self.settings, name)
        version, _, start = (after or channel.settings_version).partition(":")
        if version != channel.settings_version:
            raise Conflict("the settings were changed during this rehearsal", remedy="begin again, without after")
        keys, more = self.listings.page(name, start or None, PAGE_MAX)
        views = self._views(sku for sku, _, _ in keys)
        show = self._with_settings(channel)
        lines = (
            RehearsalLine(
                listing=one.name, sku=one.sku, number=_number(show, view, one), expected_shown=one.expected_shown
            )
            for view, one in _listed(keys, views)
        )
        return Rehearsal(
            listings=tuple(lines),
            unmatched=tuple(problem for key in keys if (problem := _unmatched(key, views.get(key[0])))),
            picking_bins=tuple(double for view in views.values() for double in _picking_bins(view)),
            next=f"{channel.settings_version}:{more}" if more else None,
            rehearsed_version=None if more else channel.settings_version,
        )

    def preview(self, planned: Channel, after: str | None = None) -> Preview:
        """`planned`: checked settings. `after`: what the page before named as `next`."""
        keys, more = self.listings.page(planned.name, after, PAGE_MAX)
        views = self._views(sku for sku, _, _ in keys)
        now = self._with_settings(self.settings.channel(planned.name) or planned)
        then = self._with_settings(planned)
        compared = tuple(
            Compared(listing=one.name, sku=one.sku, before=_number(now, view, one), after=_number(then, view, one))
            for view, one in _listed(keys, views)
        )
        return Preview(compared, more)

    def _views(self, skus: Iterable[str]) -> dict[str, SkuView]:
        """Those SKUs that exist, and their components."""
        views = {sku: view for sku in dict.fromkeys(skus) if (view := self.listings.view(sku))}
        parts = {part for view in views.values() for part in view.item.parts} - views.keys()
        return views | {part: view for part in sorted(parts) if (view := self.listings.view(part))}

    def _with_settings(self, channel: Channel) -> ShowStock:
        """Numbers as they would be if the channel were pushed any, under the settings of this moment."""
        settings = with_settings(self.settings, replace(channel, outbound=True))
        return replace(self.show, settings=settings, read_pool=replace(self.show.read_pool, settings=settings))


def _listed(keys: Iterable[ListingKey], views: Mapping[str, SkuView]) -> list[tuple[SkuView, Listing]]:
    return [
        (view, one)
        for sku, channel, name in keys
        if (view := views.get(sku)) and (one := view.listing(channel, name))
    ]


def _number(show: ShowStock, view: SkuView, listing: Listing) -> int:
    [(_, number)] = show.numbers(replace(view, listings=(listing,)))
    return number


def _unmatched(key: ListingKey, view: SkuView | None) -> Unmatched | None:
    sku, channel, name = key
    listing = view.listing(channel, name) if view else None
    if listing is None:
        return Unmatched(name, sku, "the SKU does not exist")
    error = listing.last_error
    return Unmatched(name, sku, error.message) if error and error.failure is Failure.GONE else None


def _picking_bins(view: SkuView) -> list[PickingBins]:
    found = {
        level.location: tuple(bin.name for bin in level.bins.values() if bin.kind is BinKind.PICKING)
        for level in view.levels
    }
    return [PickingBins(view.item.sku, at, bins) for at, bins in found.items() if len(bins) > 1]
