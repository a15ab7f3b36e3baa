"""Shopify: signed webhooks of orders and fulfilments in, compare-and-swap quantities out."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from lastunit.channels.shared.json_body import json_object
from lastunit.channels.shopify.client import Admin
from lastunit.channels.shopify.orders import (
    ID_FORM,
    KEPT_OF_FULFILMENT,
    KEPT_OF_ORDER,
    cut,
    deleted_order,
    fulfilment_shipment,
    id_text,
    order_snapshot,
)
from lastunit.channels.shopify.settings import BATCH_MAX, LIMITS, Connection, Secret
from lastunit.domain.channel import Channel
from lastunit.domain.errors import BadSignature, InvalidInput
from lastunit.domain.listings.push_protocol import Delta, Form, ListingResult, Push, Target
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import Clock, HttpClient

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
        "orders/delete",
    }
)
DELETED = "orders/delete"
FULFILMENT_TOPICS = frozenset({"fulfillments/create", "fulfillments/update"})


class Api:
    """Modules are imported where they are used: a cold start pays for what its function asks of Shopify."""

    form = Form.SWAP
    batch_max = BATCH_MAX
    limits = LIMITS

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
        self._admin = Admin(url=url, token=self._secret.access_token.get_secret_value(), http=http, clock=clock)

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        """Shopify asks for no proof of ownership."""
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
        body = json_object(request.body, "subscribe with format JSON")
        # An edit tells only what changed; orders/updated brings the whole order after it.
        if "order_edit" in body or body.get("test") is True:
            return None
        key, kept = ("order_id", KEPT_OF_FULFILMENT) if topic in FULFILMENT_TOPICS else ("id", KEPT_OF_ORDER)
        return Notification(
            channel=self._channel,
            event_id=_event_id(request),
            order_id=_order_id(body, key),
            topic=topic,
            payload=cut(body, kept),
        )

    def orders(self, notification: Notification) -> Sequence[ChannelEvent]:
        """A webhook of Shopify is whole, so nothing is fetched."""
        payload, locations = notification.payload, self._connection.locations
        if notification.topic == DELETED:
            return (deleted_order(self._channel, notification.order_id),)
        if notification.topic not in FULFILMENT_TOPICS:
            return (order_snapshot(self._channel, payload, locations),)
        shipment = fulfilment_shipment(self._channel, payload, locations)
        return (shipment,) if shipment else ()

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        from lastunit.channels.shopify import quantities

        return quantities.read(self._admin, targets)

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        from lastunit.channels.shopify import quantities

        return quantities.write(self._admin, pushes)

    def adjust(self, deltas: Sequence[Delta]) -> list[ListingResult]:
        from lastunit.channels.shopify import adjustments

        return adjustments.adjust(self._admin, deltas)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        from lastunit.channels.shopify import order_list

        changes = order_list.Changes(self._admin, self._channel, self._connection.locations)
        return changes.page(since, page)


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))


def _topic(request: WebhookRequest) -> str:
    topic = request.headers.get("x-shopify-topic", "").lower()
    if not topic:
        raise InvalidInput("x-shopify-topic", "is missing", "send Shopify's webhooks here unchanged")
    return topic


def _event_id(request: WebhookRequest) -> str:
    named = request.headers.get("x-shopify-event-id") or request.headers.get("x-shopify-webhook-id")
    return named[:EVENT_ID_MAX] if named else hashlib.sha256(request.body).hexdigest()


def _order_id(body: Mapping[str, Any], key: str) -> str:
    order_id = id_text(body.get(key))
    if not isinstance(order_id, str) or not re.fullmatch(ID_FORM, order_id):
        raise InvalidInput(key, "is not an order id", f"include the field {key} in the subscription")
    return order_id
