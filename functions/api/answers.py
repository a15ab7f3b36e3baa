"""Answers with another status than 200."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from functions.api.schemas.common import Answer


def answer[Content: Answer](status: HTTPStatus, content: Content) -> Response[Content]:
    return Response(status.value, "application/json", content)
