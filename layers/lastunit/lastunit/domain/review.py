"""Review: what waits for a person, and what can be done about it. It blocks nothing else and is never silent."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import OrderReason
from lastunit.domain.stock.replenishment import ReplenishmentTask


class ReviewKind(StrEnum):
    """What is waited for."""

    RECORDED = "recorded"  # orders: confirm them, or leave them
    REQUESTED = "requested"  # orders: accept or decline them
    EXCEPTION = "exception"  # orders and messages that cannot be processed as they are
    REPLENISH = "replenish"  # units to carry to a picking bin
    LOW_STOCK = "low_stock"  # units to order


class ExceptionKind(StrEnum):
    UNREADABLE_ORDER = "unreadable_order"  # signed, but its content cannot be understood
    FORBIDDEN_ADDRESS = "forbidden_address"  # a notification pointed to a place we do not call
    UNKNOWN_CHANNEL = "unknown_channel"  # accepted for a channel whose settings are gone
    UNKNOWN_MESSAGE = "unknown_message"  # written to the orders queue by another release of the hub
    UNWRITABLE_ORDER = "unwritable_order"  # understood, and too large for the store or against a rule of it
    UNEXPECTED_ERROR = "unexpected_error"  # the hub itself failed over it


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRecord:
    """`payload`: the message of the orders queue as JSON text, already cut down to fields without personal data.

    `channel` is empty where the message names none that could be read, `payload` where it is too large to be kept.
    """

    exception_id: str
    kind: ExceptionKind
    channel: str
    cause: str
    at: str
    payload: str = ""


@dataclass(frozen=True, slots=True)
class LowStock:
    """A SKU with fewer units available than its `low_stock`, at all locations together."""

    sku: str
    available: int
    low_stock: int


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """What waits for a person, and since when."""

    subject: Order | ExceptionRecord | ReplenishmentTask | LowStock
    waiting_since: str

    @property
    def remedy(self) -> str:
        """What a person can do about it, in one sentence; empty where the item says it itself."""
        match self.subject:
            case Order() as order:
                return remedy_for(order.reason)
            case ExceptionRecord() as exception:
                return remedy_for(exception.kind)
        return ""


REMEDY_OF: Mapping[str, str] = {
    OrderReason.SHORTAGE: "accept it (what exists is reserved, the rest promised), accept a part, or decline it",
    OrderReason.UNKNOWN_SKU: "name the SKU on this channel (a listing or an alias): the order is applied by itself",
    OrderReason.DRAFT_SKU: "make the SKU active and retry the order, or cancel it on its channel",
    OrderReason.TOO_MANY_LEVELS: "split the order on its channel, or free stock so that fewer locations serve it",
    OrderReason.EDIT_SHORT: "receive stock and retry the order, or undo the edit; what was reserved stays so",
    OrderReason.IMPORT_OFF: "confirm the order to apply it, or leave it: it deducts nothing",
    OrderReason.SHIPMENT_BEFORE_ORDER: "wait for the order; if it never comes, retry to book the shipment",
    OrderReason.SHIPPED_UNCOVERED: "count the stock at the location it left from, correct it, and retry the order",
    OrderReason.SHIPPED_UNKNOWN_LINE: "name the SKU on this channel and retry, or void the shipment",
    OrderReason.SHIPPED_BEYOND_ORDER: "void the shipment if it counts units twice, or confirm it if they left",
    OrderReason.SHIPPED_AFTER_CANCEL: "get the goods back as a return, or leave it: what left is booked",
    OrderReason.VOIDED_AFTER_RETURN: "find out whether the parcel left: a void and a return cannot both be true",
    OrderReason.PAID_AFTER_EXPIRY: "refund the buyer, or receive stock and retry the order",
    ExceptionKind.UNREADABLE_ORDER: "mend what the cause names and resolve it with retry, or enter it by hand",
    ExceptionKind.FORBIDDEN_ADDRESS: "check who may send this webhook: no request was made; then resolve it",
    ExceptionKind.UNKNOWN_CHANNEL: "create the channel again and resolve it with retry",
    ExceptionKind.UNWRITABLE_ORDER: "split the order on its channel, or enter it by hand; then resolve it",
    ExceptionKind.UNEXPECTED_ERROR: "look up the log entry; resolve it with retry once its cause is mended",
    ExceptionKind.UNKNOWN_MESSAGE: "deploy the release that wrote it, or a newer one, and resolve it with retry",
}


def remedy_for(reason: OrderReason | ExceptionKind | None) -> str:
    """Empty where nothing needs to be done."""
    return REMEDY_OF.get(reason, "") if reason else ""
