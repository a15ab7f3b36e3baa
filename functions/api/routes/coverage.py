"""Routes of full coverage: overwrite a whole channel by hand, and see how its runs went."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.answers import answer
from functions.api.parameters import ChannelName
from functions.api.schemas.coverage import CoverageRunOut, CoverageStartedOut
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()


@router.post("/channels/<channel>/coverage")
def start(channel: ChannelName) -> Response[CoverageStartedOut]:
    """202: it begins within a minute."""
    return answer(HTTPStatus.ACCEPTED, CoverageStartedOut.of(hub().ask_for_coverage.start(channel)))


@router.get("/channels/<channel>/coverage")
def runs(channel: ChannelName) -> list[CoverageRunOut]:
    """The last ten, newest first; of a run under way what it has come to so far."""
    return [CoverageRunOut.of(run, report) for run, report in hub().ask_for_coverage.runs(channel)]
