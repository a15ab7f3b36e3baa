"""Use case: what is sold, where, under which names, and how each channel is treated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import InvalidInput, NotFound
from lastunit.ports import Catalogue, Queue, Settings, StockBook


@dataclass(frozen=True, slots=True)
class Configure:
    catalogue: Catalogue
    settings: Settings
    book: StockBook
    pushes: Queue
    orders: Queue

    def put_sku(self, sku: Sku) -> None:
        before = self.book.items([sku.sku]).get(sku.sku)
        self.catalogue.put_sku(sku, before)

    def put_location(self, location: Location) -> None:
        """A new rank changes routing only; opening or closing a location changes what every channel shows."""
        self.catalogue.put_location(location)
        self._push_all(self.settings.channels())

    def put_channel(self, channel: Channel) -> Channel:
        """Versions count the changes of a channel's settings; a changed channel is told all its numbers anew."""
        unknown = channel.locations - {place.name for place in self.settings.locations()}
        if unknown:
            raise InvalidInput("locations", f"{sorted(unknown)} do not exist", "create the locations first")
        before = self.settings.channel(channel.name)
        if before and before.kind != channel.kind:
            raise InvalidInput("kind", f"is {before.kind!r} and cannot change", "make a new channel")
        stored = replace(channel, version=before.version + 1 if before else 1)
        self.catalogue.put_channel(stored)
        self._push_all([stored.name])
        return stored

    def put_listing(
        self, channel: str, name: str, sku: str, refs: Mapping[str, str], aliases: Sequence[str]
    ) -> None:
        """Give a SKU its name on a channel, and further names that only orders use there."""
        if self.settings.channel(channel) is None:
            raise NotFound("channel", channel)
        more = [further for further in dict.fromkeys(aliases) if further != name]
        before = {alias.name: alias for alias in self.settings.aliases(channel, [name, *more])}
        self.catalogue.put_listing(channel, Alias(name, sku, name), refs, before.get(name))
        for further in more:
            self.catalogue.put_alias(channel, Alias(further, sku, name), before.get(further))
        self._retry_waiting(channel, {name, *more})

    def _push_all(self, channels: Sequence[str]) -> None:
        if channels:
            self.pushes.send([{"channel": channel, "after": None} for channel in channels])

    def _retry_waiting(self, channel: str, names: set[str]) -> None:
        """Orders that waited for one of these names are tried again (`design.md` section 3, unknown SKU)."""
        waiting = self.book.waiting_for(channel, names)
        if waiting:
            self.orders.send([{"channel": channel, "retry": order.external_id} for order in waiting])
