"""A simulated eBay: its Notification, Fulfillment and Inventory APIs, as far as they are documented."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from tests.channels.ebay.items import Item, offered_of, pool_of
from tests.channels.ebay.order_list import listed
from tests.channels.ebay.wire import (
    EbayRefusal,
    api,
    base64_text,
    cancellation_data,
    confirmation_data,
    failed_row,
    fulfillment,
    json_answer,
    metadata,
    multi_status,
    order_body,
    order_line,
    shipped_data,
    show_cancelled,
    show_shipped,
    units_left,
)
from tests.channels.marketplace import Delivery, Marketplace, bound

BATCH_MAX = 25
REVISIONS_A_DAY = 250
ORDER_API, STOCK_API = "/sell/fulfillment/v1", "/sell/inventory/v1"
USER, APPLICATION = "user", "application"


class ChallengeFailed(Exception):
    """The endpoint did not prove that it knows the verification token."""


@dataclass(slots=True)
class Token:
    kind: str
    expires_at: datetime


@dataclass(slots=True)
class Ebay(Marketplace):
    """`lagging`: the Fulfillment API does not show cancellations and shipments yet. `names_culprits`: errors carry
    parameters. `wrapped`: shipments are told below `itemMarkedShipped`, as some have seen, not as documented.
    `list_lag_seconds`: getOrders lists a new order only so long after its sale.
    """

    retry_seconds: tuple[float, ...] = (0.2, 0.5)  # Up to three attempts.
    seller_id: str = "y9qonyvfrqq"
    client_id: str = "Lastunit-hub-PRD"
    client_secret: str = "PRD-client-secret"
    refresh_token: str = "v^1.1#refresh"
    verification_token: str = "verification-token-of-32-characters"
    token_seconds: int = 7200
    lagging: bool = False
    names_culprits: bool = True
    wrapped: bool = False
    list_lag_seconds: float = 0.0
    items: dict[str, Item] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    fulfillments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    tokens_issued: int = 0
    kid: str = field(init=False)
    key: ec.EllipticCurvePrivateKey = field(init=False)
    _last_stamp: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    def __post_init__(self) -> None:
        # A dataclass with slots is made anew by its decorator, so super() would look at the wrong class.
        Marketplace.__post_init__(self)
        self.kid = self._uuid()
        self.key = ec.derive_private_key(self._random.randrange(1, 1 << 255), ec.SECP256R1())

    # -- what the hub is told ----------------------------------------------------------------------------------

    def connection(self) -> dict[str, str]:
        return {"api_url": self.url, "webhook_url": self.webhook_url, "seller_id": self.seller_id}

    def secret(self) -> dict[str, str]:
        names = ("verification_token", "client_id", "client_secret", "refresh_token")
        return {name: getattr(self, name) for name in names}

    def refs(self, name: str) -> dict[str, str]:
        item = self.items[name]
        key = {"merchant_location_key": item.location_key} if item.location_key else {}
        return {"offer_id": item.offer_id} | key

    # -- the seller and the buyers -----------------------------------------------------------------------------

    def aliases(self, name: str) -> list[str]:
        return [f"item:{self.items[name].listing_id}"]

    def list_item(self, name: str, quantity: int, *, location_key: str | None = None, auctioned: int = 0) -> None:
        with self.changed:
            number = len(self.items) + 1
            ids = str(406447250000 + number), str(36445435000 + number)
            self.items[name] = Item(name, *ids, quantity, None, location_key, auctioned)
            self.put_on_shelf(name, quantity, "listed")

    def sell(self, lines: Mapping[str, int], no_stock: Sequence[str] = ()) -> str:
        """`no_stock`: SKUs of lines that are no goods, such as a gift card; eBay has no word for it."""
        with self.changed:
            self.take_from_shelf(lines)
            for name, quantity in lines.items():
                self.items[name].lower(quantity)
            order_id = f"11-{len(self.orders) + 1:05d}-{self._random.randrange(100_000):05d}"
            sold = [self._line(number, *line) for number, line in enumerate(lines.items())]
            sold += [self._line(number, name, 1) for number, name in enumerate(no_stock, len(sold))]
            self.orders[order_id] = order_body(order_id, "some-seller", self._stamp(), sold)
        for line in sold:
            # One notification per line item, each of which names the order.
            self._notify("ORDER_CONFIRMATION", confirmation_data(self._user, order_id, line))
        return order_id

    def cancel(self, order_id: str, names: Collection[str] | None = None) -> None:
        """All lines, or those of the SKUs named. eBay does not put the units back on the shelf."""
        with self.changed:
            order = self.orders[order_id]
            lines = [line for line in order["lineItems"] if names is None or line["sku"] in names]
            at = self._stamp()
            if not self.lagging:
                show_cancelled(order, lines, at)
                order["lastModifiedDate"] = at
        for status in ("REQUESTED", "COMPLETED"):
            data = cancellation_data(self._user, order_id, lines, status, at)
            self._notify("ORDER_CANCELLATION_ACTIVITY", data)

    def ship(self, order_id: str, lines: Mapping[str, int]) -> str:
        """The fulfilment's id, by which getShippingFulfillments lists it from now on."""
        with self.changed:
            order, known = self.orders[order_id], self.fulfillments.setdefault(order_id, [])
            sent = [(line, lines[line["sku"]]) for line in order["lineItems"] if line["sku"] in lines]
            left = units_left(known)
            if len(sent) < len(lines) or any(
                not 1 <= n <= line["quantity"] - left[line["lineItemId"]] for line, n in sent
            ):
                raise ValueError("a SKU that the order does not have, or more units than are left")
            parcel = fulfillment(f"94001{len(self.orders):05d}{len(known):05d}", sent, self._stamp())
            known.append(parcel)
            if not self.lagging:
                show_shipped(order, known)
                order["lastModifiedDate"] = self._stamp()
        for line, _ in sent:
            data = shipped_data(self._user, order_id, line, parcel)
            self._notify("ITEM_MARKED_SHIPPED", {"itemMarkedShipped": data} if self.wrapped else data)
        return str(parcel["fulfillmentId"])

    def register(self, endpoint: str) -> None:
        """Sets the destination, as `POST /destination` does: after a challenge the endpoint must pass."""
        code = self._random_bytes(32).hex()
        answer = self._http.request("GET", f"{endpoint}?challenge_code={code}")
        proof = hashlib.sha256((code + self.verification_token + endpoint).encode()).hexdigest()
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.status != 200 or media_type != "application/json":
            raise ChallengeFailed(f"{answer.status} {media_type}")
        if answer.json() != {"challengeResponse": proof}:
            raise ChallengeFailed("the challenge response is wrong")
        self.webhook_url = endpoint

    # -- notifications -----------------------------------------------------------------------------------------

    def _notify(self, topic: str, data: Mapping[str, Any]) -> None:
        notification = {"notificationId": self._uuid(), "eventDate": self._stamp(), "data": data}
        attempts = itertools.chain((1, 2), itertools.repeat(3))

        def make() -> Delivery:
            stamps = {"publishDate": self._stamp(), "publishAttemptCount": next(attempts)}
            return self.signed({"metadata": metadata(topic), "notification": {**notification, **stamps}})

        self.send(make)

    def signed(self, content: object) -> Delivery:
        body = json.dumps(content, separators=(",", ":")).encode()
        scheme = ec.ECDSA(hashes.SHA1(), deterministic_signing=True)  # noqa: S303 - what eBay signs with
        signature = self.key.sign(body, scheme)
        stamp = {"alg": "ecdsa", "kid": self.kid, "signature": base64_text(signature), "digest": "SHA1"}
        headers = {"Content-Type": "application/json", "X-EBAY-SIGNATURE": base64_text(json.dumps(stamp).encode())}
        return Delivery(headers, body)

    @property
    def _user(self) -> dict[str, str]:
        return {"userId": self.seller_id, "username": "some-seller"}

    # -- orders ------------------------------------------------------------------------------------------------

    def _line(self, number: int, name: str, quantity: int) -> dict[str, Any]:
        line_id = f"100{len(self.orders) + 1:07d}{number:04d}"
        listing_id = self.items[name].listing_id if name in self.items else "499000000001"
        return order_line(line_id, listing_id, name, quantity)

    def _stamp(self) -> str:
        """Milliseconds, as eBay writes them, and never the same twice."""
        with self.changed:
            self._last_stamp = max(self.now(), self._last_stamp + timedelta(milliseconds=1))
            return self._last_stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # -- the APIs ----------------------------------------------------------------------------------------------

    @property
    def own_host(self) -> str:
        return "api.ebay.com"

    def routes(self) -> MapAdapter:
        return _routes()

    def throttle_answer(self) -> Response:
        # Whether eBay sends Retry-After is not confirmed, so the simulator sends none.
        refusal = EbayRefusal(429, 2001, "The request limit has been reached for the resource.", domain="ACCESS")
        return json_answer({"errors": [refusal.body]}, 429)

    def _issue_token(self, request: Request) -> Response:
        login = request.authorization
        if login is None or (login.username, login.password) != (self.client_id, self.client_secret):
            return json_answer(
                {"error": "invalid_client", "error_description": "client authentication failed"}, 401
            )
        form = request.form
        if form.get("grant_type") == "client_credentials":
            if form.get("scope") != "https://api.ebay.com/oauth/api_scope":
                return json_answer({"error": "invalid_scope"}, 400)
            return self._token_answer(APPLICATION)
        if form.get("grant_type") != "refresh_token":
            return json_answer({"error": "unsupported_grant_type"}, 400)
        if form.get("refresh_token") != self.refresh_token:
            return json_answer({"error": "invalid_grant"}, 400)
        return self._token_answer(USER)

    def _token_answer(self, kind: str) -> Response:
        value = f"v^1.1#{self._random_bytes(24).hex()}"
        with self.changed:
            self.tokens_issued += 1
            self.tokens[value] = Token(kind, self.now() + timedelta(seconds=self.token_seconds))
        return json_answer(
            {"access_token": value, "expires_in": self.token_seconds, "token_type": "User Access Token"}
        )

    def _authorize(self, request: Request, kind: str) -> None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self.tokens.get(value) if scheme == "Bearer" else None
        if token is None or token.expires_at <= self.now():
            raise EbayRefusal(401, 1001, "Invalid access token", domain="OAuth")
        if token.kind != kind:
            raise EbayRefusal(403, 1100, "Access denied", domain="ACCESS")

    def _public_key(self, request: Request, kid: str) -> Response:
        self._authorize(request, APPLICATION)
        if kid != self.kid:
            raise EbayRefusal(404, 195007, "Public key not found", domain="API_NOTIFICATION")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
        return json_answer({"key": pem.replace("\n", ""), "algorithm": "ECDSA", "digest": "SHA1"})

    def _get_orders(self, request: Request) -> Response:
        self._authorize(request, USER)
        with self.changed:
            # Its own dates may be a few milliseconds ahead of a clock that stands still.
            present, lag = max(self.now(), self._last_stamp), timedelta(seconds=self.list_lag_seconds)
            return json_answer(listed(request, self.orders.values(), present, present - lag))

    def _get_order(self, request: Request, order_id: str) -> Response:
        with self.changed:
            return json_answer(self._known(request, order_id))

    def _get_shipped(self, request: Request, order_id: str) -> Response:
        with self.changed:
            self._known(request, order_id)
            found = [] if self.lagging else self.fulfillments.get(order_id, [])
            return json_answer({"total": len(found), "fulfillments": found})

    def _known(self, request: Request, order_id: str) -> dict[str, Any]:
        self._authorize(request, USER)
        if order_id not in self.orders:
            raise EbayRefusal(404, 32100, "Invalid order ID", order_id, domain="API_FULFILLMENT")
        return self.orders[order_id]

    def _get_items(self, request: Request) -> Response:
        requests = self._requests(request)
        if len({entry.get("sku") for entry in requests}) < len(requests):
            raise EbayRefusal(400, 25734, "SKU should be unique in the request.")
        with self.changed:
            return multi_status([self._item_row(str(entry.get("sku"))) for entry in requests])

    def _item_row(self, sku: str) -> dict[str, Any]:
        item = self.items.get(sku)
        if item is None:
            return failed_row({"sku": sku}, EbayRefusal(404, 25710, "We didn't find the resource/entity", sku))
        availability = {"shipToLocationAvailability": {"quantity": item.pool}}
        return {"sku": sku, "statusCode": 200, "inventoryItem": {"sku": sku, "availability": availability}}

    def _requests(self, request: Request) -> list[dict[str, Any]]:
        self._authorize(request, USER)
        content = request.get_json(silent=True)
        requests = content.get("requests") if isinstance(content, dict) else None
        if not isinstance(requests, list) or not requests or not all(isinstance(r, dict) for r in requests):
            raise EbayRefusal(400, 25709, "Invalid value for requests.", "requests")
        if len(requests) > BATCH_MAX:
            raise EbayRefusal(400, 25709, f"Invalid value for requests. At most {BATCH_MAX}.", "requests")
        return requests

    def _update(self, request: Request) -> Response:
        requests = self._requests(request)
        self._refuse_twins(requests)
        with self.changed:
            self._refuse_below_auction(requests)
            return multi_status([row for entry in requests for row in self._update_one(entry)])

    def _refuse_twins(self, requests: list[dict[str, Any]]) -> None:
        offers = [str(offer.get("offerId")) for entry in requests for offer in entry.get("offers", [])]
        for names in ([str(entry.get("sku")) for entry in requests], offers):
            twins = [name for name, count in Counter(names).items() if count > 1]
            if twins:
                raise EbayRefusal(400, 25709, "Invalid value for requests. Duplicates.", *self._culprits(twins))

    def _refuse_below_auction(self, requests: list[dict[str, Any]]) -> None:
        """Documented as an error of the whole request, so nothing of it is applied."""
        for entry in requests:
            item = self.items.get(str(entry.get("sku")))
            quantity = entry.get("shipToLocationAvailability", {}).get("quantity")
            if item and isinstance(quantity, int) and 0 <= quantity < item.auctioned:
                message = "shipToLocationAvailability quantity should be at least the auction allocation."
                raise EbayRefusal(400, 25759, message, *self._culprits([item.sku]))

    def _culprits(self, names: list[str]) -> list[str]:
        return names if self.names_culprits else []

    def _update_one(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """A row for the SKU's pool, and one for each offer."""
        sku, offers = entry.get("sku"), entry.get("offers", [])
        keys = [{"sku": sku}, *({"offerId": offer.get("offerId"), "sku": sku} for offer in offers)]
        try:
            item = self._revisable(sku)
            pool = pool_of(entry, item)
            offered = [offered_of(offer, item) for offer in offers]
        except EbayRefusal as refusal:
            return [failed_row(key, refusal) for key in keys]
        item.pool = pool
        item.offered = offered[0] if offered else item.offered
        item.revisions[self.now().date().isoformat()] += 1
        self.put_on_shelf(item.sku, item.shown, "push")
        return [{**key, "statusCode": 200, "errors": [], "warnings": []} for key in keys]

    def _revisable(self, sku: object) -> Item:
        if not isinstance(sku, str) or not 0 < len(sku) <= 50:
            raise EbayRefusal(400, 25709, "Invalid value for sku.", str(sku))
        if sku not in self.items:
            raise EbayRefusal(404, 25702, f"SKU {sku} is not available in the system", sku)
        item = self.items[sku]
        if item.revisions[self.now().date().isoformat()] >= REVISIONS_A_DAY:
            # How eBay says this is not documented for this call; this is the Trading API's id for it.
            raise EbayRefusal(400, 21919165, "The listing was revised 250 times today.", sku)
        return item


@cache
def _routes() -> MapAdapter:
    order = f"{ORDER_API}/order/<order_id>"
    return bound(
        Rule("/identity/v1/oauth2/token", methods=["POST"], endpoint=Ebay._issue_token),
        Rule("/commerce/notification/v1/public_key/<kid>", methods=["GET"], endpoint=api(Ebay._public_key)),
        Rule(f"{ORDER_API}/order", methods=["GET"], endpoint=api(Ebay._get_orders)),
        Rule(order, methods=["GET"], endpoint=api(Ebay._get_order)),
        Rule(f"{order}/shipping_fulfillment", methods=["GET"], endpoint=api(Ebay._get_shipped)),
        Rule(f"{STOCK_API}/bulk_update_price_quantity", methods=["POST"], endpoint=api(Ebay._update)),
        Rule(f"{STOCK_API}/bulk_get_inventory_item", methods=["POST"], endpoint=api(Ebay._get_items)),
    )


SIMULATOR = Ebay
