"""Routes of an order after it is placed: decisions, payment, shipments, returns, second attempts."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import DecisionIn, InspectionIn, ReceiptIn, ReturnIn, ShippedIn
from functions.api.orders import OrderId, answer, apply, divide
from lastunit.bootstrap import hub
from lastunit.change_orders import Incoming
from lastunit.domain.facts import (
    Answer,
    Confirm,
    Payment,
    Retry,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
    Shipment,
    ShippedLine,
)

router = APIGatewayHttpRouter()

Id = Annotated[str, Path(min_length=1, max_length=100)]


@router.post("/orders/<order_id>/decision")
def decide(order_id: OrderId, body: DecisionIn) -> Response[dict[str, Any]]:
    """Accept or decline a request. With `preview` it says what would come of it, and nothing is written."""
    fact = Answer(*divide(order_id), body.accept, body.by, body.lines)
    if body.preview:
        return answer(HTTPStatus.OK, hub().change_orders.preview(Incoming("preview", fact)))
    return answer(HTTPStatus.OK, apply(fact))


@router.post("/orders/<order_id>/payment")
def pay(order_id: OrderId) -> Response[dict[str, Any]]:
    return answer(HTTPStatus.OK, apply(Payment(*divide(order_id))))


@router.post("/orders/<order_id>/retry")
def retry(order_id: OrderId) -> Response[dict[str, Any]]:
    """The cause of an exception was mended; of an order never seen, its shipments are booked all the same."""
    return answer(HTTPStatus.OK, apply(Retry(*divide(order_id))))


@router.post("/orders/<order_id>/confirm")
def confirm(order_id: OrderId) -> Response[dict[str, Any]]:
    """Apply an order that was recorded while its channel's import was off."""
    return answer(HTTPStatus.OK, apply(Confirm(*divide(order_id))))


@router.post("/orders/<order_id>/shipments")
def ship(order_id: OrderId, body: ShippedIn) -> Response[dict[str, Any]]:
    lines = tuple(ShippedLine(line.quantity, line.line_id, (line.sku,) if line.sku else ()) for line in body.lines)
    fact = Shipment(*divide(order_id), body.shipment_id, lines, body.location, body.shipped_at)
    return answer(HTTPStatus.OK, apply(fact))


@router.post("/orders/<order_id>/shipments/<shipment_id>/void")
def void(order_id: OrderId, shipment_id: Id) -> Response[dict[str, Any]]:
    return answer(HTTPStatus.OK, apply(Shipment(*divide(order_id), shipment_id, (), voided=True)))


@router.post("/orders/<order_id>/returns")
def announce_return(order_id: OrderId, body: ReturnIn) -> Response[dict[str, Any]]:
    return answer(HTTPStatus.OK, apply(ReturnAnnounced(*divide(order_id), body.return_id, body.lines)))


@router.post("/orders/<order_id>/returns/<return_id>/receipt")
def receive_return(order_id: OrderId, return_id: Id, body: ReceiptIn) -> Response[dict[str, Any]]:
    return answer(HTTPStatus.OK, apply(ReturnReceived(*divide(order_id), return_id, body.location)))


@router.post("/orders/<order_id>/returns/<return_id>/inspection")
def inspect_return(order_id: OrderId, return_id: Id, body: InspectionIn) -> Response[dict[str, Any]]:
    """Only sellable units become stock, where they were received."""
    lines = {line_id: (found.sellable, found.damaged, found.missing) for line_id, found in body.lines.items()}
    return answer(HTTPStatus.OK, apply(ReturnInspected(*divide(order_id), return_id, lines, body.bin)))
