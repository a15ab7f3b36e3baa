"""The JSON API. Who may call is decided before it is reached (AWS_IAM in the template)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import channels, coverage, drifts, life, orders, outgoing, polls, risk, settings, stock, waiting
from lastunit.domain.errors import Conflict, InvalidInput, LastunitError, NotFound, UnreadableOrder, Unwritable

logger = Logger()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # A number of thousands of digits, or lists in lists without end.
        raise json.JSONDecodeError("cannot be read", text, 0) from error


app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=_read)
app.include_router(stock.router)
app.include_router(settings.router)
app.include_router(channels.router)
app.include_router(coverage.router)
app.include_router(polls.router)
app.include_router(drifts.router)
app.include_router(risk.router)
app.include_router(orders.router)
app.include_router(life.router)
app.include_router(waiting.router)
app.include_router(outgoing.router)

BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


def _answer(status: HTTPStatus, **content: object) -> Response[dict[str, Any]]:
    return Response(status.value, "application/json", content)


@app.exception_handler(UnicodeDecodeError)
def undecodable(error: UnicodeDecodeError) -> Response[dict[str, Any]]:
    fields = [{"field": "body", "problem": "is not UTF-8"}]
    return _answer(HTTPStatus.BAD_REQUEST, error="the request is malformed", fields=fields)


@app.exception_handler(RequestValidationError)
def malformed(error: RequestValidationError) -> Response[dict[str, Any]]:
    """Not JSON, missing fields, wrong types; or well formed, with a number that cannot be. Nothing was changed."""
    problems = error.errors()
    if all(_breaks_rule(problem) for problem in problems):
        field = _field(problems[0]).removeprefix("body.")
        text = f"{field}: {problems[0]['msg']}"
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, error=text, field=field, remedy="")
    fields = [{"field": _field(problem), "problem": problem["msg"]} for problem in problems]
    return _answer(HTTPStatus.BAD_REQUEST, error="the request is malformed", fields=fields)


def _breaks_rule(problem: Mapping[str, Any]) -> bool:
    """A number in the body that is out of bounds or no whole one. In the address it makes the address wrong."""
    fractional = problem["type"] == "int_from_float" or (
        problem["type"] == "int_type" and isinstance(problem["input"], float)
    )
    return problem["loc"][0] == "body" and (fractional or problem["type"] in BOUNDS)


@app.exception_handler(LastunitError)
def refused(error: LastunitError) -> Response[dict[str, Any]]:
    if isinstance(error, InvalidInput):
        malformed = isinstance(error, UnreadableOrder)
        status = HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY
        return _answer(status, error=str(error), field=error.field, remedy=error.remedy)
    if isinstance(error, NotFound):
        # What the address names is not found; what the body names makes the body wrong.
        status = HTTPStatus.NOT_FOUND if _in_address(error.name) else HTTPStatus.UNPROCESSABLE_ENTITY
        return _answer(status, error=str(error), field=error.kind)
    if isinstance(error, Conflict):
        return _answer(HTTPStatus.CONFLICT, error=error.reason, **error.details)
    if isinstance(error, Unwritable):
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, error=str(error))
    logger.warning("not done", reason=type(error).__name__)
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, error=f"{error}; try again")


def _in_address(name: str) -> bool:
    """As a part of the path; an order's id holds its channel's name."""
    parts = [unquote(part) for part in app.current_event.path.split("/")]
    return any(part == name or part.startswith(f"{name}:") for part in parts)


def _field(problem: Mapping[str, Any]) -> str:
    # Of a body that is no JSON, the place tells only how far it was read.
    loc: tuple[str | int, ...] = problem["loc"][:1] if problem["type"] == "json_invalid" else problem["loc"]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
