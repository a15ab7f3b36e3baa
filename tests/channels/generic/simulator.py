"""A simulated store of the merchant's own, by docs/channels/generic.md. The reference library signs for it."""

import base64
import json
import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from standardwebhooks.webhooks import Webhook
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from tests.channels.marketplace import Delivery, Marketplace, SoldOut, bound

ITEMS_MAX = 100
PLACE = "main"
TOLERANCE = timedelta(minutes=5)
KEY_BYTES = 24
HEADERS = ("id", "timestamp", "signature")
TIMESTAMP = re.compile(r"[0-9]{1,11}")


def new_secret() -> str:
    return _secret_of(secrets.token_bytes(KEY_BYTES))


def _secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@dataclass(slots=True)
class StoreOrder:
    """`lines` by SKU; a SKU keeps its line id for as long as the order lives. `parcels` by shipment id.

    `no_stock`: one line each that is no goods, such as a fee.
    """

    placed_at: str
    lines: dict[str, int]
    line_ids: dict[str, str]
    version: int = 1
    cancelled: bool = False
    parcels: dict[str, dict[str, int]] = field(default_factory=dict)
    no_stock: tuple[str, ...] = ()

    @property
    def unsent(self) -> dict[str, int]:
        """What a cancel puts back on the shelf."""
        left = Counter[str]()
        for parcel in self.parcels.values():
            left.update(parcel)
        return {name: units - left[name] for name, units in self.lines.items() if units > left[name]}


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What was last told of an order or a parcel. A new change has a higher `number`, and moves to the end."""

    number: int
    data: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.data["updated_at"])


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    body: bytes
    answer: str


@dataclass(slots=True)
class GenericStore(Marketplace):
    """`versions` counts every change of a SKU's shelf, the store's own sales included.

    `changes`: the order list, by list and id. `lists_orders` off: a store that has none.
    """

    chooses_host: ClassVar[bool] = True

    webhook_secrets: list[str] = field(default_factory=list)
    push_secret: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    orders: dict[str, StoreOrder] = field(default_factory=dict)
    recorded: dict[str, RecordedAnswer] = field(default_factory=dict)
    changes: dict[tuple[str, str], StoreChange] = field(default_factory=dict)
    last_change: int = 0
    lists_orders: bool = True
    oddities: int = 0

    def __post_init__(self) -> None:
        # A dataclass with slots is made anew by its decorator, so super() would look at the wrong class.
        Marketplace.__post_init__(self)
        drawn, other = (_secret_of(self._random_bytes(KEY_BYTES)) for _ in range(2))
        self.webhook_secrets = self.webhook_secrets or [drawn]
        self.push_secret = self.push_secret or other

    # -- what the demo and the tests do ----------------------------------------------------------------------

    def connection(self) -> dict[str, str]:
        return {"base_url": f"{self.url}/api", "location": PLACE}

    def secret(self) -> dict[str, Any]:
        return {"webhook_secrets": list(self.webhook_secrets), "push_secret": self.push_secret}

    def refs(self, name: str) -> dict[str, str]:
        return {}

    def rotate(self, new: str) -> None:
        """From now on every delivery carries two signatures: by the old secret and by the new one."""
        self.webhook_secrets = [self.webhook_secrets[-1], new]

    def list_item(self, name: str, quantity: int) -> None:
        self.put_on_shelf(name, quantity, "listed")

    def sell(self, lines: Mapping[str, int], no_stock: Sequence[str] = ()) -> str:
        with self.changed:
            self.take_from_shelf(lines)
            order_id = f"A-{1001 + len(self.orders)}"
            line_ids = {name: str(number) for number, name in enumerate(lines, 1)}
            order = StoreOrder(self._time(), dict(lines), line_ids, no_stock=tuple(no_stock))
            self.orders[order_id] = order
            created = _order_data(order_id, order, "created", self._time())
            order.version = 2
            paid = _order_data(order_id, order, "paid", self._time())
            self._note("orders", order_id, paid)
        self._announce("order.created", created)
        self._announce("order.paid", paid)
        return order_id

    def sell_oddly(self, lines: Sequence[Mapping[str, Any]]) -> str:
        """An order whose lines are as given, whatever they are: a mistake of the store. Its shelf stays."""
        with self.changed:
            self.oddities += 1
            order_id = f"odd-{self.oddities}"
            data = {"order_id": order_id, "version": 1, "status": "paid", "lines": list(lines)}
            data |= {"placed_at": self._time(), "updated_at": self._time()}
            self._note("orders", order_id, data)
        self._announce("order.created", data)
        return order_id

    def edit(self, order_id: str, lines: Mapping[str, int]) -> None:
        """The order now has these lines; the shelf takes back or hands out the difference, or SoldOut."""
        with self.changed:
            order = self._open_order(order_id)
            names = dict.fromkeys([*lines, *order.lines])
            more = {name: lines.get(name, 0) - order.lines.get(name, 0) for name in names}
            if not lines or any(self.shelves.get(name, 0) < units for name, units in more.items()):
                raise SoldOut(", ".join(lines))
            for name, units in more.items():
                if units:
                    self.put_on_shelf(name, self.shelves[name] - units, "edit")
            for name in lines:
                order.line_ids.setdefault(name, str(len(order.line_ids) + 1))
            order.lines, order.version = dict(lines), order.version + 1
            data = _order_data(order_id, order, "paid", self._time())
            self._note("orders", order_id, data)
        self._announce("order.updated", data)

    def cancel(self, order_id: str) -> None:
        with self.changed:
            order = self._open_order(order_id)
            order.cancelled, order.version = True, order.version + 1
            for name, quantity in order.unsent.items():
                self.put_on_shelf(name, self.shelves[name] + quantity, "cancel")
            data = {"order_id": order_id, "version": order.version, "updated_at": self._time(), "restocked": True}
            self._note("orders", order_id, data | {"status": "cancelled"})
        self._announce("order.cancelled", data)

    def undo_cancel(self, order_id: str) -> None:
        """The cancelled order is wanted after all, as a later version of it; SoldOut where its units are gone."""
        with self.changed:
            order = self.orders[order_id]
            unsent = order.unsent
            self.take_from_shelf(unsent)
            order.cancelled, order.version = False, order.version + 1
            data = _order_data(order_id, order, "paid", self._time())
            self._note("orders", order_id, data)
        self._announce("order.updated", data)

    def ship(
        self, order_id: str, lines: Mapping[str, int], shipment_id: str | None = None, location: str | None = None
    ) -> str:
        """The shipment's id; one that was told before is told again. The shelf stays: it fell when they sold.

        More than was ordered can be sent, or a SKU that was not: the hub must cope with it.
        """
        with self.changed:
            order = self.orders[order_id]
            shipment_id = shipment_id or f"{order_id}-{len(order.parcels) + 1}"
            order.parcels[shipment_id] = dict(lines)
            data = _shipment_data(order_id, shipment_id, order, lines, location, self._time())
            self._note("shipments", f"{order_id} {shipment_id}", data | {"updated_at": self._time()})
        self._announce("shipment.created", data)
        return shipment_id

    def void(self, order_id: str, shipment_id: str) -> None:
        """The parcel did not leave after all."""
        with self.changed:
            # Kept empty, so that its id is not given to another parcel.
            self.orders[order_id].parcels[shipment_id] = {}
            data = {"shipment_id": shipment_id, "order_id": order_id}
            self._note(
                "shipments", f"{order_id} {shipment_id}", data | {"voided": True, "updated_at": self._time()}
            )
        self._announce("shipment.voided", data)

    def put_on_shelf(self, name: str, quantity: int, cause: str) -> None:
        with self.changed:
            self.versions[name] = self.versions.get(name, 0) + 1
            Marketplace.put_on_shelf(self, name, quantity, cause)

    def _note(self, name: str, identifier: str, data: Mapping[str, Any]) -> None:
        self.last_change += 1
        self.changes.pop((name, identifier), None)
        self.changes[name, identifier] = StoreChange(self.last_change, data)

    def _open_order(self, order_id: str) -> StoreOrder:
        order = self.orders[order_id]
        if order.cancelled:
            raise ValueError(f"{order_id} is cancelled already")
        return order

    # -- webhooks --------------------------------------------------------------------------------------------

    def _announce(self, topic: str, data: Mapping[str, Any]) -> None:
        body = json.dumps({"type": topic, "timestamp": self._time(), "data": data})
        message_id = f"msg_{self._random_bytes(12).hex()}"
        self.send(lambda: self.signed(message_id, body))

    def signed(self, message_id: str, body: str) -> Delivery:
        """One attempt: the id stays from attempt to attempt, the time is that of this one."""
        at = self.now()
        signatures = [Webhook(secret).sign(message_id, at, body) for secret in self.webhook_secrets]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return Delivery(headers, body.encode())

    # -- the API the hub calls -------------------------------------------------------------------------------

    @property
    def own_host(self) -> str:
        return "store.example"

    def routes(self) -> MapAdapter:
        return _routes()

    def _list_orders(self, request: Request) -> Response:
        """The cursor is a place among the changes, so that what changes meanwhile comes after it."""
        if not self.lists_orders:
            raise NotFound
        self._check_signature(request)
        since = _instant_asked(request, "updated_since")
        after = _number_asked(request, "cursor", "0", range(self.last_change + 1))
        limit = _number_asked(request, "limit", str(ITEMS_MAX), range(1, ITEMS_MAX + 1))
        with self.changed:
            found = [(key, one) for key, one in self.changes.items() if one.at >= since and one.number > after]
        page = found[:limit]
        lists = {name: [one.data for key, one in page if key[0] == name] for name in ("orders", "shipments")}
        return _json(200, lists | {"next": str(page[-1][1].number) if len(found) > limit else None})

    def _read_levels(self, request: Request) -> Response:
        self._check_signature(request)
        names = request.args.getlist("sku")
        if not 1 <= len(names) <= ITEMS_MAX:
            raise _refusal(400, "sku", f"ask for 1 to {ITEMS_MAX}")
        with self.changed:
            results = [self._level(name) for name in names]
        return _json(200, {"results": results})

    def _level(self, name: str) -> dict[str, Any]:
        if name not in self.shelves:
            return {"sku": name, "status": "not_found"}
        return {"sku": name, "location": PLACE, **self._current(name)}

    def _current(self, name: str) -> dict[str, int]:
        return {"quantity": self.shelves[name], "version": self.versions[name]}

    def _write_levels(self, request: Request) -> Response:
        self._check_signature(request)
        key, body = request.headers.get("Idempotency-Key", ""), request.get_data()
        if not key:
            raise _refusal(400, "Idempotency-Key", "is missing")
        with self.changed:
            known = self.recorded.get(key)
            if known is None:
                results = [self._apply(item) for item in _items(body)]
                known = RecordedAnswer(body, json.dumps({"results": results}))
                self.recorded[key] = known
        if known.body != body:
            raise _refusal(422, "Idempotency-Key", "was used with another body")
        return Response(known.answer, 200, content_type="application/json")

    def _apply(self, item: Mapping[str, Any]) -> dict[str, Any]:
        name, quantity = item["sku"], item["quantity"]
        result = {"sku": name, "location": item["location"]}
        if name not in self.shelves:
            return result | {"status": "not_found"}
        if item["location"] != PLACE:
            return result | {"status": "not_stocked"}
        if not _is_integer(quantity) or quantity < 0:
            return result | {"status": "invalid", "message": "quantity must be an integer of 0 or more"}
        if item.get("if_version", self.versions[name]) != self.versions[name]:
            return result | {"status": "conflict", "current": self._current(name)}
        self.put_on_shelf(name, quantity, "push")
        return result | {"status": "ok"} | self._current(name)

    def _check_signature(self, request: Request) -> None:
        """The reference library signs the same again; its own check knows no time but the present."""
        message_id, stamp, given = (request.headers.get(f"webhook-{name}", "") for name in HEADERS)
        at = datetime.fromtimestamp(int(stamp) if TIMESTAMP.fullmatch(stamp) else 0, UTC)
        expected = Webhook(self.push_secret).sign(message_id, at, request.get_data(as_text=True))
        if not message_id or expected not in given.split(" ") or abs(self.now() - at) > TOLERANCE:
            raise _refusal(401, "webhook-signature", "is missing, wrong or too old")

    def _time(self) -> str:
        return self.now().isoformat(timespec="microseconds")


@cache
def _routes() -> MapAdapter:
    return bound(
        Rule("/api/inventory/levels", methods=["GET"], endpoint=GenericStore._read_levels),
        Rule("/api/inventory/levels", methods=["PUT"], endpoint=GenericStore._write_levels),
        Rule("/api/orders", methods=["GET"], endpoint=GenericStore._list_orders),
    )


def _instant_asked(request: Request, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError as error:
        raise _refusal(400, name, "must be an ISO 8601 time") from error
    if at.tzinfo is None:
        raise _refusal(400, name, "must end with its zone")
    return at


def _number_asked(request: Request, name: str, default: str, allowed: range) -> int:
    text = request.args.get(name, default)
    if not (text.isascii() and text.isdigit()) or int(text) not in allowed:
        raise _refusal(400, name, "is not a number that may be asked for")
    return int(text)


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        items = json.loads(body)["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise _refusal(400, "items", "is missing") from error
    if not isinstance(items, list) or not 1 <= len(items) <= ITEMS_MAX:
        raise _refusal(400, "items", f"must be a list of 1 to {ITEMS_MAX}")
    if not all(_is_item(item) for item in items):
        raise _refusal(400, "items", "each needs sku, location, quantity and at most an integer if_version")
    if len({(item["sku"], item["location"]) for item in items}) < len(items):
        raise _refusal(400, "items", "names one SKU at one location twice")
    return items


def _is_item(item: object) -> bool:
    return (
        isinstance(item, dict)
        and {"sku", "location", "quantity"} <= item.keys() <= {"sku", "location", "quantity", "if_version"}
        and all(isinstance(item[name], str) and item[name] for name in ("sku", "location"))
        and ("if_version" not in item or _is_integer(item["if_version"]))
    )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _order_data(order_id: str, order: StoreOrder, status: str, at: str) -> dict[str, Any]:
    """As a real store would send it, with a buyer, whom the hub must not keep."""
    return {
        "order_id": order_id,
        "version": order.version,
        "status": status,
        "placed_at": order.placed_at,
        "updated_at": at,
        "currency": "USD",
        "customer": {"name": "Ada Example", "email": "ada@example.com", "address": "1 Example Street"},
        "lines": [
            {"line_id": order.line_ids[name], "sku": name, "quantity": quantity, "unit_price": "19.99"}
            for name, quantity in order.lines.items()
        ]
        + [
            {"line_id": f"n{number}", "sku": name, "quantity": 1, "stocked": False, "unit_price": "5.00"}
            for number, name in enumerate(order.no_stock, 1)
        ],
    }


def _shipment_data(
    order_id: str, shipment_id: str, order: StoreOrder, lines: Mapping[str, int], location: str | None, at: str
) -> dict[str, Any]:
    rows = [{"sku": name, "quantity": quantity} for name, quantity in lines.items()]
    return {
        "shipment_id": shipment_id,
        "order_id": order_id,
        "shipped_at": at,
        "carrier": "USPS",
        "tracking_number": f"9400 {shipment_id}",
        "recipient": "Ada Example",
        "lines": [
            row | ({"line_id": order.line_ids[row["sku"]]} if row["sku"] in order.line_ids else {}) for row in rows
        ],
    } | ({} if location is None else {"location": location})


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def _refusal(status: int, name: str, problem: str) -> HTTPException:
    answer = _json(status, {"error": {"field": name, "problem": problem}})
    return HTTPException(response=answer)


SIMULATOR = GenericStore
