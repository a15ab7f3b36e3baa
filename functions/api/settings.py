"""Routes of settings: locations, channels, listings and their aliases."""

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ValidationError

from functions.api.models import ChannelIn, ListingIn, ListingName, LocationIn, Name
from lastunit.bootstrap import channel_module, configure
from lastunit.bootstrap import settings as stored
from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.errors import InvalidInput, NotFound

router = APIGatewayHttpRouter()


@router.get("/locations")
def get_locations() -> list[dict[str, Any]]:
    return [asdict(location) for location in stored().locations()]


@router.put("/locations/<location>")
def put_location(location: Annotated[Name, Path()], body: LocationIn) -> dict[str, Any]:
    place = Location(location, body.rank, body.blacked_out)
    configure().put_location(place)
    return asdict(place)


@router.get("/channels")
def get_channels() -> list[dict[str, Any]]:
    return [_channel(name) for name in stored().channels()]


@router.get("/channels/<channel>")
def get_channel(channel: Annotated[Name, Path()]) -> dict[str, Any]:
    return _channel(channel)


@router.put("/channels/<channel>")
def put_channel(channel: Annotated[Name, Path()], body: ChannelIn) -> dict[str, Any]:
    _check(channel_module(body.kind).Connection, body.connection, "connection")
    fields = body.model_dump() | {"locations": frozenset(body.locations)}
    configure().put_channel(Channel(name=channel, **fields))
    return _channel(channel)


@router.put("/channels/<channel>/listings/<listing>")
def put_listing(
    channel: Annotated[Name, Path()], listing: Annotated[ListingName, Path()], body: ListingIn
) -> dict[str, Any]:
    found = stored().channel(channel)
    if found is None:
        raise NotFound("channel", channel)
    _check(channel_module(found.kind).Refs, body.refs, "refs")
    configure().put_listing(channel, listing, body.sku, body.refs, body.aliases)
    return {"channel": channel, "listing": listing, **body.model_dump()}


def _channel(name: str) -> dict[str, Any]:
    channel = stored().channel(name)
    if channel is None:
        raise NotFound("channel", name)
    return asdict(channel) | {"locations": sorted(channel.locations)}


def _check(model: type[BaseModel], values: dict[str, str], field: str) -> None:
    """A channel kind's own settings are described by its module."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInput(".".join([field, *map(str, first["loc"])]), first["msg"]) from error
