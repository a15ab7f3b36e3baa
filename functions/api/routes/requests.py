"""Routes of requests: accept or decline what stock cannot cover, and what was accepted is paid."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.order_changes import applied, changed
from functions.api.parameters import OrderId
from functions.api.schemas.orders import OrderChangedOut
from functions.api.schemas.requests import RequestDecisionIn
from lastunit.bootstrap import hub
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.inbound import DecideRequest, PaymentReceived
from lastunit.use_cases.orders.change_orders import Incoming

router = APIGatewayHttpRouter()


@router.post("/orders/<order_id>/decision")
def decide(order_id: OrderId, body: RequestDecisionIn) -> Response[OrderChangedOut]:
    """With `preview` it says what would come of it, and nothing is written."""
    channel, external_id = OrderKey.parse(order_id)
    decision = DecideRequest(
        channel=channel,
        external_id=external_id,
        accept=body.accept,
        by=body.by,
        lines=body.lines,
        version=body.version,
        supply=body.supply,
        location=body.location,
    )
    if body.preview:
        return changed(hub().change_orders.preview(Incoming("preview", decision)))
    return applied(decision)


@router.post("/orders/<order_id>/payment")
def pay(order_id: OrderId) -> Response[OrderChangedOut]:
    """In time it is ready to ship; too late it is tried again."""
    return applied(PaymentReceived(*OrderKey.parse(order_id)))
