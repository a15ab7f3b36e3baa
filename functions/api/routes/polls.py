"""Routes of polls: how far a channel's list of orders was read, and reading it now."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.parameters import ChannelName
from functions.api.routes.channels import find
from functions.api.schemas.polls import PolledOut, PollOut
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()

POLL_SECONDS = 10  # No page is begun later: API Gateway waits 30 s for an answer.


@router.get("/channels/<channel>/poll")
def get_poll(channel: ChannelName) -> PollOut:
    find(channel)
    return PollOut.of(hub().polls.position(channel))


@router.post("/channels/<channel>/poll")
def poll(channel: ChannelName) -> PolledOut:
    """As every minute."""
    polled = hub().poll_channels.poll(channel, POLL_SECONDS)
    return PolledOut.polled(hub().polls.position(channel), ended=polled.ended, found=polled.found)
