"""What people do in one history, and when: drawn before it begins, so that a failing one can be cut down."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulate.shape import Shape

DEEDS: Mapping[str, float] = {
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


@dataclass(frozen=True, slots=True)
class Waves:
    """`at`: when they begin. `others`: the share of deeds other than buying that fall into them."""

    at: tuple[float, ...]
    seconds: float
    others: float


@dataclass(frozen=True, slots=True)
class Intent:
    """`at`: seconds after the doors open. `draw` (0..1) decides what it is done to, once that is known."""

    number: int
    at: float
    deed: str
    channel: str
    lines: Mapping[str, int]
    draw: float


def draw(chance: random.Random, shape: Shape) -> list[Intent]:
    """In the order of time. Buyers come in waves, and in some histories everybody does: then workers meet."""
    beginnings = tuple(chance.uniform(0, shape.seconds) for _ in range(chance.randint(1, 6)))
    waves = Waves(beginnings, chance.choice(WAVE_SECONDS), chance.choice(OTHERS_IN_WAVES))
    deeds = ["buy"] * shape.orders
    for deed, share in DEEDS.items():
        often = share * chance.choice(SWARM)
        deeds += [deed] * sum(chance.random() < often for _ in range(shape.orders))
    drawn = [(_when(chance, shape, waves, deed), deed) for deed in deeds]
    return [
        Intent(number, at, deed, chance.choice(shape.markets).name, _lines(chance, shape), chance.random())
        for number, (at, deed) in enumerate(sorted(drawn))
    ]


def _when(chance: random.Random, shape: Shape, waves: Waves, deed: str) -> float:
    if chance.random() < (BUYERS_IN_WAVES if deed == "buy" else waves.others):
        return min(shape.seconds, chance.choice(waves.at) + waves.seconds * chance.expovariate(1.0))
    return chance.uniform(0, shape.seconds)


def _lines(chance: random.Random, shape: Shape) -> dict[str, int]:
    count = min(len(shape.names), chance.choices((1, 2, 3), (7, 2, 1))[0])
    return {name: chance.choices((1, 2, 3), (7, 2, 1))[0] for name in chance.sample(shape.names, count)}
