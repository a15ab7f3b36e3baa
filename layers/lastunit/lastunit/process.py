"""Use case: messages of the orders queue become changes of orders; what cannot be read becomes an exception."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lastunit.change_orders import Changed, ChangeOrders, Incoming
from lastunit.channel_ports import ChannelApi, SideBySide
from lastunit.domain.channels import Channel
from lastunit.domain.errors import (
    ForbiddenAddress,
    InvalidInput,
    LastunitError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PartlyUnreadable,
    StoreUnavailable,
    UnreadableOrder,
)
from lastunit.domain.exceptions import ExceptionRecord, Kind
from lastunit.domain.facts import Arrival, Confirm, Fact, OfOrder, Retry, Tick
from lastunit.domain.lifecycle import State
from lastunit.domain.snapshots import Notification
from lastunit.ports import Clock, Exceptions, Settings, StockBook

FETCHES_MAX = 8  # Thin notifications are fetched side by side, within every channel's rate limit.
SILENCES_MAX = 3  # Then a channel that does not answer may cost the rest of the batch no more time.
ARRIVALS_MAX = 90  # Orders that one arrival of units is offered to; the next arrival goes on from there.
FIELDS = ("channel", "event_id", "order_id", "topic", "payload")  # Of a Notification, in its order.
REMINDERS: Mapping[str, type[OfOrder]] = {"retry": Retry, "confirm": Confirm, "tick": Tick}
"""What the hub tells itself about one order: the field that names the order, and the fact it stands for."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the queue. `key` names the answer."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """Kept as an exception for a person."""

    exception_id: str


@dataclass(frozen=True, slots=True)
class Handled:
    """Done. `changed`: what came of each fact the message told; none when there was nothing to do."""

    changed: tuple[Changed, ...] = ()


Answer = Handled | Recorded | LastunitError
"""A LastunitError means: the message stays on the queue and comes again."""


@dataclass(frozen=True, slots=True)
class ProcessOrders:
    settings: Settings
    api: Callable[[Channel], ChannelApi]
    book: StockBook
    change: ChangeOrders
    exceptions: Exceptions
    clock: Clock
    side_by_side: SideBySide

    def __call__(self, messages: Sequence[Message]) -> dict[str, Answer]:
        """An answer per message; none of them keeps the others from theirs."""
        silences = Counter[str]()
        read = self.side_by_side(lambda message: self._read(message, silences), messages, FETCHES_MAX)
        facts = {
            f"{message.key}/{number}": fact
            for message, found in zip(messages, read, strict=True)
            if isinstance(found, list)
            for number, fact in enumerate(found)
        }
        changed = self.change([Incoming(key, fact) for key, fact in facts.items()]) if facts else {}
        return {
            message.key: self._answer(message, found, changed)
            for message, found in zip(messages, read, strict=True)
        }

    def _answer(
        self, message: Message, found: "list[Fact] | Answer", changed: Mapping[str, Changed | LastunitError]
    ) -> Answer:
        """One answer for all the facts of a message: it comes again if one of them must."""
        if not isinstance(found, list):
            return found
        results = [changed[f"{message.key}/{number}"] for number in range(len(found))]
        errors = [result for result in results if isinstance(result, LastunitError)]
        gone = [error for error in errors if isinstance(error, NotFound)]
        if any(error.kind == "channel" for error in gone):
            return self._record(Kind.UNKNOWN_CHANNEL, _content(message), str(gone[0]))
        others = [error for error in errors if not isinstance(error, NotFound)]
        return others[0] if others else Handled(tuple(one for one in results if isinstance(one, Changed)))

    def _read(self, message: Message, silences: "Counter[str]") -> "list[Fact] | Answer":
        try:
            content = _content(message)
            return list(self._facts(content, silences))
        except PartlyUnreadable as error:
            recorded = self._record(Kind.UNREADABLE_ORDER, content, str(error))
            return recorded if isinstance(recorded, LastunitError) else list(error.facts)
        except ForbiddenAddress as error:
            # Without its payload: the address may carry what nobody should read.
            return self._record(Kind.FORBIDDEN_ADDRESS, {**content, "payload": None}, str(error))
        except UnreadableOrder as error:
            return self._record(Kind.UNREADABLE_ORDER, content, str(error))
        except NotFound as error:
            return self._record(Kind.UNKNOWN_CHANNEL, content, str(error))
        except LastunitError as error:
            return error

    def _facts(self, content: Mapping[str, Any], silences: "Counter[str]") -> Iterable[Fact]:
        if "arrived" in content:
            return [_of_order(Arrival, key) for key in self._queue(content["arrived"])]
        for field, kind in REMINDERS.items():
            if field in content:
                return [kind(content["channel"], content[field])]  # type: ignore[list-item]  # Each is a Fact.
        return self._told(Notification(*(content[name] for name in FIELDS)), silences)

    def _queue(self, sku: str) -> list[str]:
        """What was promised before what was only asked for; first come, first served within each."""
        waiting = self.book.queue_for(sku, ARRIVALS_MAX)
        orders = self.book.orders(waiting)
        asked = {key for key, order in orders.items() if order.state is State.REQUESTED}
        return sorted(waiting, key=lambda key: key in asked)

    def _told(self, notification: Notification, silences: "Counter[str]") -> Iterable[Fact]:
        channel = self._channel(notification.channel)
        if silences[channel.name] >= SILENCES_MAX:
            raise NotSent(f"channel {channel.name!r} does not answer")
        try:
            return self.api(channel).facts(notification)
        except (NotSent, OutcomeUnknown):
            silences[channel.name] += 1
            raise

    def _channel(self, name: str) -> Channel:
        channel = self.settings.channel(name)
        if channel is None:
            raise NotFound("channel", name)
        return channel

    def _record(self, kind: Kind, content: Mapping[str, Any], cause: str) -> Answer:
        """A message whose exception could not be kept comes again."""
        # The id comes from the event, not from the message: a redelivered event is the same exception.
        event = f"{content['channel']} {content.get('event_id')}".encode()
        exception_id = hashlib.sha256(event).hexdigest()[:24]
        payload = json.dumps(content, separators=(",", ":"))
        at = self.clock.now().isoformat()
        try:
            self.exceptions.record(ExceptionRecord(exception_id, kind, content["channel"], cause, at, payload))
        except StoreUnavailable as error:
            return error
        return Recorded(exception_id)


def _of_order[Kind: OfOrder](kind: type[Kind], order_id: str) -> Kind:
    channel, _, external_id = order_id.partition(":")
    return kind(channel, external_id)


def _content(message: Message) -> Mapping[str, Any]:
    """Raises InvalidInput for what no part of the hub has written: it ends in the dead-letter queue, alone."""
    try:
        content = json.loads(message.body)
    except ValueError as error:
        raise InvalidInput("message", "is not JSON") from error
    forms = [set(FIELDS), {"arrived"}, *({"channel", field} for field in REMINDERS)]
    if not isinstance(content, dict) or not any(content.keys() >= form for form in forms):
        raise InvalidInput("message", "is neither a notification nor a reminder")
    return content


def settled(answer: Answer) -> bool:
    """May the message be deleted?"""
    return not isinstance(answer, LastunitError)


def outcome_name(answer: Answer) -> str:
    """One word for logs and metrics."""
    if isinstance(answer, Handled):
        return " ".join(one.outcome.value for one in answer.changed) or "ignored"
    return type(answer).__name__.lower()
