"""Errors: which status each gets, and what its answer says. Who may call is decided before."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from lastunit.domain.errors import (
    Conflict,
    InvalidInput,
    LastunitError,
    NotFound,
    UnexpectedError,
    UnreadableOrder,
    Unwritable,
)

STATUS: Mapping[type[Exception], HTTPStatus] = {
    UnreadableOrder: HTTPStatus.BAD_REQUEST,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Unwritable: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnexpectedError: HTTPStatus.INTERNAL_SERVER_ERROR,  # A person looks up the log entry that its text names.
    LastunitError: HTTPStatus.SERVICE_UNAVAILABLE,  # Of ours or of a channel; the same call may succeed later.
}
"""An error has the status of the nearest of its types."""

BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})


def status_of(error: LastunitError) -> HTTPStatus:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def refused(error: LastunitError) -> Response[dict[str, Any]]:
    status = status_of(error)
    match error:
        case InvalidInput():
            return _answer(status, error=str(error), field=error.field, remedy=error.remedy)
        case NotFound():
            return _answer(status, error=str(error), field=error.kind)
        case Conflict():
            return _answer(status, error=error.reason, **{name: _plain(one) for name, one in error.details.items()})
    again = "; try again" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    return _answer(status, error=f"{error}{again}")


def undecodable() -> Response[dict[str, Any]]:
    return _malformed([{"field": "body", "problem": "is not UTF-8"}])


def malformed(error: RequestValidationError) -> Response[dict[str, Any]]:
    """Not JSON, missing fields, wrong types; or well formed, with a number that cannot be. Nothing was changed."""
    problems = error.errors()
    if all(_breaks_rule(problem) for problem in problems):
        field = _field(problems[0]).removeprefix("body.")
        text = f"{field}: {problems[0]['msg']}"
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, error=text, field=field, remedy="")
    return _malformed([{"field": _field(problem), "problem": problem["msg"]} for problem in problems])


def _malformed(fields: list[dict[str, str]]) -> Response[dict[str, Any]]:
    return _answer(HTTPStatus.BAD_REQUEST, error="the request is malformed", fields=fields)


def _answer(status: HTTPStatus, **content: object) -> Response[dict[str, Any]]:
    return Response(status.value, "application/json", content)


def _plain(detail: object) -> object:
    return detail.isoformat() if isinstance(detail, datetime) else detail


def _breaks_rule(problem: Mapping[str, Any]) -> bool:
    """A number in the body that is out of bounds or no whole one. In the address it makes the address wrong."""
    fractional = problem["type"] == "int_from_float" or (
        problem["type"] == "int_type" and isinstance(problem["input"], float)
    )
    return problem["loc"][0] == "body" and (fractional or problem["type"] in BOUNDS)


def _field(problem: Mapping[str, Any]) -> str:
    # Of a body that is no JSON, the place tells only how far it was read.
    loc: tuple[str | int, ...] = problem["loc"][:1] if problem["type"] == "json_invalid" else problem["loc"]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
