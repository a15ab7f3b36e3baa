"""eBay's notifications and orders, read into the hub's words."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from lastunit.channels.ebay_client import Client, Grant, Payload
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, UnreadableOrder
from lastunit.domain.snapshots import Notification, Snapshot, SnapshotLine

CONFIRMATION = "ORDER_CONFIRMATION"
CANCELLATION = "ORDER_CANCELLATION_ACTIVITY"
REMEDY = "check that the subscription uses schema version 1.0 and format JSON"
CANCELLED_LINES = "cancellationLineItems"

Id = Annotated[str, Field(min_length=1, max_length=100)]
Path = tuple[str | int, ...]

SELLER_AT: Mapping[str, Path] = {
    CONFIRMATION: ("notification", "data", "user", "userId"),
    CANCELLATION: ("notification", "data", "orderCancellation", "seller", "userId"),
}
LINES_AT: Path = ("notification", "data", "orderCancellation", CANCELLED_LINES)
ORDER_AT: Mapping[str, Path] = {
    CONFIRMATION: ("notification", "data", "order", "orderId"),
    CANCELLATION: (*LINES_AT, 0, "orderId"),
}


class _CancelStatus(Payload):
    cancel_state: str | None = None


class _Line(Payload):
    line_item_id: Id
    quantity: Annotated[int, Field(strict=True)]
    sku: str | None = None
    legacy_item_id: str | None = None
    legacy_variation_id: str | None = None


class _Order(Payload):
    order_id: Id
    last_modified_date: Id
    creation_date: str | None = None
    cancel_status: _CancelStatus | None = None
    line_items: tuple[_Line, ...]


def parse(body: bytes, channel: str, seller_id: str | None) -> Notification | None:
    """Order confirmations and completed cancellations; ITEM_MARKED_SHIPPED and test topics ask for nothing."""
    content = _json(body)
    topic = _text(content, ("metadata", "topic"))
    if topic not in ORDER_AT or not _is_final(content, topic):
        return None
    if seller_id is not None and _text(content, SELLER_AT[topic]) != seller_id:
        raise InvalidInput(
            _dotted(SELLER_AT[topic]), "is another seller's", "correct seller_id in the channel's settings"
        )
    order_id = _text(content, ORDER_AT[topic])
    return Notification(channel, _event_id(content, body), order_id, topic, _whitelist(content, topic))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", "is not JSON", REMEDY) from error


def _is_final(content: Any, topic: str) -> bool:
    """A buyer's request to cancel may still be declined: only a completed cancellation returns units."""
    if topic != CANCELLATION:
        return True
    return _text(content, ("notification", "data", "activityType")) == "CANCELLATION_COMPLETED"


def _event_id(content: Any, body: bytes) -> str:
    found = _at(content, ("notification", "notificationId"))
    return found[:200] if isinstance(found, str) and found else hashlib.sha256(body).hexdigest()


def _whitelist(content: Any, topic: str) -> dict[str, Any]:
    """Nothing of a confirmation is needed, because the order is fetched; of a cancellation, its lines and date."""
    if topic != CANCELLATION:
        return {}
    return {
        "activityDate": _at(content, ("notification", "data", "activityDate")),
        CANCELLED_LINES: [_line_keys(line) for line in _at(content, LINES_AT)],
    }


def _line_keys(line: Any) -> dict[str, Any]:
    return {name: _at(line, (name,)) for name in ("orderId", "orderLineItemId")}


def _at(content: Any, path: Path) -> Any:
    """What is found along `path`, None where it ends early."""
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _text(content: Any, path: Path) -> str:
    found = _at(content, path)
    if not isinstance(found, str) or not found:
        raise InvalidInput(_dotted(path), "is missing", REMEDY)
    return found


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def fetch(client: Client, notification: Notification) -> Snapshot:
    order = _fetch_order(client, notification.order_id)
    lines = tuple(map(_line, order.line_items))
    revision = _instant("lastModifiedDate", order.last_modified_date)
    cancelled = order.cancel_status is not None and order.cancel_status.cancel_state == "CANCELED"
    if notification.topic == CANCELLATION and not cancelled:
        gone = _cancelled_ids(notification, {line.line_id for line in lines})
        cancelled = all(line.line_id in gone for line in lines)
        lines = lines if cancelled else tuple(_without(line, gone) for line in lines)
        revision = max(revision, _activity_date(notification, revision))
    return Snapshot(
        channel=notification.channel,
        external_id=order.order_id,
        revision=revision,
        lines=lines,
        cancelled=cancelled,
        restocked=False,  # eBay does not relist by itself: after a cancellation its quantity stays where it was.
        placed_at=_instant("creationDate", order.creation_date) if order.creation_date else None,
    )


def _fetch_order(client: Client, order_id: str) -> _Order:
    # The id goes into a path, where dots and slashes would name something else.
    if not re.fullmatch(r"[A-Za-z0-9!_-]{1,100}", order_id):
        raise UnreadableOrder("orderId", "has characters that no eBay order id has")
    answer = client.call(Grant.SELLER, "GET", f"/sell/fulfillment/v1/order/{order_id}")
    if answer.status == 404:
        # The notification may be ahead of the API that serves the order, so the queue asks again.
        raise ChannelUnavailable("eBay does not show the order yet")
    if answer.status != 200:
        raise UnreadableOrder("orderId", f"eBay answered {answer.status} when asked for the order")
    order = _read(answer.body)
    if order.order_id != order_id:
        raise UnreadableOrder("orderId", "eBay answered with another order")
    return order


def _read(body: bytes) -> _Order:
    try:
        return _Order.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        raise UnreadableOrder(_dotted(first["loc"]) or "order", first["msg"]) from error


def _line(line: _Line) -> SnapshotLine:
    names = tuple(name for name in (_listing_name(line), line.sku) if name)
    if not names:
        raise UnreadableOrder(f"lineItems[{line.line_item_id}].sku", "neither SKU nor item id is there")
    return SnapshotLine(line.line_item_id, names, line.quantity)


def _listing_name(line: _Line) -> str | None:
    if not line.legacy_item_id:
        return None
    variation = f":{line.legacy_variation_id}" if line.legacy_variation_id else ""
    return f"item:{line.legacy_item_id}{variation}"


def _without(line: SnapshotLine, gone: frozenset[str]) -> SnapshotLine:
    return SnapshotLine(line.line_id, line.names, 0) if line.line_id in gone else line


def _cancelled_ids(notification: Notification, known: set[str]) -> frozenset[str]:
    """The lines a completed cancellation names. It may be ahead of what getOrder shows."""
    lines = [line for line in notification.payload.get(CANCELLED_LINES, ()) if isinstance(line, Mapping)]
    if any(line.get("orderId") != notification.order_id for line in lines):
        raise UnreadableOrder(f"{CANCELLED_LINES}.orderId", "one cancellation names several orders")
    ids = [line.get("orderLineItemId") for line in lines]
    if not ids or any(not isinstance(line_id, str) or line_id not in known for line_id in ids):
        raise UnreadableOrder(f"{CANCELLED_LINES}.orderLineItemId", "names a line that the order does not have")
    return frozenset(map(str, ids))


def _activity_date(notification: Notification, default: str) -> str:
    """Makes a cancellation that is ahead of the order newer than the same order without it."""
    found = notification.payload.get("activityDate")
    return default if found is None else _instant("activityDate", found)


def _instant(field: str, text: object) -> str:
    """UTC with microseconds, so that instants sort as text."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
        if moment.tzinfo is None:
            raise UnreadableOrder(field, "has no time zone")
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError) as error:
        raise UnreadableOrder(field, "is not an ISO 8601 date and time") from error
