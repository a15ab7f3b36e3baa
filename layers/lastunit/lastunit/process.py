"""Use case: messages of the orders queue become orders; what cannot be read becomes an exception."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lastunit.domain.channels import Channel
from lastunit.domain.errors import LastunitError, NotFound, UnreadableOrder
from lastunit.domain.exceptions import ExceptionRecord, Kind
from lastunit.domain.orders import order_id
from lastunit.domain.snapshots import Notification
from lastunit.place import Incoming, Placed, PlaceOrders
from lastunit.ports import ChannelApi, Clock, Exceptions, Settings, StockBook

FETCHES_MAX = 8  # Thin notifications are fetched side by side, within every channel's rate limit.


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the queue. `key` names the answer."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Read, and nothing to do."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Kept as an exception for a person."""

    exception_id: str


Answer = Placed | Ignored | Recorded | LastunitError
"""A LastunitError means: the message stays on the queue and comes again."""


@dataclass(frozen=True, slots=True)
class ProcessOrders:
    settings: Settings
    api: Callable[[Channel], ChannelApi]
    book: StockBook
    place: PlaceOrders
    exceptions: Exceptions
    clock: Clock

    def __call__(self, messages: Sequence[Message]) -> dict[str, Answer]:
        """An answer per message; none of them keeps the others from theirs."""
        with ThreadPoolExecutor(FETCHES_MAX) as pool:
            read = list(pool.map(self._read, messages))
        answers: dict[str, Answer] = {
            message.key: found
            for message, found in zip(messages, read, strict=True)
            if not isinstance(found, Incoming)
        }
        return answers | dict(self.place([found for found in read if isinstance(found, Incoming)]))

    def _read(self, message: Message) -> Incoming | Ignored | Recorded | LastunitError:
        try:
            content = json.loads(message.body)
            return self._retry(message, content) if "retry" in content else self._fresh(message, content)
        except UnreadableOrder as error:
            return self._record(Kind.UNREADABLE_ORDER, message, content, str(error))
        except NotFound as error:
            return self._record(Kind.UNKNOWN_CHANNEL, message, content, str(error))
        except LastunitError as error:
            return error

    def _fresh(self, message: Message, content: Mapping[str, Any]) -> Incoming | Ignored:
        notification = Notification(
            content["channel"], content["event_id"], content["order_id"], content["topic"], content["payload"]
        )
        snapshot = self.api(self._channel(notification.channel)).order(notification)
        return Incoming(message.key, snapshot) if snapshot else Ignored()

    def _retry(self, message: Message, content: Mapping[str, Any]) -> Incoming | Ignored:
        """An order held as an exception whose cause may be gone: what the channel said last, once more."""
        key = order_id(content["channel"], content["retry"])
        order = self.book.orders([key]).get(key)
        return Incoming(message.key, order.snapshot(), retry=True) if order else Ignored()

    def _channel(self, name: str) -> Channel:
        channel = self.settings.channel(name)
        if channel is None:
            raise NotFound("channel", name)
        return channel

    def _record(self, kind: Kind, message: Message, content: Mapping[str, Any], cause: str) -> Recorded:
        # The id comes from the event, not from the message: a redelivered event is the same exception.
        event = f"{content['channel']} {content['event_id']}".encode()
        exception_id = hashlib.sha256(event).hexdigest()[:24]
        payload = json.dumps(content["payload"], separators=(",", ":"))
        at = self.clock.now().isoformat()
        self.exceptions.record(ExceptionRecord(exception_id, kind, content["channel"], cause, at, payload))
        return Recorded(exception_id)


def settled(answer: Answer) -> bool:
    """May the message be deleted?"""
    return not isinstance(answer, LastunitError)


def outcome_name(answer: Answer) -> str:
    """One word for logs and metrics."""
    if isinstance(answer, Placed):
        return answer.outcome.value
    return type(answer).__name__.lower()
