"""What happens at one channel: its buyers order, change their minds and cancel, and its parcels leave."""

import random
import time
from collections import deque
from dataclasses import dataclass, field

from infra.local.soak.deals import Deal
from infra.local.soak.goods import ESCROWED, SKUS
from infra.local.soak.hub import Hub
from infra.local.soak.stalls import Stall
from infra.local.soak.till import Till
from tests.channels.marketplace import SoldOut

SALES_SHARE = 0.45
OTHER_ACTS = (6, 2, 2, 1, 1)  # How often: ship, change, cancel, undo, decide.
RECENT = 150  # Orders that are still changed, sent and cancelled.
BURST, BURST_SECONDS_MAX = 8, 20.0
PAUSE_SECONDS = 0.2
READY = frozenset({"reserved", "partly_shipped"})


@dataclass(slots=True)
class Buyers:
    """One thread, so that what a channel tells of an order is always one story."""

    stall: Stall
    hub: Hub
    chance: random.Random
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    changed: set[str] = field(default_factory=set)
    sold_out: int = 0

    def run(self) -> None:
        """In bursts, so that webhooks of one order overtake each other and the backlog stays bounded."""
        while not self.hub.over.is_set():
            for _ in range(BURST):
                self._act()
                time.sleep(self.chance.uniform(0, 2 * PAUSE_SECONDS))
            self.stall.market.await_delivered(BURST_SECONDS_MAX)
            self.hub.await_room()

    def _act(self) -> None:
        acts = (self._ship, self._change, self._cancel, self._undo, self._decide)
        try:
            if not self.recent or self.chance.random() < SALES_SHARE:
                self._sell()
            else:
                act = self.chance.choices(acts, OTHER_ACTS)[0]
                act(self.stall.deal(self.chance.choice(self.recent)))
        except SoldOut:
            self.sold_out += 1

    def _sell(self) -> None:
        names = self._on_offer()
        basket = self.chance.sample(names, min(len(names), self.chance.choice((1, 1, 1, 2, 3))))
        if not basket:
            raise SoldOut("everything")
        self.recent.append(self.stall.sell({sku: self.chance.choice((1, 1, 1, 2)) for sku in basket}))

    def _on_offer(self) -> list[str]:
        if isinstance(self.stall, Till):
            return list(SKUS[self.stall.family])
        return [sku for sku in SKUS[self.stall.family] if self.stall.market.shelves[sku] > 0]

    def _change(self, deal: Deal) -> None:
        if deal.cancelled or any(deal.left.values()) or not self._may_put_back(deal):
            return
        lines = dict(deal.wanted)
        if self.stall.drops_only:
            lines.pop(self.chance.choice(list(lines)))
        else:
            sku = self.chance.choice([*lines, self.chance.choice(SKUS[self.stall.family])])
            lines[sku] = self.chance.randint(0, 3)
        lines = {sku: units for sku, units in lines.items() if units}
        if lines and lines != deal.wanted:
            self.changed.add(deal.external_id)
            self.stall.change(deal, lines)

    def _cancel(self, deal: Deal) -> None:
        if not deal.cancelled and not any(deal.left.values()) and self._may_put_back(deal):
            self.stall.cancel(deal)

    def _ship(self, deal: Deal) -> None:
        """All that is still to leave, or now and then a part of it."""
        unsent = deal.unsent
        if unsent and self._may_ship(deal):
            part = dict([self.chance.choice(list(unsent.items()))])
            self.stall.ship(deal, part if self.chance.random() < 0.3 else unsent)

    def _undo(self, deal: Deal) -> None:
        if any(deal.left.values()) and not deal.cancelled:
            self.stall.undo(deal)

    def _decide(self, deal: Deal) -> None:
        """A person answers a request. Who declines cancels the order where it was placed."""
        row = self.hub.order(deal.order_id)
        if row is None or row["state"] != "requested" or deal.cancelled:
            return
        accept = self.chance.random() < 0.6
        answer = self.hub.ask("POST", f"/orders/{deal.order_id}/decision", {"accept": accept, "by": "sam"})
        if not accept and answer.status == 200:
            self.stall.cancel(deal)

    def _may_put_back(self, deal: Deal) -> bool:
        """In escrow the hub must know an order before its channel puts units of it back on its shelf:
        the other order is what docs/escrow.md names as not covered."""
        return self.stall.family != ESCROWED or self.hub.knows(deal)

    def _may_ship(self, deal: Deal) -> bool:
        """Parcels leave for what the hub has promised; in escrow every order has its unit, known or not."""
        if self.stall.family == ESCROWED and deal.external_id not in self.changed:
            return True
        row = self.hub.order(deal.order_id)
        return row is not None and row["state"] in READY and self.hub.knows(deal)
