"""The toy marketplace: one order a webhook, a list of orders, and a number per listing."""

import hmac
import json
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

from lastunit.channels.shared.http_status import check_success
from lastunit.channels.shared.json_body import json_object
from lastunit.channels.shared.settings_fields import BaseUrl, ShortText, Strict
from lastunit.channels.shared.times import instant, revision_at
from lastunit.domain.channel import Channel
from lastunit.domain.errors import BadSignature
from lastunit.domain.listings.push_protocol import Form, Limits, ListingResult, Push, Shown, Target
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot, SnapshotLine
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import Clock, HttpClient


class Connection(Strict):
    url: BaseUrl


class Secret(Strict):
    token: ShortText


class Refs(Strict):
    """None."""


class Api:
    form = Form.SET
    batch_max = 10
    limits = Limits(10, 10)

    def __init__(
        self,
        channel: Channel,
        secret: Mapping[str, Any],
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> None:
        self._name, self._http, self._clock = channel.name, http, clock
        self._url = Connection.model_validate(channel.connection).url
        self._token = Secret.model_validate(secret).token

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        return None

    def verify(self, request: WebhookRequest) -> None:
        if not hmac.compare_digest(request.headers.get("x-toy-token", ""), self._token):
            raise BadSignature("the token is wrong")

    def parse(self, request: WebhookRequest) -> Notification | None:
        body = json_object(request.body, "send the order's id")
        return Notification(
            channel=self._name, event_id=body["event"], order_id=body["order"], topic="changed", payload={}
        )

    def orders(self, notification: Notification) -> Sequence[OrderSnapshot]:
        return [self._order(self._ask("GET", f"/orders/{notification.order_id}"))]

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        found = self._ask("GET", f"/orders?since={since:%Y-%m-%dT%H:%M:%SZ}")["orders"]
        latest = max((instant("at", one["at"]) for one in found), default=None)
        return OrdersPage(events=tuple(map(self._order, found)), latest=latest)

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        return [Shown(self._ask("GET", f"/levels/{target.name}")["quantity"]) for target in targets]

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        reported = [self._ask("PUT", f"/levels/{push.target.name}", {"quantity": push.quantity}) for push in pushes]
        return [Shown(one["quantity"]) for one in reported]

    def _ask(self, method: str, path: str, content: object = None) -> dict[str, Any]:
        body = json.dumps(content).encode() if content else None
        answer = self._http.request(method, self._url + path, headers={}, body=body)
        check_success(answer, self._clock.now(), "the toy marketplace", "check the token")
        return json_object(answer.body)

    def _order(self, reported: Mapping[str, Any]) -> OrderSnapshot:
        lines = tuple(SnapshotLine(sku, (sku,), units) for sku, units in reported["lines"].items())
        revision = revision_at(instant("at", reported["at"]))
        return OrderSnapshot(channel=self._name, external_id=reported["id"], revision=revision, lines=lines)
