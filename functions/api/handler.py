"""The JSON API. Who may call is decided before it is reached (AWS_IAM in the template)."""

import json
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
from lastunit.domain.errors import LastunitError

logger = Logger()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # A number of thousands of digits, or lists in lists without end.
        raise json.JSONDecodeError("cannot be read", text, 0) from error


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
