"""One order's step from one version of its row to the next."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.channel_counts import sold_on_channel, sold_unallocated
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State, allowed
from lastunit.domain.orders.stock_effects import stock_delta
from lastunit.domain.stock.levels import Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """One order's step, and with it the units it reserves, releases, depletes and restocks.

    Raises ValueError for a step that the table of states does not allow.
    """

    before: Order | None  # None: a new order
    after: Order
    through: tuple[State, ...] = ()  # the states in between, where several inputs of one batch are one step
    restocked_by_channel: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(SKU, listing name) → units its channel put back at any of those inputs, even if it sold them again."""

    def __post_init__(self) -> None:
        state = self.before.state if self.before else None
        for following in (*self.through, self.after.state):
            if not allowed(state, following):
                raise ValueError(f"{self.after.order_id}: no way leads from {state} to {following}")
            state = following

    def levels(self) -> dict[LevelKey, Movement]:
        """What the step moves at each level. Levels where nothing moves are left out."""
        return stock_delta(self.before, self.after)

    def listings(self) -> dict[tuple[str, str], int]:
        """(SKU, listing name) → units more (or fewer) that the channel has sold by its own count."""
        return _differences(sold_on_channel(self.before), sold_on_channel(self.after))

    def sold_unallocated(self) -> dict[tuple[str, str], int]:
        """(SKU, listing name) → units more (or fewer) that are sold and not allocated."""
        return _differences(sold_unallocated(self.before), sold_unallocated(self.after))


def _differences[Key](before: Counter[Key], after: Counter[Key]) -> dict[Key, int]:
    return {key: after[key] - before[key] for key in after | before if after[key] != before[key]}
