"""What people do in one history, and when: drawn before it begins, so that a failing one can be cut down."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.simulate.draws.catalogue import DRAWS
from tests.simulate.draws.drawn import Draw
from tests.simulate.scenario import Scenario

ACTIONS: Mapping[str, float] = {
    "cancel": 0.2,
    "edit": 0.08,
    "ship": 0.45,
    "void": 0.04,
    "counter_sale": 0.06,
    "receive": 0.10,
    "damage": 0.05,
    "count": 0.04,
    "transfer": 0.04,
    "take_back": 0.06,
    "decide": 0.12,
    "pay": 0.05,
    "sync": 0.04,
    "edit_on_channel": 0.02,
    "settings": 0.03,
    "hold": 0.02,
    "close_location": 0.02,
    "forge": 0.03,
}
"""Deed → how often, per order of a usual history."""

SWARM = (0.0, 0.3, 1.0, 1.0, 3.0)
"""So much more or less often in one history: some have much of one thing, and nothing of another."""


BUYERS_IN_WAVES = 0.7
OTHERS_IN_WAVES = (0.0, 0.3, 0.9)
WAVE_SECONDS = (1.0, 3.0, 20.0)
NUMBERS_OF_A_DRAW = 1000  # More than a plan has intents, and a history draws of one kind.


@dataclass(frozen=True, slots=True)
class Waves:
    """`at`: when they begin. `others`: the share of actions other than buying that fall into them."""

    at: tuple[float, ...]
    seconds: float
    others: float


@dataclass(frozen=True, slots=True)
class Intent:
    """`at`: seconds after the doors open. `draw` (0..1) decides what it is done to, once that is known."""

    number: int
    at: float
    action: str
    channel: str
    lines: Mapping[str, int]
    draw: float


def draw(rng: random.Random, scenario: Scenario) -> list[Intent]:
    """In the order of time. Buyers come in waves, and in some histories everybody does: then workers meet."""
    beginnings = tuple(rng.uniform(0, scenario.seconds) for _ in range(rng.randint(1, 6)))
    waves = Waves(beginnings, rng.choice(WAVE_SECONDS), rng.choice(OTHERS_IN_WAVES))
    actions = ["buy"] * scenario.orders
    for action, share in ACTIONS.items():
        often = share * rng.choice(SWARM)
        actions += [action] * sum(rng.random() < often for _ in range(scenario.orders))
    drawn = [(_when(rng, scenario, waves, action), action) for action in actions]
    return [
        Intent(number, at, action, rng.choice(scenario.markets).name, _lines(rng, scenario), rng.random())
        for number, (at, action) in enumerate(sorted(drawn))
    ]


def draw_more(stream: Callable[[str], random.Random], scenario: Scenario) -> list[Intent]:
    """What the draws add to the plan. `stream`: the random numbers of one draw, by its name."""
    return [
        intent
        for place, one in enumerate(DRAWS, 1)
        if one.fits(scenario) and (one.keeps or not scenario.is_kept)
        for intent in _intents_of(one, stream(one.name), scenario, place * NUMBERS_OF_A_DRAW)
    ]


def _intents_of(one: Draw, rng: random.Random, scenario: Scenario, first: int) -> Iterator[Intent]:
    if rng.random() >= one.chance:
        return
    for number in range(max(1, sum(rng.random() < one.share for _ in range(scenario.orders)))):
        at, channel = rng.uniform(0, scenario.seconds), rng.choice(scenario.markets).name
        yield Intent(first + number, at, one.name, channel, _lines(rng, scenario), rng.random())


def _when(rng: random.Random, scenario: Scenario, waves: Waves, action: str) -> float:
    if rng.random() < (BUYERS_IN_WAVES if action == "buy" else waves.others):
        return min(scenario.seconds, rng.choice(waves.at) + waves.seconds * rng.expovariate(1.0))
    return rng.uniform(0, scenario.seconds)


def _lines(rng: random.Random, scenario: Scenario) -> dict[str, int]:
    count = min(len(scenario.names), rng.choices((1, 2, 3), (7, 2, 1))[0])
    return {name: rng.choices((1, 2, 3), (7, 2, 1))[0] for name in rng.sample(scenario.names, count)}
