"""A simulated ShipStation, V1 or V2: webhooks of its labels, and the lists they point to."""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from tests.channels.marketplace import Delivery, Marketplace, bound
from tests.channels.shipstation.wire import (
    Lines,
    Parcel,
    SentShipment,
    at_or_after,
    is_time,
    json_answer,
    jwk,
    pacific,
    page,
    v1_refusal,
    v1_shipment,
    v2_fulfillment,
    v2_label,
    v2_refusal,
    v2_shipment,
    zulu,
)

V1, V2 = "v1", "v2"
API_HOSTS = {V1: "ssapi.shipstation.com", V2: "api.shipstation.com"}
KEYS_HOST = "api.shipengine.com"
LIMITS = {V1: 40, V2: 200}  # Requests a minute.
PAGE_SIZES = {V1: 100, V2: 25}
PAGE_SIZE_MAX = 500


EXPONENT = 65537
PRIMES = (2**1024 - 105, 3 * 2**1022 - 91)  # Of no secret key, but of one that is the same in every run.


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=EXPONENT, key_size=2048)


@cache
def known_key() -> rsa.RSAPrivateKey:
    """RSA keys cannot be drawn from a seed."""
    p, q = PRIMES
    d = pow(EXPONENT, -1, math.lcm(p - 1, q - 1))
    parts = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
    return rsa.RSAPrivateNumbers(p, q, d, *parts, rsa.RSAPublicNumbers(EXPONENT, p * q)).private_key()


@dataclass(slots=True)
class ShipStation(Marketplace):
    """`page_size` stands above what is asked for, so that a test needs no hundred parcels for a second page.

    `moved_to`: every list answers with a redirect to the same path there.
    """

    api_version: str = V1
    stores: str = "*=shopify"
    warehouses: str = ""
    order_reference: str = ""
    api_key: str = "4b8e0f7a2c"
    api_secret: str = "d1c6a95e30"
    webhook_tokens: list[str] = field(default_factory=list)
    limit: int = 0
    page_size: int = 0
    moved_to: str = ""
    sent: dict[str, SentShipment] = field(default_factory=dict)
    kid: str = "key-1"
    key: rsa.RSAPrivateKey = field(default_factory=known_key)
    key_requests: int = 0
    _window: tuple[float, int] = field(default=(float("-inf"), 0), init=False)

    def __post_init__(self) -> None:
        # A dataclass with slots is made anew by its decorator, so super() would look at the wrong class.
        Marketplace.__post_init__(self)
        self.webhook_tokens = self.webhook_tokens or [self._random_bytes(32).hex()]
        self.limit = self.limit or LIMITS[self.api_version]
        defaults = {V1: "orderKey", V2: "external_order_id"}
        self.order_reference = self.order_reference or defaults[self.api_version]

    # -- what the hub is told ----------------------------------------------------------------------------------

    def connection(self) -> dict[str, str]:
        return {
            "api_version": self.api_version,
            "api_url": self.url,
            "stores": self.stores,
            "warehouses": self.warehouses,
            "order_reference": self.order_reference,
        }

    def secret(self) -> dict[str, Any]:
        if self.api_version == V2:
            return {"api_key": self.api_key}
        tokens = list(self.webhook_tokens)
        return {"api_key": self.api_key, "api_secret": self.api_secret, "webhook_tokens": tokens}

    def refs(self, name: str) -> dict[str, str]:
        return {}

    def register(self, endpoint: str) -> None:
        """V1 signs nothing: the merchant puts a secret into the address."""
        self.webhook_url = f"{endpoint}?token={self.webhook_tokens[-1]}" if self.api_version == V1 else endpoint

    # -- the warehouse -----------------------------------------------------------------------------------------

    def ship(self, order_ref: str, lines: Lines, store: str = "12345", warehouse: str = "77") -> str:
        """Buys a label and sends the webhook. The id is that of the shipment as the hub will know it."""
        return self.ship_batch([Parcel(order_ref, lines, store, warehouse)])[0]

    def ship_batch(self, parcels: Sequence[Parcel], *, is_return: bool = False) -> list[str]:
        """One webhook for all of them."""
        batch, ids = self._pack(parcels, is_return=is_return)
        self.notify(batch)
        return ids

    def mark_shipped(self, order_ref: str, lines: Lines, store: str = "12345", warehouse: str = "77") -> str:
        """With a tracking number of elsewhere and no label, which V2 calls a fulfilment."""
        _, (shipment_id,) = self._pack([Parcel(order_ref, lines, store, warehouse)], is_external=True)
        self.notify_fulfillment(shipment_id)
        return shipment_id

    def void(self, shipment_id: str) -> None:
        """Sends nothing, as the real one for labels: the lists show it from now on."""
        with self.changed:
            self.sent[shipment_id].voided_at = self.now()

    def notify(self, batch: str) -> None:
        """The webhook of a batch, once more if it was sent before."""
        if self.api_version == V1:
            address = f"{self.url}/shipments?batchId={batch}&includeShipmentItems=False"
            self.evil(address, "SHIP_NOTIFY")
        else:
            self.evil(f"{self.url}/v2/labels?batch_id={batch}", "LABEL_CREATED_V2")

    def notify_fulfillment(self, shipment_id: str, topic: str = "FULFILLMENT_SHIPPED_V2") -> None:
        if self.api_version == V1:
            self.evil(f"{self.url}/fulfillments?fulfillmentId={shipment_id}", "FULFILLMENT_SHIPPED")
        else:
            query = f"fulfillment_id={shipment_id}&shipment_id={self.sent[shipment_id].parcel_id}"
            self.evil(f"{self.url}/v2/fulfillments?{query}", topic)

    def evil(self, resource_url: str, resource_type: str = "") -> None:
        """A webhook that passes every check of its sender, wherever it points to."""
        topic = resource_type or {V1: "SHIP_NOTIFY", V2: "LABEL_CREATED_V2"}[self.api_version]
        content = {"resource_url": resource_url, "resource_type": topic}
        self.send(lambda: self.signed(content))

    def signed(self, content: object) -> Delivery:
        body = json.dumps(content, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        return Delivery(headers | (self._signature(body) if self.api_version == V2 else {}), body)

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = zulu(self.now())
        signature = self.key.sign(f"{timestamp}.".encode() + body, padding.PKCS1v15(), hashes.SHA256())
        return {
            "x-shipengine-rsa-sha256-key-id": self.kid,
            "x-shipengine-rsa-sha256-signature": base64.b64encode(signature).decode(),
            "x-shipengine-timestamp": timestamp,
        }

    def _pack(
        self, parcels: Sequence[Parcel], *, is_external: bool = False, is_return: bool = False
    ) -> tuple[str, list[str]]:
        with self.changed:
            batch = f"{'' if self.api_version == V1 else 'se-'}{190_000_000 + len(self.sent)}"
            for parcel in parcels:
                one = SentShipment(len(self.sent) + 1, batch, parcel, self.now(), is_external, is_return)
                self.sent[self._id(one)] = one
            return batch, list(self.sent)[-len(parcels) :]

    def _id(self, one: SentShipment) -> str:
        return str(33_000_000 + one.number) if self.api_version == V1 else one.label_id

    # -- the APIs ----------------------------------------------------------------------------------------------

    @property
    def own_host(self) -> str:
        return API_HOSTS[self.api_version]

    @property
    def hosts(self) -> tuple[str, ...]:
        return (self.host,) if self.api_version == V1 else (self.host, KEYS_HOST)

    def routes(self) -> MapAdapter:
        return _routes(self.api_version)

    def _guarded(self, view: Callable[[], Response], request: Request) -> Response:
        """Credentials first, then the limit."""
        if self.moved_to:
            return Response(status=302, headers={"Location": self.moved_to + request.full_path})
        if not self._is_known(request):
            return self._unauthorized()
        remaining, reset = self._count()
        if remaining < 0:
            return self.throttle_answer(reset)
        found = view()
        if self.api_version == V1:
            found.headers.extend(self._v1_limits(remaining, reset))
        return found

    def _is_known(self, request: Request) -> bool:
        if self.api_version == V2:
            return request.headers.get("API-Key") == self.api_key
        login = request.authorization
        return login is not None and (login.username, login.password) == (self.api_key, self.api_secret)

    def _unauthorized(self) -> Response:
        if self.api_version == V1:
            return v1_refusal(401, "Authorization has been denied for this request.")
        return v2_refusal(401, "security", "unauthorized", "The API key is invalid.")

    def _count(self) -> tuple[int, int]:
        """What is left of this minute's requests, and the seconds to the next."""
        with self.changed:
            started, used = self._window
            if self.seconds() >= started + 60:
                started, used = self.seconds(), 0
            self._window = (started, used + 1)
            return self.limit - used - 1, max(1, round(started + 60 - self.seconds()))

    def _v1_limits(self, remaining: int, reset: int) -> Mapping[str, str]:
        names = {"Limit": self.limit, "Remaining": max(0, remaining), "Reset": reset}
        return {f"X-Rate-Limit-{name}": str(value) for name, value in names.items()}

    def throttle_answer(self, reset: float | None = None) -> Response:
        wait = f"{self.misbehaviour.retry_after_seconds if reset is None else reset:g}"
        if self.api_version == V2:
            answer = v2_refusal(429, "system", "rate_limit_exceeded", "Too many requests.")
            answer.headers["Retry-After"] = wait
            return answer
        limits = {"X-Rate-Limit-Limit": str(self.limit), "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": wait}
        return Response("Too Many Requests", 429, limits)

    def _v1_shipments(self, request: Request) -> Response:
        """By when they were made, as its naive times say it. Each filter is of its own field."""
        size = self._size(request, "pageSize")
        made, voided = request.args.get("createDateStart"), request.args.get("voidDateStart")
        if not 1 <= size <= PAGE_SIZE_MAX or not is_time(made) or not is_time(voided):
            return v1_refusal(400, "The request is invalid.")
        with_items = request.args.get("includeShipmentItems", "").lower() == "true"
        batch = request.args.get("batchId")
        found = [one for one in self._all() if not one.is_external and batch in (None, one.batch)]
        found = at_or_after(found, made, lambda one: pacific(one.created_at))
        found = at_or_after(found, voided, lambda one: pacific(one.voided_at) if one.voided_at else None)
        found.sort(key=lambda one: pacific(one.created_at), reverse=request.args.get("sortDir") == "DESC")
        records = [v1_shipment(one, self.order_reference, with_items) for one in found]
        return json_answer(page(request, "shipments", size, records))

    def _v2_keys(self, request: Request) -> Response:
        with self.changed:
            self.key_requests += 1
        return json_answer({"keys": [jwk(self.kid, self.key.public_key())]})

    def _v2_labels(self, request: Request) -> Response:
        batch, parcel_id = request.args.get("batch_id"), request.args.get("shipment_id")
        status = request.args.get("label_status")
        found = [one for one in self._all() if not one.is_external and status in (None, one.status)]
        found = [one for one in found if batch in (None, one.batch) and parcel_id in (None, one.parcel_id)]
        return self._page(request, "labels", found, v2_label, "created_at_start")

    def _v2_fulfillments(self, request: Request) -> Response:
        asked = request.args.get("fulfillment_id")
        found = [one for one in self._all() if one.is_external or asked]
        found = [one for one in found if asked in (None, one.label_id)]
        return self._page(request, "fulfillments", found, v2_fulfillment, "create_date_start")

    def _v2_shipments(self, request: Request) -> Response:
        batch, modified = request.args.get("batch_id"), request.args.get("modified_at_start")
        found = [one for one in self._all() if batch in (None, one.batch)]
        found = at_or_after(found, modified, lambda one: zulu(one.voided_at or one.created_at))
        tell = partial(v2_shipment, order_field=self.order_reference)
        return self._page(request, "shipments", found, tell, "created_at_start")

    def _v2_shipment(self, request: Request, parcel_id: str) -> Response:
        for one in self._all():
            if one.parcel_id == parcel_id:
                return json_answer(v2_shipment(one, self.order_reference))
        return v2_refusal(404, "business_rules", "not_found", "There is no such shipment.")

    def _page(
        self,
        request: Request,
        name: str,
        sent: list[SentShipment],
        tell: Callable[[SentShipment], dict[str, Any]],
        since: str,
    ) -> Response:
        """The newest first, unless asked otherwise. `since`: the parameter that bounds when they were made."""
        size, times = (
            self._size(request, "page_size"),
            (request.args.get(since), request.args.get("modified_at_start")),
        )
        if not 1 <= size <= PAGE_SIZE_MAX or not all(map(is_time, times)):
            return v2_refusal(400, "validation", "invalid_field_value", "page_size or a time is out of range.")
        found = at_or_after(sent, times[0], lambda one: zulu(one.created_at))
        if request.args.get("sort_dir") != "asc":
            found.reverse()
        return json_answer(
            page(request, name, size, [tell(one) for one in found]) | {"links": {"next": {}, "prev": {}}}
        )

    def _size(self, request: Request, name: str) -> int:
        asked = request.args.get(name, str(PAGE_SIZES[self.api_version]))
        return self.page_size or (int(asked) if asked.isdigit() else 0)

    def _all(self) -> list[SentShipment]:
        with self.changed:
            return list(self.sent.values())


@cache
def _routes(api_version: str) -> MapAdapter:
    if api_version == V1:
        return bound(Rule("/shipments", methods=["GET"], endpoint=_guarded(ShipStation._v1_shipments)))
    return bound(
        Rule("/jwks", methods=["GET"], endpoint=ShipStation._v2_keys),
        Rule("/v2/labels", methods=["GET"], endpoint=_guarded(ShipStation._v2_labels)),
        Rule("/v2/fulfillments", methods=["GET"], endpoint=_guarded(ShipStation._v2_fulfillments)),
        Rule("/v2/shipments", methods=["GET"], endpoint=_guarded(ShipStation._v2_shipments)),
        Rule("/v2/shipments/<parcel_id>", methods=["GET"], endpoint=_guarded(ShipStation._v2_shipment)),
    )


def _guarded(view: Callable[..., Response]) -> Callable[..., Response]:
    def answer(station: ShipStation, request: Request, **values: str) -> Response:
        return station._guarded(partial(view, station, request, **values), request)

    return answer


SIMULATOR = ShipStation
