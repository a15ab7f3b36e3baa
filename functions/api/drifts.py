"""Routes of drifts: listings that show another number than they were told, and a person's word about them."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.models import Body, ListingName, Name
from lastunit.bootstrap import hub
from lastunit.domain.drift import Decision, Drift

router = APIGatewayHttpRouter()


class DriftDecisionIn(Body):
    """`adopt` believes the channel; `overwrite` tells it our number. `by`: who decides."""

    decision: Decision
    by: Annotated[str, Field(min_length=1, max_length=100)]


@router.get("/channels/<channel>/drifts")
def get_drifts(channel: Annotated[Name, Path()]) -> list[dict[str, Any]]:
    return [_shown(drift) for drift in hub().decide_drift.of(channel)]


@router.post("/channels/<channel>/drifts/<listing>")
def decide(
    channel: Annotated[Name, Path()], listing: Annotated[ListingName, Path()], body: DriftDecisionIn
) -> dict[str, Any]:
    return _shown(hub().decide_drift(channel, listing, body.decision, body.by))


@router.post("/channels/<channel>/reconcile")
def read_back(channel: Annotated[Name, Path()]) -> Response[dict[str, Any]]:
    """202: its listings are read back from now on, some hundred at a time."""
    hub().reconcile.start([channel])
    return Response(HTTPStatus.ACCEPTED.value, "application/json", {"channel": channel})


def _shown(drift: Drift) -> dict[str, Any]:
    sku, channel, listing = drift.key
    named = {"sku": sku, "channel": channel, "listing": listing, "frozen": drift.awaits_a_person}
    return named | {name: content for name, content in asdict(drift).items() if name != "key"}
