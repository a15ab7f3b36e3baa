"""A connected store or marketplace account and what it is allowed to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lastunit.domain.routing import Policy


@dataclass(frozen=True, slots=True)
class Channel:
    """Settings of one channel.

    `locations` limits where its orders may be served from and what it is shown; empty means all.
    `share_percent` is the part of the pool it sees (0..100), `buffer` units are held back first, `cap` is the
    most it is ever shown, `minimum` hides less than that many units as 0. `connection` holds the kind's own
    addresses and ids, checked by its module; secrets are never in it.

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

    def may_use(self, location: str) -> bool:
        return not self.locations or location in self.locations
