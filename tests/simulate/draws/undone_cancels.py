"""A cancel on the own store that is undone: a later version brings the lines back."""

import random
from typing import TYPE_CHECKING

from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import SoldOut
from tests.simulate.draws.drawn import Draw

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent


def undo(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    for sale in actions.shop_world.sales:
        market = actions.shop_world.markets.get(sale.channel)
        if not sale.cancelled or sale.parcels or not isinstance(market, GenericStore):
            continue
        try:
            market.undo_cancel(sale.external_id)
        except SoldOut:
            continue
        sale.cancelled = False
        return True
    return False


UNDONE_CANCELS = Draw("cancel_undone", undo, 0.4, 0.3)
