"""Routes of listings: which SKU is sold under which name on a channel."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.parameters import ChannelName, ListingName
from functions.api.routes.channels import find
from functions.api.schemas.listings import ListingIn, ListingSavedOut
from lastunit.bootstrap import hub

router = APIGatewayHttpRouter()


@router.put("/channels/<channel>/listings/<listing>")
def put_listing(channel: ChannelName, listing: ListingName, body: ListingIn) -> ListingSavedOut:
    """Orders that waited for one of its names are applied."""
    kind = hub().kinds.kind(find(channel).kind)
    if hub().configure_catalogue.is_tracked(body.sku):  # Another is listed nowhere: orders know it by its names.
        kind.check_refs(body.refs)
    hub().configure_catalogue.put_listing(channel, listing, body.sku, body.refs, body.aliases, body.override)
    return ListingSavedOut.of(channel, listing, body)
