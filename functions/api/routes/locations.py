"""Routes of locations."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.parameters import PlaceName
from functions.api.schemas.locations import LocationIn, LocationOut, LocationSavedOut
from lastunit.bootstrap import hub
from lastunit.domain.stock.catalogue import Location

router = APIGatewayHttpRouter()


@router.get("/locations")
def get_locations() -> list[LocationOut]:
    return [LocationOut.of(location) for location in hub().settings.locations()]


@router.put("/locations/<location>")
def put_location(location: PlaceName, body: LocationIn) -> LocationSavedOut:
    """Closing or opening it overwrites what channels show."""
    saved = Location(location, body.rank, body.blacked_out)
    return LocationSavedOut.saved(saved, hub().configure_catalogue.put_location(saved))
