"""Routes of manual syncs: a channel, a listing or a SKU is overwritten soon, whatever its channel's sync."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.answers import answer
from functions.api.parameters import ChannelName, ListingName, SkuName
from functions.api.schemas.syncs import ChannelAcceptedOut, ListingAcceptedOut, SkuAcceptedOut
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()


@router.post("/channels/<channel>/sync")
def sync_channel(channel: ChannelName) -> Response[ChannelAcceptedOut]:
    hub().manual_sync.channel(channel)
    return answer(HTTPStatus.ACCEPTED, ChannelAcceptedOut(channel=channel))


@router.post("/channels/<channel>/listings/<listing>/sync")
def sync_listing(channel: ChannelName, listing: ListingName) -> Response[ListingAcceptedOut]:
    hub().manual_sync.listing(channel, listing)
    return answer(HTTPStatus.ACCEPTED, ListingAcceptedOut(channel=channel, listing=listing))


@router.post("/skus/<sku>/sync")
def sync_sku(sku: SkuName) -> Response[SkuAcceptedOut]:
    not_pushed = hub().manual_sync.sku(sku)
    return answer(HTTPStatus.ACCEPTED, SkuAcceptedOut(sku=sku, not_pushed=list(not_pushed)))
