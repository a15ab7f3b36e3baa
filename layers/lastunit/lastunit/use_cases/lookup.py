"""Looking settings up: what must be there, and each channel once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lastunit.domain.channel import Channel
from lastunit.domain.errors import NotFound
from lastunit.domain.stock.catalogue import Alias, Location
from lastunit.ports.settings import Settings


def get_channel(settings: Settings, name: str) -> Channel:
    """Raises NotFound."""
    return found_channel(name, settings.channel(name))


def found_channel(name: str, channel: Channel | None) -> Channel:
    """What was read under this name. Raises NotFound when it was nothing."""
    if channel is None:
        raise NotFound("channel", name)
    return channel


def listing_alias(settings: Settings, channel: str, name: str) -> Alias | None:
    """The channel's listing of this name; None for a name that only orders use."""
    return next((one for one in settings.aliases(channel, [name]) if one.is_listing), None)


@dataclass(frozen=True, slots=True)
class SettingsOnce:
    """The same settings, with each channel read once."""

    settings: Settings
    read: dict[str, Channel | None] = field(default_factory=dict)

    def channel(self, name: str) -> Channel | None:
        if name not in self.read:
            self.read[name] = self.settings.channel(name)
        return self.read[name]

    def channels(self) -> tuple[str, ...]:
        return self.settings.channels()

    def locations(self) -> tuple[Location, ...]:
        return self.settings.locations()

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        return self.settings.aliases(channel, names)
