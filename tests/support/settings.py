"""The settings of a hub in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lastunit.domain.channel import Channel
from lastunit.domain.stock.catalogue import Alias, Location


@dataclass(slots=True)
class FakeSettings:
    accounts: dict[str, Channel]
    places: tuple[Location, ...]
    known: dict[str, list[Alias]] = field(default_factory=dict)

    def channel(self, name: str) -> Channel | None:
        return self.accounts.get(name)

    def channels(self) -> tuple[str, ...]:
        return tuple(self.accounts)

    def locations(self) -> tuple[Location, ...]:
        return self.places

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        asked = set(names)
        return tuple(alias for alias in self.known.get(channel, ()) if alias.name in asked)
