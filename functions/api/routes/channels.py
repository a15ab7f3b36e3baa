"""Routes of channels: their settings and versions, the switches, and what they would show."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.parameters import After, ChannelName
from functions.api.schemas.channels import (
    AllPausedOut,
    ChannelIn,
    ChannelOut,
    ChannelPausedOut,
    ChannelSavedOut,
    OutboundIn,
    SettingsVersionOut,
)
from functions.api.schemas.common import SwitchIn
from functions.api.schemas.rehearsals import PreviewOut, RehearsalOut
from lastunit.bootstrap import hub
from lastunit.domain.channel import Channel
from lastunit.use_cases.lookup import get_channel as lookup_channel

router = APIGatewayHttpRouter()


@router.get("/channels")
def get_channels() -> list[ChannelOut]:
    return [ChannelOut.of(find(name)) for name in hub().settings.channels()]


@router.get("/channels/<channel>")
def get_channel(channel: ChannelName) -> ChannelOut:
    return ChannelOut.of(find(channel))


@router.put("/channels/<channel>")
def put_channel(channel: ChannelName, body: ChannelIn) -> ChannelSavedOut:
    hub().kinds.kind(body.kind).check_connection(body.connection)
    saved = hub().configure_channel.put_channel(body.channel(channel), body.version)
    hub().configure_catalogue.retry_without_stock(saved.channel)
    return ChannelSavedOut.saved(saved.channel, saved.drift)


@router.get("/channels/<channel>/versions")
def get_versions(channel: ChannelName) -> list[SettingsVersionOut]:
    """The last 50, newest first."""
    return [SettingsVersionOut.of(version) for version in hub().configure_channel.versions(channel)]


@router.post("/channels/<channel>/preview")
def preview(channel: ChannelName, body: ChannelIn, after: After = None) -> PreviewOut:
    """Every listing's number before and after a change of settings; nothing is written."""
    hub().kinds.kind(body.kind).check_connection(body.connection)
    planned = hub().configure_channel.planned(body.channel(channel), body.version)
    return PreviewOut.of(hub().rehearse.preview(planned, after))


@router.get("/channels/<channel>/rehearsal")
def rehearsal(channel: ChannelName, after: After = None) -> RehearsalOut:
    return RehearsalOut.of(hub().rehearse.rehearse(channel, after))


@router.put("/channels/<channel>/automatic-sync")
def switch_automatic_sync(channel: ChannelName, body: SwitchIn) -> ChannelSavedOut:
    saved = hub().configure_channel.switch_automatic_sync(channel, body.on)
    return ChannelSavedOut.saved(saved.channel, saved.drift)


@router.put("/channels/<channel>/outbound")
def switch_outbound(channel: ChannelName, body: OutboundIn) -> ChannelSavedOut:
    saved = hub().configure_channel.switch_outbound(channel, body.on, body.rehearsed_version)
    return ChannelSavedOut.saved(saved.channel, saved.drift)


@router.put("/channels/<channel>/pause")
def pause(channel: ChannelName, body: SwitchIn) -> ChannelPausedOut:
    """Every listing of it shows 0 until it ends."""
    not_pushed = hub().configure_channel.pause([channel], body.on)
    return ChannelPausedOut.switched(find(channel), not_pushed)


@router.put("/pause")
def pause_all(body: SwitchIn) -> AllPausedOut:
    not_pushed = hub().configure_channel.pause(hub().settings.channels(), body.on)
    return AllPausedOut(on=body.on, not_pushed=list(not_pushed))


def find(name: str) -> Channel:
    return lookup_channel(hub().settings, name)
