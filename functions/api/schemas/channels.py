"""Channels: their settings, each version of them, and the switches."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool

from functions.api.schemas.common import Answer, Body, Instant, Name, Percent, SwitchIn, UnitsOrNone
from lastunit.channels.registry import KINDS
from lastunit.domain.channel import Channel, Mode, SettingsVersion, Sync
from lastunit.domain.stock.catalogue import Supply
from lastunit.domain.stock.routing import Policy

NoStockName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"[^*]")]
"""The name of an order line; `*` in it stands for any text, and alone it would name every line."""

Minutes = Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 60)]


def _known(kind: str) -> str:
    if kind not in KINDS.names:
        raise ValueError(f"must be one of {', '.join(KINDS.names)}")
    return kind


Kind = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(KINDS.names)})]
"""Of a channel, as the registry of kinds lists them."""


class ChannelIn(Body):
    """`version`: the one that the change is based on. `outbound` and `paused` have routes of their own."""

    kind: Kind
    policy: Policy = Policy.POOLED
    locations: list[Name] = Field(default_factory=list)
    takes_requests: StrictBool = False
    share_percent: Percent = 100
    buffer: UnitsOrNone = 0
    cap: UnitsOrNone | None = None
    minimum: UnitsOrNone = 0
    import_orders: StrictBool = True
    decision_minutes: Minutes | None = None
    payment_minutes: Minutes | None = None
    escalate_undecided: StrictBool = False
    retry_requests_on_restock: StrictBool = False
    connection: dict[str, str] = Field(default_factory=dict)
    mode: Mode = Mode.SHARED
    sync: Sync = Sync.LIVE
    full_at: Annotated[str, Field(max_length=64)] | None = None
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    default_location: Name | None = None
    no_stock_names: Annotated[list[NoStockName], Field(max_length=50)] = Field(default_factory=list)
    supply: Supply = Supply.BACKORDER
    holds_covered_lines: StrictBool = False
    version: Annotated[int, Field(strict=True, ge=0)] | None = None

    def channel(self, name: str) -> Channel:
        """The settings as they are asked for."""
        fields = self.model_dump(exclude={"version"}) | {"locations": frozenset(self.locations)}
        fields["no_stock_names"] = tuple(self.no_stock_names)
        return Channel(name=name, **fields)


class OutboundIn(SwitchIn):
    """`rehearsed_version`: what the last page of the rehearsal said."""

    rehearsed_version: Annotated[str, Field(max_length=64)] | None = None


class ChannelOut(Answer):
    """A channel's settings. `connection` holds addresses and ids, never secrets."""

    name: str
    kind: str
    version: int
    outbound: bool
    paused: bool
    policy: Policy
    locations: list[str]
    default_location: str | None
    mode: Mode
    share_percent: int
    buffer: int
    cap: int | None
    minimum: int
    sync: Sync
    full_at: str | None
    time_zone: str
    takes_requests: bool
    import_orders: bool
    decision_minutes: int | None
    payment_minutes: int | None
    escalate_undecided: bool
    retry_requests_on_restock: bool
    no_stock_names: list[str]
    supply: Supply
    holds_covered_lines: bool
    connection: dict[str, str]

    @classmethod
    def of(cls, channel: Channel) -> "ChannelOut":
        return cls(**_settings(channel))


class ChannelSavedOut(ChannelOut):
    """A channel as it was saved. `drift`: how its numbers may differ from now on, null if they cannot."""

    drift: str | None

    @classmethod
    def saved(cls, channel: Channel, drift: str | None) -> "ChannelSavedOut":
        return cls(**_settings(channel), drift=drift)


class ChannelPausedOut(ChannelOut):
    """A channel that was paused or goes on. `not_pushed`: its name, if it may not be pushed."""

    not_pushed: list[str]

    @classmethod
    def switched(cls, channel: Channel, not_pushed: Iterable[str]) -> "ChannelPausedOut":
        return cls(**_settings(channel), not_pushed=list(not_pushed))


class AllPausedOut(Answer):
    """All channels were paused or go on. `not_pushed`: those of them that may not be pushed."""

    on: bool
    not_pushed: list[str]


class SettingsVersionOut(Answer):
    """One edit of a channel's settings: what changed, as in the channel itself."""

    version: int
    at: Instant
    before: dict[str, Any]
    after: dict[str, Any]

    @classmethod
    def of(cls, version: SettingsVersion) -> "SettingsVersionOut":
        return cls(
            version=version.number, at=version.at, before=_public(version.before), after=_public(version.after)
        )


def _settings(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "version": channel.version,
        "outbound": channel.outbound,
        "paused": channel.paused,
        "policy": channel.policy,
        "locations": sorted(channel.locations),
        "default_location": channel.default_location,
        "mode": channel.mode,
        "share_percent": channel.share_percent,
        "buffer": channel.buffer,
        "cap": channel.cap,
        "minimum": channel.minimum,
        "sync": channel.sync,
        "full_at": channel.full_at,
        "time_zone": channel.time_zone,
        "takes_requests": channel.takes_requests,
        "import_orders": channel.import_orders,
        "decision_minutes": channel.decision_minutes,
        "payment_minutes": channel.payment_minutes,
        "escalate_undecided": channel.escalate_undecided,
        "retry_requests_on_restock": channel.retry_requests_on_restock,
        "no_stock_names": list(channel.no_stock_names),
        "supply": channel.supply,
        "holds_covered_lines": channel.holds_covered_lines,
        "connection": dict(channel.connection),
    }


def _public(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a channel is shown with; sets as lists in order."""
    known = {name: value for name, value in settings.items() if name in ChannelOut.model_fields}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in known.items()}
