"""An order as `POST /orders` takes it: its channel, and the body that docs/channels/generic.md describes."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from functions.api.schemas.common import Name
from lastunit.channels.shared.times import VERSION_MAX, Instant, Revision, revision_at, revision_numbered
from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.orders.snapshot import LINES_MAX, QUANTITY_MAX, OrderSnapshot, SnapshotLine

PAID = {"paid": True, "created": False, "pending": False}


def _visible(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable characters with no space around them")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200)]
ExternalId = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_visible)]


class OrderBody(BaseModel):
    """Fields we do not know are the store's own business, types are never guessed."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


class InstantLineIn(OrderBody):
    line_id: Text
    sku: Text
    quantity: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    stocked: bool = True


class InstantOrderIn(OrderBody):
    """An order that waits for its answer. `status` says whether it is paid; others say nothing of that."""

    channel: Name
    order_id: ExternalId
    version: Annotated[int, Field(ge=1, le=VERSION_MAX)] | None = None
    updated_at: Instant | None = None
    status: Text | None = None
    placed_at: Instant | None = None
    location: Text | None = None
    lines: list[InstantLineIn] = Field(min_length=1, max_length=LINES_MAX)


def snapshot(order: InstantOrderIn) -> OrderSnapshot:
    """Raises UnreadableOrder where neither `version` nor `updated_at` says which change of the order this is."""
    return OrderSnapshot(
        channel=order.channel,
        external_id=order.order_id,
        revision=_revision(order),
        lines=tuple(map(_snapshot_line, order.lines)),
        location=order.location,
        placed_at=order.placed_at,
        paid=PAID.get(order.status or ""),
        cancel_is_final=False,
    )


def _snapshot_line(line: InstantLineIn) -> SnapshotLine:
    return SnapshotLine(line.line_id, (line.sku,), line.quantity, no_stock=not line.stocked)


def _revision(order: InstantOrderIn) -> Revision:
    if order.version is not None:
        return revision_numbered(order.version)
    if order.updated_at is not None:
        return revision_at(order.updated_at)
    raise UnreadableOrder("version", "is missing, and updated_at too", "send one of them with every order")
