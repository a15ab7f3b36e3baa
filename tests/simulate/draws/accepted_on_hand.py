"""Who accepts a request says that the missing units are there: they come in, and are reserved and sent."""

import random
from typing import TYPE_CHECKING

from lastunit.domain.orders.inbound import DecideRequest
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Supply
from lastunit.use_cases.orders.change_orders import ChangeResult
from tests.simulate.draws.drawn import Draw

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent


def accept(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    for sale in actions.recent():
        order = actions.order_of(sale)
        if order is None or order.state is not State.REQUESTED:
            continue
        before = len(order.brought_in)
        answer = actions.apply(
            DecideRequest(
                channel=sale.channel,
                external_id=sale.external_id,
                accept=True,
                by=f"staff {intent.number}",  # Its own, so that nobody else's decision is taken for this one.
                supply=Supply.ON_HAND,
                location=rng.choice((None, *actions.scenario.locations)),
            )
        )
        if not isinstance(answer, ChangeResult):
            return False
        for units in answer.order.brought_in[before:]:
            actions.shop_world.moved[units.sku, units.location] += units.quantity
        return len(answer.order.brought_in) > before
    return False


ACCEPTED_ON_HAND = Draw("accept_on_hand", accept, share=0.8, chance=0.3)
