"""A connected store or marketplace account and what it is allowed to do."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lastunit.domain.errors import InvalidInput
from lastunit.domain.stock.catalogue import Supply
from lastunit.domain.stock.routing import Policy

HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Mode(StrEnum):
    """How channels share a pool of units (docs/design.md section 7)."""

    SHARED = "shared"  # every channel sees its percentage of the same pool
    EXCLUSIVE = "exclusive"  # fixed shares, together at most 100 %
    ESCROW = "escrow"  # shares move to where units sell, and never add up to more than there is (promise 7)


class Sync(StrEnum):
    """When a channel is told (docs/rules.md 1.5). A manual sync overwrites under all of them but `off`."""

    LIVE = "live"  # every change, up or down
    INCREMENTAL = "incremental"  # only increases, as a delta
    TIMED_FULL = "timed_full"  # everything, once a day at `full_at`
    MANUAL = "manual"  # when a person asks
    OFF = "off"  # never

    @property
    def is_automatic(self) -> bool:
        return self not in (Sync.MANUAL, Sync.OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Settings of one channel.

    `locations` limits where its orders may be served from and what it is shown; empty means all. Its
    `default_location`, where its own register stands, is always one of them (rule 1.3-2).
    `share_percent` is the part of the pool it sees (0..100), `buffer` units are held back first, `cap` is the
    most it is ever shown, `minimum` hides less than that many units as 0. `connection` holds the kind's own
    addresses and ids, checked by its module; secrets are never in it.

    `outbound` off: it is never told anything, whatever `sync` says. `full_at` ("03:30" in `time_zone`) is the time
    of the daily overwrite. `paused`: panic or holiday, every listing shows 0 until it ends.

    `import_orders` off: its orders are recorded and deduct nothing. `decision_minutes` and `payment_minutes` are
    the two deadlines of a request (None: no limit); undecided in time it is cancelled, or somebody else is asked
    (`escalate_undecided`). `retry_requests_on_restock`: arriving stock may turn an open request into a reservation.

    `supply`: what accepting a request says of the missing units, unless the decision or the SKU says otherwise.
    `holds_covered_lines`: a request holds the lines that stock covers while the others are decided.
    `no_stock_names`: names of order lines that need no stock, such as fees; `*` in one stands for any text.
    """

    name: str
    kind: str
    policy: Policy = Policy.POOLED
    locations: frozenset[str] = frozenset()
    takes_requests: bool = False
    share_percent: int = 100
    buffer: int = 0
    cap: int | None = None
    minimum: int = 0
    connection: Mapping[str, str] = field(default_factory=dict)
    import_orders: bool = True
    decision_minutes: int | None = None
    payment_minutes: int | None = None
    escalate_undecided: bool = False
    retry_requests_on_restock: bool = False
    version: int = 0
    mode: Mode = Mode.SHARED
    sync: Sync = Sync.LIVE
    full_at: str | None = None
    time_zone: str = "UTC"
    default_location: str | None = None
    outbound: bool = True
    paused: bool = False
    no_stock_names: tuple[str, ...] = ()
    supply: Supply = Supply.BACKORDER
    holds_covered_lines: bool = False

    def may_use(self, location: str) -> bool:
        return not self.locations or location in self.locations or location == self.default_location

    @property
    def pool(self) -> frozenset[str]:
        """The locations whose units it is shown; empty means all."""
        default = {self.default_location} if self.default_location else set[str]()
        return self.locations | default if self.locations else frozenset()

    @property
    def is_pushed(self) -> bool:
        """May it be sent anything at all?"""
        return self.outbound and self.sync is not Sync.OFF

    @property
    def settings_version(self) -> str:
        """Names these settings to a person who has seen them."""
        return f"v{self.version}"


def check(channel: Channel, places: Collection[str]) -> None:
    """Raises InvalidInput unless its settings make sense by themselves. `places`: the locations there are."""
    unknown = sorted(channel.locations - set(places))
    if unknown:
        raise InvalidInput("locations", f"{unknown} do not exist", "create the locations first")
    if channel.default_location not in (None, *places):
        raise InvalidInput("default_location", f"{channel.default_location!r} does not exist", "create it first")
    if channel.mode is Mode.ESCROW and channel.sync is not Sync.LIVE:
        raise InvalidInput("sync", f"escrow moves units at every change, {channel.sync} does not", "use live")
    _check_hour(channel)
    _check_time_zone(channel.time_zone)


def _check_hour(channel: Channel) -> None:
    if channel.full_at is None:
        if channel.sync is Sync.TIMED_FULL:
            raise InvalidInput("full_at", "timed_full needs the time of its daily overwrite", 'such as "03:30"')
    elif not channel.sync.is_automatic:
        raise InvalidInput("full_at", f"nothing is overwritten daily under {channel.sync}", "leave it out")
    elif not HOUR.fullmatch(channel.full_at):
        raise InvalidInput("full_at", f"{channel.full_at!r} is no time of day", 'use "HH:MM", such as "03:30"')


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder of zones.
        remedy = "use a name of the IANA database, such as Europe/Berlin"
        raise InvalidInput("time_zone", f"{name!r} is not known", remedy) from error


UNPUSHED_AFTER: Mapping[Sync, str] = {
    Sync.INCREMENTAL: "from now on only increases are pushed: what it shows too much stays until it is overwritten",
    Sync.TIMED_FULL: "this takes effect at the next slot, {full_at} {time_zone}: numbers may differ until then",
    Sync.MANUAL: "what it shows now stays, and may differ until somebody syncs it",
    Sync.OFF: "nothing is pushed to it any more: what it shows now stays, and may differ",
}
"""What a change of settings leaves untold. Under `live` all is told at once."""

_push_settings = attrgetter(
    *("mode", "pool", "share_percent", "buffer", "cap", "minimum", "outbound", "sync", "full_at", "time_zone")
)


def drift_after_change(before: Channel, after: Channel) -> str | None:
    """How the channel's numbers may differ from the hub's after this change of settings (rule 1.5-13)."""
    if _push_settings(before) == _push_settings(after) or not (before.outbound or after.outbound):
        return None
    left = UNPUSHED_AFTER.get(after.sync if after.outbound else Sync.OFF)
    return left.format(full_at=after.full_at, time_zone=after.time_zone) if left else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """Settings stored at a time; `before` and `after` hold what they changed against the version before them."""

    number: int
    at: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def version_of(channel: Channel, at: str, earlier: Channel | None) -> SettingsVersion:
    new = asdict(channel)
    old = asdict(earlier) if earlier else new
    changed = [name for name in new if name != "version" and old[name] != new[name]]
    return SettingsVersion(
        number=channel.version,
        at=at,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
