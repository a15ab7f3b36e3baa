"""The forms in which the simulated ShipStation speaks: parcels as V1 and V2 tell them, pages, refusals."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Request, Response

PACIFIC = ZoneInfo("America/Los_Angeles")

Lines = Mapping[str, tuple[str, int]]
"""The channel's own line id → SKU and quantity."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent of one order."""

    order_ref: str
    lines: Lines
    store: str
    warehouse: str


@dataclass(slots=True)
class SentShipment:
    """A label, or (`is_external`) a parcel marked as shipped without one. `number` makes up its ids."""

    number: int
    batch: str
    parcel: Parcel
    created_at: datetime
    is_external: bool = False
    is_return: bool = False
    voided_at: datetime | None = None

    @property
    def label_id(self) -> str:
        return f"se-{7_000_000 + self.number}"

    @property
    def tracking_number(self) -> str:
        return f"1Z{self.number:016d}" if self.is_external else f"9400{self.number:018d}"

    @property
    def status(self) -> str:
        return "voided" if self.voided_at else "completed"

    @property
    def parcel_id(self) -> str:
        return f"se-{412_000_000 + self.number}"


def pacific(at: datetime) -> str:
    """As V1 writes times: local, seven digits, no zone."""
    return at.astimezone(PACIFIC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_time(text: str | None) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def at_or_after(
    sent: Sequence[SentShipment], start: str | None, at: Callable[[SentShipment], str | None]
) -> list[SentShipment]:
    """Both times are of one form, whose order is that of their text."""
    return [one for one in sent if start is None or (at(one) or "") >= start]


def v1_shipment(sent: SentShipment, order_field: str, with_items: bool) -> dict[str, Any]:
    """With personal data, as the real one: the hub must not let any of it through."""
    order = {"orderKey": f"key-{sent.number}", "orderNumber": f"SS-{sent.number}"}
    return {
        "shipmentId": 33_000_000 + sent.number,
        "orderId": 43_000_000 + sent.number,
        **(order | {order_field: sent.parcel.order_ref}),
        "customerEmail": "ada@example.com",
        "createDate": pacific(sent.created_at),
        "shipDate": pacific(sent.created_at)[:10],
        "trackingNumber": sent.tracking_number,
        "isReturnLabel": sent.is_return,
        "warehouseId": int(sent.parcel.warehouse),
        "voided": sent.voided_at is not None,
        "voidDate": pacific(sent.voided_at) if sent.voided_at else None,
        "shipTo": {"name": "Ada Example", "street1": "1 Example Street", "postalCode": "78701"},
        "advancedOptions": {"storeId": int(sent.parcel.store)},
        "shipmentItems": _v1_items(sent.parcel.lines) if with_items else None,
    }


def _v1_items(lines: Lines) -> list[dict[str, Any]]:
    return [
        {"orderItemId": at, "lineItemKey": line_id, "sku": sku, "name": f"Title of {sku}", "quantity": quantity}
        for at, (line_id, (sku, quantity)) in enumerate(lines.items(), 1)
    ]


def v2_shipment(sent: SentShipment, order_field: str) -> dict[str, Any]:
    order = {"external_order_id": f"ext-{sent.number}", "shipment_number": f"SS-{sent.number}"}
    named = order | {order_field: sent.parcel.order_ref}
    return {
        "shipment_id": sent.parcel_id,
        **named,
        "store_id": sent.parcel.store,
        "shipment_status": "label_purchased",
        "is_return": False,
        "warehouse_id": sent.parcel.warehouse,
        "ship_to": {"name": "Ada Example", "address_line1": "1 Example Street", "postal_code": "78701"},
        "items": _v2_items(sent.parcel.lines, named["external_order_id"]),
    }


def _v2_items(lines: Lines, order_id: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"Title of {sku}",
            "sku": sku,
            "bundle_sku": None,
            "quantity": quantity,
            "external_order_id": order_id,
            "external_order_item_id": line_id,
        }
        for line_id, (sku, quantity) in lines.items()
    ]


def v2_label(sent: SentShipment) -> dict[str, Any]:
    return {
        "label_id": sent.label_id,
        "status": sent.status,
        "shipment_id": sent.parcel_id,
        "tracking_number": sent.tracking_number,
        "created_at": zulu(sent.created_at),
        "is_return_label": sent.is_return,
        "voided": sent.voided_at is not None,
        "voided_at": zulu(sent.voided_at) if sent.voided_at else None,
        "batch_id": sent.batch,
    }


def v2_fulfillment(sent: SentShipment) -> dict[str, Any]:
    return {
        "fulfillment_id": sent.label_id,
        "shipment_id": sent.parcel_id,
        "tracking_number": sent.tracking_number,
        "created_at": zulu(sent.created_at),
        "voided_at": zulu(sent.voided_at) if sent.voided_at else None,
        "ship_to": {"name": "Ada Example"},
    }


def page(request: Request, name: str, size: int, records: Sequence[Any]) -> dict[str, Any]:
    number = int(request.args.get("page", "1"))
    pages = -(-len(records) // size)
    found = records[(number - 1) * size : number * size]
    return {name: found, "total": len(records), "page": number, "pages": pages}


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, dict(headers or {}), content_type="application/json")


def v1_refusal(status: int, message: str) -> Response:
    return json_answer({"Message": message}, status)


def v2_refusal(status: int, kind: str, code: str, message: str) -> Response:
    error = {"error_source": "shipstation", "error_type": kind, "error_code": code, "message": message}
    return json_answer({"request_id": "6f2b1a3e", "errors": [error]}, status)


def jwk(kid: str, key: rsa.RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"kty": "RSA", "kid": kid, "use": "sig", "n": _base64url(numbers.n), "e": _base64url(numbers.e)}


def _base64url(number: int) -> str:
    content = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
