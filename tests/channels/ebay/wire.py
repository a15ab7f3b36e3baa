"""The forms in which the simulated eBay speaks: errors, bulk answers, notifications and orders."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response


class EbayRefusal(Exception):
    """An eBay error. `names`: values of `parameters`, where the error names its culprit."""

    def __init__(
        self, status: int, error_id: int, message: str, *names: str, domain: str = "API_INVENTORY"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "errorId": error_id,
            "domain": domain,
            "category": "REQUEST",
            "message": message,
            "longMessage": message,
            "parameters": [{"name": "additionalInfo", "value": name} for name in names],
        }


def api(view: Callable[..., Response]) -> Callable[..., Response]:
    """Refusals as eBay answers them."""

    def answer(market: object, request: Request, **values: str) -> Response:
        try:
            return view(market, request, **values)
        except EbayRefusal as refusal:
            return json_answer({"errors": [refusal.body]}, refusal.status)

    return answer


def whole_number(content: Mapping[str, Any], name: str) -> int:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise EbayRefusal(400, 25709, f"Invalid value for {name}.", name)
    return value


def failed_row(keys: Mapping[str, Any], refusal: EbayRefusal) -> dict[str, Any]:
    return {**keys, "statusCode": refusal.status, "errors": [refusal.body]}


def multi_status(rows: list[dict[str, Any]]) -> Response:
    return json_answer({"responses": rows}, 200 if all(row["statusCode"] == 200 for row in rows) else 207)


def metadata(topic: str) -> dict[str, Any]:
    return {"topic": topic, "schemaVersion": "1.0", "deprecated": False}


def base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def json_answer(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/json")


def order_body(
    order_id: str, seller: str, at: str, lines: list[dict[str, Any]], state: str = "NONE_REQUESTED"
) -> dict[str, Any]:
    """With personal data, as the real one: the hub must not let any of it through."""
    return {
        "orderId": order_id,
        "legacyOrderId": order_id,
        "creationDate": at,
        "lastModifiedDate": at,
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "sellerId": seller,
        "buyer": {"username": "buyer1"},
        "cancelStatus": {"cancelState": state, "cancelRequests": []},
        "fulfillmentStartInstructions": [{"shippingStep": {"shipTo": {"fullName": "B One"}}}],
        "lineItems": lines,
    }


def money(units: int) -> dict[str, str]:
    return {"value": f"{units * 19.99:.2f}", "currency": "USD"}


def order_line(line_id: str, listing_id: str, sku: str, quantity: int) -> dict[str, Any]:
    return {
        "lineItemId": line_id,
        "legacyItemId": listing_id,
        "sku": sku,
        "title": f"Title of {sku}",
        "quantity": quantity,
        "soldFormat": "FIXED_PRICE",
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "lineItemCost": money(quantity),
        "total": money(quantity),
        "refunds": [],
    }


def cancel_request(number: int, at: str) -> dict[str, Any]:
    """As getOrder shows one: it does not say which lines it was about."""
    return {
        "cancelRequestId": f"50{number:08d}",
        "cancelInitiator": "BUYER",
        "cancelReason": "BUYER_ASKED_CANCEL",
        "cancelRequestState": "COMPLETED",
        "cancelRequestedDate": at,
        "cancelCompletedDate": at,
    }


def show_cancelled(order: dict[str, Any], lines: list[dict[str, Any]], at: str) -> None:
    """All lines stay listed with their quantities; those cancelled are paid back."""
    status = order["cancelStatus"]
    status["cancelRequests"].append(cancel_request(len(status["cancelRequests"]), at))
    for line in lines:
        line["refunds"].append({"refundId": f"r{line['lineItemId']}", "amount": line["total"], "refundDate": at})
    whole = all(line["refunds"] for line in order["lineItems"])
    status["cancelState"] = "CANCELED" if whole else status["cancelState"]
    order["orderPaymentStatus"] = "FULLY_REFUNDED" if whole else "PARTIALLY_REFUNDED"


def fulfillment(fulfillment_id: str, lines: list[tuple[dict[str, Any], int]], at: str) -> dict[str, Any]:
    return {
        "fulfillmentId": fulfillment_id,
        "shipmentTrackingNumber": fulfillment_id,
        "shippingCarrierCode": "USPS",
        "shippedDate": at,
        "lineItems": [{"lineItemId": line["lineItemId"], "quantity": quantity} for line, quantity in lines],
    }


def units_left(fulfillments: list[dict[str, Any]]) -> Counter[str]:
    left = Counter[str]()
    for row in (row for one in fulfillments for row in one["lineItems"]):
        left[row["lineItemId"]] += row["quantity"]
    return left


def show_shipped(order: dict[str, Any], fulfillments: list[dict[str, Any]]) -> None:
    left = units_left(fulfillments)
    for line in order["lineItems"]:
        line["lineItemFulfillmentStatus"] = _progress(left[line["lineItemId"]], line["quantity"])
    order["orderFulfillmentStatus"] = _progress(left.total(), sum(line["quantity"] for line in order["lineItems"]))


def _progress(left: int, ordered: int) -> str:
    return "FULFILLED" if left >= ordered else "IN_PROGRESS" if left else "NOT_STARTED"


def confirmation_data(user: Mapping[str, str], order_id: str, line: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"listingId": line["legacyItemId"], "orderLineItemId": line["lineItemId"]}
    return {
        "user": dict(user),
        "order": {"orderId": order_id, "orderLineItems": [{"quantity": line["quantity"], **ids}]},
    }


def cancellation_data(
    user: Mapping[str, str], order_id: str, lines: list[dict[str, Any]], status: str, at: str
) -> dict[str, Any]:
    """`status`: REQUESTED or COMPLETED."""
    ids = [line["lineItemId"] for line in lines]
    details = {
        "cancellationId": f"5{ids[0]}",
        "cancellationStatus": status,
        "requester": "BUYER",
        "requestedDate": at,
        "seller": dict(user),
        "sellerAvailableActions": {"primaryActions": [], "responseDueDate": None},
        "cancellationLineItems": [
            {"cancellationLineItemId": f"c{line_id}", "orderId": order_id, "orderLineItemId": line_id}
            for line_id in ids
        ],
    }
    return {"activityType": f"CANCELLATION_{status}", "activityDate": at, "orderCancellation": details}


def shipped_data(
    user: Mapping[str, str], order_id: str, line: Mapping[str, Any], parcel: Mapping[str, Any]
) -> dict[str, Any]:
    """Flat, as documented."""
    return {
        "trackingNumber": parcel["shipmentTrackingNumber"],
        "carrier": parcel["shippingCarrierCode"],
        "shippedDate": parcel["shippedDate"],
        "orderId": order_id,
        "itemId": line["legacyItemId"],
        "transactionId": line["lineItemId"],
        "lineItemId": line["lineItemId"],
        "publicUserId": user["userId"],
        "username": user["username"],
    }
