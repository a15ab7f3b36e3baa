"""What a channel module offers, and what it may use. See docs/adding-a-channel.md."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Form, Limits, Push, Target
from lastunit.domain.snapshots import Notification


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


class SideBySide(Protocol):
    def __call__[Item, Result](
        self, do: Callable[[Item], Result], each: Iterable[Item], most: int, /
    ) -> list[Result]:
        """The results in the order of `each`, so many under way at once. What one of them raises is raised."""
        ...


class HttpClient(Protocol):
    @property
    def side_by_side(self) -> SideBySide:
        """For several requests at once."""
        ...

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        """One attempt, no redirects, within the timeouts of the deployment.

        Raises NotSent when nothing left this side, OutcomeUnknown when no complete answer came.
        """
        ...


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """`unreadable`: orders that could not be understood, as (external id, why). `next`: None on the last page.

    `latest`: when the last of them was changed, by the channel's clock; None on an empty page.
    """

    told: tuple[Told, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    next: str | None = None
    latest: datetime | None = None


class ChannelApi(Protocol):
    """One channel account. Built per call from its settings, its secret and an HTTP client.

    Whole-call troubles are raised: Throttled, NotSent, OutcomeUnknown, ChannelUnavailable. What concerns one
    listing comes back per listing, in the order asked.
    """

    form: Form  # of its absolute numbers
    adjusts: bool  # does it take deltas, each applied once by its key?
    batch_max: int  # the most listings one call of read, write or adjust carries
    limits: Limits

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

    def facts(self, notification: Notification) -> Sequence[Told]:
        """Orders and shipments a notification speaks of, fetched where the payload is thin; none: nothing to apply.

        Raises UnreadableOrder when their content cannot be understood.
        """
        ...

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        """What the channel shows now, at most `batch_max` targets."""
        ...

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        """Tell the channel, at most `batch_max` pushes. Shown.quantity is what it acknowledged."""
        ...

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        """Change its numbers, at most `batch_max` deltas; the same key again changes nothing more.

        Shown.quantity is the number that resulted. Raises NotImplementedError unless `adjusts`.
        """
        ...

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        """Orders and shipments changed at or after `since`, by the channel's clock, oldest change first.

        A page at a time: `page` is what the page before named as `next`, None for the first.
        """
        ...
