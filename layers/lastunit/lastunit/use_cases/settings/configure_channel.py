"""Use case: how each channel is treated. Every change of its settings is a version."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from lastunit.domain.channel import Channel, Mode, SettingsVersion, Sync, check, drift_after_change, version_of
from lastunit.domain.errors import Conflict, Contention, InvalidInput
from lastunit.domain.listings.sharing import check_sharing
from lastunit.ports.settings import Catalogue, Settings
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.listings.shared_pool import all_channels
from lastunit.use_cases.lookup import found_channel, get_channel
from lastunit.use_cases.settings.push_channels import overwrite_channels, push_channels

VERSIONS_MAX = 50
ATTEMPTS_MAX = 4  # People change settings one at a time; a program that sets up many channels may meet itself.

Change = Callable[[Channel | None], Channel]
"""Stored settings → what shall be stored instead."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Settings as they are stored. `drift`: what the change leaves untold (rule 1.5-13)."""

    channel: Channel
    drift: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureChannel:
    catalogue: Catalogue
    settings: Settings
    pushes: Queue
    clock: Clock

    def put_channel(self, channel: Channel, based_on: int | None = None) -> Saved:
        """Every change is a version. Whether anything is pushed to it, and whether it is paused, stay as they are.

        `based_on`: raises Conflict unless this is the version that is replaced.
        """
        before, after = self._change(channel.name, lambda stored: self._planned(channel, stored, based_on))
        shared = {one.mode for one in (before, after) if one} - {Mode.SHARED}
        # What a channel gets of an exclusive or escrowed pool depends on the others' settings.
        everybody = all_channels(self.settings).values()
        push_channels(self.pushes, [one for one in everybody if one.name == after.name or one.mode in shared])
        return Saved(after, drift_after_change(before, after) if before else None)

    def planned(self, channel: Channel, based_on: int | None = None) -> Channel:
        """As `put_channel` would store it now, refused as it would refuse it."""
        return self._planned(channel, self.settings.channel(channel.name), based_on)

    def versions(self, name: str) -> list[SettingsVersion]:
        """Newest first."""
        get_channel(self.settings, name)
        kept = self.catalogue.versions(name, VERSIONS_MAX + 1)
        earlier = [channel for channel, _ in kept[1:]] + [None]
        return [version_of(channel, at, old) for (channel, at), old in zip(kept, earlier, strict=True)][
            :VERSIONS_MAX
        ]

    def switch_automatic_sync(self, name: str, on: bool) -> Saved:
        """On selects `incremental` (rule 1.5-5), unless some automatic sync is on already."""

        def switched(stored: Channel | None) -> Channel:
            channel = found_channel(name, stored)
            if channel.sync.is_automatic is on:
                return channel
            return self._checked(replace(channel, sync=Sync.INCREMENTAL if on else Sync.MANUAL, full_at=None))

        before, after = self._change(name, switched)
        return Saved(after, drift_after_change(found_channel(name, before), after))

    def switch_outbound(self, name: str, on: bool, seen: str | None) -> Saved:
        """`seen`: the version of the settings whose rehearsal was seen; without it nothing is turned on."""

        def switched(stored: Channel | None) -> Channel:
            channel = found_channel(name, stored)
            if on and not channel.outbound and seen != channel.settings_version:
                remedy = f"read /channels/{name}/rehearsal to its last page and send its rehearsed_version"
                raise Conflict("nobody has seen a rehearsal of these settings", remedy=remedy)
            return replace(channel, outbound=on)

        before, after = self._change(name, switched)
        if after.sync is Sync.INCREMENTAL:
            overwrite_channels(self.pushes, [after])  # Increases need a number to start from.
        else:
            push_channels(self.pushes, [after])
        return Saved(after, drift_after_change(found_channel(name, before), after))

    def pause(self, names: Iterable[str], on: bool) -> tuple[str, ...]:
        """Every listing of these channels shows 0, or its own number again. The channels that cannot be told."""
        return overwrite_channels(self.pushes, [self._paused(name, on) for name in names])

    def _planned(self, channel: Channel, before: Channel | None, based_on: int | None) -> Channel:
        version = before.version if before else 0
        if based_on not in (None, version):
            raise Conflict("the channel was changed meanwhile", version=version)
        if before and before.kind != channel.kind:
            raise InvalidInput("kind", f"is {before.kind!r} and cannot change", "make a new channel")
        outbound, paused = (before.outbound, before.paused) if before else (False, False)
        return self._checked(replace(channel, version=version, outbound=outbound, paused=paused))

    def _checked(self, channel: Channel) -> Channel:
        check(channel, [place.name for place in self.settings.locations()])
        check_sharing(channel, all_channels(self.settings).values())
        return channel

    def _paused(self, name: str, on: bool) -> Channel:
        _, after = self._change(name, lambda stored: replace(found_channel(name, stored), paused=on))
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
