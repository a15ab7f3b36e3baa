"""One history: a shop opened, run through its plan while things go wrong, healed, and compared with the model."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.channels.marketplace import Marketplace
from tests.linear.recorder import Recorder
from tests.simulate import faults, plan, scenario
from tests.simulate.actions import Actions
from tests.simulate.channels import Wire
from tests.simulate.cloud import Cloud
from tests.simulate.final_checks import check_final_state, sales_of
from tests.simulate.http import MarketHttp
from tests.simulate.invariants.checks import Violation, Watch
from tests.simulate.invariants.claims import Claims
from tests.simulate.invariants.clocks import Clocks
from tests.simulate.invariants.respent_units import check_respent_units
from tests.simulate.invariants.stock import PushInvariant
from tests.simulate.invariants.watermark import Watermarks
from tests.simulate.plan import Intent
from tests.simulate.scheduler import Actor, Scheduler, VirtualClock
from tests.simulate.setup import Setup
from tests.simulate.shop_world import ShopWorld
from tests.simulate.store import Store, Write
from tests.support.aws.dynamo import declared_tables

MINUTE = 60.0
HOURS_OF_HEALING = 3


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be run. `without`: kinds of faults left out; `only`: numbers of the intents that happen.

    `draws` off: the plan has nothing of `draws/`, as before they were added.
    """

    seed: int
    orders: int | None = None
    without: frozenset[str] = frozenset()
    only: frozenset[int] | None = None
    draws: bool = True

    @property
    def command(self) -> str:
        parts = [f"python -m tests.simulate --seed {self.seed}"]
        parts += [f"--orders {self.orders}"] if self.orders else []
        parts += [f"--without {','.join(sorted(self.without))}"] if self.without else []
        parts += [f"--only {','.join(map(str, sorted(self.only)))}"] if self.only is not None else []
        parts += [] if self.draws else ["--no-draws"]
        return " ".join(parts)


@dataclass(slots=True)
class Outcome:
    """What came of a history. `violation` None: every promise was kept."""

    case: Case
    violation: Violation | None = None
    faults: Counter[str] = field(default_factory=Counter)
    draws: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    steps: int = 0
    killed: int = 0


class History:
    """Everything that is random comes from the seed, each part from a stream of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.scheduler = Scheduler()
        rates = faults.chosen(self._rng("faults"), case.without)
        self.faults = faults.Faults(rates, self._rng("strikes"))
        self.scenario = scenario.draw(self._rng("shape"), case.orders)
        hosts: dict[str, Marketplace] = {}
        clock = VirtualClock(self.scheduler)
        store = Store(_tables(), lambda: clock.now().timestamp())
        wire = Wire(self.scheduler, self.faults, self._rng("wire"), hosts, self.scenario.is_kept)
        self.wire, self.is_escrow = wire, self.scenario.mode == "escrow"
        http, self.recorder = MarketHttp(hosts, wire), Recorder()
        listened, most = self.recorder.listen, self.scenario.batch_max
        rng = self._rng("cloud")
        self.cloud = Cloud(self.scheduler, self.faults, rng, store, http, listened, most)
        self.shop_world = ShopWorld(self.cloud, self._rng("town"), hosts)
        self.actions = Actions(self.shop_world, self.scenario)
        self.watch = Watch()
        self.push_invariant = PushInvariant(
            self.shop_world.markets, self.scenario.recipes, self.scenario.buffer, self.shop_world.sales
        )
        self.clocks, self.claims = Clocks(clock.now), Claims(clock.now, lambda: self.scheduler.current)
        self.watermarks = Watermarks(lambda: self.scheduler.now, self.shop_world.sales)
        self.clocks_read_at = 0.0  # When the schedules ran for the last time.
        self.store, store.on_write, store.lag = store, self._written, self._lag

    def run(self) -> None:
        """Raises Violation."""
        self.faults.healed = True
        self._act("owner", Setup(self.shop_world, self.scenario, self.case.seed))
        self.scheduler.run()
        self.faults.healed = False
        if self.scenario.is_kept:
            self.wire.pushed, self.push_invariant.is_open = self._told, True
        self._open_doors(self.intents())
        self.scheduler.run(self.scheduler.now + self.scenario.seconds)
        self._heal()
        check_final_state(self)

    def edited(self) -> set[tuple[str, str]]:
        """(Channel, name) of numbers that were changed on the channel, or never became what it said."""
        channels = {market.host: name for name, market in self.shop_world.markets.items()}
        return self.shop_world.edited | {(channels[host], name) for host, name in self.wire.lied}

    def intents(self) -> Sequence[Intent]:
        drawn = plan.draw(self._rng("plan"), self.scenario)
        if self.case.draws:
            drawn += plan.draw_more(lambda name: self._rng(f"draw {name}"), self.scenario)
        return [one for one in drawn if self.case.only is None or one.number in self.case.only]

    def _open_doors(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            if self._allowed(intent):
                actor = Actor(intent.action, lambda intent=intent: self.actions.do(intent))  # type: ignore[misc]
                self.scheduler.start(actor, intent.at)
        for number in range(int(self.scenario.seconds / self.scenario.tick) + 1):
            self.scheduler.after(number * self.scenario.tick, self.cloud.minute)
        self.scheduler.after(self.scenario.seconds / 2, self.cloud.hour)

    def _heal(self) -> None:
        """Faults end; what was given up comes again, twice; schedules go on until everything had its time."""
        self.cloud.heal()
        for _ in range(2):  # Channels are polled again at once, however late some messages come.
            self.cloud.minute()
            self.scheduler.run(self.scheduler.now + MINUTE)
        self.scheduler.run()
        for _ in range(HOURS_OF_HEALING):
            self.cloud.redrive()
            self.cloud.hour()
            self._act("staff", self.actions.retry_uncovered)
            self._act("support", self.actions.resolve_exceptions)
            for _ in range(2):
                self.clocks_read_at = self.scheduler.now + MINUTE
                self.scheduler.after(MINUTE, self.cloud.minute)
                self.scheduler.run()

    def _act(self, name: str, work: Any) -> None:
        self.scheduler.start(Actor(name, work))

    def _written(self, writes: Sequence[Write]) -> None:
        self.watch(writes)
        self.clocks(writes)
        self.claims(writes)
        self.watermarks(writes)
        if self.is_escrow:
            self.push_invariant(writes)
        self.cloud.spread()

    def _told(self) -> None:
        if self.is_escrow:
            self.push_invariant.check_pushed()
        # Outside escrow one that is given up may be taken for sales, and sales for one that is given up.
        sure = self.is_escrow or not self.wire.gave_up
        if sure and not any(one.settings.get("takes_requests") for one in self.scenario.markets):
            check_respent_units(self, sales_of(self))

    def _lag(self) -> int:
        return self.faults.rng.randint(1, 20) if self.faults.strikes("stale_index") else 0

    def _allowed(self, intent: Intent) -> bool:
        """Nobody can keep units that leave for no order, or numbers that others raise."""
        if self.scenario.is_ample and intent.action == "close_location":
            return False  # Then something would lack.
        return not self.scenario.is_kept or intent.action not in UNKEPT

    def _rng(self, stream: str) -> random.Random:
        return random.Random(f"{self.case.seed} {stream}")  # noqa: S311 - reproducible, not secret


UNKEPT: Collection[str] = frozenset(
    {
        "counter_sale",
        "damage",
        "count",
        "transfer",
        "edit_on_channel",
        "settings",
        "hold",
        "close_location",
        "decide",
    }
)


@cache
def _tables() -> dict[str, Any]:
    return declared_tables()


def run(case: Case) -> Outcome:
    history = History(case)
    outcome = Outcome(case)
    try:
        history.run()
    except Violation as violation:
        outcome.violation = violation
    outcome.faults, outcome.draws = history.faults.counts, history.actions.drawn
    outcome.orders, outcome.steps = len(history.shop_world.sales), history.scheduler.steps
    outcome.killed = history.cloud.killed
    return outcome
