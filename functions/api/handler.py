"""The JSON API. Who may call is decided before it is reached (AWS_IAM in the template)."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import orders, settings, stock
from lastunit.domain.errors import Conflict, InvalidInput, LastunitError, NotFound

logger = Logger()
app = APIGatewayHttpResolver(enable_validation=True)
app.include_router(stock.router)
app.include_router(settings.router)
app.include_router(orders.router)


def _answer(status: HTTPStatus, **content: object) -> Response[dict[str, Any]]:
    return Response(status.value, "application/json", content)


@app.exception_handler(RequestValidationError)
def malformed(error: RequestValidationError) -> Response[dict[str, Any]]:
    """Not JSON, missing fields, wrong types: nothing was changed."""
    fields = [{"field": _path(problem["loc"]), "problem": problem["msg"]} for problem in error.errors()]
    return _answer(HTTPStatus.BAD_REQUEST, error="the request is malformed", fields=fields)


@app.exception_handler(LastunitError)
def refused(error: LastunitError) -> Response[dict[str, Any]]:
    if isinstance(error, InvalidInput):
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, error=str(error), field=error.field, remedy=error.remedy)
    if isinstance(error, NotFound):
        # What the address names is not found; what the body names makes the body wrong.
        named = error.name in app.current_event.path
        status = HTTPStatus.NOT_FOUND if named else HTTPStatus.UNPROCESSABLE_ENTITY
        return _answer(status, error=str(error), field=error.kind)
    if isinstance(error, Conflict):
        return _answer(HTTPStatus.CONFLICT, error=error.reason, **error.details)
    logger.warning("not done", reason=type(error).__name__)
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, error=f"{error}; try again")


def _path(loc: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
