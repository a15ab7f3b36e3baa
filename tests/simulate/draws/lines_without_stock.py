"""A buyer adds what is no goods: a tip, a gift card, a fee. Some parcels name it, and some are of nothing else."""

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lastunit.container import Hub
from tests.simulate.draws.drawn import Draw
from tests.simulate.shop_world import Sale

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent

KINDS = {
    "shopify": ("tip", "gift card", "custom", "service", "uncounted"),
    "generic": ("express-fee", "engraving"),
    "ebay": ("GIFT-10", "GIFT-50"),
}
SENT = {"shopify": "custom", "generic": "engraving", "ebay": "GIFT-10"}
"""What a parcel may hold of it."""

SEEN_AFTER = 120.0  # Seconds until somebody sees that it still waits.
PATTERN = "GIFT-*"
"""eBay says of no line that it needs no stock, so that a person lists the names."""


def buy(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    market: Any = actions.shop_world.markets[intent.channel]
    kind = next(one.kind for one in actions.scenario.channels if one.name == intent.channel)
    more = rng.sample(KINDS[kind], rng.randint(1, len(KINDS[kind])))
    wanted = intent.lines if rng.random() < 0.8 or kind == "ebay" else {}
    lines = {name: min(units, market.shelves[name]) for name, units in wanted.items() if market.shelves[name] > 0}
    if wanted and not lines:
        return False
    external_id = market.sell(lines, more)
    sale = Sale(intent.channel, external_id, lines, actions.second)
    actions.shop_world.sales.append(sale)
    if SENT[kind] in more and rng.random() < 0.5:
        sale.parcels[market.ship(external_id, {SENT[kind]: 1})] = {}  # Nothing of it is goods.
    if kind == "ebay":
        actions.shop_world.ask(lambda hub: _list_names(hub, intent.channel))
        # Once more: an order on its way in meanwhile has read the names before.
        actions.shop_world.cloud.scheduler.sleep(SEEN_AFTER)
        actions.shop_world.ask(lambda hub: _list_names(hub, intent.channel))
    return True


def _list_names(hub: Hub, name: str) -> None:
    stored = hub.settings.channel(name)
    assert stored is not None
    saved = hub.configure_channel.put_channel(replace(stored, no_stock_names=(PATTERN,)))
    hub.configure_catalogue.retry_without_stock(saved.channel)


LINES_WITHOUT_STOCK = Draw("buy_with_lines_without_stock", buy, keeps=True)
