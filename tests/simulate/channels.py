"""What lies between the hub and a marketplace: time, lost calls, calls applied late, answers that are not true."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from lastunit.domain.errors import NotSent, OutcomeUnknown
from lastunit.ports.system import HttpResponse
from tests.channels.ebay.simulator import Ebay
from tests.channels.marketplace import Marketplace, Misbehaviour
from tests.simulate.faults import Faults
from tests.simulate.invariants.checks import Violation
from tests.simulate.scheduler import Killed, Scheduler

CONNECT_SECONDS = 1.0
READ_SECONDS = 5.0  # As adapters.http waits.
SLOW_SECONDS = 4.0  # Less than it waits.
OUTAGE_SECONDS = 300.0
LATE_SECONDS = 30.0  # So long after its function's last moment a request given up may be applied: docs/escrow.md.

REFUSALS = {"channel_throttles": Misbehaviour(throttled=1.0), "channel_broken": Misbehaviour(broken=1.0)}

Call = Callable[[], HttpResponse]


@dataclass(slots=True)
class Wire:
    """`around` each call of the hub to a marketplace. `gave_up`: nobody heard what became of a call.
    `down`: host → until when it takes no calls.
    `applied`: (host, name) → when the newest push left that was applied.
    """

    scheduler: Scheduler
    faults: Faults
    rng: random.Random
    hosts: Mapping[str, Marketplace]
    honest: bool = False
    lied: list[tuple[str, str]] = field(default_factory=list)
    gave_up: bool = False
    down: dict[str, float] = field(default_factory=dict)
    applied: dict[tuple[str, str], float] = field(default_factory=dict)
    pushed: Callable[[], None] = lambda: None

    def __call__(self, host: str, call: Call) -> HttpResponse:
        self.scheduler.sleep(0.02 + 0.2 * self.rng.random())
        strikes, sent = self.faults.strikes, self.scheduler.now
        if strikes("channel_outage"):
            self.down[host] = self.scheduler.now + OUTAGE_SECONDS * self.rng.random()
        is_down = self.scheduler.now < self.down.get(host, 0.0) and not self.faults.healed
        if is_down or strikes("channel_unreachable"):
            self.scheduler.sleep(CONNECT_SECONDS)
            raise NotSent("could not connect")
        self._die("killed_before")
        if strikes("channel_slow"):
            self.scheduler.sleep(SLOW_SECONDS * self.rng.random())
        if strikes("channel_late"):
            self.scheduler.after(self._late(), lambda: self._ignored(call))
            self._give_up()
        answer = self._answered(self.hosts[host], call, sent)
        self._die("killed_after")
        if strikes("channel_silent"):
            self._give_up()
        return answer

    def _answered(self, market: Marketplace, call: Call, sent: float) -> HttpResponse:
        refusal = self.faults.one_of(("channel_throttles", "channel_broken"))
        if refusal:
            market.misbehaviour = REFUSALS[refusal]
        before = dict(market.shelves)
        answer = call()
        self._check_order(market, [name for name in before if before[name] != market.shelves[name]], sent)
        self.pushed()
        market.misbehaviour = Misbehaviour()
        if (
            not self.honest
            and not isinstance(market, Ebay)
            and before != market.shelves
            and self.faults.strikes("channel_lies")
        ):
            for name in [name for name in before if before[name] != market.shelves[name]]:
                market.put_on_shelf(name, before[name], "lie")
                self.lied.append((market.host, name))
        return answer

    def _check_order(self, market: Marketplace, names: Sequence[str], sent: float) -> None:
        """No older push overwrites a newer one."""
        for name in names:
            newest = self.applied.get((market.host, name), 0.0)
            if sent < newest:
                raise Violation("6", f"{market.host} {name}: a push of {sent:.3f} came after that of {newest:.3f}")
            self.applied[market.host, name] = max(sent, newest)

    def _give_up(self) -> None:
        self.gave_up = True
        self.scheduler.sleep(READ_SECONDS)
        raise OutcomeUnknown("no answer")

    def _die(self, kind: str) -> None:
        actor = self.scheduler.current
        if actor is not None and actor.mortal and self.faults.strikes(kind):
            self.gave_up = True
            self.scheduler.kill(actor)
            raise Killed

    def _late(self) -> float:
        """Seconds until it is applied."""
        actor, now = self.scheduler.current, self.scheduler.now
        last = actor.deadline if actor and isfinite(actor.deadline) else now
        return self.rng.random() * (last + LATE_SECONDS - now)

    def _ignored(self, call: Call) -> None:
        """The request arrives; nobody is there for its answer."""
        call()
        self.pushed()
