"""Use case: a person has a channel, a SKU or a listing pushed anew; that overwrites (rule 1.5-7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, NotFound
from lastunit.domain.keys import ListingKey
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.ports.system import Queue
from lastunit.use_cases.listings.push.tasks import PushTask, push_message
from lastunit.use_cases.lookup import get_channel, listing_alias
from lastunit.use_cases.messages import PushChannelMessage


@dataclass(frozen=True, slots=True)
class ManualSync:
    """Each raises NotFound, or Conflict when nothing of it may be pushed."""

    listings: Listings
    settings: Settings
    queue: Queue

    def channel(self, name: str) -> None:
        self._check_pushed(name)
        self.queue.send([PushChannelMessage(channel=name, overwrite=True)])

    def listing(self, channel: str, name: str) -> None:
        self._check_pushed(channel)
        alias = listing_alias(self.settings, channel, name)
        if alias is None:
            raise NotFound("listing", name)
        self._send([ListingKey(alias.sku, channel, name)])

    def sku(self, sku: str) -> tuple[str, ...]:
        """Its listings on every channel. Returns the channels that nothing is pushed to."""
        view = self.listings.view(sku)
        if view is None:
            raise NotFound("sku", sku)
        names = sorted({one.channel for one in view.listings})
        channels = {name: channel for name in names if (channel := self.settings.channel(name))}
        pushed = [one for one in view.listings if one.channel in channels and channels[one.channel].is_pushed]
        if not pushed:
            raise Conflict(
                "nothing may be pushed to any channel that lists this SKU", remedy=_remedy(channels.values())
            )
        self._send([ListingKey(sku, one.channel, one.name) for one in pushed])
        return tuple(name for name, channel in channels.items() if not channel.is_pushed)

    def _check_pushed(self, name: str) -> None:
        channel = get_channel(self.settings, name)
        if not channel.is_pushed:
            raise Conflict("nothing is pushed to this channel", remedy=_remedy([channel]))

    def _send(self, keys: Sequence[ListingKey]) -> None:
        self.queue.send([push_message(PushTask(key=key, overwrite=True)) for key in keys])


def _remedy(channels: Iterable[Channel]) -> str:
    ways = [
        f"set the sync of {channel.name} to another than off"
        if channel.outbound
        else f"see a rehearsal of {channel.name} and turn its outbound on"
        for channel in channels
    ]
    return "; ".join(ways) or "list it on a channel first"
