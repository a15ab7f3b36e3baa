"""Routes of orders: the own store places and cancels with an instant answer; anyone allowed may look."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.models import InstantOrderIn
from lastunit.bootstrap import exceptions, place_orders, stock_book
from lastunit.channels.generic_orders import snapshot
from lastunit.domain.errors import LastunitError, NotFound
from lastunit.domain.orders import Order, State
from lastunit.domain.placing import Outcome
from lastunit.domain.snapshots import Snapshot
from lastunit.place import Incoming, Placed

router = APIGatewayHttpRouter()

OrderId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}:.{1,100}$")]

STATUS = {
    State.RESERVED: HTTPStatus.CREATED,
    State.REQUESTED: HTTPStatus.ACCEPTED,
    State.EXCEPTION: HTTPStatus.ACCEPTED,
    State.REFUSED: HTTPStatus.CONFLICT,
    State.CANCELLED: HTTPStatus.CONFLICT,
}


@router.post("/orders")
def place(body: InstantOrderIn) -> Response[dict[str, Any]]:
    """201 reserved, 202 a person must decide, 409 refused. The same order again gets the same answer, as 200."""
    placed = _place(Incoming("order", snapshot(body.channel, body), instant=True))
    status = STATUS[placed.order.state]
    if placed.outcome in (Outcome.DUPLICATE, Outcome.STALE) and status is HTTPStatus.CREATED:
        status = HTTPStatus.OK
    return _answer(status, placed)


@router.post("/orders/<order_id>/cancel")
def cancel(order_id: OrderId) -> Response[dict[str, Any]]:
    """The whole order. Also before it came: then it will take nothing."""
    channel, _, external_id = order_id.partition(":")
    return _answer(
        HTTPStatus.OK, _place(Incoming("cancel", Snapshot(channel, external_id, "", (), cancelled=True)))
    )


@router.get("/orders/<order_id>")
def get_order(order_id: OrderId) -> dict[str, Any]:
    order = stock_book().orders([order_id]).get(order_id)
    if order is None:
        raise NotFound("order", order_id)
    return _order(order)


@router.get("/waiting/<kind>")
def get_waiting(
    kind: Annotated[str, Path(pattern="^(requested|exception)$")],
    limit: Annotated[int, Query(), Field(ge=1, le=100)] = 50,
) -> list[dict[str, Any]]:
    """Orders and exceptions that wait for a person, oldest first."""
    return exceptions().waiting(kind, limit)


def _place(incoming: Incoming) -> Placed:
    answer = place_orders()([incoming])[incoming.key]
    if isinstance(answer, LastunitError):
        raise answer
    return answer


def _answer(status: HTTPStatus, placed: Placed) -> Response[dict[str, Any]]:
    body = {"outcome": placed.outcome.value, "order": _order(placed.order)}
    return Response(status.value, "application/json", body)


def _order(order: Order) -> dict[str, Any]:
    return {"order_id": order.order_id} | asdict(order)
