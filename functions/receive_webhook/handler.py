"""POST and GET /webhooks/{channel}: verify, queue, answer. Nothing else happens while a marketplace waits."""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import BadSignature, BodyTooLarge, InvalidInput, LastunitError, NotFound
from lastunit.ports.channel import WebhookRequest

logger = Logger()

STATUS: Mapping[type[Exception], HTTPStatus] = {
    BadSignature: HTTPStatus.UNAUTHORIZED,
    NotFound: HTTPStatus.NOT_FOUND,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    InvalidInput: HTTPStatus.BAD_REQUEST,
    LastunitError: HTTPStatus.SERVICE_UNAVAILABLE,  # The sender comes again.
}
"""An error has the status of the nearest of its types."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    channel = event["pathParameters"]["channel"]
    request = _request(event)
    try:
        if request.method == "GET":
            return _answer(HTTPStatus.OK, dict(hub().receive_webhook.challenge(channel, request)))
        accepted = hub().receive_webhook.notify(channel, request)
    except LastunitError as error:
        return _refuse(channel, error)
    logger.info("webhook", channel=channel, accepted=accepted)
    return _answer(HTTPStatus.OK, {"status": "accepted" if accepted else "ignored"})


def _request(event: dict[str, Any]) -> WebhookRequest:
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in event["headers"].items()}
    method = event["requestContext"]["http"]["method"]
    return WebhookRequest(method=method, headers=headers, body=raw, query=event.get("queryStringParameters") or {})


def _refuse(channel: str, error: LastunitError) -> dict[str, Any]:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    # Only a failure of ours is told in full: other reasons may quote what a stranger sent.
    reason = str(error) if status is HTTPStatus.SERVICE_UNAVAILABLE else type(error).__name__
    logger.warning("webhook refused", channel=channel, status=status.value, reason=reason)
    return _answer(status, {"error": _reason(status, error)})


def _reason(status: HTTPStatus, error: LastunitError) -> str:
    # Who cannot sign learns nothing about why, nor about our settings; who can is told the field and the remedy.
    if status is HTTPStatus.UNAUTHORIZED:
        return "the signature is missing or wrong"
    return str(error) if status is not HTTPStatus.SERVICE_UNAVAILABLE else "not stored; try again later"


def _answer(status: HTTPStatus, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status.value,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(content),
    }
