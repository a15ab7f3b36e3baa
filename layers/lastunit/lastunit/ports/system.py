"""The clock, the queues, the network and threads, as the use cases need them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, in UTC."""
        ...


class Message(Protocol):
    def to_json(self) -> str:
        """As it travels: ASCII only."""
        ...


class Queue(Protocol):
    def send(self, messages: Sequence[Message]) -> None:
        """All of them are stored when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ReportError(Protocol):
    def __call__(self, error: Exception, /) -> str:
        """Log an error that nobody expected: its type and where it was raised. The reference of the log entry."""
        ...


class RunParallel(Protocol):
    def __call__[Item, Result](
        self, do: Callable[[Item], Result], each: Iterable[Item], most: int, /
    ) -> list[Result]:
        """The results in the order of `each`, so many under way at once. What one of them raises is raised."""
        ...


class HttpClient(Protocol):
    @property
    def run_parallel(self) -> RunParallel:
        """For several requests at once."""
        ...

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        """One attempt, no redirects, within the timeouts of the deployment.

        Raises NotSent when nothing left this side, OutcomeUnknown when no complete answer came.
        """
        ...
