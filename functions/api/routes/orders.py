"""Routes of orders: the own store places and cancels with an instant answer; second attempts; anyone may look."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.order_changes import applied, apply, changed
from functions.api.parameters import OrderId
from functions.api.schemas.instant_orders import InstantOrderIn, snapshot
from functions.api.schemas.orders import OrderChangedOut, OrderOut
from lastunit.bootstrap import hub
from lastunit.domain.errors import MissingReference, NotFound
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import ConfirmOrder, RetryOrder
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import State
from lastunit.use_cases.orders.change_orders import ChangeResult

router = APIGatewayHttpRouter()

REFUSED = frozenset({State.REFUSED, State.CANCELLED})
UNDECIDED = frozenset({State.RECORDED, State.REQUESTED, State.EXCEPTION})


@router.post("/orders")
def place(body: InstantOrderIn) -> Response[OrderChangedOut]:
    """201 reserved, 202 a person must decide, 409 refused. The same order again gets the same answer, as 200."""
    try:
        result = apply(snapshot(body), instant=True)
    except NotFound as error:  # Its address names nothing: what is missing, the body has named.
        raise MissingReference(error.kind, error.name) from error
    return changed(result, _status(result))


@router.post("/orders/<order_id>/cancel")
def cancel(order_id: OrderId) -> Response[OrderChangedOut]:
    """The whole order. Also before it came: then it will take nothing."""
    channel, external_id = OrderKey.parse(order_id)
    return applied(OrderSnapshot(channel=channel, external_id=external_id, revision="", lines=(), cancelled=True))


@router.get("/orders/<order_id>")
def get_order(order_id: OrderId) -> OrderOut:
    order = hub().order_store.orders([order_id]).get(order_id)
    if order is None:
        raise NotFound("order", order_id)
    return OrderOut.of(order)


@router.post("/orders/<order_id>/retry")
def retry(order_id: OrderId) -> Response[OrderChangedOut]:
    """The cause of an exception was mended; of an order never seen, its shipments are booked all the same."""
    return applied(RetryOrder(*OrderKey.parse(order_id)))


@router.post("/orders/<order_id>/confirm")
def confirm(order_id: OrderId) -> Response[OrderChangedOut]:
    """Apply an order that was recorded while its channel's import was off."""
    return applied(ConfirmOrder(*OrderKey.parse(order_id)))


def _status(result: ChangeResult) -> HTTPStatus:
    if result.order.state in REFUSED:
        return HTTPStatus.CONFLICT
    if result.order.state in UNDECIDED:
        return HTTPStatus.ACCEPTED
    repeated = result.outcome in (Outcome.DUPLICATE, Outcome.STALE)
    return HTTPStatus.OK if repeated else HTTPStatus.CREATED
