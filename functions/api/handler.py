"""The JSON API. Who may call is decided before it is reached (AWS_IAM in the template)."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.api import errors
from functions.api.routes import (
    channels,
    coverage,
    drifts,
    listings,
    locations,
    orders,
    polls,
    requests,
    returns,
    review,
    shipments,
    skus,
    stock_operations,
    syncs,
    units_at_risk,
    webhook_subscriptions,
)
from lastunit.channels.shared.json_body import json_object
from lastunit.domain.errors import InvalidInput, LastunitError

logger = Logger()


def _read(text: str) -> dict[str, Any]:
    """Of a list, one entry alone would be applied."""
    try:
        return json_object(text.encode())
    except UnicodeEncodeError:
        raise _malformed("body", "is no Unicode text") from None
    except InvalidInput as error:
        raise _malformed(error.field, error.problem) from None


def _malformed(field: str, problem: str) -> RequestValidationError:
    return RequestValidationError([{"type": "json_invalid", "loc": (field,), "msg": problem, "input": None}])


app = APIGatewayHttpResolver(
    enable_validation=True,
    json_body_deserializer=_read,
    # An answer that does not fit its model is our fault, not the caller's.
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
)
app.include_router(skus.router)
app.include_router(stock_operations.router)
app.include_router(locations.router)
app.include_router(channels.router)
app.include_router(listings.router)
app.include_router(syncs.router)
app.include_router(coverage.router)
app.include_router(polls.router)
app.include_router(drifts.router)
app.include_router(units_at_risk.router)
app.include_router(orders.router)
app.include_router(requests.router)
app.include_router(shipments.router)
app.include_router(returns.router)
app.include_router(review.router)
app.include_router(webhook_subscriptions.router)


@app.exception_handler(UnicodeDecodeError)
def undecodable(error: UnicodeDecodeError) -> Response[dict[str, Any]]:
    return errors.undecodable()


@app.exception_handler(RequestValidationError)
def malformed(error: RequestValidationError) -> Response[dict[str, Any]]:
    return errors.malformed(error)


@app.exception_handler(LastunitError)
def refused(error: LastunitError) -> Response[dict[str, Any]]:
    if errors.status_of(error) is HTTPStatus.SERVICE_UNAVAILABLE:
        logger.warning("not done", reason=type(error).__name__)
    return errors.refused(error)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
