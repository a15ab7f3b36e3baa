"""Routes of drifts: listings that show something else than expected, and a person's word about them."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.answers import answer
from functions.api.parameters import ChannelName, ListingName
from functions.api.schemas.drifts import DriftDecisionIn, DriftOut
from functions.api.schemas.syncs import ChannelAcceptedOut
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()


@router.get("/channels/<channel>/drifts")
def get_drifts(channel: ChannelName) -> list[DriftOut]:
    return [DriftOut.of(drift) for drift in hub().decide_drift.of(channel)]


@router.post("/channels/<channel>/drifts/<listing>")
def decide(channel: ChannelName, listing: ListingName, body: DriftDecisionIn) -> DriftOut:
    return DriftOut.of(hub().decide_drift.decide(channel, listing, body.decision, body.by))


@router.post("/channels/<channel>/reconcile")
def reconcile(channel: ChannelName) -> Response[ChannelAcceptedOut]:
    """202: its listings are read back from now on, some hundred at a time."""
    hub().reconcile_listings.start([channel])
    return answer(HTTPStatus.ACCEPTED, ChannelAcceptedOut(channel=channel))
