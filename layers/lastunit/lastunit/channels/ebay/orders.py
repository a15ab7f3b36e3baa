"""eBay's orders and shipments, fetched and read into the hub's words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from lastunit.channels.ebay.client import Client, Grant, Payload
from lastunit.channels.ebay.webhooks import CANCELLATION, CANCELLED_LINES, CONFIRMATION, SHIPPED
from lastunit.channels.shared.problems import Path, field_path, readable
from lastunit.channels.shared.times import Revision, instant, revision_at
from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import QUANTITY_MAX, Notification, OrderSnapshot, SnapshotLine
from lastunit.ports.system import HttpResponse

# A refund of money that came in does not undo that it came in.
REFUNDED = frozenset({"PARTIALLY_REFUNDED", "FULLY_REFUNDED"})
PAID = REFUNDED | {"PAID"}
UNPAID = frozenset({"PENDING", "FAILED"})
CANCELLED, UNCANCELLED = "CANCELED", "NONE_REQUESTED"
COMPLETED, UNSHIPPED = "COMPLETED", "NOT_STARTED"
JUST_BEFORE = timedelta(seconds=1)  # The notification and the order may date one cancellation a little apart.

Id = Annotated[str, Field(min_length=1, max_length=100)]


class _CancelRequest(Payload):
    cancel_request_state: str | None = None
    cancel_completed_date: str | None = None
    cancel_requested_date: str | None = None


class _CancelStatus(Payload):
    cancel_state: str | None = None
    cancel_requests: tuple[_CancelRequest, ...] | None = None


class _Amount(Payload):
    value: Decimal | None = None


class _Refund(Payload):
    amount: _Amount | None = None


class _Line(Payload):
    line_item_id: Id
    quantity: Annotated[int, Field(strict=True)]
    sku: str | None = None
    legacy_item_id: str | None = None
    legacy_variation_id: str | None = None
    line_item_fulfillment_status: str | None = None
    total: _Amount | None = None
    refunds: tuple[_Refund, ...] | None = None


class _Order(Payload):
    order_id: Id
    last_modified_date: Id
    creation_date: str | None = None
    order_payment_status: str | None = None
    order_fulfillment_status: str | None = None
    cancel_status: _CancelStatus | None = None
    line_items: tuple[_Line, ...]

    @property
    def cancel_state(self) -> str | None:
        return self.cancel_status.cancel_state if self.cancel_status else None


class _ShippedLine(Payload):
    line_item_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)] = 1  # eBay's own default.


class _Fulfillment(Payload):
    fulfillment_id: Id
    shipment_tracking_number: str | None = None
    shipped_date: str | None = None
    line_items: tuple[_ShippedLine, ...]


class _Fulfillments(Payload):
    fulfillments: tuple[Any, ...]


def events_of(client: Client, notification: Notification) -> Sequence[ChannelEvent]:
    """The order as eBay shows it now and, where something was shipped, every shipment of it.

    Raises PartlyUnreadable, which carries the other events, where only some shipments cannot be understood.
    """
    snapshot = _snapshot(_fetch_order(client, notification.order_id), notification)
    if notification.topic != SHIPPED:
        return (snapshot,)
    shipments = _fetch_shipments(client, snapshot)
    _check_shown(shipments, snapshot, notification.payload.get("lineItemId"))
    return (snapshot, *shipments)


def events_of_listed(client: Client, channel: str, content: object) -> Sequence[ChannelEvent]:
    """What notifications would say now of an order that getOrders lists. Raises as `events_of` does."""
    order = readable(_Order, content)
    if _may_hide_cancellations(order):
        order = _fetch_order(client, order.order_id)
    snapshot = _snapshot(
        order, Notification(channel=channel, event_id="", order_id=order.order_id, topic=CONFIRMATION)
    )
    if order.order_fulfillment_status == UNSHIPPED:
        return (snapshot,)
    return (snapshot, *_fetch_shipments(client, snapshot))


def _may_hide_cancellations(order: _Order) -> bool:
    """Only getOrder fills `cancelRequests`. A whole cancellation needs none; a partial one shows by its refund."""
    if order.cancel_state == CANCELLED:
        return False
    refunded = order.order_payment_status in REFUNDED or any(line.refunds for line in order.line_items)
    return refunded or order.cancel_state != UNCANCELLED


def _snapshot(order: _Order, notification: Notification) -> OrderSnapshot:
    lines, revision = tuple(map(_line, order.line_items)), _modified(order)
    cancelled = order.cancel_state == CANCELLED
    gone: frozenset[str] = frozenset()
    if not cancelled:
        named = _cancelled_ids(notification, lines) if notification.topic == CANCELLATION else frozenset()
        cancelled = bool(named) and all(line.line_id in named for line in lines)
        gone = frozenset() if cancelled else named | _refunded_unshipped(order)
        revision = _revision(order, notification, revision)
    return OrderSnapshot(
        channel=notification.channel,
        external_id=order.order_id,
        revision=revision,
        lines=lines,
        cancelled=cancelled,
        restocked=False,  # eBay does not relist by itself: after a cancellation its quantity stays where it was.
        placed_at=instant("creationDate", order.creation_date) if order.creation_date else None,
        paid=_paid(order.order_payment_status),
        cancelled_lines=tuple(sorted(gone)),
    )


def _modified(order: _Order) -> Revision:
    return revision_at(instant("lastModifiedDate", order.last_modified_date))


def _paid(status: str | None) -> bool | None:
    return True if status in PAID else False if status in UNPAID else None


def _revision(order: _Order, notification: Notification, modified: Revision) -> Revision:
    """Newer than the order where a notification names the cancelled lines; older where the order hides them.

    An order of which a part was cancelled still lists all its lines and says of none that it is the one. What
    it shows is dated before its first cancellation, so that it never undoes what a notification told.
    """
    ended = _completed_cancellations(order)
    if notification.topic == CANCELLATION:
        active = notification.payload.get("activityDate")
        dates = [*ended, *([] if active is None else [instant("activityDate", active)])]
        return max(modified, *map(revision_at, dates)) if dates else modified
    return min(modified, _just_before(min(ended))) if ended else modified


def _completed_cancellations(order: _Order) -> list[datetime]:
    status = order.cancel_status
    done = [one for one in status.cancel_requests or () if one.cancel_request_state == COMPLETED] if status else []
    default = order.creation_date or order.last_modified_date
    at = "cancelStatus.cancelRequests.cancelCompletedDate"
    return [instant(at, one.cancel_completed_date or one.cancel_requested_date or default) for one in done]


def _refunded_unshipped(order: _Order) -> frozenset[str]:
    """Of an order with a completed cancellation, the lines it must have been about: paid back and never sent."""
    if not _completed_cancellations(order):
        return frozenset()
    return frozenset(line.line_item_id for line in order.line_items if _is_paid_back(line) and _is_unshipped(line))


def _is_unshipped(line: _Line) -> bool:
    return line.line_item_fulfillment_status == UNSHIPPED


def _is_paid_back(line: _Line) -> bool:
    cost = line.total.value if line.total else None
    back = sum(one.amount.value for one in line.refunds or () if one.amount and one.amount.value is not None)
    return cost is not None and 0 < cost <= back


def _fetch_order(client: Client, order_id: str) -> _Order:
    answer = _fetch(client, order_id, "")
    order = readable(_Order, answer.body)
    if order.order_id != order_id:
        raise UnreadableOrder("orderId", "eBay answered with another order")
    return order


def _fetch(client: Client, order_id: str, below: str) -> HttpResponse:
    # The id goes into a path, where dots and slashes would name something else.
    if not re.fullmatch(r"[A-Za-z0-9!_-]{1,100}", order_id):
        raise UnreadableOrder("orderId", "has characters that no eBay order id has")
    answer = client.call(Grant.SELLER, "GET", f"/sell/fulfillment/v1/order/{order_id}{below}")
    if answer.status == 404:
        # The notification may be ahead of the API that serves the order, so the queue asks again.
        raise ChannelUnavailable("eBay does not show the order yet")
    if answer.status != 200:
        raise UnreadableOrder("orderId", f"eBay answered {answer.status} when asked for the order")
    return answer


def _fetch_shipments(client: Client, snapshot: OrderSnapshot) -> list[ShipmentNotice]:
    answer = _fetch(client, snapshot.external_id, "/shipping_fulfillment")
    found = list(_shipments(snapshot, readable(_Fulfillments, answer.body).fulfillments))
    shipments = [one for one in found if isinstance(one, ShipmentNotice)]
    problems = [one for one in found if isinstance(one, UnreadableOrder)]
    if problems:
        raise PartlyUnreadable(problems, (snapshot, *shipments))
    return shipments


def _shipments(order: OrderSnapshot, contents: Sequence[object]) -> Iterator[ShipmentNotice | UnreadableOrder]:
    seen = set[str]()
    for number, content in enumerate(contents):
        try:
            shipment = _shipment(order, content, ("fulfillments", number))
            if shipment.shipment_id in seen:
                # Taken for a repeat of the other, its units would never leave.
                field = field_path(("fulfillments", number, "fulfillmentId"))
                raise UnreadableOrder(field, "two shipments share it")
        except UnreadableOrder as error:
            yield error
        else:
            seen.add(shipment.shipment_id)
            yield shipment


def _shipment(order: OrderSnapshot, content: object, at: Path) -> ShipmentNotice:
    shipped, names = readable(_Fulfillment, content, at), {line.line_id: line.names for line in order.lines}
    return ShipmentNotice(
        channel=order.channel,
        external_id=order.external_id,
        shipment_id=shipped.fulfillment_id,
        lines=tuple(
            ShippedLine(one.quantity, one.line_item_id, names.get(one.line_item_id, ()))
            for one in shipped.line_items
        ),
        shipped_at=instant(field_path((*at, "shippedDate")), shipped.shipped_date)
        if shipped.shipped_date
        else None,
        tracking=tracking_digests(shipped.shipment_tracking_number),
        reporter=order.channel,
    )


def _check_shown(shipments: Sequence[ShipmentNotice], order: OrderSnapshot, line_id: object) -> None:
    """Nothing tells of this shipment again, so that a list without it is asked for again by the queue."""
    shown = {line.line_id for shipment in shipments for line in shipment.lines}
    known = any(line.line_id == line_id for line in order.lines)
    if not shown or (known and line_id not in shown):
        raise ChannelUnavailable("eBay does not show the shipment yet")


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


def _cancelled_ids(notification: Notification, lines: Sequence[SnapshotLine]) -> frozenset[str]:
    """The lines a completed cancellation names. It may be ahead of what getOrder shows."""
    known, cancelled = {line.line_id for line in lines}, notification.payload.get(CANCELLED_LINES, ())
    named = [line for line in cancelled if isinstance(line, Mapping)]
    if any(line.get("orderId") != notification.order_id for line in named):
        raise UnreadableOrder(f"{CANCELLED_LINES}.orderId", "one cancellation names several orders")
    ids = [line.get("orderLineItemId") for line in named]
    if not ids or any(not isinstance(line_id, str) or line_id not in known for line_id in ids):
        raise UnreadableOrder(f"{CANCELLED_LINES}.orderLineItemId", "names a line that the order does not have")
    return frozenset(map(str, ids))


def _just_before(at: datetime) -> Revision:
    earliest = datetime.min.replace(tzinfo=UTC) + JUST_BEFORE
    return revision_at(max(at, earliest) - JUST_BEFORE)
