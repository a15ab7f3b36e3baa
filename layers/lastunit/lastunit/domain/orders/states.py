"""The states of an order, and the one table of the ways between them (docs/order-states.md)."""

from enum import StrEnum


class State(StrEnum):
    RECORDED = "recorded"  # import is switched off: known, and deducts nothing
    REQUESTED = "requested"  # stock cannot cover it: a person must accept or decline it
    REFUSED = "refused"  # the own store was told no while it waited for the answer: it created no order
    EXCEPTION = "exception"  # a person must look at it; what it held before stays held
    BACKORDERED = "backordered"  # accepted with too little stock: the rest waits for arriving units
    AWAITING_PAYMENT = "awaiting_payment"  # accepted and held until it is paid or the time is up
    RESERVED = "reserved"  # every unit is allocated at a location: ready to ship
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"  # everything is released; also what is kept of a cancel before its order


class OrderReason(StrEnum):
    """Why an order is not simply reserved or shipped."""

    SHORTAGE = "shortage"
    UNKNOWN_SKU = "unknown_sku"
    DRAFT_SKU = "draft_sku"
    TOO_MANY_LEVELS = "too_many_levels"
    EDIT_SHORT = "edit_short"
    IMPORT_OFF = "import_off"
    SHIPMENT_BEFORE_ORDER = "shipment_before_order"
    SHIPPED_UNCOVERED = "shipped_uncovered"  # more units left than are available: somebody must count
    SHIPPED_UNKNOWN_LINE = "shipped_unknown_line"
    SHIPPED_BEYOND_ORDER = "shipped_beyond_order"  # more units are reported than the order has
    SHIPPED_AFTER_CANCEL = "shipped_after_cancel"
    VOIDED_AFTER_RETURN = "voided_after_return"  # a parcel that never left cannot be on its way back
    PAID_AFTER_EXPIRY = "paid_after_expiry"  # nothing left to reserve for it: refund
    CANCELLED_BY_CHANNEL = "cancelled_by_channel"
    CANCELLED_BEFORE_ORDER = "cancelled_before_order"
    CANCELLED_AFTER_SHIPPING = "cancelled_after_shipping"  # nothing comes back before the goods do
    NOTHING_TO_DELIVER = "nothing_to_deliver"
    DECLINED = "declined"
    UNDECIDED_IN_TIME = "undecided_in_time"
    UNPAID_IN_TIME = "unpaid_in_time"


WAITING = frozenset({State.RECORDED, State.REQUESTED, State.EXCEPTION})
"""States that wait for a person."""


_HELD = {State.BACKORDERED, State.AWAITING_PAYMENT, State.RESERVED}


_LEFT = {State.PARTLY_SHIPPED, State.SHIPPED}


TRANSITIONS: dict[State | None, frozenset[State]] = {
    None: frozenset({*WAITING, State.RESERVED, State.REFUSED, State.SHIPPED, State.CANCELLED}),
    State.RECORDED: frozenset({State.RESERVED, State.REQUESTED, State.EXCEPTION, State.CANCELLED, *_LEFT}),
    State.REQUESTED: frozenset(_HELD | _LEFT | {State.EXCEPTION, State.CANCELLED}),
    State.REFUSED: frozenset({State.RESERVED, State.REQUESTED, State.EXCEPTION, State.SHIPPED, State.CANCELLED}),
    State.EXCEPTION: frozenset({*_HELD, *_LEFT, State.RECORDED, State.REQUESTED, State.CANCELLED}),
    State.BACKORDERED: frozenset({State.RESERVED, State.EXCEPTION, State.CANCELLED, *_LEFT}),
    State.AWAITING_PAYMENT: frozenset(
        {State.BACKORDERED, State.RESERVED, State.EXCEPTION, State.CANCELLED, *_LEFT}
    ),
    State.RESERVED: frozenset({State.EXCEPTION, State.CANCELLED, *_LEFT}),
    State.PARTLY_SHIPPED: frozenset({State.BACKORDERED, State.RESERVED, State.SHIPPED, State.EXCEPTION}),
    State.SHIPPED: frozenset(
        {State.RESERVED, State.REQUESTED, State.PARTLY_SHIPPED, State.EXCEPTION, State.CANCELLED}
    ),
    State.CANCELLED: frozenset({State.RESERVED, State.REQUESTED, State.EXCEPTION, *_LEFT}),
}
"""State → the other states an order may go to; None: a new order. An order may always stay in its state.

A voided shipment leads back from shipped, and so does an edit, also of an order that needed no stock so far. A
payment after its deadline, an edit of an order that was edited down to nothing, and goods that left all the same
lead back from cancelled, the last as an exception.
"""


def allowed(before: State | None, after: State) -> bool:
    return before is after or after in TRANSITIONS[before]


SHIPPED_THOUGH_CANCELLED = frozenset({OrderReason.CANCELLED_AFTER_SHIPPING, OrderReason.SHIPPED_AFTER_CANCEL})
"""Cancelled although units have left: as final as any other cancel."""
