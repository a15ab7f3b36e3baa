"""A status means the same, whichever channel answers it."""

import pytest

from lastunit.channels.shared.http_status import check_served, check_success
from lastunit.domain.errors import ChannelUnavailable, Throttled
from lastunit.ports.system import HttpResponse
from tests.support.clock import NOON

ABOUT_THE_REQUEST = [301, 302, 304, 400, 404, 405, 409, 410, 413, 422]


def answer(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize("status", [200, 201, 204, 207])
def test_success_raises_nothing(status: int) -> None:
    check_success(answer(status), NOON, "the shop", "check the key")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("check", [check_served, check_success])
def test_refused_credentials_are_reported_with_what_to_check(check: type, status: int) -> None:
    with pytest.raises(ChannelUnavailable, match=f"the shop refused our credentials with {status}: check the key"):
        check(answer(status), NOON, "the shop", "check the key")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("check", [check_served, check_success])
def test_a_channel_that_cannot_serve_now_is_unavailable(check: type, status: int) -> None:
    with pytest.raises(ChannelUnavailable, match=f"the shop answered {status}"):
        check(answer(status), NOON, "the shop", "check the key")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 1.0), ({"retry_after": "7"}, 7.0), ({"x_reset": "5"}, 5.0), ({"retry_after": "2", "x_reset": "5"}, 2.0)],
)
def test_too_many_calls_wait_as_long_as_the_first_header_asks(headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Throttled) as caught:
        check_served(answer(429, **headers), NOON, "the shop", "", ("retry-after", "x-reset"))

    assert seconds == caught.value.retry_after_seconds


@pytest.mark.parametrize("status", ABOUT_THE_REQUEST)
def test_what_is_about_the_request_is_left_to_its_caller(status: int) -> None:
    check_served(answer(status), NOON, "the shop", "check the key")
    with pytest.raises(ChannelUnavailable, match=f"the shop answered {status}"):
        check_success(answer(status), NOON, "the shop", "check the key")
