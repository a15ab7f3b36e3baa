"""People who adjust stock through the API, and the clock that has channels asked for orders no webhook told."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from infra.local.tools import StackError
from tests.soak.catalogue import ESCROWED, LOCATIONS, OPENING_UNITS, POOLED, STOCKED
from tests.soak.channel_drivers import ChannelDriver
from tests.soak.hub import HubClient

DONE, CONFLICT = 200, 409
ENOUGH_UNITS = 40  # On all shelves together.
PAUSE_SECONDS = 0.3
POLL_SECONDS = 4.0


@dataclass(slots=True)
class StockKeeper:
    """`moved`: what was applied, by SKU. `refused`: acts with the units that each would have moved."""

    hub: HubClient
    rng: random.Random
    drivers: Sequence[ChannelDriver]
    moved: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[dict[str, Any], int]] = field(default_factory=list)
    acts: int = 0

    def open_shop(self) -> None:
        for sku in (*STOCKED[ESCROWED], *STOCKED[POOLED]):
            for location in self.rng.sample(list(LOCATIONS), 2):
                self._move(sku, location, OPENING_UNITS, {"reason": "receive", "quantity": OPENING_UNITS})

    def run(self) -> None:
        while not self.hub.over.is_set():
            family = self.rng.choice((ESCROWED, ESCROWED, POOLED))
            self._look_after(self.rng.choice(STOCKED[family]), family)
            time.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))

    def try_refused_again(self) -> None:
        """An attempt that got no answer may have been refused meanwhile, and done late: now it is clear."""
        refused, self.refused = self.refused, []
        for act, delta in refused:
            self._apply(act, delta)

    def _look_after(self, sku: str, family: str) -> None:
        """In escrow stock falls for orders only: what else goes is the risk that docs/escrow.md names."""
        location, act = self.rng.choice(list(LOCATIONS)), self.rng.random()
        if act < 0.1:
            self._carry(sku, location)
        elif act < 0.4 and family == POOLED:
            units = -self.rng.randint(1, 2)
            self._move(sku, location, units, {"reason": "damage", "quantity": units})
        elif act < 0.5 and family == POOLED:
            counted = self.rng.choice((4, 6))
            self._move(sku, location, counted - 5, {"reason": "count", "counted": counted, "expected": 5})
        elif self._on_shelves(sku) < ENOUGH_UNITS:
            units = self.rng.randint(5, 15)
            self._move(sku, location, units, {"reason": "receive", "quantity": units})

    def _on_shelves(self, sku: str) -> int:
        return sum(driver.market.shelves.get(sku, 0) for driver in self.drivers)

    def _move(self, sku: str, location: str, delta: int, act: dict[str, Any]) -> None:
        self._apply({"operation": self._name(), "sku": sku, "location": location, **act}, delta)

    def _apply(self, act: dict[str, Any], delta: int) -> None:
        answer = self.hub.ask("POST", "/adjustments", act)
        if answer.status == DONE:
            self.moved[act["sku"]] += delta
        elif answer.status == CONFLICT:
            self.refused.append((act, delta))
        else:
            raise StackError(f"{act} was answered {answer.status}: {answer.body.decode(errors='replace')}")

    def _carry(self, sku: str, location: str) -> None:
        """From one location to another, if there is anything: the sum stays."""
        destination = next(place for place in LOCATIONS if place != location)
        places = {"source": {"location": location}, "destination": {"location": destination}}
        self.hub.ask("POST", "/transfers", {"operation": self._name(), "sku": sku, "quantity": 2, **places})

    def _name(self) -> str:
        self.acts += 1
        return f"act-{self.acts}"


def poll(hub: HubClient, channels: Sequence[str]) -> None:
    """What the schedule does every minute, in a shorter day. Another poll may be under way: 409.

    eBay comes every second time: it is told blindly, and what it may still sell is settled by polls.
    """
    for channel in cycle(channels):
        for name in ("ebay", channel):
            hub.attempt("POST", f"/channels/{name}/poll", {})
            if hub.over.wait(POLL_SECONDS):
                return
