"""Routes of channels: their settings and versions, what they would show, their listings, syncs by hand."""

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ValidationError

from functions.api.models import ChannelIn, ListingIn, ListingName, Name, OutboundIn, SkuName, SwitchIn
from lastunit.bootstrap import channel_module, hub
from lastunit.configure import Saved
from lastunit.domain.channels import Channel
from lastunit.domain.errors import InvalidInput, NotFound

router = APIGatewayHttpRouter()

After = Annotated[str | None, Query(max_length=120)]
OVERRIDES = {"share_percent", "buffer", "cap", "minimum"}


@router.get("/channels")
def get_channels() -> list[dict[str, Any]]:
    return [_channel(name) for name in hub().settings.channels()]


@router.get("/channels/<channel>")
def get_channel(channel: Annotated[Name, Path()]) -> dict[str, Any]:
    return _channel(channel)


@router.put("/channels/<channel>")
def put_channel(channel: Annotated[Name, Path()], body: ChannelIn) -> dict[str, Any]:
    return _saved(hub().configure.put_channel(_wanted(channel, body), body.version))


@router.post("/channels/<channel>/preview")
def preview(channel: Annotated[Name, Path()], body: ChannelIn, after: After = None) -> dict[str, Any]:
    planned = hub().configure.planned(_wanted(channel, body), body.version)
    return asdict(hub().rehearse.preview(planned, after))


@router.get("/channels/<channel>/rehearsal")
def rehearsal(channel: Annotated[Name, Path()], after: After = None) -> dict[str, Any]:
    return asdict(hub().rehearse(channel, after))


@router.get("/channels/<channel>/versions")
def get_versions(channel: Annotated[Name, Path()]) -> list[dict[str, Any]]:
    return [
        {"version": one.number, "at": one.at, "before": _plain(one.before), "after": _plain(one.after)}
        for one in hub().configure.versions(channel)
    ]


@router.put("/channels/<channel>/automatic-sync")
def switch_automatic_sync(channel: Annotated[Name, Path()], body: SwitchIn) -> dict[str, Any]:
    return _saved(hub().configure.switch_automatic_sync(channel, body.on))


@router.put("/channels/<channel>/outbound")
def switch_outbound(channel: Annotated[Name, Path()], body: OutboundIn) -> dict[str, Any]:
    return _saved(hub().configure.switch_outbound(channel, body.on, body.seen))


@router.put("/channels/<channel>/hold")
def hold(channel: Annotated[Name, Path()], body: SwitchIn) -> dict[str, Any]:
    not_told = hub().configure.hold([channel], body.on)
    return _channel(channel) | {"not_told": not_told}


@router.post("/channels/<channel>/sync")
def sync_channel(channel: Annotated[Name, Path()]) -> Response[dict[str, Any]]:
    hub().manual_sync.channel(channel)
    return _accepted(channel=channel)


@router.post("/channels/<channel>/listings/<listing>/sync")
def sync_listing(
    channel: Annotated[Name, Path()], listing: Annotated[ListingName, Path()]
) -> Response[dict[str, Any]]:
    hub().manual_sync.listing(channel, listing)
    return _accepted(channel=channel, listing=listing)


@router.post("/skus/<sku>/sync")
def sync_sku(sku: Annotated[SkuName, Path()]) -> Response[dict[str, Any]]:
    return _accepted(sku=sku, not_told=hub().manual_sync.sku(sku))


@router.put("/channels/<channel>/listings/<listing>")
def put_listing(
    channel: Annotated[Name, Path()], listing: Annotated[ListingName, Path()], body: ListingIn
) -> dict[str, Any]:
    found = hub().settings.channel(channel)
    if found is None:
        raise NotFound("channel", channel)
    _check(channel_module(found.kind).Refs, body.refs, "refs")
    override = body.model_dump(include=OVERRIDES, exclude_none=True)
    hub().configure.put_listing(channel, listing, body.sku, body.refs, body.aliases, override)
    return {"channel": channel, "listing": listing, **body.model_dump(exclude=OVERRIDES), "override": override}


def _wanted(name: str, body: ChannelIn) -> Channel:
    _check(channel_module(body.kind).Connection, body.connection, "connection")
    fields = body.model_dump(exclude={"version"}) | {"locations": frozenset(body.locations)}
    return Channel(name=name, **fields)


def _channel(name: str) -> dict[str, Any]:
    channel = hub().settings.channel(name)
    if channel is None:
        raise NotFound("channel", name)
    return _plain(asdict(channel))


def _saved(saved: Saved) -> dict[str, Any]:
    return _plain(asdict(saved.channel)) | {"drift": saved.drift}


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Sets as lists in order."""
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in settings.items()}


def _accepted(**content: object) -> Response[dict[str, Any]]:
    return Response(HTTPStatus.ACCEPTED.value, "application/json", content)


def _check(model: type[BaseModel], values: dict[str, str], field: str) -> None:
    """A channel kind's own settings are described by its module."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInput(".".join([field, *map(str, first["loc"])]), first["msg"]) from error
