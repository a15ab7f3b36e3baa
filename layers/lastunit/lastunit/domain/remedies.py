"""What a person can do about an exception, in one sentence each."""

from collections.abc import Mapping

from lastunit.domain.exceptions import Kind
from lastunit.domain.lifecycle import Reason

BY_REASON: Mapping[str, str] = {
    Reason.SHORTAGE: "accept it (what exists is reserved, the rest promised), accept a part, or decline it",
    Reason.UNKNOWN_SKU: "name the SKU on this channel (a listing or an alias): the order is applied by itself",
    Reason.DRAFT_SKU: "make the SKU active and retry the order, or cancel it on its channel",
    Reason.TOO_MANY_LEVELS: "split the order on its channel, or free stock so that fewer locations serve it",
    Reason.EDIT_SHORT: "receive stock and retry the order, or undo the edit; what was reserved stays so",
    Reason.IMPORT_OFF: "confirm the order to apply it, or leave it: it deducts nothing",
    Reason.SHIPMENT_BEFORE_ORDER: "wait for the order; if it never comes, retry to book the shipment by itself",
    Reason.SHIPPED_UNCOVERED: "count the stock at the location it left from, correct it, and retry the order",
    Reason.SHIPPED_UNKNOWN_LINE: "name the SKU on this channel and retry, or void the shipment",
    Reason.SHIPPED_AFTER_CANCEL: "get the goods back as a return, or leave it: what left is booked",
    Reason.VOIDED_AFTER_RETURN: "find out whether the parcel left: a void and a return cannot both be true",
    Reason.PAID_AFTER_EXPIRY: "refund the buyer, or receive stock and retry the order",
    Kind.UNREADABLE_ORDER: "mend what the cause names and resolve it with retry, or enter the order by hand",
    Kind.FORBIDDEN_ADDRESS: "check who may send this webhook: no request was made; then resolve it",
    Kind.UNKNOWN_CHANNEL: "create the channel again and resolve it with retry",
}


def remedy(row: Mapping[str, object]) -> str:
    """For an order's or an exception's row."""
    return BY_REASON.get(str(row.get("reason") or row.get("kind")), "")
