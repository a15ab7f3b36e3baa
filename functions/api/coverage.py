"""Routes of full coverage: overwrite a whole channel by hand, and see how its runs went."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import Name
from lastunit.bootstrap import hub
from lastunit.domain.coverage import Report, Run

router = APIGatewayHttpRouter()


@router.post("/channels/<channel>/coverage")
def start(channel: Annotated[Name, Path()]) -> Response[dict[str, Any]]:
    """202: it is begun within a minute."""
    run = hub().ask_for_coverage.start(channel)
    content = {"channel": channel, "run": run.slot, "state": _state(run)}
    return Response(HTTPStatus.ACCEPTED.value, "application/json", content)


@router.get("/channels/<channel>/coverage")
def runs(channel: Annotated[Name, Path()]) -> list[dict[str, Any]]:
    """The last ten, newest first; of a run under way what it has come to so far."""
    return [_shown(run, report) for run, report in hub().ask_for_coverage.runs(channel)]


def _shown(run: Run, report: Report) -> dict[str, Any]:
    content = {"run": run.slot, "state": _state(run), "started_at": run.started_at, "polled": run.polled}
    return content | {"seconds": report.seconds, "segments": report.segments} | asdict(report.tally)


def _state(run: Run) -> str:
    return "finished" if run.report else "running"
