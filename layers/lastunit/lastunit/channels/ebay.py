"""eBay: the Notification API for what was sold, Fulfillment for the orders, Inventory for the quantities."""

import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from lastunit.channel_ports import HttpClient, HttpResponse, OrdersPage, WebhookRequest
from lastunit.channels import ebay_changes, ebay_notifications, ebay_orders
from lastunit.channels.ebay_client import Client, Connection, Grant, Secret
from lastunit.channels.ebay_signature import KeyRing, check, read_stamp
from lastunit.channels.ebay_stock import BATCH_MAX, LIMITS, Refs, Stock
from lastunit.domain.channels import Channel
from lastunit.domain.errors import InvalidInput
from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Form, Push, Target
from lastunit.domain.snapshots import Notification
from lastunit.ports import Clock

__all__ = ["Api", "Connection", "Refs", "Secret"]

CHALLENGE_CHARACTERS_MAX = 200  # eBay sends 64.


class Api:
    form = Form.SET
    adjusts = False
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
        self._name = channel.name
        self._connection = Connection.model_validate(channel.connection)
        self._secret = Secret.model_validate(secret)
        self._client = Client(self._connection, self._secret, http, clock, memory)
        self._keys = KeyRing(self._fetch_key, clock, memory)
        self._stock = Stock(self._client)

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        code = request.query.get("challenge_code")
        if request.method != "GET" or not code:
            return None
        if len(code) > CHALLENGE_CHARACTERS_MAX:
            raise InvalidInput("challenge_code", f"has more than {CHALLENGE_CHARACTERS_MAX} characters")
        parts = code + self._secret.verification_token + self._connection.webhook_url
        return {"challengeResponse": hashlib.sha256(parts.encode()).hexdigest()}

    def verify(self, request: WebhookRequest) -> None:
        """Raises ChannelUnavailable where eBay could not be asked for its key: eBay then delivers again."""
        stamp = read_stamp(request.headers.get("x-ebay-signature"))
        check(stamp, request.body, self._keys.key(stamp.kid))

    def parse(self, request: WebhookRequest) -> Notification | None:
        return ebay_notifications.parse(request.body, self._name, self._connection.seller_id)

    def facts(self, notification: Notification) -> Sequence[Told]:
        return ebay_orders.facts(self._client, notification)

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        return self._stock.read(targets)

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        return self._stock.write(pushes)

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        raise NotImplementedError("eBay takes absolute numbers only")

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        return ebay_changes.orders_since(self._client, self._name, since, page)

    def _fetch_key(self, kid: str) -> HttpResponse:
        return self._client.call(Grant.APPLICATION, "GET", f"/commerce/notification/v1/public_key/{kid}")
