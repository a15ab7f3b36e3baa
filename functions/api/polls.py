"""Routes of polling: how far a channel's list of orders was read, and reading it now."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import Name
from lastunit.bootstrap import hub
from lastunit.domain.errors import NotFound

router = APIGatewayHttpRouter()

POLL_SECONDS = 10  # No page is begun later: API Gateway waits 30 s for an answer.


@router.get("/channels/<channel>/poll")
def get_poll(channel: Annotated[Name, Path()]) -> dict[str, Any]:
    if hub().settings.channel(channel) is None:
        raise NotFound("channel", channel)
    return _position(channel)


@router.post("/channels/<channel>/poll")
def poll(channel: Annotated[Name, Path()]) -> dict[str, Any]:
    """As every minute. `ended` false without an error: the backlog is long, and the next poll goes on."""
    polled = hub().poll_channels.poll(channel, POLL_SECONDS)
    return {"ended": polled.ended, "found_now": polled.found} | _position(channel)


def _position(channel: str) -> dict[str, Any]:
    position = hub().polls.position(channel)
    return {
        "begun": position.begun,
        "done": position.done,
        "cursor": position.cursor.isoformat() if position.cursor else None,
        "found": position.found,
        "polled_at": position.polled_at,
        "last_error": position.last_error,
        "held": sorted(position.held),
    }
