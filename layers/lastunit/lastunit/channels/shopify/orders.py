"""What Shopify tells of orders and fulfilments: what is kept of it, and how it is read into the hub's words."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from lastunit.channels.shared.problems import readable
from lastunit.channels.shared.times import revision_at, utc
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import digest_of, tracking_digests
from lastunit.domain.orders.snapshot import QUANTITY_MAX, OrderSnapshot, SnapshotLine

ID_FORM = "^[0-9]{1,19}$"
RETURNED, NOT_PUT_BACK = "return", "no_restock"
RESTOCKED = frozenset({"cancel", RETURNED, "legacy_restock"})
# A refund of money that came in does not undo that it came in.
PAID = frozenset({"paid", "partially_refunded", "refunded"})
UNPAID = frozenset({"pending", "authorized", "partially_paid"})
LEFT = "success"
NEVER_LEFT = frozenset({"cancelled", "error", "failure"})


def id_text(value: Any) -> Any:
    """Ids have up to 19 digits, more than a JSON number survives elsewhere."""
    return str(value) if isinstance(value, int) else value


def _as_is(value: Any) -> Any:
    return value


TRACKING_READ = 3  # Numbers of one fulfilment, by webhook as by poll, where each costs a point.


def digests_of(value: Any) -> Any:
    return [digest_of(one) for one in value] if isinstance(value, list) else value


type Remembered = Mapping[str, "Remembered | Callable[[Any], Any]"]
KEPT_OF_ORDER: Remembered = {
    "id": id_text,
    "updated_at": _as_is,
    "created_at": _as_is,
    "cancelled_at": _as_is,
    "financial_status": _as_is,
    "location_id": id_text,
    "line_items": {
        "id": id_text,
        "variant_id": id_text,
        "sku": _as_is,
        "quantity": _as_is,
        "current_quantity": _as_is,
        "fulfillable_quantity": _as_is,
        "gift_card": _as_is,
        "requires_shipping": _as_is,
        "variant_inventory_management": _as_is,
        "vendor": _as_is,
    },
    "fulfillments": {"status": _as_is, "line_items": {"id": id_text, "quantity": _as_is}},
    "refunds": {
        "refund_line_items": {"line_item_id": id_text, "quantity": _as_is, "restock_type": _as_is},
    },
}
KEPT_OF_FULFILMENT: Remembered = {
    "id": id_text,
    "order_id": id_text,
    "status": _as_is,
    "created_at": _as_is,
    "location_id": id_text,
    "tracking_number": digest_of,
    "tracking_numbers": digests_of,
    "line_items": {"id": id_text, "variant_id": id_text, "sku": _as_is, "quantity": _as_is},
}


def cut(value: Any, kept: Remembered) -> Any:
    """What is not an object stays as it is: it is refused by name later, and the order kept as an exception."""
    if not isinstance(value, Mapping):
        return value
    return {name: _cut_field(value[name], inner) for name, inner in kept.items() if name in value}


def _cut_field(value: Any, kept: Remembered | Callable[[Any], Any]) -> Any:
    if callable(kept):
        return kept(value)
    return [cut(item, kept) for item in value] if isinstance(value, list) else cut(value, kept)


Id = Annotated[str, BeforeValidator(id_text), Field(pattern=ID_FORM)]
Units = Annotated[int, Field(strict=True)]


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Named(_Content):
    id: Id
    variant_id: Id | None = None
    sku: str | None = None


class _Line(_Named):
    quantity: Units
    current_quantity: Units | None = None
    fulfillable_quantity: Units | None = None
    gift_card: bool | None = None
    requires_shipping: bool | None = None
    variant_inventory_management: str | None = "shopify"  # Left out, it says nothing; null: it is not counted.
    vendor: str | None = None

    @property
    def needs_no_stock(self) -> bool:
        """A gift card, a service, a tip, an item typed in by hand, or one that Shopify does not count either.

        A line of a product that was deleted has no variant any more, and still names its vendor.
        """
        return self.requires_shipping is False or not self.is_counted

    @property
    def is_counted(self) -> bool:
        """Shopify keeps a number for it, which a refund may put units back to."""
        typed_in = not self.variant_id and not self.vendor and not (self.sku and self.sku.strip())
        return not self.gift_card and not typed_in and self.variant_inventory_management is not None


class _Order(_Content):
    id: Id
    updated_at: AwareDatetime
    created_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
    financial_status: str | None = None
    location_id: Id | None = None
    line_items: list[_Line]


class _RefundLine(_Content):
    line_item_id: Id
    quantity: Units
    restock_type: str | None = None


class _Refund(_Content):
    refund_line_items: list[_RefundLine] | None = None


class _Refunds(_Content):
    refunds: list[_Refund] | None = None


class _SentLine(_Content):
    id: Id
    quantity: Units


class _Sent(_Content):
    status: str | None = None
    line_items: list[_SentLine] = []


class _AllSent(_Content):
    fulfillments: list[_Sent] | None = None


class _Fulfilment(_Content):
    id: Id
    order_id: Id
    status: str | None = None
    created_at: AwareDatetime | None = None
    location_id: Id | None = None
    tracking_number: str | None = None
    tracking_numbers: list[str] | None = None


class _FulfilledLine(_Named):
    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)]


class _Fulfilled(_Content):
    line_items: list[_FulfilledLine]


def order_snapshot(channel: str, payload: Mapping[str, Any], locations: Mapping[str, str]) -> OrderSnapshot:
    """`locations`: Shopify's location ids → ours."""
    order, refunds = readable(_Order, payload), readable(_Refunds, payload)
    cancelled, place = order.cancelled_at is not None, order.location_id
    sent = None if cancelled else _sent(readable(_AllSent, payload))
    return OrderSnapshot(
        channel=channel,
        external_id=order.id,
        revision=revision_at(utc("updated_at", order.updated_at)),
        lines=tuple(_snapshot_line(line, refunds, sent) for line in order.line_items),
        cancelled=cancelled,
        restocked=cancelled and _restocked(order, refunds),
        location=locations.get(place, place) if place else None,
        placed_at=utc("created_at", order.created_at) if order.created_at else None,
        paid=_paid(order.financial_status),
    )


def deleted_order(channel: str, order_id: str) -> OrderSnapshot:
    """Nothing will be delivered, and no list shows the order any more. Its id is all that Shopify tells."""
    return OrderSnapshot(channel=channel, external_id=order_id, revision="", lines=(), cancelled=True)


def fulfilment_shipment(
    channel: str, payload: Mapping[str, Any], locations: Mapping[str, str]
) -> ShipmentNotice | None:
    """None while it is still being prepared: nothing has left yet."""
    fulfilment = readable(_Fulfilment, payload)
    voided = fulfilment.status in NEVER_LEFT
    if not voided and fulfilment.status != LEFT:
        return None
    return ShipmentNotice(
        channel=channel,
        external_id=fulfilment.order_id,
        shipment_id=fulfilment.id,
        # What a void gives back is known from the parcel, so no odd line can keep it from taking effect.
        lines=() if voided else tuple(map(_shipped_line, readable(_Fulfilled, payload).line_items)),
        location=locations.get(fulfilment.location_id) if fulfilment.location_id else None,
        shipped_at=utc("created_at", fulfilment.created_at) if fulfilment.created_at else None,
        voided=voided,
        tracking=tracking_digests(fulfilment.tracking_number, *(fulfilment.tracking_numbers or ())[:TRACKING_READ]),
        reporter=channel,
    )


def _paid(status: str | None) -> bool | None:
    """None for what says neither, such as voided."""
    return True if status in PAID else False if status in UNPAID else None


def _snapshot_line(line: _Line, refunds: _Refunds, sent: Mapping[str, int] | None) -> SnapshotLine:
    """Units that were sent and came back were to be delivered all the same; the others refunded were not sent.

    Of those refunded and not put back nothing says which they were, but for how many Shopify has still to send.
    """
    current = line.quantity if line.current_quantity is None else line.current_quantity
    returned, kept = (_refunded(refunds, frozenset({kind}))[line.id] for kind in (RETURNED, NOT_PUT_BACK))
    units = min(line.quantity, current + returned) if returned else current
    if kept and sent is not None and line.fulfillable_quantity is not None:
        units += min(kept, max(0, sent.get(line.id, 0) + line.fulfillable_quantity - units))
    return SnapshotLine(line.id, _names(line), units, line.needs_no_stock)


def _sent(content: _AllSent) -> Mapping[str, int] | None:
    """Line id → units that left, or are being prepared; None where Shopify does not say."""
    if content.fulfillments is None:
        return None
    units = Counter[str]()
    for one in content.fulfillments:
        if one.status not in NEVER_LEFT:
            units.update({line.id: line.quantity for line in one.line_items})
    return units


def _shipped_line(line: _FulfilledLine) -> ShippedLine:
    return ShippedLine(line.quantity, line.id, _names(line))


def _names(line: _Named) -> tuple[str, ...]:
    variant = (f"variant:{line.variant_id}",) if line.variant_id else ()
    sku = (line.sku,) if line.sku and line.sku.strip() else ()
    # A line typed in by hand has neither; its own id lets a person still say which SKU it means.
    return variant + sku or (f"line:{line.id}",)


def _refunded(content: _Refunds, restock_types: frozenset[str] | None = None) -> Counter[str]:
    """Line id → units; of all types, or of these."""
    units = Counter[str]()
    for refund in content.refunds or ():
        for line in refund.refund_line_items or ():
            if restock_types is None or line.restock_type in restock_types:
                units[line.line_item_id] += line.quantity
    return units


def _restocked(order: _Order, content: _Refunds) -> bool:
    """Only when every unit that was not taken out before went back on Shopify's shelf."""
    back, refunded = _refunded(content, RESTOCKED), _refunded(content)
    return back.total() > 0 and all(
        back[line.id] >= line.quantity - _taken_out(line, refunded[line.id])
        for line in order.line_items
        if line.is_counted
    )


def _taken_out(line: _Line, refunded: int) -> int:
    """Units that an edit took out of the order. They went back then, and no refund tells of them."""
    return 0 if line.current_quantity is None else max(0, line.quantity - line.current_quantity - refunded)
