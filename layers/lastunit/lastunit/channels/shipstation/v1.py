"""ShipStation V1: lists of shipments with their items, behind an unsigned webhook."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

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
from lastunit.domain.errors import BadSignature, UnreadableOrder
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests

if TYPE_CHECKING:
    from lastunit.channels.shipstation.order_list import Records

FULFILLMENT = "FULFILLMENT_SHIPPED"
TOPICS = frozenset({"SHIP_NOTIFY", "ITEM_SHIP_NOTIFY", FULFILLMENT})
PATH = "/shipments"
LIMITS = Limits(0.5, 10)  # A minute holds at most 10 + 60 * 0.5 = 40 calls, which is what V1 allows.
POLLED = {"includeShipmentItems": "true", "pageSize": "200"}  # 500 may take longer than we wait for an answer.


class _Payload(Payload):
    model_config = ConfigDict(alias_generator=to_camel)


class _Options(_Payload):
    store_id: Id | None = None


class _Item(_Payload):
    line_item_key: Text | None = None
    sku: Text | None = None
    quantity: Any = None  # Read only where the item is stock: a discount may have any.
    adjustment: bool | None = None

    @property
    def is_stock(self) -> bool:
        return not self.adjustment and bool(self.sku or self.line_item_key)


class _Shipment(_Payload):
    shipment_id: Id
    tracking_number: Text | None = None
    order_key: Text | None = None
    order_number: Text | None = None
    create_date: Text | None = None
    warehouse_id: Id | None = None
    voided: bool | None = None
    is_return_label: bool | None = None
    advanced_options: _Options | None = None
    shipment_items: tuple[_Item, ...] | None = None


def check_token(sent: str | None, tokens: Sequence[str]) -> None:
    """V1 signs nothing: a secret in the webhook's own address stands in for a signature."""
    given = (sent or "").encode(errors="backslashreplace")
    # Every token is compared, so that the time says nothing about which one was near.
    matches = [hmac.compare_digest(given, token.encode()) for token in tokens]
    if not any(matches):
        raise BadSignature("the token in the webhook's address is missing or wrong")


class Reader:
    """Implements order_list.Lists. Orders marked as shipped without a label name no items: left out."""

    # Clocks that are set back write one hour twice, and V1 does not say which of them it means.
    behind = timedelta(hours=1)
    voidable, made, voided = "shipments", "createDate", "voidDate"

    def __init__(self, client: Client, connection: Connection, name: str) -> None:
        self._client, self._connection, self._name = client, connection, name
        self._zone = ZoneInfo(connection.time_zone)

    def read(self, topic: str, resource_url: object) -> Iterator[Reported]:
        if topic == FULFILLMENT:
            remedy = "book this shipment by hand, or connect ShipStation's API V2, which tells the items"
            raise UnreadableOrder("resource_type", f"{FULFILLMENT} of V1 names no items", remedy)
        address = self._client.address(resource_url, PATH)
        # Without this the items are null, and SHIP_NOTIFY asks for False itself.
        records = self._client.records(address, {"includeShipmentItems": "true"})
        return each("shipments", "shipmentId", records, self._shipments)

    def growing(self, since: datetime) -> Mapping[str, Address]:
        order = {"createDateStart": self._local(since), "sortBy": "CreateDate", "sortDir": "ASC"}
        return {"shipments": self._client.own(PATH, **order, **POLLED)}

    def voids(self, since: datetime) -> list[Any]:
        return self._client.records(self._client.own(PATH, voidDateStart=self._local(since), **POLLED), {})

    def shipments(self, records: "Records", since: datetime) -> Iterator[tuple[str, Reported]]:
        return placed("shipments", "shipmentId", records["shipments"], self._shipments)

    def _local(self, at: datetime) -> str:
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")

    def _shipments(self, place: str, record: Any) -> Sequence[ShipmentNotice]:
        shipment = readable(_Shipment, record, (place,))
        return [] if shipment.is_return_label else [self._shipment(place, shipment)]

    def _shipment(self, place: str, shipment: _Shipment) -> ShipmentNotice:
        store_id = shipment.advanced_options.store_id if shipment.advanced_options else None
        return ShipmentNotice(
            channel=self._connection.channel(store_id, f"{place}.advancedOptions.storeId"),
            external_id=self._order_id(place, shipment),
            shipment_id=shipment.shipment_id,
            lines=self._lines(place, shipment),
            location=self._connection.location(shipment.warehouse_id),
            shipped_at=self.instant(shipment.create_date, f"{place}.createDate"),
            voided=bool(shipment.voided),
            tracking=tracking_digests(shipment.tracking_number),
            reporter=self._name,
        )

    def _order_id(self, place: str, shipment: _Shipment) -> str:
        field = self._connection.order_field
        found = shipment.order_key if field == "orderKey" else shipment.order_number
        if not found:
            raise UnreadableOrder(f"{place}.{field}", "is missing: the label belongs to no order")
        return found

    def _lines(self, place: str, shipment: _Shipment) -> tuple[ShippedLine, ...]:
        items = [(at, item) for at, item in enumerate(shipment.shipment_items or ()) if item.is_stock]
        if not items and not shipment.voided:
            raise UnreadableOrder(f"{place}.shipmentItems", "names nothing that was shipped")
        return tuple(self._line(f"{place}.shipmentItems[{at}]", item) for at, item in items)

    def _line(self, place: str, item: _Item) -> ShippedLine:
        line_id = item.line_item_key or None if self._connection.knows_lines else None
        if not line_id and not item.sku:
            raise UnreadableOrder(f"{place}.sku", "is missing")
        names = (item.sku,) if item.sku else ()
        return ShippedLine(units(item.quantity, f"{place}.quantity"), line_id, names)

    def instant(self, text: str | None, field: str) -> datetime | None:
        """V1 writes local times without saying of where."""
        if not text:
            return None
        return instant(field, text, self._zone)
