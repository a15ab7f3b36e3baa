"""What the routes of orders, requests, shipments and returns share: apply what is said about one order."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from functions.api.answers import answer
from functions.api.schemas.orders import OrderChangedOut
from lastunit.bootstrap import hub
from lastunit.domain.errors import LastunitError
from lastunit.domain.orders.inbound import OrderInput
from lastunit.use_cases.orders.change_orders import ChangeResult, Incoming


def apply(order_input: OrderInput, *, instant: bool = False) -> ChangeResult:
    """`instant`: who asks waits for the answer and can be told no."""
    changed = hub().change_orders.apply([Incoming("request", order_input, instant)])["request"]
    if isinstance(changed, LastunitError):
        raise changed
    return changed


def applied(order_input: OrderInput) -> Response[OrderChangedOut]:
    return changed(apply(order_input))


def changed(result: ChangeResult, status: HTTPStatus = HTTPStatus.OK) -> Response[OrderChangedOut]:
    return answer(status, OrderChangedOut.of(result))
