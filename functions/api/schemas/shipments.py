"""Shipments: what left, from where, and what waits to be booked."""

from typing import Annotated

from pydantic import Field

from functions.api.schemas.common import Answer, Body, DateTime, Name, OutsideId
from lastunit.channels.shared.times import Instant
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.order import PickedUnits, Shipment
from lastunit.domain.orders.snapshot import QUANTITY_MAX


class ShippedLineIn(Body):
    """A line by its id, or by a SKU or one of the names its channel uses."""

    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)]
    line_id: OutsideId | None = None
    sku: OutsideId | None = None

    def line(self) -> ShippedLine:
        return ShippedLine(self.quantity, self.line_id, (self.sku,) if self.sku else ())


class ShipmentIn(Body):
    shipment_id: OutsideId
    lines: Annotated[list[ShippedLineIn], Field(min_length=1, max_length=500)]
    location: Name | None = None
    shipped_at: Instant | None = None
    tracking_number: OutsideId | None = None


class PickedUnitsOut(Answer):
    """Units of a stocked SKU that left a location, or came back there; `bins`: bin → units."""

    line_id: str
    sku: str
    location: str
    quantity: int
    bins: dict[str, int]

    @classmethod
    def of(cls, picked: PickedUnits) -> "PickedUnitsOut":
        return cls(
            line_id=picked.line_id,
            sku=picked.sku,
            location=picked.location,
            quantity=picked.quantity,
            bins=dict(picked.bins),
        )


class ShipmentOut(Answer):
    """A shipment: line id → units of the line, and the units it depleted. A voided one depletes nothing.

    One of a parcel that another system reported before has only the units that were new. `reporter`: the channel
    that reported it; empty: a person.
    """

    shipment_id: str
    lines: dict[str, int]
    picked: list[PickedUnitsOut]
    voided: bool
    shipped_at: DateTime | None
    reporter: str

    @classmethod
    def of(cls, shipment: Shipment) -> "ShipmentOut":
        return cls(
            shipment_id=shipment.shipment_id,
            lines=dict(shipment.lines),
            picked=[PickedUnitsOut.of(one) for one in shipment.picked],
            voided=shipment.voided,
            shipped_at=shipment.shipped_at,
            reporter=shipment.reporter,
        )


class ShippedLineOut(Answer):
    """A line as the shipment names it: by its id, or by names its channel uses."""

    line_id: str | None
    names: list[str]
    quantity: int

    @classmethod
    def of(cls, line: ShippedLine) -> "ShippedLineOut":
        return cls(line_id=line.line_id, names=list(line.names), quantity=line.quantity)


class PendingShipmentOut(Answer):
    """A shipment that cannot be booked yet."""

    shipment_id: str
    lines: list[ShippedLineOut]
    location: str | None
    shipped_at: DateTime | None

    @classmethod
    def of(cls, notice: ShipmentNotice) -> "PendingShipmentOut":
        return cls(
            shipment_id=notice.shipment_id,
            lines=[ShippedLineOut.of(line) for line in notice.lines],
            location=notice.location,
            shipped_at=notice.shipped_at,
        )
