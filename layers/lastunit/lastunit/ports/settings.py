"""The store of channels, locations, SKUs and listings, as the use cases need it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from lastunit.domain.channel import Channel
from lastunit.domain.stock.catalogue import Alias, Location, Sku


class Settings(Protocol):
    """Channels, their aliases, and the locations."""

    def channel(self, name: str) -> Channel | None: ...

    def channels(self) -> tuple[str, ...]:
        """The names of all channels."""
        ...

    def locations(self) -> tuple[Location, ...]: ...

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        """Those of the channel's names that are aliases."""
        ...


class Catalogue(Protocol):
    """Writing what is sold, where and under which names. Raises NotFound, Conflict or InvalidInput."""

    def put_sku(self, sku: Sku, before: Sku | None) -> None: ...

    def put_location(self, location: Location) -> None: ...

    def revision(self) -> int:
        """Grows with every change of any channel; to be read before the channels that a change is decided on."""
        ...

    def put_channel(self, channel: Channel, revision: int, at: datetime) -> None:
        """Also kept as a version. Raises Contention if any channel changed since the revision was read."""
        ...

    def versions(self, channel: str, most: int) -> list[tuple[Channel, str]]:
        """The last versions of its settings, newest first, each with the time it was stored."""
        ...

    def put_listing(
        self,
        channel: str,
        listing: Alias,
        refs: Mapping[str, str],
        before: Alias | None,
        override: Mapping[str, int] | None = None,
        *,
        tracked: bool = True,
    ) -> None: ...

    def put_alias(self, channel: str, alias: Alias, before: Alias | None) -> None: ...
