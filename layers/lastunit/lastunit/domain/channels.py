"""A connected store or marketplace account and what it is allowed to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lastunit.domain.routing import Policy


class Mode(StrEnum):
    """How channels share a pool of units (`design.md` section 7)."""

    SHARED = "shared"  # every channel sees its percentage of the same pool
    EXCLUSIVE = "exclusive"  # fixed shares, together at most 100 %
    ESCROW = "escrow"  # shares move to where units sell, and never add up to more than there is (promise 7)


class Sync(StrEnum):
    """When a channel is told (requirements section 1.5). A manual sync overwrites under all of them but `off`."""

    LIVE = "live"  # every change, up or down
    INCREMENTAL = "incremental"  # only increases, as a delta
    TIMED_FULL = "timed_full"  # everything, once a day at `full_at`
    MANUAL = "manual"  # when a person asks
    OFF = "off"  # never

    @property
    def is_automatic(self) -> bool:
        return self not in (Sync.MANUAL, Sync.OFF)


@dataclass(frozen=True, slots=True)
class Channel:
    """Settings of one channel.

    `locations` limits where its orders may be served from and what it is shown; empty means all. Its
    `default_location`, where its own register stands, is always one of them (rule 1.3-2).
    `share_percent` is the part of the pool it sees (0..100), `buffer` units are held back first, `cap` is the
    most it is ever shown, `minimum` hides less than that many units as 0. `connection` holds the kind's own
    addresses and ids, checked by its module; secrets are never in it.

    `outbound` off: it is never told anything, whatever `sync` says. `full_at` ("03:30" in `time_zone`) is the time
    of the daily overwrite. `held`: panic or holiday, every listing shows 0 until it ends.

    `imports` off: its orders are recorded and deduct nothing. `decision_minutes` and `payment_minutes` are the two
    clocks of a request (None: no limit); undecided in time it is cancelled, or `escalates` to somebody else.
    `reevaluates`: arriving stock may turn an open request into a reservation.
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
    imports: bool = True
    decision_minutes: int | None = None
    payment_minutes: int | None = None
    escalates: bool = False
    reevaluates: bool = False
    version: int = 0
    mode: Mode = Mode.SHARED
    sync: Sync = Sync.LIVE
    full_at: str | None = None
    time_zone: str = "UTC"
    default_location: str | None = None
    outbound: bool = True
    held: bool = False

    def may_use(self, location: str) -> bool:
        return not self.locations or location in self.locations or location == self.default_location
