"""Shopify: signed order webhooks in, compare-and-swap quantities out."""

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from lastunit.channels import shopify_push
from lastunit.channels.fields import BaseUrl, Strict
from lastunit.channels.shopify_push import Refs
from lastunit.domain.channels import Channel
from lastunit.domain.errors import BadSignature, InvalidInput, UnreadableOrder
from lastunit.domain.pushes import Answer, Form, Push, Target
from lastunit.domain.snapshots import Notification, Snapshot, SnapshotLine
from lastunit.ports import Clock, HttpClient, WebhookRequest

__all__ = ["Api", "Connection", "Refs", "Secret"]

OLDEST_API_VERSION = "2026-01"  # The first with changeFromQuantity and @idempotent.
EVENT_ID_MAX = 200
ID_FORM = "^[0-9]{1,19}$"
TOPICS = frozenset({"orders/create", "orders/updated", "orders/paid", "orders/edited", "orders/cancelled"})
RESTOCKED = frozenset({"cancel", "return", "legacy_restock"})


def _recent(version: str) -> str:
    if version < OLDEST_API_VERSION:
        raise ValueError(f"must be {OLDEST_API_VERSION} or later")
    return version


class Connection(Strict):
    shop_url: BaseUrl
    shop_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,200}$"), AfterValidator(str.lower)]
    api_version: Annotated[str, Field(pattern=r"^[0-9]{4}-(01|04|07|10)$"), AfterValidator(_recent)] = "2026-10"


SecretText = Annotated[SecretStr, Field(min_length=1, max_length=500)]


class Secret(Strict):
    """Two webhook secrets are active while the app's client secret is being rotated."""

    webhook_secrets: Annotated[list[SecretText], Field(min_length=1, max_length=2)]
    access_token: SecretText


def _id_text(value: Any) -> Any:
    """Ids have up to 19 digits, more than a JSON number survives elsewhere."""
    return str(value) if isinstance(value, int) else value


def _as_is(value: Any) -> Any:
    return value


type Kept = Mapping[str, "Kept | Callable[[Any], Any]"]
KEPT: Kept = {
    "id": _id_text,
    "updated_at": _as_is,
    "created_at": _as_is,
    "cancelled_at": _as_is,
    "location_id": _id_text,
    "line_items": {
        "id": _id_text,
        "variant_id": _id_text,
        "sku": _as_is,
        "quantity": _as_is,
        "current_quantity": _as_is,
    },
    "refunds": {
        "refund_line_items": {"line_item_id": _id_text, "quantity": _as_is, "restock_type": _as_is},
    },
}


def _cut(value: Any, kept: Kept) -> Any:
    """What is not an object stays as it is: `order` refuses it by name, and the order is kept as an exception."""
    if not isinstance(value, Mapping):
        return value
    return {name: _cut_field(value[name], inner) for name, inner in kept.items() if name in value}


def _cut_field(value: Any, kept: Kept | Callable[[Any], Any]) -> Any:
    if callable(kept):
        return kept(value)
    return [_cut(item, kept) for item in value] if isinstance(value, list) else _cut(value, kept)


Id = Annotated[str, BeforeValidator(_id_text), Field(pattern=ID_FORM)]
Units = Annotated[int, Field(strict=True)]


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Line(_Content):
    id: Id
    variant_id: Id | None = None
    sku: str | None = None
    quantity: Units
    current_quantity: Units | None = None


class _Order(_Content):
    id: Id
    updated_at: AwareDatetime
    created_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
    location_id: Id | None = None
    line_items: list[_Line]


class _RefundLine(_Content):
    line_item_id: Id
    quantity: Units
    restock_type: str | None = None


class _Refund(_Content):
    refund_line_items: list[_RefundLine] = []


class _Refunds(_Content):
    refunds: list[_Refund] = []


def _readable[T: BaseModel](model: type[T], payload: Mapping[str, Any]) -> T:
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise UnreadableOrder(".".join(map(str, first["loc"])), first["msg"]) from error


class Api:
    form = Form.SWAP
    batch_max = shopify_push.BATCH_MAX

    def __init__(
        self,
        channel: Channel,
        secret: Mapping[str, Any],
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> None:
        self._channel = channel.name
        self._connection = Connection.model_validate(dict(channel.connection))
        self._secret = Secret.model_validate(dict(secret))
        url = f"{self._connection.shop_url}/admin/api/{self._connection.api_version}/graphql.json"
        self._admin = shopify_push.Admin(url, self._secret.access_token.get_secret_value(), http, clock)

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        return None

    def verify(self, request: WebhookRequest) -> None:
        given = request.headers.get("x-shopify-hmac-sha256", "").encode(errors="replace")
        # Every secret is tried, so that the time taken does not tell which one matched.
        matches = [hmac.compare_digest(given, _signature(s, request.body)) for s in self._webhook_secrets()]
        if not any(matches):
            raise BadSignature("x-shopify-hmac-sha256 does not match the body")
        # One app secret signs for every shop that installed the app.
        if request.headers.get("x-shopify-shop-domain", "").lower() != self._connection.shop_domain:
            raise BadSignature("x-shopify-shop-domain is not the shop of this channel")

    def _webhook_secrets(self) -> list[str]:
        return [secret.get_secret_value() for secret in self._secret.webhook_secrets]

    def parse(self, request: WebhookRequest) -> Notification | None:
        topic = _topic(request)
        if topic not in TOPICS or request.headers.get("x-shopify-test", "").lower() == "true":
            return None
        body = _json_object(request.body)
        # An edit tells only what changed; orders/updated brings the whole order after it.
        if "order_edit" in body or body.get("test") is True:
            return None
        return Notification(self._channel, _event_id(request), _order_id(body), topic, _cut(body, KEPT))

    def order(self, notification: Notification) -> Snapshot | None:
        order = _readable(_Order, notification.payload)
        cancelled = order.cancelled_at is not None
        return Snapshot(
            channel=self._channel,
            external_id=order.id,
            revision=_utc_text("updated_at", order.updated_at),
            lines=tuple(_snapshot_line(line) for line in order.line_items),
            cancelled=cancelled,
            restocked=cancelled and _restocked(order, _readable(_Refunds, notification.payload)),
            location=order.location_id,
            placed_at=_utc_text("created_at", order.created_at) if order.created_at else None,
        )

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        return shopify_push.read(self._admin, targets)

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        return shopify_push.write(self._admin, pushes)


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))


def _topic(request: WebhookRequest) -> str:
    topic = request.headers.get("x-shopify-topic", "").lower()
    if not topic:
        raise InvalidInput("x-shopify-topic", "is missing", "send Shopify's webhooks here unchanged")
    return topic


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        # The parser's own message may quote the body, so it is left behind.
        raise InvalidInput("body", f"is not JSON ({type(error).__name__})", "subscribe with format JSON") from None
    if not isinstance(content, Mapping):
        raise InvalidInput("body", "is not a JSON object", "subscribe with format JSON")
    return content


def _event_id(request: WebhookRequest) -> str:
    named = request.headers.get("x-shopify-event-id") or request.headers.get("x-shopify-webhook-id")
    return named[:EVENT_ID_MAX] if named else hashlib.sha256(request.body).hexdigest()


def _order_id(body: Mapping[str, Any]) -> str:
    order_id = _id_text(body.get("id"))
    if not isinstance(order_id, str) or not re.fullmatch(ID_FORM, order_id):
        raise InvalidInput("id", "is not an order id", "include the field id in the subscription")
    return order_id


def _utc_text(field: str, moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise UnreadableOrder(field, "lies outside the calendar") from error


def _snapshot_line(line: _Line) -> SnapshotLine:
    quantity = line.quantity if line.current_quantity is None else line.current_quantity
    return SnapshotLine(line.id, _names(line), quantity)


def _names(line: _Line) -> tuple[str, ...]:
    variant = (f"variant:{line.variant_id}",) if line.variant_id else ()
    sku = (line.sku,) if line.sku and line.sku.strip() else ()
    # A line typed in by hand has neither; its own id lets a person still say which SKU it means.
    return variant + sku or (f"line:{line.id}",)


def _restocked(order: _Order, content: _Refunds) -> bool:
    """Only when every unit ordered went back on Shopify's shelf."""
    back: Counter[str] = Counter()
    for refund in content.refunds:
        for line in refund.refund_line_items:
            if line.restock_type in RESTOCKED:
                back[line.line_item_id] += line.quantity
    return bool(order.line_items) and all(back[line.id] >= line.quantity for line in order.line_items)
