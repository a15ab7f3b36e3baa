"""Use case: a person has a channel, a SKU or a listing told anew; that overwrites (rule 1.5-7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict, NotFound
from lastunit.domain.groups import ListingKey
from lastunit.ports import Queue, Settings
from lastunit.sync_ports import Listings


@dataclass(frozen=True, slots=True)
class ManualSync:
    """Each raises NotFound, or Conflict when nothing of it may be told."""

    listings: Listings
    settings: Settings
    queue: Queue

    def channel(self, name: str) -> None:
        self._told(name)
        self.queue.send([overwrite_message(name)])

    def listing(self, channel: str, name: str) -> None:
        self._told(channel)
        alias = next((one for one in self.settings.aliases(channel, [name]) if one.is_listing), None)
        if alias is None:
            raise NotFound("listing", name)
        self._send([(alias.sku, channel, name)])

    def sku(self, sku: str) -> tuple[str, ...]:
        """Its listings on every channel. The channels that are told nothing."""
        view = self.listings.view(sku)
        if view is None:
            raise NotFound("sku", sku)
        names = sorted({one.channel for one in view.listings})
        channels = {name: channel for name in names if (channel := self.settings.channel(name))}
        told = [one for one in view.listings if one.channel in channels and channels[one.channel].is_told]
        if not told:
            raise Conflict("no channel that lists this SKU may be told", remedy=_remedy(channels.values()))
        self._send([(sku, one.channel, one.name) for one in told])
        return tuple(name for name, channel in channels.items() if not channel.is_told)

    def _told(self, name: str) -> None:
        channel = self.settings.channel(name)
        if channel is None:
            raise NotFound("channel", name)
        if not channel.is_told:
            raise Conflict("this channel is told nothing", remedy=_remedy([channel]))

    def _send(self, keys: Sequence[ListingKey]) -> None:
        self.queue.send([_listing_message(key) for key in keys])


def overwrite_message(channel: str) -> dict[str, object]:
    """All listings of a channel, whatever its sync."""
    return {"channel": channel, "after": None, "overwrite": True}


def _listing_message(key: ListingKey) -> dict[str, object]:
    sku, channel, listing = key
    return {"sku": sku, "channel": channel, "listing": listing, "overwrite": True}


def _remedy(channels: Iterable[Channel]) -> str:
    ways = [
        f"set the sync of {channel.name} to another than off"
        if channel.outbound
        else f"see a rehearsal of {channel.name} and turn its outbound on"
        for channel in channels
    ]
    return "; ".join(ways) or "list it on a channel first"
