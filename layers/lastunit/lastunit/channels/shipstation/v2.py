"""ShipStation V2: labels and fulfilments, whose items are those of the shipment they belong to."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from lastunit.channels.shared.problems import readable
from lastunit.channels.shared.times import instant
from lastunit.channels.shipstation.client import (
    Address,
    Client,
    Id,
    Payload,
    Reported,
    Text,
    each,
    placed,
    units,
)
from lastunit.channels.shipstation.settings import Connection
from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests

if TYPE_CHECKING:
    from lastunit.channels.shipstation.order_list import Records

LABEL_CREATED, FULFILLED, CANCELED = "LABEL_CREATED_V2", "FULFILLMENT_SHIPPED_V2", "FULFILLMENT_CANCELED_V2"
TOPICS = frozenset({LABEL_CREATED, FULFILLED, CANCELED})
LABELS, FULFILLMENTS, SHIPMENTS = "/v2/labels", "/v2/fulfillments", "/v2/shipments"
LARGE_PAGES = {"page_size": "100"}
LIMITS = Limits(2.5, 50)  # A minute holds at most 50 + 60 * 2.5 = 200 calls, which is what V2 allows.
# Each of 25 labels may need one look-up and each of 25 fulfilments two, which leaves some for voids.
POLLED = {"sort_by": "created_at", "sort_dir": "asc", "page_size": "25"}
VOIDABLE = timedelta(days=30)  # Carriers take no label back later, and V2 has no list by when labels were voided.
LOOKUPS_MAX = 100  # Of single shipments for one notification: half of the 200 requests that V2 allows a minute.


class _StillMaking(ChannelUnavailable):
    """ShipStation has not bought the label yet."""


class _Item(Payload):
    sku: Text | None = None
    bundle_sku: Text | None = None
    quantity: Any = None  # Read only where the item is stock.
    external_order_id: Text | None = None
    external_order_item_id: Text | None = None

    @property
    def is_stock(self) -> bool:
        return bool(self.sku or self.external_order_item_id)


class _Package(Payload):
    """What ShipStation calls a shipment: what is to be sent, once or, after a void, again."""

    shipment_id: Id
    shipment_number: Text | None = None
    external_order_id: Text | None = None
    store_id: Id | None = None
    warehouse_id: Id | None = None
    is_return: bool | None = None
    items: tuple[_Item, ...] | None = None


class _Label(Payload):
    label_id: Id
    shipment_id: Id
    status: Text
    tracking_number: Text | None = None
    created_at: Text | None = None
    is_return_label: bool | None = None
    voided: bool | None = None

    @property
    def is_void(self) -> bool:
        return bool(self.voided) or self.status == "voided"

    @property
    def asks_for_nothing(self) -> bool:
        return bool(self.is_return_label) or self.status == "error"


class _Fulfillment(Payload):
    fulfillment_id: Id
    shipment_id: Id
    tracking_number: Text | None = None
    created_at: Text | None = None
    voided_at: Text | None = None


@dataclass(frozen=True, slots=True)
class _Report:
    """What a label and a fulfilment have alike."""

    shipment_id: str
    tracking_number: str | None
    created_at: str | None
    voided: bool


class Reader:
    """Implements order_list.Lists.

    The id of a fact is the label's, not the shipment's: after a void the same shipment gets another label.
    """

    behind = timedelta(0)
    voidable, made, voided = "labels", "created_at", "voided_at"

    def __init__(self, client: Client, connection: Connection, name: str) -> None:
        self._client, self._connection, self._name = client, connection, name

    def read(self, topic: str, resource_url: object) -> Iterator[Reported]:
        packages = _Packages(self._client)
        if topic == LABEL_CREATED:
            address = self._client.address(resource_url, LABELS)
            records = self._client.records(address, LARGE_PAGES)
            packages.read_batch(address.asks_for("batch_id"), records)
            return each("labels", "label_id", records, partial(self._label, packages))
        address = self._client.address(resource_url, FULFILLMENTS)
        records = self._client.records(address, LARGE_PAGES)
        read_one = partial(self._fulfillment, packages, topic == CANCELED)
        return each("fulfillments", "fulfillment_id", records, read_one)

    def growing(self, since: datetime) -> Mapping[str, Address]:
        """A fulfilment that was cancelled since and is older is not there: only its webhook tells of it."""
        labels = self._client.own(LABELS, created_at_start=_zulu(since), **POLLED)
        return {
            "labels": labels,
            "fulfillments": self._client.own(FULFILLMENTS, create_date_start=_zulu(since), **POLLED),
        }

    def voids(self, since: datetime) -> list[Any]:
        bounds = {"label_status": "voided", "created_at_start": _zulu(since - VOIDABLE)}
        return self._client.records(self._client.own(LABELS, **bounds), LARGE_PAGES)

    def instant(self, text: str | None, field: str) -> datetime | None:
        return _instant(text, field)

    def shipments(self, records: "Records", since: datetime) -> Iterator[tuple[str, Reported]]:
        packages = _Packages(self._client)
        packages.read_changed(since, sum(map(len, records.values())))
        yield from placed("labels", "label_id", records["labels"], _once_made(partial(self._label, packages)))
        read_one = _once_made(partial(self._fulfillment, packages, False))
        yield from placed("fulfillments", "fulfillment_id", records.get("fulfillments", ()), read_one)

    def _label(self, packages: "_Packages", place: str, record: Any) -> Sequence[ShipmentNotice]:
        return self._of_label(packages, place, readable(_Label, record, (place,)))

    def _of_label(self, packages: "_Packages", place: str, label: _Label) -> Sequence[ShipmentNotice]:
        if label.asks_for_nothing:
            return []
        if label.status == "processing":
            raise _StillMaking("ShipStation is still making a label")
        package = packages.get(label.shipment_id)
        report = _Report(label.label_id, label.tracking_number, label.created_at, label.is_void)
        return list(self._shipments(report, package, place))

    def _fulfillment(
        self, packages: "_Packages", canceled: bool, place: str, record: Any
    ) -> Sequence[ShipmentNotice]:
        one = readable(_Fulfillment, record, (place,))
        voided = canceled or one.voided_at is not None
        # A package with a label of ShipStation's is reported as that label, whichever notice comes first or alone.
        labels = [] if voided else packages.labels(one.shipment_id)
        if labels:
            return [fact for label in labels for fact in self._of_label(packages, place, label)]
        package = packages.get(one.shipment_id)
        report = _Report(one.fulfillment_id, one.tracking_number, one.created_at, voided)
        return list(self._shipments(report, package, place))

    def _shipments(self, report: "_Report", package: _Package, place: str) -> Iterator[ShipmentNotice]:
        """One per order: ShipStation merges what goes to one address."""
        if package.is_return:
            return
        channel = self._connection.channel(package.store_id, f"{place}.store_id")
        for external_id, lines in self._lines_by_order(package, report.voided, place).items():
            yield ShipmentNotice(
                channel=channel,
                external_id=external_id,
                shipment_id=report.shipment_id,
                lines=tuple(lines),
                location=self._connection.location(package.warehouse_id),
                shipped_at=_instant(report.created_at, f"{place}.created_at"),
                voided=report.voided,
                tracking=tracking_digests(report.tracking_number),
                reporter=self._name,
            )

    def _lines_by_order(self, package: _Package, voided: bool, place: str) -> dict[str, list[ShippedLine]]:
        found: dict[str, list[ShippedLine]] = {}
        for at, item in enumerate(package.items or ()):
            if item.is_stock:
                order_id = self._order_id(package, item.external_order_id, place)
                found.setdefault(order_id, []).append(self._line(item, f"{place}.items[{at}]"))
        if not found and not voided:
            raise UnreadableOrder(f"{place}.items", "names nothing that was shipped")
        return found or {self._order_id(package, None, place): []}

    def _order_id(self, package: _Package, of_item: str | None, place: str) -> str:
        field = self._connection.order_field
        by_order = of_item or package.external_order_id
        found = by_order if field == "external_order_id" else package.shipment_number
        if not found:
            raise UnreadableOrder(f"{place}.{field}", "is missing: the shipment belongs to no order")
        return found

    def _line(self, item: _Item, place: str) -> ShippedLine:
        # A part of a bundle carries the line id of the whole, whose units are others.
        knows_line = self._connection.knows_lines and not item.bundle_sku
        line_id = item.external_order_item_id or None if knows_line else None
        if not line_id and not item.sku:
            raise UnreadableOrder(f"{place}.sku", "is missing")
        names = (item.sku,) if item.sku else ()
        return ShippedLine(units(item.quantity, f"{place}.quantity"), line_id, names)


class _Packages:
    """The shipments of one notification, each asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, object] = {}
        self._lookups = 0

    def read_batch(self, batch_id: str | None, labels: list[Any]) -> None:
        """All shipments of a batch at once: one by one they would need more requests than a minute has."""
        if not batch_id or len(labels) < 2:
            return
        self._keep(self._client.records(self._client.own(SHIPMENTS, batch_id=batch_id), LARGE_PAGES))

    def read_changed(self, since: datetime, wanted: int) -> None:
        """Most of them at once: to buy or to void a label changes its shipment. Those that lack are looked up."""
        if wanted > 1:
            address = self._client.own(SHIPMENTS, modified_at_start=_zulu(since), sort_dir="asc", **LARGE_PAGES)
            self._keep(self._client.page(address, 1)[0])

    def _keep(self, records: list[Any]) -> None:
        for record in records:
            if isinstance(record, dict) and isinstance(record.get("shipment_id"), str):
                self._known[record["shipment_id"]] = record

    def get(self, shipment_id: str) -> _Package:
        place = f"shipments[{shipment_id}]"
        if shipment_id not in self._known:
            self._known[shipment_id] = self._look_up(shipment_id, place)
        package = readable(_Package, self._known[shipment_id], (place,))
        if package.shipment_id != shipment_id:
            raise UnreadableOrder(place, "ShipStation answered with another shipment")
        return package

    def labels(self, shipment_id: str) -> list[_Label]:
        """The labels that are of this shipment and still valid."""
        self._count()
        address = self._client.own(LABELS, shipment_id=shipment_id)
        records = self._client.records(address, LARGE_PAGES)
        found = [readable(_Label, record, (f"labels[{at}]",)) for at, record in enumerate(records)]
        valid = [one for one in found if not one.is_void and not one.asks_for_nothing]
        return [one for one in valid if one.shipment_id == shipment_id]

    def _look_up(self, shipment_id: str, place: str) -> object:
        # The id goes into a path, where dots and slashes would name something else.
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", shipment_id):
            raise UnreadableOrder(place, "has characters that no shipment id has")
        self._count()
        return self._client.get(self._client.own(f"{SHIPMENTS}/{shipment_id}").url({}))

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > LOOKUPS_MAX:
            raise UnreadableOrder("shipments", f"more than {LOOKUPS_MAX} to look up", "ship in smaller batches")


def _once_made(
    read_one: Callable[[str, Any], Sequence[ShipmentNotice]],
) -> Callable[[str, Any], Sequence[ShipmentNotice]]:
    """A label in the making is nothing yet. The next poll goes back a little, and finds it made."""

    def read_or_wait(place: str, record: Any) -> Sequence[ShipmentNotice]:
        try:
            return read_one(place, record)
        except _StillMaking:
            return []

    return read_or_wait


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instant(text: str | None, field: str) -> datetime | None:
    if not text:
        return None
    return instant(field, text)
