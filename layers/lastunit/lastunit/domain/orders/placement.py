"""One attempt to place an order."""

from dataclasses import dataclass

from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What is stored, the version that is to take its place, and who asks."""

    before: Order | None  # the stored row; None for a new order
    base: Order  # the next version with the snapshot's lines, before anything is decided on it
    context: DecisionContext
    instant: bool = False  # the caller is the own store and waits for the answer

    @property
    def can_be_refused(self) -> bool:
        """The own store creates the order only after a yes; an order that exists on its channel stays an order."""
        return self.instant and (self.before is None or self.before.state is State.REFUSED)

    def becomes(self, after: Order, outcome: Outcome | None = None) -> Decided:
        return changed(self.before, after, outcome)
