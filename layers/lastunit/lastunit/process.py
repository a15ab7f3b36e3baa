"""Use case: messages of the orders queue become orders; what cannot be read becomes an exception."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lastunit.domain.channels import Channel
from lastunit.domain.errors import InvalidInput, LastunitError, NotFound, NotSent, OutcomeUnknown, UnreadableOrder
from lastunit.domain.exceptions import ExceptionRecord, Kind
from lastunit.domain.orders import State, order_id
from lastunit.domain.snapshots import Notification
from lastunit.place import Incoming, Placed, PlaceOrders
from lastunit.ports import ChannelApi, Clock, Exceptions, Settings, StockBook

FETCHES_MAX = 8  # Thin notifications are fetched side by side, within every channel's rate limit.
SILENCES_MAX = 3  # Then a channel that does not answer may cost the rest of the batch no more time.
RETRY_FIELDS = frozenset({"channel", "retry"})
FIELDS = ("channel", "event_id", "order_id", "topic", "payload")  # Of a Notification, in its order.


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
        silences = Counter[str]()
        with ThreadPoolExecutor(FETCHES_MAX) as pool:
            read = list(pool.map(lambda message: self._read(message, silences), messages))
        answers: dict[str, Answer] = {
            message.key: found
            for message, found in zip(messages, read, strict=True)
            if not isinstance(found, Incoming)
        }
        return answers | dict(self.place([found for found in read if isinstance(found, Incoming)]))

    def _read(self, message: Message, silences: "Counter[str]") -> Incoming | Ignored | Recorded | LastunitError:
        try:
            content = _content(message)
            return self._retry(message, content) if "retry" in content else self._fresh(message, content, silences)
        except UnreadableOrder as error:
            return self._record(Kind.UNREADABLE_ORDER, content, str(error))
        except NotFound as error:
            return self._record(Kind.UNKNOWN_CHANNEL, content, str(error))
        except LastunitError as error:
            return error

    def _fresh(self, message: Message, content: Mapping[str, Any], silences: "Counter[str]") -> Incoming | Ignored:
        notification = Notification(*(content[name] for name in FIELDS))
        channel = self._channel(notification.channel)
        if silences[channel.name] >= SILENCES_MAX:
            raise NotSent(f"channel {channel.name!r} does not answer")
        try:
            snapshot = self.api(channel).order(notification)
        except (NotSent, OutcomeUnknown):
            silences[channel.name] += 1
            raise
        return Incoming(message.key, snapshot) if snapshot else Ignored()

    def _retry(self, message: Message, content: Mapping[str, Any]) -> Incoming | Ignored:
        """An order held as an exception whose cause may be gone: what the channel said last, once more."""
        key = order_id(content["channel"], content["retry"])
        order = self.book.orders([key]).get(key)
        if order is None or order.state is not State.EXCEPTION:
            return Ignored()
        return Incoming(message.key, order.snapshot(), retry=True)

    def _channel(self, name: str) -> Channel:
        channel = self.settings.channel(name)
        if channel is None:
            raise NotFound("channel", name)
        return channel

    def _record(self, kind: Kind, content: Mapping[str, Any], cause: str) -> Recorded:
        # The id comes from the event, not from the message: a redelivered event is the same exception.
        event = f"{content['channel']} {content['event_id']}".encode()
        exception_id = hashlib.sha256(event).hexdigest()[:24]
        payload = json.dumps(content["payload"], separators=(",", ":"))
        at = self.clock.now().isoformat()
        self.exceptions.record(ExceptionRecord(exception_id, kind, content["channel"], cause, at, payload))
        return Recorded(exception_id)


def _content(message: Message) -> Mapping[str, Any]:
    """Raises InvalidInput for what no part of the hub has written: it ends in the dead-letter queue, alone."""
    try:
        content = json.loads(message.body)
    except ValueError as error:
        raise InvalidInput("message", "is not JSON") from error
    if not isinstance(content, dict) or not (content.keys() >= set(FIELDS) or content.keys() >= RETRY_FIELDS):
        raise InvalidInput("message", "is neither a notification nor a retry")
    return content


def settled(answer: Answer) -> bool:
    """May the message be deleted?"""
    return not isinstance(answer, LastunitError)


def outcome_name(answer: Answer) -> str:
    """One word for logs and metrics."""
    if isinstance(answer, Placed):
        return answer.outcome.value
    return type(answer).__name__.lower()
