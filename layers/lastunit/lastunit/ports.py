"""What the use cases need from the outside world. Adapters and channel modules implement it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.groups import Group
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.orders import Order
from lastunit.domain.pushes import Answer, Form, Push, Target
from lastunit.domain.snapshots import Notification, Snapshot


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """An HTTPS request as it arrived: header names in lower case, `body` the raw bytes that were signed."""

    method: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        """One attempt, no redirects, within the timeouts of the deployment.

        Raises NotSent when nothing left this side, OutcomeUnknown when no complete answer came.
        """
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, in UTC."""
        ...


class ChannelApi(Protocol):
    """One channel account. Built per call from its settings, its secret and an HTTP client.

    Whole-call troubles are raised: Throttled, NotSent, OutcomeUnknown, ChannelUnavailable. What concerns one
    listing comes back per listing, in the order asked.
    """

    form: Form
    batch_max: int  # the most listings one call of read or write carries

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        """The answer to the channel's ownership check, None when the channel has none."""
        ...

    def verify(self, request: WebhookRequest) -> None:
        """Raises BadSignature unless the raw body was signed with an active secret."""
        ...

    def parse(self, request: WebhookRequest) -> Notification | None:
        """The envelope of a verified request; None when it asks for nothing (a test, another topic).

        Raises InvalidInput naming the field when even the envelope is not there.
        """
        ...

    def order(self, notification: Notification) -> Snapshot | None:
        """The order a notification speaks of, fetched where the payload is thin; None: nothing to apply.

        Raises UnreadableOrder when its content cannot be understood.
        """
        ...

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        """What the channel shows now, at most `batch_max` targets."""
        ...

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        """Tell the channel, at most `batch_max` pushes. Shown.quantity is what it acknowledged."""
        ...


class StockBook(Protocol):
    """The store of stock and orders. Every read is consistent, every write conditional."""

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        """Those of the orders that exist, by order id."""
        ...

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        """Those of the SKUs that exist."""
        ...

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        """Those of the levels that exist."""
        ...

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        """Write a group, all or nothing, exactly once however often it is asked with one `commit_id`.

        Raises CommitRefused, OutcomeUnknown, or Unwritable when the group can never be written as it is.
        """
        ...


class Settings(Protocol):
    """Channels, their aliases, and the locations."""

    def channel(self, name: str) -> Channel | None: ...

    def locations(self) -> tuple[Location, ...]: ...

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        """Those of the channel's names that are aliases."""
        ...


class Exceptions(Protocol):
    def record(self, exception: ExceptionRecord) -> None:
        """Keep it for a person to see. The same id again changes nothing."""
        ...
