"""Use case: clocks that have run out, or are about to, are looked at (`requirements.md` 1.4 rules 6, 7, 13).

The deadline is stored with the order and decided by the write of its row; this only reminds. Late, doubled or
skipped runs therefore change nothing but how soon it happens.
"""

from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.requesting import REMIND_MINUTES
from lastunit.ports import Clock, Queue, StockBook

CLOCKS = ("decision", "payment")
ORDERS_MAX = 1000  # Per clock and run; the next run, a minute later, finds the rest.


@dataclass(frozen=True, slots=True)
class ExpireOrders:
    book: StockBook
    orders: Queue
    clock: Clock

    def __call__(self) -> int:
        """How many orders were reminded of their clock."""
        soon = self.clock.now() + timedelta(minutes=REMIND_MINUTES)
        due = {order_id for clock in CLOCKS for order_id in self.book.due(clock, soon, ORDERS_MAX)}
        if due:
            self.orders.send([_tick(order_id) for order_id in sorted(due)])
        return len(due)


def _tick(order_id: str) -> dict[str, object]:
    channel, _, external_id = order_id.partition(":")
    return {"channel": channel, "tick": external_id}
