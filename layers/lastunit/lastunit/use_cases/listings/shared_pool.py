"""What the listings of a SKU share: who may sell how much of it, and how much there is."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.channel import Channel, Mode, Sync
from lastunit.domain.errors import MissingCapability
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.escrow import EscrowShare, plan_quantity, room
from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.listing import SALES_RATE_SCALE, Listing
from lastunit.domain.listings.listing_update import RoomGrant
from lastunit.domain.listings.push_protocol import Form
from lastunit.domain.listings.quantity import QuantityRule
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.catalogue import Alias, Location
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock

Views = Mapping[str, SkuView]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPool:
    """One moment of a SKU and of all that shares units with it.

    Levels and the number of grants were read before the listings. So what was sold or granted in between makes the
    grant's condition fail, and never makes the room look larger than it is.
    """

    shares: Mapping[ListingKey, EscrowShare]
    units: Mapping[str, int]
    """SKU → units that the escrowed channels may show of it together."""
    grants: Mapping[str, int]
    """SKU → how often room was granted to one of its listings."""
    levels: Mapping[LevelKey, int]
    """Units available where the escrowed channels are served from."""
    sold: Mapping[ListingKey, int]
    """Units sold of each listing, as they are counted in its exposure."""

    @property
    def room(self) -> dict[str, int]:
        return room(tuple(self.shares.values()), self.units)

    def without_claimed(self, listing: Listing) -> "SharedPool":
        """With what its one writer knows about the listing, and may push. Its sales count as they do now: those of
        a cancel that was imported since it was claimed are its to sell again."""
        share = self.shares.get(listing.key)
        if share is None:
            return self
        shown = listing.expected_shown or 0
        known = replace(share, exposure=self.exposure(listing).units, shown=shown, is_adjustable=True)
        return replace(self, shares={**self.shares, listing.key: known})

    def exposure(self, listing: Listing) -> Exposure:
        """What its one writer knows of it, with the sales that its room was counted with."""
        return replace(listing.exposure, sold=self.sold[listing.key])

    def number(self, key: ListingKey) -> int | None:
        """The number to push to the listing now; None: it stays as it is."""
        share = self.shares.get(key)
        if share is None or not share.is_adjustable:
            return None
        return plan_quantity(tuple(self.shares.values()), self.units, key)

    def grant(self, key: ListingKey, request: PushRequest) -> RoomGrant | None:
        """The right to be sent this request, to be written under its conditions; None: there is no room for it."""
        parts = self.shares[key].parts
        if any(self.room[sku] < request.need * units for sku, units in parts.items()):
            return None
        levels = {at: have for at, have in self.levels.items() if at[0] in parts and have > 0}
        return RoomGrant({sku: self.grants[sku] for sku in parts}, levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPool:
    """`form` says how a channel takes absolute numbers, or raises MissingCapability."""

    listings: Listings
    settings: Settings
    form: Callable[[Channel], Form]
    clock: Clock

    def for_now(self) -> "ReadPool":
        """The same, with settings that are read once: for a few seconds' work on many SKUs."""
        return replace(self, settings=with_settings(self.settings))

    def read(self, sku: str) -> SharedPool:
        before = self._neighbours(sku)
        after = {name: view for name in before if (view := self.listings.view(name))}
        channels = all_channels(self.settings)
        locations = self.settings.locations()
        escrowed = [channel for channel in channels.values() if channel.mode is Mode.ESCROW]
        rule = QuantityRule.of_views(after, locations, channels.values())
        shares = [self._share(one, channels, rule) for view in after.values() for one in view.listings]
        levels = _levels(before, escrowed, locations)
        buffer = max((channel.buffer for channel in escrowed), default=0)
        stocked = [name for name, view in before.items() if not view.item.is_kit]
        return SharedPool(
            shares={share.key: share for share in shares if share.parts.keys() <= set(stocked)},
            units={name: _available(name, levels) - buffer - _sold_unallocated(name, after) for name in stocked},
            grants={name: before[name].grants for name in stocked},
            levels=levels,
            sold={one.key: one.sold for view in after.values() for one in view.listings},
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

    def _share(self, one: Listing, channels: Mapping[str, Channel], rule: QuantityRule) -> EscrowShare:
        channel, parts = channels.get(one.channel), rule.items[one.sku].parts
        counted = EscrowShare(
            key=one.key,
            parts=parts,
            exposure=one.exposure.units,
            shown=one.expected_shown or 0,
            form=Form.SET,
            sales=0,
            limit=0,
            is_adjustable=False,
        )
        if channel is None:  # Connected after the settings were read: what it may sell is taken all the same.
            return counted
        try:
            form = self.form(channel)
        except MissingCapability:  # No number of it can be changed; the others' can.
            return counted
        return replace(
            counted,
            form=form,
            sales=SALES_RATE_SCALE + one.sales(self.clock.now()),
            limit=rule.quantity(one, channel),
            is_adjustable=_moves(channel) and not one.frozen and one.in_flight is None,
        )


@dataclass(frozen=True, slots=True)
class SettingsOverlay:
    """The settings of one moment; some channels may be replaced by others."""

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


def with_settings(settings: Settings, *different: Channel) -> SettingsOverlay:
    accounts = all_channels(settings) | {channel.name: channel for channel in different}
    return SettingsOverlay(settings, accounts, settings.locations())


def quantity_rule(settings: Settings, channel: Channel, views: Views) -> QuantityRule:
    """What the numbers of the channel depend on, for the SKUs of these views."""
    return QuantityRule.of_views(views, settings.locations(), sharing_channels(settings, channel))


def all_channels(settings: Settings) -> dict[str, Channel]:
    found = {name: settings.channel(name) for name in settings.channels()}
    return {name: channel for name, channel in found.items() if channel}


def sharing_channels(settings: Settings, channel: Channel) -> Collection[Channel]:
    """The channels whose settings this channel's numbers depend on."""
    return all_channels(settings).values() if channel.mode is Mode.EXCLUSIVE else ()


def _moves(channel: Channel) -> bool:
    return channel.mode is Mode.ESCROW and channel.outbound and channel.sync is Sync.LIVE


def _available(sku: str, levels: Mapping[LevelKey, int]) -> int:
    return sum(have for (name, _), have in levels.items() if name == sku)


def _sold_unallocated(sku: str, views: Views) -> int:
    """Units of the stocked SKU that channels have sold and no order was promised yet."""
    return sum(
        one.sold_unallocated * view.item.parts.get(sku, 0) for view in views.values() for one in view.listings
    )


def _levels(views: Views, escrowed: Sequence[Channel], locations: Sequence[Location]) -> dict[LevelKey, int]:
    """What is available where escrowed channels are served from; they all share one set of locations."""
    open_at = {
        place.name
        for place in locations
        if not place.blacked_out and all(channel.may_use(place.name) for channel in escrowed)
    }
    return {
        LevelKey(level.sku, level.location): level.available
        for view in views.values()
        for level in view.levels
        if level.location in open_at
    }
