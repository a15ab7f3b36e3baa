"""Use case: clocks that have run out, or are about to, are looked at (rules 1.4-6, 1.4-7, 1.4-13).

The deadline is stored with the order and decided by the write of its row; this only reminds. Late, doubled or
skipped runs therefore change nothing but how soon it happens.
"""

from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.deadlines import REMIND_MINUTES
from lastunit.ports.orders import OrderStore
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.messages import DeadlineCheckMessage

CLOCKS = ("decision", "payment")
ORDERS_MAX = 1000  # Per clock and run; the next run, a minute later, finds the rest.


@dataclass(frozen=True, slots=True)
class ExpireOrders:
    order_store: OrderStore
    queue: Queue
    clock: Clock

    def run(self) -> int:
        """How many orders were reminded of their clock."""
        soon = self.clock.now() + timedelta(minutes=REMIND_MINUTES)
        due = {order_id for clock in CLOCKS for order_id in self.order_store.due(clock, soon, ORDERS_MAX)}
        if due:
            self.queue.send([_check(OrderKey.parse(order_id)) for order_id in sorted(due)])
        return len(due)


def _check(order: OrderKey) -> DeadlineCheckMessage:
    return DeadlineCheckMessage(channel=order.channel, external_id=order.external_id)
