"""A merchant's own store, by the contract of docs/generic-channel.md: signed events in, compare-and-set out."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn
from urllib.parse import quote

from pydantic import ConfigDict, Field, ValidationError

from lastunit.channel_ports import HttpClient, HttpResponse, OrdersPage, WebhookRequest
from lastunit.channels import generic_list, standard_webhooks
from lastunit.channels.fields import BaseUrl, ShortText, Strict
from lastunit.channels.generic_orders import CONTRACT, VERSION_MAX, Envelope, Incoming, fact, first_problem
from lastunit.channels.retry_after import pause_seconds
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, InvalidInput, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Failure, Form, Limits, Push, Refused, Shown, Target
from lastunit.domain.snapshots import Notification
from lastunit.ports import Clock

ORDER_FIELDS = ("order_id", "version", "updated_at", "status", "placed_at", "location", "restocked", "lines")
SHIPMENT_FIELDS = ("order_id", "shipment_id", "shipped_at", "location", "lines")
FIELDS = {
    "order.created": ORDER_FIELDS,
    "order.paid": ORDER_FIELDS,
    "order.updated": ORDER_FIELDS,
    "order.cancelled": ORDER_FIELDS,
    "shipment.created": SHIPMENT_FIELDS,
    "shipment.voided": SHIPMENT_FIELDS,
}
IGNORED_TOPIC = re.compile(r"(order|shipment|inventory)(\.[a-z0-9_]{1,40}){1,3}")
LINE_FIELDS = ("line_id", "sku", "quantity")

# One refused listing among 100 is found by halving in 1 + 2 * 7 requests, so every call makes progress.
WRITES_MAX = 16
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


class Connection(Strict):
    """`location` is the store's own name of the place whose quantity the hub sets."""

    base_url: BaseUrl
    location: ShortText = "main"
    calls_per_second: Annotated[float, Field(ge=0.1, le=1000)] = 10


class Secret(Strict):
    """`webhook_secrets`: what the store signs with, two while it changes from one to the other."""

    model_config = ConfigDict(hide_input_in_errors=True)

    webhook_secrets: list[standard_webhooks.SigningSecret] = Field(min_length=1, max_length=2, repr=False)
    push_secret: standard_webhooks.SigningSecret = Field(repr=False)


class Refs(Strict):
    """A listing needs none; `location` overrides the one of the connection."""

    location: ShortText | None = None


class LevelIn(Incoming):
    quantity: Annotated[int, Field(ge=0, le=10**9)]
    version: Annotated[int, Field(ge=0, le=VERSION_MAX)]


class Api:
    """Implements channel_ports.ChannelApi. Needs no tokens, so nothing is remembered between calls."""

    form = Form.SWAP
    adjusts = False
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
        return None

    def verify(self, request: WebhookRequest) -> None:
        standard_webhooks.verify(self._webhook_keys, request.headers, request.body, self._clock.now())

    def parse(self, request: WebhookRequest) -> Notification | None:
        envelope = _json_object(request.body)
        topic = _topic(envelope.get("type"))
        if topic not in FIELDS:
            return None
        try:
            order_id = Envelope.model_validate(envelope).data.order_id
        except ValidationError as error:
            raise InvalidInput(*first_problem(error), CONTRACT) from error
        payload = _whitelisted(envelope["data"], FIELDS[topic])
        return Notification(self._channel, standard_webhooks.message_id(request.headers), order_id, topic, payload)

    def facts(self, notification: Notification) -> Sequence[Told]:
        return (fact(self._channel, notification.topic, notification.payload),)

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        url = f"{self._orders_url}?{generic_list.query(since, page)}"
        response = self._call("GET", url, f"orders-{uuid.uuid4().hex}")
        if response.status in NO_ORDER_LIST:
            cost = "events that get lost are not found, and its sales are never known to be complete"
            raise ChannelUnavailable(f"the store has no order list ({response.status}): {cost}; {CONTRACT}")
        if not _is_success(response):
            _raise_for(response, self._clock.now())
        try:
            content = _json_object(response.body)
            return generic_list.orders_page(self._channel, content, page, self._clock.now())
        except InvalidInput as error:
            raise ChannelUnavailable(f"the store's order list cannot be read: {error}") from error

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        found: dict[tuple[str, str | None], Mapping[str, Any]] = {}
        for query in _queries(dict.fromkeys(target.name for target in targets)):
            response = self._send("GET", f"{self._levels_url}?{query}", f"read-{uuid.uuid4().hex}")
            results = _results(response)
            if results is None:
                raise ChannelUnavailable(f"the store answered {response.status} without results; {CONTRACT}")
            found |= _by_key(results)
        return [_answer(self._result_of(target, found), {}) for target in targets]

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        answers: dict[int, Answer] = {}
        try:
            self._write_halving(pushes, answers)
        except (NotSent, Throttled, ChannelUnavailable) as error:
            if not answers:
                raise
            # These failures mean that nothing was applied, which is no longer so for the whole call.
            raise OutcomeUnknown("the store took a part of the batch before it failed") from error
        untried = Refused(Failure.TRANSIENT, "not sent: the store refused the batch because of other listings")
        return [answers.get(index, untried) for index in range(len(pushes))]

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        raise NotImplementedError("a store takes numbers, not changes")

    def _write_halving(self, pushes: Sequence[Push], answers: dict[int, Answer]) -> None:
        """A store that refuses whole batches is asked again by halves until each culprit stands alone."""
        waiting = [range(len(pushes))] if pushes else []
        for _ in range(WRITES_MAX):
            if not waiting:
                return
            span = waiting.pop()
            batch = [pushes[index] for index in span]
            response = self._put(batch)
            half = len(span) // 2
            if response.status not in REFUSES_BATCH:
                answers.update(zip(span, self._answers(batch, response), strict=True))
            elif half:
                waiting += (span[half:], span[:half])
            else:
                answers[span[0]] = Refused(Failure.INVALID, f"the store answered {response.status}")

    def _put(self, batch: Sequence[Push]) -> HttpResponse:
        body = json.dumps({"items": [self._item(push) for push in batch]}).encode()
        # The version is part of the key: after a conflict the same number is another request.
        keys = json.dumps([push.key for push in batch]).encode()
        key = f"push-{hashlib.sha256(keys + body).hexdigest()}"
        return self._send("PUT", self._levels_url, key, body, {"Idempotency-Key": key})

    def _item(self, push: Push) -> dict[str, Any]:
        item = {"sku": push.target.name, "location": self._place(push.target), "quantity": push.quantity}
        return item if push.version is None else item | {"if_version": int(push.version)}

    def _answers(self, batch: Sequence[Push], response: HttpResponse) -> list[Answer]:
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
        if not (_is_success(response) or response.status in REFUSES_BATCH):
            _raise_for(response, self._clock.now())
        return response

    def _call(
        self, method: str, url: str, message_id: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> HttpResponse:
        headers = standard_webhooks.signed_headers([self._push_key], message_id, self._clock.now(), body)
        headers |= {"Content-Type": "application/json", "Accept": "application/json"} | dict(more or {})
        return self._http.request(method, url, headers=headers, body=body or None)


def _limits(calls_per_second: float) -> Limits:
    return Limits(calls_per_second, max(1, round(BURST_SECONDS * calls_per_second)))


def _is_success(response: HttpResponse) -> bool:
    return 200 <= response.status < 300


def _raise_for(response: HttpResponse, now: datetime) -> NoReturn:
    if response.status == 429:
        raise Throttled(pause_seconds(response.headers.get("retry-after"), now))
    if response.status in (401, 403):
        remedy = "compare push_secret and the clocks"
        raise ChannelUnavailable(f"the store refused our signature ({response.status}): {remedy}")
    raise ChannelUnavailable(f"the store answered {response.status}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", "must be JSON in UTF-8", CONTRACT) from error
    if not isinstance(content, dict):
        raise InvalidInput("body", "must be a JSON object", CONTRACT)
    return content


def _topic(name: object) -> str:
    if isinstance(name, str) and (name in FIELDS or IGNORED_TOPIC.fullmatch(name)):
        return name
    raise InvalidInput("type", "is missing or not an event we know", f"send one of {', '.join(sorted(FIELDS))}")


def _whitelisted(data: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Only what `facts` reads. Odd content of these fields stays, so that it can be named and shown later."""
    kept = {name: data[name] for name in fields if name in data}
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
        results = _json_object(response.body).get("results")
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


def _answer(result: Mapping[str, Any] | None, defaults: Mapping[str, Any]) -> Answer:
    if result is None:
        return Refused(Failure.TRANSIENT, "the store's answer lacks this SKU")
    try:
        return _understood({"status": "ok", **defaults, **result})
    except ValidationError as error:
        return Refused(Failure.TRANSIENT, f"the store's answer cannot be read: {': '.join(first_problem(error))}")


def _understood(result: Mapping[str, Any]) -> Answer:
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
