"""What the listings of a SKU share: who may sell how much of it, and how much there is."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.booking import Exposure, Request
from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel, Mode, Sync
from lastunit.domain.escrow import Stake, room, tell
from lastunit.domain.exposure import PACE_SCALE, LevelsOf, Listing, shown
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import LevelKey
from lastunit.domain.pushes import Form
from lastunit.domain.stock_view import SkuView
from lastunit.ports import Clock, Settings
from lastunit.sync_ports import Grant, Listings

Views = Mapping[str, SkuView]


@dataclass(frozen=True, slots=True)
class Pool:
    """One moment of a SKU and of all that shares units with it. `units`: SKU → what escrow may show of it in all.
    `sold`: of each listing, as it is counted in its exposure.

    Levels and the number of grants were read before the listings. So what was sold or granted in between makes the
    grant's condition fail, and never makes the room look larger than it is.
    """

    stakes: Mapping[ListingKey, Stake]
    units: Mapping[str, int]
    grants: Mapping[str, int]
    levels: Mapping[LevelKey, int]
    sold: Mapping[ListingKey, int]

    @property
    def room(self) -> dict[str, int]:
        return room(tuple(self.stakes.values()), self.units)

    def telling(self, listing: Listing) -> "Pool":
        """With what its one writer knows about the listing, and may tell it. Its sales count as they do now: those
        of a cancel that was imported since it was claimed are its to sell again."""
        stake = self.stakes.get(listing.key)
        if stake is None:
            return self
        known = replace(stake, exposure=self.exposure(listing).units, shown=listing.believed or 0, moves=True)
        return replace(self, stakes={**self.stakes, listing.key: known})

    def exposure(self, listing: Listing) -> Exposure:
        """What its one writer knows of it, with the sales that its room was counted with."""
        return replace(listing.exposure, sold=self.sold[listing.key])

    def number(self, key: ListingKey) -> int | None:
        """What the listing should be told now; None: it stays as it is."""
        stake = self.stakes.get(key)
        if stake is None or not stake.moves:
            return None
        return tell(tuple(self.stakes.values()), self.units, key)

    def grant(self, key: ListingKey, request: Request) -> Grant | None:
        """The right to be sent this request, to be written under its conditions; None: there is no room for it."""
        parts = self.stakes[key].parts
        if any(self.room[sku] < request.need * units for sku, units in parts.items()):
            return None
        levels = {at: have for at, have in self.levels.items() if at[0] in parts and have > 0}
        return Grant({sku: self.grants[sku] for sku in parts}, levels)


@dataclass(frozen=True, slots=True)
class ReadPool:
    """`form` says how a channel takes absolute numbers."""

    listings: Listings
    settings: Settings
    form: Callable[[Channel], Form]
    clock: Clock

    def for_now(self) -> "ReadPool":
        """The same, with settings that are read once: for a few seconds' work on many SKUs."""
        return replace(self, settings=supposing(self.settings))

    def __call__(self, sku: str) -> Pool:
        before = self._neighbours(sku)
        after = {name: view for name in before if (view := self.listings.view(name))}
        channels = all_channels(self.settings)
        locations = self.settings.locations()
        escrowed = [channel for channel in channels.values() if channel.mode is Mode.ESCROW]
        shares = [self._stake(one, channels, after, locations) for view in after.values() for one in view.listings]
        levels = _levels(before, escrowed, locations)
        buffer = max((channel.buffer for channel in escrowed), default=0)
        stocked = [name for name, view in before.items() if not view.item.is_kit]
        return Pool(
            {stake.key: stake for stake in shares if stake.parts.keys() <= set(stocked)},
            {name: _available(name, levels) - buffer - _owed(name, after) for name in stocked},
            {name: before[name].grants for name in stocked},
            levels,
            {one.key: one.sold for view in after.values() for one in view.listings},
        )

    def _neighbours(self, sku: str) -> Views:
        """The SKU, its components, every kit of these, and what else those kits need and compete with."""
        views = dict[str, SkuView]()
        self._look(views, [sku])
        for _ in range(2):
            self._look(views, [part for view in views.values() for part in view.item.parts])
            self._look(views, [kit for view in views.values() for kit in view.kits])
        self._look(views, [part for view in views.values() for part in view.item.parts])
        return views

    def _look(self, views: dict[str, SkuView], names: Iterable[str]) -> None:
        for name in sorted(set(names) - views.keys()):
            if view := self.listings.view(name):
                views[name] = view

    def _stake(
        self, one: Listing, channels: Mapping[str, Channel], views: Views, locations: Sequence[Location]
    ) -> Stake:
        channel, parts = channels.get(one.channel), views[one.sku].item.parts
        counted = Stake(one.key, parts, one.exposure.units, one.believed or 0, Form.SET, 0, 0, moves=False)
        if channel is None:  # Connected after the settings were read: what it may sell is taken all the same.
            return counted
        return replace(
            counted,
            form=self.form(channel),
            weight=PACE_SCALE + one.sales(self.clock.now()),
            limit=rule_number(one.terms(channel), one.sku, *looked_up(views), locations, channels.values()),
            moves=_moves(channel) and not one.frozen and one.in_flight is None,
        )


@dataclass(frozen=True, slots=True)
class Supposed:
    """The settings of one moment; some channels may be supposed different."""

    settings: Settings
    accounts: Mapping[str, Channel]
    places: tuple[Location, ...]

    def channel(self, name: str) -> Channel | None:
        return self.accounts.get(name)

    def channels(self) -> tuple[str, ...]:
        return tuple(self.accounts)

    def locations(self) -> tuple[Location, ...]:
        return self.places

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        return self.settings.aliases(channel, names)


def supposing(settings: Settings, *different: Channel) -> Supposed:
    accounts = all_channels(settings) | {channel.name: channel for channel in different}
    return Supposed(settings, accounts, settings.locations())


def rule_number(
    channel: Channel,
    sku: str,
    items: Mapping[str, Sku],
    levels_of: LevelsOf,
    locations: Sequence[Location],
    channels: Iterable[Channel],
) -> int:
    """What the channel may show of the SKU by its settings; 0 while it or a component is unknown."""
    item = items.get(sku)
    if item is None or any(part not in items for part in item.parts):
        return 0
    return shown(channel, item, {part: items[part] for part in item.parts}, levels_of, locations, channels)


def looked_up(views: Views) -> tuple[dict[str, Sku], LevelsOf]:
    """The items and the levels of views, as `rule_number` wants them."""
    return {sku: view.item for sku, view in views.items()}, lambda sku: views[sku].levels


def all_channels(settings: Settings) -> dict[str, Channel]:
    found = {name: settings.channel(name) for name in settings.channels()}
    return {name: channel for name, channel in found.items() if channel}


def rivals(settings: Settings, channel: Channel) -> Collection[Channel]:
    """Those whose settings its numbers depend on."""
    return all_channels(settings).values() if channel.mode is Mode.EXCLUSIVE else ()


def _moves(channel: Channel) -> bool:
    return channel.mode is Mode.ESCROW and channel.outbound and channel.sync is Sync.LIVE


def _available(sku: str, levels: Mapping[LevelKey, int]) -> int:
    return sum(have for (name, _), have in levels.items() if name == sku)


def _owed(sku: str, views: Views) -> int:
    """Units of the stocked SKU that channels have sold and no order was promised yet."""
    return sum(one.owed * view.item.parts.get(sku, 0) for view in views.values() for one in view.listings)


def _levels(views: Views, escrowed: Sequence[Channel], locations: Sequence[Location]) -> dict[LevelKey, int]:
    """What is available where escrowed channels are served from; they all share one set of locations."""
    open_at = {
        place.name
        for place in locations
        if not place.blacked_out and all(channel.may_use(place.name) for channel in escrowed)
    }
    return {
        (level.sku, level.location): level.available
        for view in views.values()
        for level in view.levels
        if level.location in open_at
    }
