"""Routes of shipments: what left, and labels that were voided before anything did."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.order_changes import applied
from functions.api.parameters import OrderId, OutsideId
from functions.api.schemas.orders import OrderChangedOut
from functions.api.schemas.shipments import ShipmentIn
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.inbound import ConfirmShipment, ShipmentNotice
from lastunit.domain.orders.parcels import tracking_digests

router = APIGatewayHttpRouter()


@router.post("/orders/<order_id>/shipments")
def ship(order_id: OrderId, body: ShipmentIn) -> Response[OrderChangedOut]:
    """The same shipment again changes nothing."""
    channel, external_id = OrderKey.parse(order_id)
    return applied(
        ShipmentNotice(
            channel=channel,
            external_id=external_id,
            shipment_id=body.shipment_id,
            lines=tuple(line.line() for line in body.lines),
            location=body.location,
            shipped_at=body.shipped_at,
            tracking=tracking_digests(body.tracking_number),
        )
    )


@router.post("/orders/<order_id>/shipments/<shipment_id>/confirm")
def confirm(order_id: OrderId, shipment_id: OutsideId) -> Response[OrderChangedOut]:
    """Units that it reports beyond the order have left."""
    channel, external_id = OrderKey.parse(order_id)
    return applied(ConfirmShipment(channel, external_id, shipment_id))


@router.post("/orders/<order_id>/shipments/<shipment_id>/void")
def void(order_id: OrderId, shipment_id: OutsideId) -> Response[OrderChangedOut]:
    channel, external_id = OrderKey.parse(order_id)
    return applied(
        ShipmentNotice(channel=channel, external_id=external_id, shipment_id=shipment_id, lines=(), voided=True)
    )
