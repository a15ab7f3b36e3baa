"""Every message of the hub's queues, one frozen dataclass each, with one codec for writers and readers.

A message names what is to be done, never a quantity (promise 6). `type` tells messages apart; every field is
written, and a field that has a default may be missing. What a release cannot read is never dropped:
docs/operations.md says where it ends for each queue. What travels on the event bus is an event, not a message.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Self, get_origin

from lastunit.domain.errors import InvalidInput, UnknownMessage
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.orders.snapshot import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMessage:
    """What all messages share: the codec."""

    type: ClassVar[str]

    def to_json(self) -> str:
        content = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps({"type": self.type} | content, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationMessage(QueueMessage):
    """Orders queue: a verified webhook of a channel, cut down to what the hub needs."""

    type: ClassVar[str] = "notification"
    channel: str
    event_id: str
    order_id: str
    topic: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    received_at: str | None = None

    @classmethod
    def of(cls, notification: Notification, received_at: str) -> Self:
        return cls(
            channel=notification.channel,
            event_id=notification.event_id,
            order_id=notification.order_id,
            topic=notification.topic,
            payload=notification.payload,
            received_at=received_at,
        )

    @property
    def notification(self) -> Notification:
        return Notification(
            channel=self.channel,
            event_id=self.event_id,
            order_id=self.order_id,
            topic=self.topic,
            payload=self.payload,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StockArrivedMessage(QueueMessage):
    """Orders queue: units of a SKU are there for the orders that wait for them."""

    type: ClassVar[str] = "stock_arrived"
    sku: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOrderMessage(QueueMessage):
    """Orders queue: what kept an order from being applied is gone."""

    type: ClassVar[str] = "retry_order"
    channel: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineCheckMessage(QueueMessage):
    """Orders queue: a deadline of an order has passed, or is near."""

    type: ClassVar[str] = "deadline_check"
    channel: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushListingMessage(QueueMessage):
    """Pushes queue: one listing is to show its number. The fields are those of a push task."""

    type: ClassVar[str] = "push_listing"
    sku: str
    channel: str
    listing: str
    overwrite: bool = False
    not_since: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushChannelMessage(QueueMessage):
    """Pushes queue: the next page of a channel's listings after this name is to be pushed, listing by listing."""

    type: ClassVar[str] = "push_channel"
    channel: str
    after: str | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSegmentMessage(QueueMessage):
    """Coverage queue: the segment of a run of full coverage that begins after this listing."""

    type: ClassVar[str] = "cover_segment"
    channel: str
    run: str
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSegmentMessage(QueueMessage):
    """Reconcile queue: the segment of a channel's listings that begins after this one is to be read back."""

    type: ClassVar[str] = "reconcile_segment"
    channel: str
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverWebhookMessage(QueueMessage):
    """Webhooks queue: one event for one address of the merchant."""

    type: ClassVar[str] = "deliver_webhook"
    webhook: str
    event_id: str
    event_type: str
    at: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, webhook: str, event: BusinessEvent) -> Self:
        return cls(webhook=webhook, event_id=event.event_id, event_type=event.type, at=event.at, data=event.data)

    @property
    def event(self) -> BusinessEvent:
        return BusinessEvent(event_id=self.event_id, type=self.event_type, at=self.at, data=self.data)


OrdersMessage = NotificationMessage | StockArrivedMessage | RetryOrderMessage | DeadlineCheckMessage
PushesMessage = PushListingMessage | PushChannelMessage

ORDERS: tuple[type[OrdersMessage], ...] = (
    NotificationMessage,
    StockArrivedMessage,
    RetryOrderMessage,
    DeadlineCheckMessage,
)
PUSHES: tuple[type[PushesMessage], ...] = (PushListingMessage, PushChannelMessage)
COVERAGE = (CoverSegmentMessage,)
RECONCILE = (ReconcileSegmentMessage,)
WEBHOOKS = (DeliverWebhookMessage,)
"""What each queue may hold. The webhooks queue holds events as well, put there by the event bus."""


def from_json[Message: QueueMessage](text: str, kinds: Collection[type[Message]]) -> Message:
    """A message of one of these kinds.

    Raises UnknownMessage for what another release has written, InvalidInput for what none has.
    """
    return _message(_content(text), kinds)


def webhook_work(text: str) -> BusinessEvent | DeliverWebhookMessage:
    """What a message of the webhooks queue asks for: an event to fan out, or one delivery of it.

    The type of an event holds a dot, that of a message never does. Raises as `from_json`.
    """
    content = _content(text)
    if "." not in content["type"]:
        return _message(content, WEBHOOKS)
    texts = [content.get(name) for name in ("id", "timestamp")]
    data = content.get("data")
    if not all(isinstance(one, str) for one in texts) or not isinstance(data, dict):
        raise InvalidInput("message", "is no event")
    return BusinessEvent(event_id=content["id"], type=content["type"], at=content["timestamp"], data=data)


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidInput("message", "is not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise InvalidInput("message", "has no type")
    return content


def _message[Message: QueueMessage](content: Mapping[str, Any], kinds: Collection[type[Message]]) -> Message:
    kind = next((kind for kind in kinds if kind.type == content["type"]), None)
    if kind is None:
        raise UnknownMessage(f"no message of this queue has the type {content['type']!r}")
    values = {name: value for name, value in content.items() if name != "type"}
    known = _fields(kind)
    strange = values.keys() - known.keys()
    if strange:
        # To leave out what a newer release asks for could be to do something else.
        raise UnknownMessage(f"{kind.type} has no field {min(strange)!r}")
    for name, (wanted, needed) in known.items():
        if name not in values and needed:
            raise InvalidInput(f"message.{name}", "is missing")
        if name in values and not isinstance(values[name], wanted):
            raise InvalidInput(f"message.{name}", "has another type")
    return kind(**values)


def _fields(kind: type[QueueMessage]) -> Mapping[str, tuple[Any, bool]]:
    """Name → (what its value is an instance of, whether it must be there)."""
    return {
        one.name: (
            Mapping if get_origin(one.type) is Mapping else one.type,
            one.default is MISSING and one.default_factory is MISSING,
        )
        for one in fields(kind)
    }
