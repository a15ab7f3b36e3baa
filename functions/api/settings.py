"""Routes of settings that concern all channels: locations, and holding everything at once."""

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import LocationIn, Name, SwitchIn
from lastunit.bootstrap import hub
from lastunit.domain.catalogue import Location

router = APIGatewayHttpRouter()


@router.get("/locations")
def get_locations() -> list[dict[str, Any]]:
    return [asdict(location) for location in hub().settings.locations()]


@router.put("/locations/<location>")
def put_location(location: Annotated[Name, Path()], body: LocationIn) -> dict[str, Any]:
    place = Location(location, body.rank, body.blacked_out)
    return asdict(place) | {"not_told": hub().configure.put_location(place)}


@router.put("/hold")
def hold(body: SwitchIn) -> dict[str, Any]:
    return {"on": body.on, "not_told": hub().configure.hold(hub().settings.channels(), body.on)}
