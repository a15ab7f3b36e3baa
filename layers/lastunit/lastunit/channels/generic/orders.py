"""Orders and shipments as a merchant's own store tells them, by webhook or API (docs/channels/generic.md)."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lastunit.channels.shared.problems import readable
from lastunit.channels.shared.settings_fields import ShortText
from lastunit.channels.shared.times import VERSION_MAX, Instant, Revision, revision_at, revision_numbered
from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import LINES_MAX, QUANTITY_MAX, OrderSnapshot, SnapshotLine

CONTRACT = "see docs/channels/generic.md"
PAID = frozenset({"paid"})
UNPAID = frozenset({"created", "pending"})


def _visible(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable characters with no space around them")
    return text


OrderId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_visible)]
ShipmentId = OrderId
Version = Annotated[int, Field(ge=1, le=VERSION_MAX)]


class Incoming(BaseModel):
    """Data of the store: fields we do not know are its own business, types are never guessed."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class EnvelopeData(Incoming):
    order_id: OrderId


class Envelope(Incoming):
    data: EnvelopeData


class LineIn(Incoming):
    line_id: ShortText
    sku: ShortText
    quantity: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    stocked: bool = True


class RevisionIn(Incoming):
    order_id: OrderId
    version: Version | None = None
    updated_at: Instant | None = None

    @property
    def revision(self) -> Revision:
        if self.version is not None:
            return revision_numbered(self.version)
        if self.updated_at is not None:
            return revision_at(self.updated_at)
        raise UnreadableOrder("version", "is missing, and updated_at too", "send one of them with every event")


class OrderIn(RevisionIn):
    """A whole order, as a webhook or `POST /orders` brings it."""

    status: ShortText | None = None
    placed_at: Instant | None = None
    location: ShortText | None = None
    lines: list[LineIn] = Field(min_length=1, max_length=LINES_MAX)

    @property
    def paid(self) -> bool | None:
        """None for a status that speaks of something else."""
        return True if self.status in PAID else False if self.status in UNPAID else None


class CancelIn(RevisionIn):
    restocked: bool = False
    lines: Any = None


class ShippedLineIn(Incoming):
    sku: ShortText
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
    line_id: ShortText | None = None


class ShipmentIn(Incoming):
    """A parcel that left, as a webhook or `POST /orders/{id}/shipments` brings it."""

    order_id: OrderId
    shipment_id: ShipmentId
    shipped_at: Instant | None = None
    tracking_number: ShortText | None = None
    location: ShortText | None = None
    lines: list[ShippedLineIn] = Field(min_length=1, max_length=LINES_MAX)


class VoidIn(Incoming):
    """A parcel that was announced and stays."""

    order_id: OrderId
    shipment_id: ShipmentId


def fact(channel_name: str, topic: str, data: Mapping[str, Any]) -> ChannelEvent:
    """What an event says, whether it came as a webhook or stands in the order list. Raises UnreadableOrder."""
    match topic:
        case "shipment.created":
            return shipment(channel_name, read(ShipmentIn, data))
        case "shipment.voided":
            return void(channel_name, read(VoidIn, data))
        case "order.cancelled":
            return cancellation(channel_name, read(CancelIn, data))
    return snapshot(channel_name, read(OrderIn, data), paid_now=topic == "order.paid")


def snapshot(channel_name: str, order: OrderIn, *, paid_now: bool = False) -> OrderSnapshot:
    """`paid_now`: the event itself says that it was paid, whatever the order's status."""
    return OrderSnapshot(
        channel=channel_name,
        external_id=order.order_id,
        revision=order.revision,
        lines=tuple(map(_snapshot_line, order.lines)),
        location=order.location,
        placed_at=order.placed_at,
        paid=paid_now or order.paid,
        cancel_is_final=False,
    )


def _snapshot_line(line: LineIn) -> SnapshotLine:
    return SnapshotLine(line.line_id, (line.sku,), line.quantity, no_stock=not line.stocked)


def cancellation(channel_name: str, cancel: CancelIn) -> OrderSnapshot:
    if cancel.lines is not None:
        remedy = "send order.updated with the remaining quantities to cancel a part"
        raise UnreadableOrder("lines", "order.cancelled cancels the whole order and carries none", remedy)
    return OrderSnapshot(
        channel=channel_name,
        external_id=cancel.order_id,
        revision=cancel.revision,
        lines=(),
        cancelled=True,
        restocked=cancel.restocked,
        cancel_is_final=False,
    )


def shipment(channel_name: str, shipped: ShipmentIn) -> ShipmentNotice:
    return ShipmentNotice(
        channel=channel_name,
        external_id=shipped.order_id,
        shipment_id=shipped.shipment_id,
        lines=tuple(ShippedLine(line.quantity, line.line_id, (line.sku,)) for line in shipped.lines),
        location=shipped.location,
        shipped_at=shipped.shipped_at,
        tracking=tracking_digests(shipped.tracking_number),
        reporter=channel_name,
    )


def void(channel_name: str, voided: VoidIn) -> ShipmentNotice:
    return ShipmentNotice(
        channel=channel_name, external_id=voided.order_id, shipment_id=voided.shipment_id, lines=(), voided=True
    )


def read[Model: Incoming](model: type[Model], data: object) -> Model:
    return readable(model, data, remedy=CONTRACT)
