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
        ReturnAnnounced(channel=channel, external_id=external_id, return_id=body.return_id, lines=body.lines)
    )


@router.post("/orders/<order_id>/returns/<return_id>/receipt")
def receive(order_id: OrderId, return_id: OutsideId, body: ReceiptIn) -> Response[OrderChangedOut]:
    channel, external_id = OrderKey.parse(order_id)
    return applied(
        ReturnReceived(channel=channel, external_id=external_id, return_id=return_id, location=body.location)
    )


@router.post("/orders/<order_id>/returns/<return_id>/inspection")
def inspect(order_id: OrderId, return_id: OutsideId, body: InspectionIn) -> Response[OrderChangedOut]:
    """Only sellable units become stock, where they were received."""
    channel, external_id = OrderKey.parse(order_id)
    lines = {line_id: (found.sellable, found.damaged, found.missing) for line_id, found in body.lines.items()}
    return applied(
        ReturnInspected(channel=channel, external_id=external_id, return_id=return_id, lines=lines, bin=body.bin)
    )
