"""A merchant's own store, by the contract of docs/channels/generic.md: signed events in, compare-and-set out."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field, ValidationError

from lastunit import standard_webhooks
from lastunit.channels.generic.orders import CONTRACT, Envelope, Incoming, fact
from lastunit.channels.generic.settings import Connection, Secret
from lastunit.channels.shared.bisect import Outcome, deliver, halves
from lastunit.channels.shared.http_status import check_success
from lastunit.channels.shared.json_body import json_object
from lastunit.channels.shared.problems import first_problem
from lastunit.channels.shared.times import VERSION_MAX
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, OutcomeUnknown
from lastunit.domain.listings.push_protocol import (
    Failure,
    Form,
    Limits,
    ListingResult,
    Push,
    Refused,
    Shown,
    Target,
)
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.parcels import digest_of
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import OrdersPage, WebhookRequest
from lastunit.ports.system import Clock, HttpClient, HttpResponse

ORDER_FIELDS = ("order_id", "version", "updated_at", "status", "placed_at", "location", "restocked", "lines")
SHIPMENT_FIELDS = ("order_id", "shipment_id", "shipped_at", "tracking_number", "location", "lines")
FIELDS = {
    "order.created": ORDER_FIELDS,
    "order.paid": ORDER_FIELDS,
    "order.updated": ORDER_FIELDS,
    "order.cancelled": ORDER_FIELDS,
    "shipment.created": SHIPMENT_FIELDS,
    "shipment.voided": SHIPMENT_FIELDS,
}
IGNORED_TOPIC = re.compile(r"(order|shipment|inventory)(\.[a-z0-9_]{1,40}){1,3}")
LINE_FIELDS = ("line_id", "sku", "quantity", "stocked")

REFUSES_BATCH = frozenset({400, 413, 422})
QUERY_MAX_CHARS = 4000  # Half of what common servers accept as a request line.
MESSAGE_MAX_CHARS = 200
FAILURES = {
    "conflict": Failure.STALE,
    "not_found": Failure.GONE,
    "not_stocked": Failure.NOT_STOCKED,
    "invalid": Failure.INVALID,
    "throttled": Failure.THROTTLED,
}
BURST_SECONDS = 2  # The calls of so long may come at once.
NO_ORDER_LIST = frozenset({404, 405})

Found = Mapping[tuple[str, str | None], Mapping[str, Any]]


class LevelIn(Incoming):
    quantity: Annotated[int, Field(ge=0, le=10**9)]
    version: Annotated[int, Field(ge=0, le=VERSION_MAX)]


class Api:
    """Needs no tokens, so nothing is remembered between calls."""

    form = Form.SWAP
    batch_max = 100

    def __init__(
        self,
        channel: Channel,
        secret: Mapping[str, Any],
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> None:
        connection, keys = Connection.model_validate(channel.connection), Secret.model_validate(secret)
        self._channel, self._location = channel.name, connection.location
        self.limits = _limits(connection.calls_per_second)
        self._levels_url = f"{connection.base_url}/inventory/levels"
        self._orders_url = f"{connection.base_url}/orders"
        self._webhook_keys = [standard_webhooks.key_of(text) for text in keys.webhook_secrets]
        self._push_key = standard_webhooks.key_of(keys.push_secret)
        self._http, self._clock = http, clock

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        """A store is not asked to prove anything beyond its signature."""
        return None

    def verify(self, request: WebhookRequest) -> None:
        standard_webhooks.verify(self._webhook_keys, request.headers, request.body, self._clock.now())

    def parse(self, request: WebhookRequest) -> Notification | None:
        envelope = json_object(request.body, CONTRACT)
        topic = _topic(envelope.get("type"))
        if topic not in FIELDS:
            return None
        try:
            order_id = Envelope.model_validate(envelope).data.order_id
        except ValidationError as error:
            raise InvalidInput(*first_problem(error), CONTRACT) from error
        payload = _whitelisted(envelope["data"], FIELDS[topic])
        return Notification(
            channel=self._channel,
            event_id=standard_webhooks.message_id(request.headers),
            order_id=order_id,
            topic=topic,
            payload=payload,
        )

    def orders(self, notification: Notification) -> Sequence[ChannelEvent]:
        return (fact(self._channel, notification.topic, notification.payload),)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        from lastunit.channels.generic import order_list  # For the cold start of those who never poll.

        url = f"{self._orders_url}?{order_list.query(since, page)}"
        response = self._call("GET", url, f"orders-{uuid.uuid4().hex}")
        if response.status in NO_ORDER_LIST:
            cost = "events that get lost are not found, and its sales are never known to be complete"
            raise ChannelUnavailable(f"the store has no order list ({response.status}): {cost}; {CONTRACT}")
        self._check_success(response)
        try:
            content = json_object(response.body, CONTRACT)
            return order_list.orders_page(self._channel, content, page, self._clock.now())
        except InvalidInput as error:
            raise ChannelUnavailable(f"the store's order list cannot be read: {error}") from error

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        found: dict[tuple[str, str | None], Mapping[str, Any]] = {}
        for query in _queries(dict.fromkeys(target.name for target in targets)):
            response = self._send("GET", f"{self._levels_url}?{query}", f"read-{uuid.uuid4().hex}")
            results = _results(response)
            if results is None:
                raise ChannelUnavailable(f"the store answered {response.status} without results; {CONTRACT}")
            found |= _by_key(results)
        return [_answer(self._result_of(target, found), {}) for target in targets]

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        """A store that refuses whole batches is asked again by parts until each culprit stands alone."""

        def send(group: Sequence[int]) -> Outcome[Sequence[int]]:
            batch = [pushes[index] for index in group]
            response = self._put(batch)
            if response.status not in REFUSES_BATCH:
                return Outcome(dict(zip(group, self._answers(batch, response), strict=True)))
            if len(group) > 1:
                return Outcome({}, halves(group))
            return Outcome({group[0]: Refused(Failure.INVALID, f"the store answered {response.status}")})

        groups: list[Sequence[int]] = [range(len(pushes))] if pushes else []
        return deliver(len(pushes), {}, groups, send)

    def _put(self, batch: Sequence[Push]) -> HttpResponse:
        body = json.dumps({"items": [self._item(push) for push in batch]}).encode()
        # The version is part of the key: after a conflict the same number is another request.
        keys = json.dumps([push.key for push in batch]).encode()
        key = f"push-{hashlib.sha256(keys + body).hexdigest()}"
        return self._send("PUT", self._levels_url, key, body, {"Idempotency-Key": key})

    def _item(self, push: Push) -> dict[str, Any]:
        item = {"sku": push.target.name, "location": self._place(push.target), "quantity": push.quantity}
        return item if push.version is None else item | {"if_version": int(push.version)}

    def _answers(self, batch: Sequence[Push], response: HttpResponse) -> list[ListingResult]:
        results = _results(response)
        if results is None:
            raise OutcomeUnknown(f"the store answered {response.status} without results; {CONTRACT}")
        found = _by_key(results)
        return [
            _answer(self._result_of(push.target, found), {"quantity": push.quantity, "status": "no status"})
            for push in batch
        ]

    def _place(self, target: Target) -> str:
        return target.refs.get("location", self._location)

    def _result_of(self, target: Target, found: Found) -> Mapping[str, Any] | None:
        return found.get((target.name, self._place(target))) or found.get((target.name, None))

    def _send(
        self, method: str, url: str, message_id: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> HttpResponse:
        response = self._call(method, url, message_id, body, more)
        if response.status not in REFUSES_BATCH:
            self._check_success(response)
        return response

    def _check_success(self, response: HttpResponse) -> None:
        check_success(response, self._clock.now(), "the store", "compare push_secret and the clocks")

    def _call(
        self, method: str, url: str, message_id: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> HttpResponse:
        headers = standard_webhooks.signed_headers([self._push_key], message_id, self._clock.now(), body)
        headers |= {"Content-Type": "application/json", "Accept": "application/json"} | dict(more or {})
        return self._http.request(method, url, headers=headers, body=body or None)


def _limits(calls_per_second: float) -> Limits:
    return Limits(calls_per_second, max(1, round(BURST_SECONDS * calls_per_second)))


def _topic(name: object) -> str:
    if isinstance(name, str) and (name in FIELDS or IGNORED_TOPIC.fullmatch(name)):
        return name
    raise InvalidInput("type", "is missing or not an event we know", f"send one of {', '.join(sorted(FIELDS))}")


def _whitelisted(data: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Only what `orders` reads. Odd content of these fields stays, so that it can be named and shown later."""
    kept = {name: data[name] for name in fields if name in data}
    if "tracking_number" in kept:
        kept["tracking_number"] = digest_of(kept["tracking_number"])
    if isinstance(kept.get("lines"), list):
        kept["lines"] = [_whitelisted_line(line) for line in kept["lines"]]
    return kept


def _whitelisted_line(line: object) -> object:
    return {name: line[name] for name in LINE_FIELDS if name in line} if isinstance(line, dict) else line


def _queries(names: Iterable[str]) -> Iterator[str]:
    """`sku=…&sku=…` in pieces short enough for a URL."""
    query = ""
    for name in names:
        piece = f"sku={quote(name, safe='')}"
        if query and len(query) + 1 + len(piece) > QUERY_MAX_CHARS:
            yield query
            query = ""
        query = f"{query}&{piece}" if query else piece
    if query:
        yield query


def _results(response: HttpResponse) -> list[object] | None:
    try:
        results = json_object(response.body).get("results")
    except InvalidInput:
        return None
    return results if isinstance(results, list) else None


def _by_key(results: Iterable[object]) -> dict[tuple[str, str | None], Mapping[str, Any]]:
    return {
        (result["sku"], result.get("location")): result
        for result in results
        if isinstance(result, dict)
        and isinstance(result.get("sku"), str)
        and isinstance(result.get("location"), str | None)
    }


def _answer(result: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> ListingResult:
    if result is None:
        return Refused(Failure.TRANSIENT, "the store's answer lacks this SKU")
    try:
        return _understood({"status": "ok", **defaults, **result})
    except ValidationError as error:
        return Refused(Failure.TRANSIENT, f"the store's answer cannot be read: {': '.join(first_problem(error))}")


def _understood(result: Mapping[str, Any]) -> ListingResult:
    status = str(result["status"])
    if status == "ok":
        return _shown(result)
    current = result.get("current") if status == "conflict" else None
    message = str(result.get("message", ""))[:MESSAGE_MAX_CHARS] or f"the store answered {status[:40]}"
    shown = None if current is None else _shown(current)
    return Refused(FAILURES.get(status, Failure.TRANSIENT), message, shown)


def _shown(content: object) -> Shown:
    level = LevelIn.model_validate(content)
    return Shown(level.quantity, str(level.version))
