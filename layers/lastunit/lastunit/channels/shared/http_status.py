"""What the status of a channel's answer means, whichever channel it is.

| status | what it says | raised |
|---|---|---|
| 2xx | served | nothing |
| 401, 403 | our credentials are refused: a person must renew them | ChannelUnavailable, with what to check |
| 408 | the channel did not wait for the whole request | ChannelUnavailable |
| 429 | too many calls | Throttled, for as long as Retry-After asks |
| 5xx | the channel cannot serve now | ChannelUnavailable |
| 404, 409, other 4xx, 3xx | about this one request: its caller knows what it asked for | by `check_served` nothing; by `check_success` ChannelUnavailable |

A redirect is never followed: the credentials would go elsewhere. 404 for an order that a notification named means
"not yet" (ChannelUnavailable, the queue asks again); for a listing it is a refusal of that listing.
"""  # noqa: E501 - a table

from collections.abc import Sequence
from datetime import datetime

from lastunit.channels.shared.retry_after import pause_seconds
from lastunit.domain.errors import ChannelUnavailable, Throttled
from lastunit.ports.system import HttpResponse

CREDENTIALS_REFUSED = frozenset({401, 403})
REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR = 408, 429, 500
RETRY_AFTER = ("retry-after",)


def is_success(answer: HttpResponse) -> bool:
    return 200 <= answer.status < 300


def check_served(
    answer: HttpResponse, now: datetime, who: str, credentials: str, pause_headers: Sequence[str] = RETRY_AFTER
) -> None:
    """Raises what concerns the account or the moment. `who` answers; `credentials`: what a person checks."""
    status = answer.status
    if status == TOO_MANY_REQUESTS:
        wish = next((answer.headers[name] for name in pause_headers if answer.headers.get(name)), None)
        raise Throttled(pause_seconds(wish, now))
    if status in CREDENTIALS_REFUSED:
        raise ChannelUnavailable(f"{who} refused our credentials with {status}: {credentials}")
    if status == REQUEST_TIMEOUT or status >= SERVER_ERROR:
        raise ChannelUnavailable(f"{who} answered {status}")


def check_success(
    answer: HttpResponse, now: datetime, who: str, credentials: str, pause_headers: Sequence[str] = RETRY_AFTER
) -> None:
    """As `check_served`, and ChannelUnavailable for every other answer but success."""
    check_served(answer, now, who, credentials, pause_headers)
    if not is_success(answer):
        raise ChannelUnavailable(f"{who} answered {answer.status}")
