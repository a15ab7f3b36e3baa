"""Use case: messages of the orders queue become changes of orders; what cannot be read becomes an exception."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    ForbiddenAddress,
    InvalidInput,
    LastunitError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    UnknownMessage,
    UnreadableOrder,
)
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.inbound import DeadlineCheck, OrderInput, PartlyUnreadable, RetryOrder, StockArrived
from lastunit.domain.orders.snapshot import Notification
from lastunit.domain.orders.states import State
from lastunit.domain.review import ExceptionKind
from lastunit.ports.channel import OrderSource
from lastunit.ports.orders import Exceptions, OrderStore
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, ReportError, RunParallel
from lastunit.use_cases.lookup import SettingsOnce, get_channel
from lastunit.use_cases.messages import (
    ORDERS,
    DeadlineCheckMessage,
    NotificationMessage,
    OrdersMessage,
    RetryOrderMessage,
    StockArrivedMessage,
    from_json,
)
from lastunit.use_cases.orders.change_orders import ChangeOrders, ChangeResult, Incoming
from lastunit.use_cases.orders.record_exception import RecordException, kind_of
from lastunit.use_cases.unexpected import contained

FETCHES_MAX = 8  # Thin notifications are fetched side by side, within every channel's rate limit.
CONSECUTIVE_FAILURES_MAX = 3  # Then a channel that does not answer may cost the rest of the batch no more time.
ARRIVALS_MAX = 90  # Orders that one arrival of units is offered to; the next arrival goes on from there.


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message of the queue. `key` names the answer."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class RecordedException:
    """Kept as an exception for a person."""

    exception_id: str


@dataclass(frozen=True, slots=True)
class Handled:
    """Done. `changed`: what came of each order input of the message; none when there was nothing to do."""

    changed: tuple[ChangeResult, ...] = ()


MessageResult = Handled | RecordedException | LastunitError
"""A LastunitError means: the message stays on the queue and comes again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOrders:
    settings: Settings
    api: Callable[[Channel], OrderSource]
    order_store: OrderStore
    change: ChangeOrders
    exceptions: Exceptions
    clock: Clock
    run_parallel: RunParallel
    report_error: ReportError

    def handle(self, messages: Sequence[ReceivedMessage]) -> dict[str, MessageResult]:
        """An answer per message; none of them keeps the others from theirs.

        A channel's settings are read once: a change of them holds from the next batch on.
        """
        once = SettingsOnce(self.settings)
        return replace(self, settings=once, change=replace(self.change, settings=once))._handle(messages)

    def _handle(self, messages: Sequence[ReceivedMessage]) -> dict[str, MessageResult]:
        failures = Counter[str]()
        read = self.run_parallel(lambda message: self._read(message, failures), messages, FETCHES_MAX)
        inputs = {
            f"{message.key}/{number}": order_input
            for message, found in zip(messages, read, strict=True)
            if isinstance(found, list)
            for number, order_input in enumerate(found)
        }
        changed = (
            self.change.apply([Incoming(key, order_input) for key, order_input in inputs.items()]) if inputs else {}
        )
        return {
            message.key: self._contained(lambda one=message, said=found: self._answer(one, said, changed))  # type: ignore[misc]
            for message, found in zip(messages, read, strict=True)
        }

    def _contained(self, answer: Callable[[], MessageResult]) -> MessageResult:
        """A message whose exception could not be kept comes again."""
        try:
            return answer()
        except Exception as error:
            return contained(error, self.report_error)

    def _answer(
        self,
        message: ReceivedMessage,
        found: "list[OrderInput] | MessageResult",
        changed: Mapping[str, ChangeResult | LastunitError],
    ) -> MessageResult:
        """One answer for all the inputs of a message: it comes again if one of them must."""
        if not isinstance(found, list):
            return found
        results = [changed[f"{message.key}/{number}"] for number in range(len(found))]
        errors = [result for result in results if isinstance(result, LastunitError)]
        gone = [error for error in errors if isinstance(error, NotFound)]
        unknown = next((error for error in gone if error.kind == "channel"), None)
        if unknown:
            return self._record(ExceptionKind.UNKNOWN_CHANNEL, _read(message), str(unknown), channel=unknown.name)
        others = [error for error in errors if not isinstance(error, NotFound)]
        again = next((error for error in others if error.retryable), None)
        if again:
            return again
        if others:
            return self._record(kind_of(others[0]), _read(message), str(others[0]))
        return Handled(tuple(one for one in results if isinstance(one, ChangeResult)))

    def _read(self, message: ReceivedMessage, failures: "Counter[str]") -> "list[OrderInput] | MessageResult":
        try:
            return self._understand(message, failures)
        except LastunitError as error:
            return error
        except Exception as error:
            why = contained(error, self.report_error)
            return self._contained(lambda: self._record_whole(ExceptionKind.UNEXPECTED_ERROR, message, why))

    def _understand(self, message: ReceivedMessage, failures: "Counter[str]") -> "list[OrderInput] | MessageResult":
        try:
            content = _read(message)
        except UnknownMessage as error:
            return self._record_whole(ExceptionKind.UNKNOWN_MESSAGE, message, error)
        except InvalidInput as error:
            return error  # Nobody wrote it: it ends in the dead-letter queue, alone.
        try:
            return list(self._inputs(content, failures))
        except PartlyUnreadable as error:
            self._record(ExceptionKind.UNREADABLE_ORDER, content, str(error))
            return list(error.events)
        except ForbiddenAddress as error:
            # Without its payload: the address may carry what nobody should read.
            return self._record(ExceptionKind.FORBIDDEN_ADDRESS, _without_payload(content), str(error))
        except UnreadableOrder as error:
            return self._record(ExceptionKind.UNREADABLE_ORDER, content, str(error))
        except NotFound as error:
            return self._record(ExceptionKind.UNKNOWN_CHANNEL, content, str(error))

    def _inputs(self, content: OrdersMessage, failures: "Counter[str]") -> Iterable[OrderInput]:
        match content:
            case StockArrivedMessage():
                keys = [OrderKey.parse(order_id) for order_id in self._queue(content.sku)]
                return [StockArrived(key.channel, key.external_id) for key in keys]
            case RetryOrderMessage():
                return [RetryOrder(content.channel, content.external_id)]
            case DeadlineCheckMessage():
                return [DeadlineCheck(content.channel, content.external_id)]
            case NotificationMessage():
                return self._from_channel(content.notification, failures)

    def _queue(self, sku: str) -> list[str]:
        """What was promised before what was only asked for; first come, first served within each."""
        waiting = self.order_store.queue_for(sku, ARRIVALS_MAX)
        orders = self.order_store.orders(waiting)
        asked = {key for key, order in orders.items() if order.state is State.REQUESTED}
        return sorted(waiting, key=lambda key: key in asked)

    def _from_channel(self, notification: Notification, failures: "Counter[str]") -> Iterable[OrderInput]:
        channel = get_channel(self.settings, notification.channel)
        if failures[channel.name] >= CONSECUTIVE_FAILURES_MAX:
            raise NotSent(f"channel {channel.name!r} does not answer")
        try:
            return self.api(channel).orders(notification)
        except (NotSent, OutcomeUnknown):
            failures[channel.name] += 1
            raise

    def _record(
        self, kind: ExceptionKind, content: OrdersMessage, cause: str, channel: str | None = None
    ) -> RecordedException:
        payload = content.to_json()
        name = channel or ("" if isinstance(content, StockArrivedMessage) else content.channel)
        # The id comes from the event, not from the message: a redelivered event is the same exception.
        event = content.event_id if isinstance(content, NotificationMessage) else payload
        return self._keep(kind, name, identity=f"{name} {event}", cause=cause, payload=payload)

    def _record_whole(
        self, kind: ExceptionKind, message: ReceivedMessage, error: LastunitError
    ) -> RecordedException:
        """As it came, so that a release which can read it can be given it back."""
        return self._keep(kind, "", identity=message.body, cause=str(error), payload=message.body)

    def _keep(
        self, kind: ExceptionKind, channel: str, *, identity: str, cause: str, payload: str
    ) -> RecordedException:
        record = RecordException(self.exceptions, self.clock)
        return RecordedException(record.record(kind, channel, identity=identity, cause=cause, payload=payload))


def _read(message: ReceivedMessage) -> OrdersMessage:
    return from_json(message.body, ORDERS)


def _without_payload(content: OrdersMessage) -> OrdersMessage:
    return replace(content, payload={}) if isinstance(content, NotificationMessage) else content


def settled(answer: MessageResult) -> bool:
    """May the message be deleted?"""
    return not isinstance(answer, LastunitError)


def outcome_name(answer: MessageResult) -> str:
    """One word for logs and metrics."""
    if isinstance(answer, Handled):
        return " ".join(one.outcome.value for one in answer.changed) or "ignored"
    if isinstance(answer, RecordedException):
        return "exception_recorded"
    return type(answer).__name__.lower()
