"""Orders that no store should send: the hub keeps each for a person, and all others go on."""

import random
from typing import TYPE_CHECKING, Any

from tests.channels.generic.simulator import GenericStore
from tests.simulate.draws.drawn import Draw
from tests.simulate.scenario import Scenario

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent

ODDITIES: tuple[list[dict[str, Any]], ...] = (
    [{"line_id": "1", "sku": "x" * 2000, "quantity": 1}],  # Longer than a key of the store.
    [{"line_id": "1", "sku": "\ud800", "quantity": 1}],  # Half of a surrogate pair: no text.
    [{"line_id": "1", "sku": "sku-0", "quantity": 10**40}],
    [{"line_id": "1", "sku": "sku-0", "quantity": "two"}],
    [{"line_id": str(at), "sku": "sku-0", "quantity": 1} for at in range(600)],
)


def sell_oddly(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    market = actions.shop_world.markets[intent.channel]
    if not isinstance(market, GenericStore):
        return False
    actions.shop_world.odd.append((intent.channel, market.sell_oddly(rng.choice(ODDITIES))))
    return True


def _has_own_store(scenario: Scenario) -> bool:
    return any(channel.kind == "generic" for channel in scenario.markets)


ODD_ORDERS = Draw("odd_orders", sell_oddly, fits=_has_own_store)
