"""What the use cases need from the outside world. Adapters implement it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from lastunit.domain.announcing import Announcement
from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.groups import Group
from lastunit.domain.ledger import LevelEntry, OrderEntry
from lastunit.domain.levels import Bin, Level, LevelKey, Operation
from lastunit.domain.orders import Order
from lastunit.domain.outgoing import OutgoingWebhook
from lastunit.domain.replenishing import Task


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, in UTC."""
        ...


class StockReader(Protocol):
    """Every read is consistent."""

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        """Those of the SKUs that exist."""
        ...

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        """Those of the levels that exist."""
        ...


class StockBook(StockReader, Protocol):
    """The store of stock and orders. Every write is conditional."""

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        """Those of the orders that exist, by order id."""
        ...

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        """Orders of the channel held as exceptions with a line of one of these names, as far as the index knows."""
        ...

    def queue_for(self, sku: str, most: int) -> list[str]:
        """The orders that wait for units of a SKU, first come first."""
        ...

    def awaiting_units(self) -> list[Order]:
        """Those in the queues of SKUs, but for exceptions, as far as the index knows."""
        ...

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        """Orders whose clock (`decision` or `payment`) runs out before then, as far as the index knows."""
        ...

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        """Write a group, all or nothing, exactly once however often it is asked with one `commit_id`.

        Raises CommitRefused, OutcomeUnknown, or Unwritable when the group can never be written as it is.
        """
        ...


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


class Exceptions(Protocol):
    def record(self, exception: ExceptionRecord) -> None:
        """Keep it for a person to see. The same id again changes nothing."""
        ...

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> Mapping[str, object]:
        """It waits no more; the notification it was made of. Raises NotFound, or Conflict when it was resolved."""
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
    ) -> None: ...

    def put_alias(self, channel: str, alias: Alias, before: Alias | None) -> None: ...


class Movements(Protocol):
    def move(self, operation: Operation, at: datetime) -> bool:
        """All of it or nothing; False when this operation id was done before."""
        ...

    def put_bin(self, sku: str, location: str, bin: Bin) -> None: ...


class Ledger(Protocol):
    def write(self, entry: LevelEntry | OrderEntry) -> None:
        """Once: an entry that is there already stays as it is."""
        ...


class Tasks(Protocol):
    """What people are asked to do about stock. `seq` is the level's own: an older one changes nothing."""

    def open(self, task: Task, seq: int, at: str) -> None:
        """Keep it, or its new quantity; it waits since it was opened first."""
        ...

    def close(self, sku: str, location: str, seq: int) -> None: ...

    def is_low(self, sku: str) -> bool:
        """Was it announced that the SKU is low, and not cleared since?"""
        ...

    def keep_low(self, announcement: Announcement) -> None: ...

    def clear_low(self, sku: str) -> None: ...


class EventBus(Protocol):
    def publish(self, announcements: Sequence[Announcement]) -> None:
        """All of them are on the bus when this returns, each at least once."""
        ...


class OutgoingWebhooks(Protocol):
    """The addresses that announcements are sent to."""

    def all(self) -> tuple[OutgoingWebhook, ...]: ...

    def find(self, name: str) -> OutgoingWebhook | None: ...

    def put(self, webhook: OutgoingWebhook) -> None: ...

    def delete(self, name: str) -> bool:
        """False: there was none."""
        ...

    def disable(self, webhook: OutgoingWebhook) -> None:
        """Unless it was changed or deleted meanwhile."""
        ...


class Sign(Protocol):
    def __call__(self, webhook: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers that prove to the receiver who sent this. Raises ChannelUnavailable without a good secret."""
        ...


class Queue(Protocol):
    def send(self, messages: Sequence[Mapping[str, object]]) -> None:
        """All of them are stored when this returns."""
        ...
