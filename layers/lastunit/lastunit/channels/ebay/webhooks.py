"""eBay's notifications: which order they are about, and the few fields of them that travel further."""

import hashlib
from collections.abc import Mapping
from typing import Any

from lastunit.channels.shared.json_body import json_object
from lastunit.channels.shared.problems import Path, field_path
from lastunit.domain.errors import InvalidInput
from lastunit.domain.orders.snapshot import Notification

CONFIRMATION = "ORDER_CONFIRMATION"
CANCELLATION = "ORDER_CANCELLATION_ACTIVITY"
SHIPPED = "ITEM_MARKED_SHIPPED"
CANCELLED_LINES = "cancellationLineItems"
REMEDY = "check that the subscription uses schema version 1.0 and format JSON"

DATA: Path = ("notification", "data")
LINES_AT: Path = (*DATA, "orderCancellation", CANCELLED_LINES)
SELLER_AT: Mapping[str, Path] = {
    CONFIRMATION: (*DATA, "user", "userId"),
    CANCELLATION: (*DATA, "orderCancellation", "seller", "userId"),
}
ORDER_AT: Mapping[str, Path] = {
    CONFIRMATION: (*DATA, "order", "orderId"),
    CANCELLATION: (*LINES_AT, 0, "orderId"),
}
# The first as documented, the second as others have seen it delivered.
SHIPPED_AT: tuple[Path, ...] = (DATA, (*DATA, "itemMarkedShipped"))


def parse(body: bytes, channel: str, seller_id: str | None) -> Notification | None:
    """Order confirmations, completed cancellations and shipments; test topics and all others ask for nothing."""
    content = json_object(body, REMEDY)
    topic = _text(content, ("metadata", "topic"))
    if topic == SHIPPED:
        return _shipped(content, body, channel, seller_id)
    if topic not in ORDER_AT or not _is_final(content, topic):
        return None
    if seller_id is not None and _text(content, SELLER_AT[topic]) != seller_id:
        raise _others(SELLER_AT[topic])
    order_id = _text(content, ORDER_AT[topic])
    return Notification(
        channel=channel,
        event_id=_event_id(content, body),
        order_id=order_id,
        topic=topic,
        payload=_whitelist(content, topic),
    )


def _shipped(content: Any, body: bytes, channel: str, seller_id: str | None) -> Notification | None:
    """Its order is optional; without one there is nothing that could be fetched."""
    path = next((path for path in SHIPPED_AT if at(content, (*path, "orderId"))), None)
    if path is None:
        return None
    # Optional too: another seller's order could not be fetched with this seller's token anyway.
    seller = at(content, (*path, "publicUserId"))
    if seller_id is not None and seller not in (None, seller_id):
        raise _others((*path, "publicUserId"))
    payload = {"lineItemId": at(content, (*path, "lineItemId"))}
    return Notification(
        channel=channel,
        event_id=_event_id(content, body),
        order_id=_text(content, (*path, "orderId")),
        topic=SHIPPED,
        payload=payload,
    )


def _others(path: Path) -> InvalidInput:
    return InvalidInput(field_path(path), "is another seller's", "correct seller_id in the channel's settings")


def _is_final(content: Any, topic: str) -> bool:
    """A buyer's request to cancel may still be declined: only a completed cancellation returns units."""
    return topic != CANCELLATION or _text(content, (*DATA, "activityType")) == "CANCELLATION_COMPLETED"


def _event_id(content: Any, body: bytes) -> str:
    found = at(content, ("notification", "notificationId"))
    return found[:200] if isinstance(found, str) and found else hashlib.sha256(body).hexdigest()


def _whitelist(content: Any, topic: str) -> dict[str, Any]:
    """Nothing of a confirmation is needed, because the order is fetched; of a cancellation, its lines and date."""
    if topic != CANCELLATION:
        return {}
    return {
        "activityDate": at(content, (*DATA, "activityDate")),
        CANCELLED_LINES: [_line_keys(line) for line in at(content, LINES_AT)],
    }


def _line_keys(line: Any) -> dict[str, Any]:
    return {name: at(line, (name,)) for name in ("orderId", "orderLineItemId")}


def at(content: Any, path: Path) -> Any:
    """What is found along `path`, None where it ends early."""
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _text(content: Any, path: Path) -> str:
    found = at(content, path)
    if not isinstance(found, str) or not found:
        raise InvalidInput(field_path(path), "is missing", REMEDY)
    return found
