"""eBay: the Notification API for what was sold, Fulfillment for the orders, Inventory for the quantities."""

import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lastunit.channels.ebay import webhooks
from lastunit.channels.ebay.client import Client, Grant
from lastunit.channels.ebay.settings import BATCH_MAX, LIMITS, Connection, Secret
from lastunit.domain.channel import Channel
from lastunit.domain.errors import InvalidInput
from lastunit.domain.listings.push_protocol import Form, ListingResult, Push, Target
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import Clock, HttpClient

if TYPE_CHECKING:
    from lastunit.channels.ebay.signature import Key

CHALLENGE_CHARACTERS_MAX = 200  # eBay sends 64.


class Api:
    """Modules are imported where they are used: a cold start pays for what its function asks of eBay."""

    form = Form.SET
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
        self._clock, self._memory = clock, memory

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
        from lastunit.channels.ebay import signature
        from lastunit.channels.shared.public_keys import PublicKeys

        keys = PublicKeys("eBay", self._fetch_key, signature.STORM, self._clock, self._memory)
        stamp = signature.read_stamp(request.headers.get("x-ebay-signature"))
        signature.check(stamp, request.body, keys.key(stamp.kid))

    def parse(self, request: WebhookRequest) -> Notification | None:
        return webhooks.parse(request.body, self._name, self._connection.seller_id)

    def orders(self, notification: Notification) -> Sequence[ChannelEvent]:
        from lastunit.channels.ebay import orders

        return orders.events_of(self._client, notification)

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        from lastunit.channels.ebay import quantities

        return quantities.Stock(self._client).read(targets)

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        from lastunit.channels.ebay import quantities

        return quantities.Stock(self._client).write(pushes)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        from lastunit.channels.ebay import order_list

        return order_list.orders_since(self._client, self._name, since, page)

    def _fetch_key(self, kid: str) -> "Mapping[str, Key]":
        from lastunit.channels.ebay.signature import usable_key

        answer = self._client.call(Grant.APPLICATION, "GET", f"/commerce/notification/v1/public_key/{kid}")
        key = usable_key(answer)
        return {} if key is None else {kid: key}
