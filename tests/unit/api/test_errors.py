"""Which status the API answers each error with: it follows from the error's type alone."""

from http import HTTPStatus

import pytest

from functions.api.errors import refused, status_of
from lastunit.domain.errors import (
    ChannelUnavailable,
    Conflict,
    Contention,
    ForbiddenAddress,
    InvalidInput,
    LastunitError,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
    UnreadableOrder,
    Unwritable,
)

UNAVAILABLE = (ChannelUnavailable, Contention, OutcomeUnknown, StoreUnavailable)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnreadableOrder("lines", "is no list"), HTTPStatus.BAD_REQUEST),
        (ForbiddenAddress("resource_url", "is not allowed"), HTTPStatus.BAD_REQUEST),
        (InvalidInput("quantity", "must be positive"), HTTPStatus.UNPROCESSABLE_ENTITY),
        (MissingReference("sku", "tee"), HTTPStatus.UNPROCESSABLE_ENTITY),
        (NotFound("sku", "tee"), HTTPStatus.NOT_FOUND),
        (Conflict("it was decided already"), HTTPStatus.CONFLICT),
        (Unwritable("too large"), HTTPStatus.UNPROCESSABLE_ENTITY),
        (Throttled(3), HTTPStatus.SERVICE_UNAVAILABLE),
        *((kind("not now"), HTTPStatus.SERVICE_UNAVAILABLE) for kind in UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_has_the_status_of_its_nearest_type(error: LastunitError, status: HTTPStatus) -> None:
    assert (status, status.value) == (status_of(error), refused(error).status_code)


def test_only_what_may_succeed_later_asks_to_be_tried_again() -> None:
    answers = [refused(error).body for error in (StoreUnavailable("the table is away"), Unwritable("too large"))]

    assert [{"error": "the table is away; try again"}, {"error": "too large"}] == answers


def test_what_is_missing_is_named_by_the_field_that_names_it() -> None:
    answers = [refused(error).body for error in (NotFound("sku", "tee"), MissingReference("sku", "tee"))]

    assert [
        {"error": "sku 'tee' does not exist", "field": "sku"},
        {"error": "sku: 'tee' does not exist", "field": "sku", "remedy": ""},
    ] == answers
