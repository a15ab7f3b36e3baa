"""What happens at one channel: its buyers order, change their minds and cancel, and its parcels leave."""

import random
import time
from collections import deque
from dataclasses import dataclass, field

from tests.channels.marketplace import SoldOut
from tests.soak.catalogue import ESCROWED, SKUS
from tests.soak.channel_drivers import ChannelDriver
from tests.soak.expected_orders import ExpectedOrder
from tests.soak.hub import HubClient
from tests.soak.point_of_sale import PointOfSale

SALES_SHARE = 0.45
OTHER_ACTS = (6, 2, 2, 1, 1)  # How often: ship, change, cancel, undo, decide.
RECENT = 150  # Orders that are still changed, sent and cancelled.
BURST, BURST_SECONDS_MAX = 8, 20.0
PAUSE_SECONDS = 0.2
READY = frozenset({"reserved", "partly_shipped"})


@dataclass(slots=True)
class Buyers:
    """One thread, so that what a channel tells of an order is always one story."""

    driver: ChannelDriver
    hub: HubClient
    rng: random.Random
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    changed: set[str] = field(default_factory=set)
    sold_out: int = 0

    def run(self) -> None:
        """In bursts, so that webhooks of one order overtake each other and the backlog stays bounded."""
        while not self.hub.over.is_set():
            for _ in range(BURST):
                self._act()
                time.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))
            self.driver.market.await_delivered(BURST_SECONDS_MAX)
            self.hub.await_room()

    def _act(self) -> None:
        acts = (self._ship, self._change, self._cancel, self._undo, self._decide)
        try:
            if not self.recent or self.rng.random() < SALES_SHARE:
                self._sell()
            else:
                act = self.rng.choices(acts, OTHER_ACTS)[0]
                act(self.driver.expected_order(self.rng.choice(self.recent)))
        except SoldOut:
            self.sold_out += 1

    def _sell(self) -> None:
        names = self._on_offer()
        basket = self.rng.sample(names, min(len(names), self.rng.choice((1, 1, 1, 2, 3))))
        if not basket:
            raise SoldOut("everything")
        self.recent.append(self.driver.sell({sku: self.rng.choice((1, 1, 1, 2)) for sku in basket}))

    def _on_offer(self) -> list[str]:
        if isinstance(self.driver, PointOfSale):
            return list(SKUS[self.driver.family])
        return [sku for sku in SKUS[self.driver.family] if self.driver.market.shelves[sku] > 0]

    def _change(self, expected: ExpectedOrder) -> None:
        if expected.cancelled or any(expected.left.values()) or not self._may_put_back(expected):
            return
        lines = dict(expected.wanted)
        if self.driver.drops_only:
            lines.pop(self.rng.choice(list(lines)))
        else:
            sku = self.rng.choice([*lines, self.rng.choice(SKUS[self.driver.family])])
            lines[sku] = self.rng.randint(0, 3)
        lines = {sku: units for sku, units in lines.items() if units}
        if lines and lines != expected.wanted:
            self.changed.add(expected.external_id)
            self.driver.change(expected, lines)

    def _cancel(self, expected: ExpectedOrder) -> None:
        if not expected.cancelled and not any(expected.left.values()) and self._may_put_back(expected):
            self.driver.cancel(expected)

    def _ship(self, expected: ExpectedOrder) -> None:
        """All that is still to leave, or now and then a part of it."""
        unsent = expected.unsent
        if unsent and self._may_ship(expected):
            part = dict([self.rng.choice(list(unsent.items()))])
            self.driver.ship(expected, part if self.rng.random() < 0.3 else unsent)

    def _undo(self, expected: ExpectedOrder) -> None:
        if any(expected.left.values()) and not expected.cancelled:
            self.driver.undo(expected)

    def _decide(self, expected: ExpectedOrder) -> None:
        """A person answers a request. Who declines cancels the order where it was placed."""
        row = self.hub.order(expected.order_id)
        if row is None or row["state"] != "requested" or expected.cancelled:
            return
        accept = self.rng.random() < 0.6
        answer = self.hub.ask("POST", f"/orders/{expected.order_id}/decision", {"accept": accept, "by": "sam"})
        if not accept and answer.status == 200:
            self.driver.cancel(expected)

    def _may_put_back(self, expected: ExpectedOrder) -> bool:
        """In escrow the hub must know an order before its channel puts units of it back on its shelf:
        the other order is what docs/escrow.md names as not covered."""
        return self.driver.family != ESCROWED or self.hub.knows(expected)

    def _may_ship(self, expected: ExpectedOrder) -> bool:
        """Parcels leave for what the hub has promised; in escrow every order has its unit, known or not."""
        if self.driver.family == ESCROWED and expected.external_id not in self.changed:
            return True
        row = self.hub.order(expected.order_id)
        return row is not None and row["state"] in READY and self.hub.knows(expected)
