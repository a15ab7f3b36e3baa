"""Routes of orders: the own store places and cancels with an instant answer; anyone allowed may look."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import InstantOrderIn
from lastunit.bootstrap import hub
from lastunit.change_orders import Changed, Incoming
from lastunit.channels.generic_orders import snapshot
from lastunit.domain.errors import LastunitError, NotFound
from lastunit.domain.facts import Fact
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Order
from lastunit.domain.snapshots import Snapshot
from lastunit.domain.world import Outcome

router = APIGatewayHttpRouter()

OrderId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}:.{1,100}$")]

REFUSED = frozenset({State.REFUSED, State.CANCELLED})
UNDECIDED = frozenset({State.RECORDED, State.REQUESTED, State.EXCEPTION})


@router.post("/orders")
def place(body: InstantOrderIn) -> Response[dict[str, Any]]:
    """201 reserved, 202 a person must decide, 409 refused. The same order again gets the same answer, as 200."""
    changed = apply(snapshot(body.channel, body), instant=True)
    return answer(_status(changed), changed)


@router.post("/orders/<order_id>/cancel")
def cancel(order_id: OrderId) -> Response[dict[str, Any]]:
    """The whole order. Also before it came: then it will take nothing."""
    channel, external_id = divide(order_id)
    return answer(HTTPStatus.OK, apply(Snapshot(channel, external_id, "", (), cancelled=True)))


@router.get("/orders/<order_id>")
def get_order(order_id: OrderId) -> dict[str, Any]:
    order = hub().stock_book.orders([order_id]).get(order_id)
    if order is None:
        raise NotFound("order", order_id)
    return _order(order)


def divide(order_id: str) -> tuple[str, str]:
    """The channel, and its own id of the order."""
    channel, _, external_id = order_id.partition(":")
    return channel, external_id


def apply(fact: Fact, *, instant: bool = False) -> Changed:
    changed = hub().change_orders([Incoming("request", fact, instant)])["request"]
    if isinstance(changed, LastunitError):
        raise changed
    return changed


def answer(status: HTTPStatus, changed: Changed) -> Response[dict[str, Any]]:
    body = {"outcome": changed.outcome.value, "order": _order(changed.order)}
    return Response(status.value, "application/json", body)


def _status(changed: Changed) -> HTTPStatus:
    if changed.order.state in REFUSED:
        return HTTPStatus.CONFLICT
    if changed.order.state in UNDECIDED:
        return HTTPStatus.ACCEPTED
    repeated = changed.outcome in (Outcome.DUPLICATE, Outcome.STALE)
    return HTTPStatus.OK if repeated else HTTPStatus.CREATED


def _order(order: Order) -> dict[str, Any]:
    return {"order_id": order.order_id} | asdict(order)
