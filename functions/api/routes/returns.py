"""Routes of returns: announced, received, inspected."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.order_changes import applied
from functions.api.parameters import OrderId, OutsideId
from functions.api.schemas.orders import OrderChangedOut
from functions.api.schemas.returns import InspectionIn, ReceiptIn, ReturnIn
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.inbound import ReturnAnnounced, ReturnInspected, ReturnReceived

router = APIGatewayHttpRouter()


@router.post("/orders/<order_id>/returns")
def announce(order_id: OrderId, body: ReturnIn) -> Response[OrderChangedOut]:
    channel, external_id = OrderKey.parse(order_id)
    return applied(
        ReturnAnnounced(
            channel=channel,
            external_id=external_id,
            return_id=body.return_id,
            lines=body.lines,
            correction=body.correction or "",
        )
    )


@router.post("/orders/<order_id>/returns/<return_id>/receipt")
def receive(order_id: OrderId, return_id: OutsideId, body: ReceiptIn) -> Response[OrderChangedOut]:
    channel, external_id = OrderKey.parse(order_id)
    return applied(
        ReturnReceived(
            channel=channel,
            external_id=external_id,
            return_id=return_id,
            location=body.location,
            arrival_id=body.arrival_id or "",
            lines=body.lines,
            correction=body.correction or "",
        )
    )


@router.post("/orders/<order_id>/returns/<return_id>/inspection")
def inspect(order_id: OrderId, return_id: OutsideId, body: InspectionIn) -> Response[OrderChangedOut]:
    """Only sellable units become stock, where they were received."""
    channel, external_id = OrderKey.parse(order_id)
    components = {
        line_id: {sku: one.numbers for sku, one in found.components.items()}
        for line_id, found in body.lines.items()
        if found.components
    }
    return applied(
        ReturnInspected(
            channel=channel,
            external_id=external_id,
            return_id=return_id,
            lines={line_id: found.numbers for line_id, found in body.lines.items()},
            bin=body.bin,
            components=components,
            arrival_id=body.arrival_id or "",
            correction=body.correction or "",
        )
    )
