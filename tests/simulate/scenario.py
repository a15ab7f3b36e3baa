"""What one seed's shop looks like: its stock, its channels and how they are told."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

MIXES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("generic",), 4),
    (("generic", "generic"), 4),
    (("generic", "shopify"), 3),
    (("generic", "ebay"), 3),
    (("generic", "shopify", "ebay"), 2),
    (("generic", "shopify", "shipstation"), 2),
)
"""Kinds of the channels → how often. The store of the merchant's own is cheap to simulate, and takes every part."""

MODES = (("shared", 4), ("escrow", 4), ("exclusive", 1))
ORDERS = (4, 6, 6, 6, 10, 12, 20)  # Most bugs need few orders, and small histories are many.
TICKS = (15.0, 60.0, 60.0, 60.0, 600.0, 3600.0)
"""Seconds between two runs of the schedules: what an order list still shows of the past is much or nothing."""
LENGTHS = (2.0, 8.0)  # Of a history, in ticks.
PLENTY = 1000  # More than all buyers of a history take.
BATCHES = (1, 3, 100, 100)
"""The most messages that one worker takes at once: where it is one, many work on the same SKU at once."""


@dataclass(frozen=True, slots=True)
class ChannelScenario:
    """`settings`: of `domain.channels.Channel`, by name. `lists` its orders: else there are only its webhooks."""

    name: str
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    lists: bool = True

    @property
    def sells(self) -> bool:
        return self.kind != "shipstation"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`stock`: SKU → location → units received at the start. `kits`: kit → recipe. `picking`: levels with bins.
    `counter`: settings of the till. `tick`: seconds between two runs of the schedules.
    `is_ample`: nothing ever lacks. `is_kept`: all that leaves was sold by channels that keep to their numbers.
    """

    channels: tuple[ChannelScenario, ...]
    stock: Mapping[str, Mapping[str, int]]
    kits: Mapping[str, Mapping[str, int]]
    picking: frozenset[tuple[str, str]]
    mode: str
    counter: Mapping[str, object]
    tick: float
    seconds: float
    orders: int
    batch_max: int
    is_ample: bool
    is_kept: bool

    @property
    def names(self) -> list[str]:
        """Of everything that is for sale."""
        return [*self.stock, *self.kits]

    @property
    def recipes(self) -> dict[str, Mapping[str, int]]:
        return {sku: {sku: 1} for sku in self.stock} | dict(self.kits)

    @property
    def buffer(self) -> int:
        """What is kept of each SKU where channels share one buffer."""
        return max(int(str(one.settings.get("buffer", 0))) for one in self.markets)

    @property
    def locations(self) -> list[str]:
        return list(dict.fromkeys(place for places in self.stock.values() for place in places))

    @property
    def markets(self) -> list[ChannelScenario]:
        return [channel for channel in self.channels if channel.sells]


def draw(rng: random.Random, orders: int | None = None) -> Scenario:
    skus = [f"sku-{number}" for number in range(rng.randint(1, 4))]
    mode = _weighted(rng, MODES)
    is_ample = mode != "escrow" and rng.random() < 0.25  # Escrow is about what lacks.
    places = [f"place-{number}" for number in range(rng.choice((1, 1, 2, 3)))]
    units = rng.choice((3, 8, 15, 40))
    stock = {sku: {place: PLENTY if is_ample else rng.randint(0, units) for place in places} for sku in skus}
    recipe = {sku: rng.randint(1, 2) for sku in rng.sample(skus, min(2, len(skus)))}
    kits = {"kit-0": recipe} if rng.random() < 0.4 else {}
    picking = frozenset((sku, place) for sku in skus for place in places if rng.random() < 0.2)
    channels = tuple(_channels(rng, mode, 0.3 if is_ample else 0.7))
    # Outside escrow a kit shows the units that its parts show as well.
    is_alone = not kits and len(channels) == 1 and channels[0].settings.get("sync") == "live"
    tick = rng.choice(TICKS)
    return Scenario(
        channels,
        stock,
        kits,
        picking,
        mode,
        {"takes_requests": rng.random() < 0.8, "retry_requests_on_restock": rng.random() < 0.8},
        tick,
        tick * rng.uniform(*LENGTHS),
        orders or rng.choice(ORDERS),
        rng.choice(BATCHES),
        is_ample,
        mode == "escrow" or (is_alone and rng.random() < 0.8),
    )


def _channels(rng: random.Random, mode: str, listing: float) -> list[ChannelScenario]:
    kinds = _weighted(rng, MIXES)
    share = 100 // sum(kind != "shipstation" for kind in kinds)
    return [
        ChannelScenario(
            f"{kind}-{number}",
            kind,
            {} if kind == "shipstation" else _settings(rng, mode, share),
            # What escrow rests on is that list; the others need not have one.
            kind != "generic" or mode == "escrow" or rng.random() < listing,
        )
        for number, kind in enumerate(kinds)
    ]


def _settings(rng: random.Random, mode: str, share: int) -> dict[str, object]:
    settings: dict[str, object] = {"mode": mode}
    if mode == "exclusive":
        settings["share_percent"] = share
    if mode != "escrow":
        settings["sync"] = rng.choices(("live", "incremental", "manual"), (8, 1, 1))[0]
    if mode == "shared" and rng.random() < 0.2:
        settings["share_percent"] = rng.choice((50, 80))
    if rng.random() < 0.2:
        settings["buffer"] = rng.randint(1, 2)
    if rng.random() < 0.2:
        settings["cap"] = rng.randint(1, 6)
    if rng.random() < (0.1 if mode == "escrow" else 0.3):  # With them, not every moment is looked at.
        settings["takes_requests"] = True
        settings["retry_requests_on_restock"] = rng.random() < 0.5
    if mode != "escrow" and rng.random() < 0.3:
        settings["decision_minutes"] = rng.choice((1, 60))
        settings["payment_minutes"] = rng.choice((1, 60))
    return settings


def _weighted[Choice](rng: random.Random, choices: tuple[tuple[Choice, int], ...]) -> Choice:
    return rng.choices([one for one, _ in choices], [weight for _, weight in choices])[0]
