"""What a shipping platform and the store it ships for report of one parcel."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.channels.shipstation.simulator import ShipStation
from tests.channels.shopify.simulator import Shopify
from tests.simulate.draws.drawn import Draw
from tests.simulate.scenario import Scenario

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent
    from tests.simulate.shop_world import Sale


def report_twice(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    """The platform writes the tracking number into the store, which reports a fulfilment of its own."""
    for sale, parcel in _labels(actions):
        store, platform = actions.market_of(sale), _platform(actions)
        sent = platform.sent[parcel]
        if sale.cancelled or sent.voided_at or parcel in actions.shop_world.reported_twice:
            continue
        written = platform.sent[parcel].tracking_number
        try:
            store.ship(sale.external_id, dict(sale.parcels[parcel]), tracking=f"{written[:4]} {written[4:]}")
        except ValueError:
            continue  # An older fulfilment, of a label that was voided since, has those units there.
        actions.shop_world.reported_twice.add(parcel)
        return True
    return False


def void_label(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    """The parcel did not leave; the store goes on calling it fulfilled."""
    for sale, parcel in _labels(actions):
        if not sale.returning and not sale.cancelled and rng.random() < 0.5:
            _platform(actions).void(parcel)
            sale.parcels[parcel] = {}
            return True
    return False


def _labels(actions: "Actions") -> "Iterator[tuple[Sale, str]]":
    """Sales of Shopify, each with a parcel that the platform sent."""
    for sale in actions.shop_world.sales:
        if isinstance(actions.shop_world.markets.get(sale.channel), Shopify):
            sent = _platform(actions).sent
            yield from ((sale, parcel) for parcel, units in sale.parcels.items() if units and parcel in sent)


def _platform(actions: "Actions") -> ShipStation:
    return next(one for one in actions.shop_world.markets.values() if isinstance(one, ShipStation))


def _ships_by_platform(scenario: Scenario) -> bool:
    return any(channel.kind == "shipstation" for channel in scenario.channels)


REPORTED_TWICE = Draw("parcel_reported_twice", report_twice, 0.5, 0.6, _ships_by_platform, keeps=True)
LABEL_VOIDED = Draw("label_voided", void_label, 0.4, 0.6, _ships_by_platform, keeps=True)
