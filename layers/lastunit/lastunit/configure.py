"""Use case: what is sold, where, under which names, and how each channel is treated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel, Mode, Sync, Version, check, drift_left, version
from lastunit.domain.errors import Conflict, Contention, InvalidInput, NotFound
from lastunit.domain.sharing import check_sharing
from lastunit.pool import all_channels
from lastunit.ports import Catalogue, Clock, Queue, Settings, StockBook
from lastunit.sync import overwrite_message

VERSIONS_MAX = 50
ATTEMPTS_MAX = 4  # People change settings one at a time; a program that sets up many channels may meet itself.

Change = Callable[[Channel | None], Channel]
"""Stored settings → what shall be stored instead."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Settings as they are stored. `drift`: what the change leaves untold (rule 1.5-13)."""

    channel: Channel
    drift: str | None


@dataclass(frozen=True, slots=True)
class Configure:
    catalogue: Catalogue
    settings: Settings
    book: StockBook
    pushes: Queue
    orders: Queue
    clock: Clock

    def put_sku(self, sku: Sku) -> None:
        before = self.book.items([sku.sku]).get(sku.sku)
        self.catalogue.put_sku(sku, before)

    def put_location(self, location: Location) -> tuple[str, ...]:
        """The channels that cannot be told. Closing and reopening a location overwrites what channels show."""
        before = next((place for place in self.settings.locations() if place.name == location.name), None)
        self.catalogue.put_location(location)
        users = [channel for channel in all_channels(self.settings).values() if channel.may_use(location.name)]
        if location.blacked_out or (before and before.blacked_out):
            return self._overwrite(users)
        self._tell(users)
        return ()

    def put_channel(self, channel: Channel, based_on: int | None = None) -> Saved:
        """Every change is a version. Whether it is told anything, and whether it is held, stay as they are.

        `based_on`: raises Conflict unless this is the version that is replaced.
        """
        before, after = self._change(channel.name, lambda stored: self._planned(channel, stored, based_on))
        shared = {one.mode for one in (before, after) if one} - {Mode.SHARED}
        # What a channel gets of an exclusive or escrowed pool depends on the others' settings.
        self._tell(
            one for one in all_channels(self.settings).values() if one.name == after.name or one.mode in shared
        )
        return Saved(after, drift_left(before, after) if before else None)

    def planned(self, channel: Channel, based_on: int | None = None) -> Channel:
        """As `put_channel` would store it now, refused as it would refuse it."""
        return self._planned(channel, self.settings.channel(channel.name), based_on)

    def versions(self, name: str) -> list[Version]:
        """Newest first."""
        _found(name, self.settings.channel(name))
        kept = self.catalogue.versions(name, VERSIONS_MAX + 1)
        earlier = [channel for channel, _ in kept[1:]] + [None]
        return [version(channel, at, old) for (channel, at), old in zip(kept, earlier, strict=True)][:VERSIONS_MAX]

    def switch_automatic_sync(self, name: str, on: bool) -> Saved:
        """On selects `incremental` (rule 1.5-5), unless some automatic sync is on already."""

        def switched(stored: Channel | None) -> Channel:
            channel = _found(name, stored)
            if channel.sync.is_automatic is on:
                return channel
            return self._checked(replace(channel, sync=Sync.INCREMENTAL if on else Sync.MANUAL, full_at=None))

        before, after = self._change(name, switched)
        return Saved(after, drift_left(_found(name, before), after))

    def switch_outbound(self, name: str, on: bool, seen: str | None) -> Saved:
        """`seen`: the edition of the settings whose rehearsal was seen; without it nothing is turned on."""

        def switched(stored: Channel | None) -> Channel:
            channel = _found(name, stored)
            if on and not channel.outbound and seen != channel.edition:
                remedy = f"read /channels/{name}/rehearsal to its last page and send what that calls seen"
                raise Conflict("nobody has seen a rehearsal of these settings", remedy=remedy)
            return replace(channel, outbound=on)

        before, after = self._change(name, switched)
        if after.sync is Sync.INCREMENTAL:
            self._overwrite([after])  # Increases need a number to start from.
        else:
            self._tell([after])
        return Saved(after, drift_left(_found(name, before), after))

    def hold(self, names: Iterable[str], on: bool) -> tuple[str, ...]:
        """Every listing of these channels shows 0, or its own number again. The channels that cannot be told."""
        return self._overwrite([self._held(name, on) for name in names])

    def put_listing(
        self,
        channel: str,
        name: str,
        sku: str,
        refs: Mapping[str, str],
        aliases: Sequence[str],
        override: Mapping[str, int] | None = None,
    ) -> None:
        """Give a SKU its name on a channel, and further names that only orders use there.

        `override`: settings of the channel that are others for this listing.
        """
        _check_override(_found(channel, self.settings.channel(channel)), override or {})
        more = [further for further in dict.fromkeys(aliases) if further != name]
        before = {alias.name: alias for alias in self.settings.aliases(channel, [name, *more])}
        self.catalogue.put_listing(channel, Alias(name, sku, name), refs, before.get(name), override)
        for further in more:
            self.catalogue.put_alias(channel, Alias(further, sku, name), before.get(further))
        self._retry_waiting(channel, {name, *more})

    def _planned(self, channel: Channel, before: Channel | None, based_on: int | None) -> Channel:
        version = before.version if before else 0
        if based_on not in (None, version):
            raise Conflict("the channel was changed meanwhile", version=version)
        if before and before.kind != channel.kind:
            raise InvalidInput("kind", f"is {before.kind!r} and cannot change", "make a new channel")
        outbound, held = (before.outbound, before.held) if before else (False, False)
        return self._checked(replace(channel, version=version, outbound=outbound, held=held))

    def _checked(self, channel: Channel) -> Channel:
        check(channel, [place.name for place in self.settings.locations()])
        check_sharing(channel, all_channels(self.settings).values())
        return channel

    def _held(self, name: str, on: bool) -> Channel:
        _, after = self._change(name, lambda stored: replace(_found(name, stored), held=on))
        return after

    def _change(self, name: str, change: Change) -> tuple[Channel | None, Channel]:
        """Before and after. `change` is asked again when another change of channels came in between."""
        for _ in range(ATTEMPTS_MAX - 1):
            with suppress(Contention):
                return self._change_once(name, change)
        return self._change_once(name, change)

    def _change_once(self, name: str, change: Change) -> tuple[Channel | None, Channel]:
        revision = self.catalogue.revision()
        before = self.settings.channel(name)
        after = change(before)
        if after == before:
            return before, after
        stored = replace(after, version=after.version + 1)
        self.catalogue.put_channel(stored, revision, self.clock.now())
        return before, stored

    def _tell(self, channels: Iterable[Channel]) -> None:
        """Only who is told every change is told this one (rule 1.5-13)."""
        told = [channel.name for channel in channels if channel.is_told and channel.sync is Sync.LIVE]
        if told:
            self.pushes.send([{"channel": name, "after": None} for name in told])

    def _overwrite(self, channels: Sequence[Channel]) -> tuple[str, ...]:
        told = [channel.name for channel in channels if channel.is_told]
        if told:
            self.pushes.send([overwrite_message(name) for name in told])
        return tuple(channel.name for channel in channels if not channel.is_told)

    def _retry_waiting(self, channel: str, names: set[str]) -> None:
        """Orders that waited for one of these names are tried again (`design.md` section 3, unknown SKU)."""
        waiting = self.book.waiting_for(channel, names)
        if waiting:
            self.orders.send([{"channel": channel, "retry": order.external_id} for order in waiting])


def _found(name: str, channel: Channel | None) -> Channel:
    if channel is None:
        raise NotFound("channel", name)
    return channel


def _check_override(channel: Channel, override: Mapping[str, int]) -> None:
    """Exclusive channels divide each SKU by one rule that all of them see."""
    wrong = sorted(override.keys() & {"share_percent", "buffer"})
    if wrong and channel.mode is Mode.EXCLUSIVE:
        raise InvalidInput(wrong[0], "is the same for all listings of an exclusive channel", "set cap or minimum")
