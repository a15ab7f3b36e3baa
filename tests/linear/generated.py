"""Histories of many clients of one level in a small store: as it should be, or with a planted bug."""

import random
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

from tests.linear.checker import Call
from tests.linear.levels import (
    LevelChange,
    LevelState,
    Op,
    Seen,
    adjust,
    deplete,
    is_possible,
    plus,
    release,
    reserve,
)

ACTS = (reserve, reserve, reserve, release, deplete, adjust)
UNITS_MAX = 3
START = LevelState(on_hand=6, reserved=2, available=4, unplaced=6)
READS = 0.3  # Share of the calls.


class Bug(Enum):
    NO_CONDITION = auto()
    REFUSES_WHAT_IS_POSSIBLE = auto()
    APPLIES_TWICE = auto()
    LOSES_THE_UPDATE_BEFORE = auto()
    FORGETS = auto()
    REFUSES_AND_APPLIES = auto()
    SHOWS_WHAT_WAS = auto()


@dataclass(slots=True)
class SmallStore:
    """`bugs`: how often the bug strikes. `before`: the level one change ago."""

    rng: random.Random
    bug: Bug | None
    bugs: float
    stock: LevelState = START
    before: LevelState = START

    def ask(self, change: LevelChange | None) -> Op:
        """What was done or seen. None asks for a look."""
        bug = self.bug if self.rng.random() < self.bugs else None
        shown = self.before if bug is Bug.SHOWS_WHAT_WAS else self.stock
        if change is None:
            return Seen(shown.numbers)
        possible = is_possible(self.stock, change)
        if bug is Bug.REFUSES_WHAT_IS_POSSIBLE or not (possible or bug is Bug.NO_CONDITION):
            return Seen(shown.numbers, change)
        self._do(change, bug)
        return Seen(shown.numbers, change) if bug is Bug.REFUSES_AND_APPLIES else change

    def _do(self, change: LevelChange, bug: Bug | None) -> None:
        stock = self.before if bug is Bug.LOSES_THE_UPDATE_BEFORE else self.stock
        times = {Bug.APPLIES_TWICE: 2, Bug.FORGETS: 0}.get(bug, 1) if bug else 1
        for _ in range(times):
            self.before, self.stock = self.stock, plus(stock, change)
            stock = self.stock


@dataclass(slots=True)
class GeneratedClient:
    """`asked`: what is under way since `invoked`; `answer`: what it came to."""

    asked: LevelChange | None = None
    invoked: int = 0
    answer: Op | None = None


@dataclass(slots=True)
class Crowd:
    """Clients whose calls begin, take effect and end in any order. `lost`: share of the answers that never come."""

    store: SmallStore
    rng: random.Random
    lost: float
    clients: list[GeneratedClient]
    late: list[LevelChange] = field(default_factory=list)
    calls: list[Call[Op]] = field(default_factory=list)
    ticks: "count[int]" = field(default_factory=lambda: count(1))

    def step(self) -> None:
        client = self.rng.choice(self.clients)
        if not client.invoked:
            client.asked, client.invoked = self._act(), next(self.ticks)
        elif client.answer is None:
            self._serve(client)
        else:
            self.calls.append(Call(client.answer, client.invoked, next(self.ticks)))
            client.invoked, client.answer = 0, None

    def _act(self) -> LevelChange | None:
        if self.rng.random() < READS:
            return None
        act, units = self.rng.choice(ACTS), self.rng.randint(1, UNITS_MAX)
        return act(units if act is not adjust or self.rng.random() < 0.7 else -units)

    def _serve(self, client: GeneratedClient) -> None:
        if client.asked is None or self.rng.random() >= self.lost:
            client.answer = self.store.ask(client.asked)
            return
        # Nobody hears of it: it takes effect now, much later, or never.
        self.calls.append(Call(client.asked, client.invoked, None))
        client.invoked = 0
        fate = self.rng.random()
        if fate < 0.4:
            self.store.ask(client.asked)
        elif fate < 0.6:
            self.late.append(client.asked)
        if self.late and self.rng.random() < 0.5:
            self.store.ask(self.late.pop(0))


def generated(
    seed: int, *, clients: int = 16, calls: int = 60, lost: float = 0.05, bug: Bug | None = None, bugs: float = 0.2
) -> list[Call[Op]]:
    """So many answered calls; a few others were under way at the end."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    crowd = Crowd(SmallStore(rng, bug, bugs), rng, lost, [GeneratedClient() for _ in range(clients)])
    while sum(call.returned is not None for call in crowd.calls) < calls:
        crowd.step()
    under_way = [Call[Op](one.asked, one.invoked, None) for one in crowd.clients if one.invoked and one.asked]
    return crowd.calls + under_way
