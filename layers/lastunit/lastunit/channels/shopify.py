"""Shopify: signed webhooks of orders and fulfilments in, compare-and-swap quantities out."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from lastunit.channel_ports import HttpClient, OrdersPage, WebhookRequest
from lastunit.channels import shopify_adjust, shopify_changes, shopify_push
from lastunit.channels.fields import BaseUrl, Strict
from lastunit.channels.shopify_client import Admin
from lastunit.channels.shopify_orders import (
    ID_FORM,
    KEPT_OF_FULFILMENT,
    KEPT_OF_ORDER,
    cut,
    fulfilment_shipment,
    id_text,
    order_snapshot,
)
from lastunit.channels.shopify_push import Refs
from lastunit.domain.channels import Channel
from lastunit.domain.errors import BadSignature, InvalidInput
from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Form, Push, Target
from lastunit.domain.snapshots import Notification
from lastunit.ports import Clock

__all__ = ["Api", "Connection", "Refs", "Secret"]

OLDEST_API_VERSION = "2026-01"  # The first with changeFromQuantity and @idempotent.
EVENT_ID_MAX = 200
ORDER_TOPICS = frozenset(
    {
        "orders/create",
        "orders/updated",
        "orders/paid",
        "orders/edited",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)
FULFILMENT_TOPICS = frozenset({"fulfillments/create", "fulfillments/update"})
LOCATION_FORM = "[0-9]{1,19}=[a-z0-9][a-z0-9-]{0,31}"


def _recent(version: str) -> str:
    if version < OLDEST_API_VERSION:
        raise ValueError(f"must be {OLDEST_API_VERSION} or later")
    return version


def _our_locations(text: Any) -> Any:
    """Shopify's location id → our name of the location."""
    if not isinstance(text, str):
        return text
    entries = [entry.strip() for entry in text.split(",")] if text.strip() else []
    if not all(re.fullmatch(LOCATION_FORM, entry) for entry in entries):
        raise ValueError("must be written as 905684977=montreal,124656943=laval")
    found = dict(entry.split("=") for entry in entries)
    if len(found) < len(entries):
        raise ValueError("names one of Shopify's locations twice")
    return found


class Connection(Strict):
    """`locations`: Shopify's location id=ours, such as `905684977=montreal,124656943=laval`."""

    shop_url: BaseUrl
    shop_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,200}$"), AfterValidator(str.lower)]
    api_version: Annotated[str, Field(pattern=r"^[0-9]{4}-(01|04|07|10)$"), AfterValidator(_recent)] = "2026-10"
    locations: Annotated[Mapping[str, str], BeforeValidator(_our_locations)] = {}


SecretText = Annotated[SecretStr, Field(min_length=1, max_length=500)]


class Secret(Strict):
    """Two webhook secrets are active while the app's client secret is being rotated."""

    webhook_secrets: Annotated[list[SecretText], Field(min_length=1, max_length=2)]
    access_token: SecretText


class Api:
    form = Form.SWAP
    adjusts = True
    batch_max = shopify_push.BATCH_MAX
    limits = shopify_push.LIMITS

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
        self._admin = Admin(url, self._secret.access_token.get_secret_value(), http, clock)

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
        if (
            topic not in ORDER_TOPICS | FULFILMENT_TOPICS
            or request.headers.get("x-shopify-test", "").lower() == "true"
        ):
            return None
        body = _json_object(request.body)
        # An edit tells only what changed; orders/updated brings the whole order after it.
        if "order_edit" in body or body.get("test") is True:
            return None
        key, kept = ("order_id", KEPT_OF_FULFILMENT) if topic in FULFILMENT_TOPICS else ("id", KEPT_OF_ORDER)
        return Notification(self._channel, _event_id(request), _order_id(body, key), topic, cut(body, kept))

    def facts(self, notification: Notification) -> Sequence[Told]:
        """A webhook of Shopify is whole, so nothing is fetched."""
        payload, locations = notification.payload, self._connection.locations
        if notification.topic not in FULFILMENT_TOPICS:
            return (order_snapshot(self._channel, payload, locations),)
        shipment = fulfilment_shipment(self._channel, payload, locations)
        return (shipment,) if shipment else ()

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        return shopify_push.read(self._admin, targets)

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        return shopify_push.write(self._admin, pushes)

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        return shopify_adjust.adjust(self._admin, deltas)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        changes = shopify_changes.Changes(self._admin, self._channel, self._connection.locations)
        return changes.page(since, page)


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


def _order_id(body: Mapping[str, Any], key: str) -> str:
    order_id = id_text(body.get(key))
    if not isinstance(order_id, str) or not re.fullmatch(ID_FORM, order_id):
        raise InvalidInput(key, "is not an order id", f"include the field {key} in the subscription")
    return order_id
