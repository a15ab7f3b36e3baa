"""What an order does to stock: it reserves, depletes and restocks.

All of it follows from the order's row alone: allocations reserve, shipments deplete, inspected returns restock, and
accepting a request may bring units in. A change of stock is always the difference between two versions of a row, so
that a release can never be computed from anything but what was reserved.
"""

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.order import Order, PickedUnits
from lastunit.domain.orders.units import reserved_units
from lastunit.domain.stock.levels import Movement, sum_by_level


def stock_effect(order: Order | None) -> dict[LevelKey, Movement]:
    """All that the order does to stock as it stands, per level."""
    if order is None:
        return {}
    reserved = [
        Movement(sku=sku, location=location, available=-units, reserved=units)
        for (sku, location), units in reserved_units(order).items()
    ]
    picked = [units for shipment in order.shipments if not shipment.voided for units in shipment.picked]
    restocked = [*order.brought_in, *(units for one in order.returns for units in one.restocked)]
    depleted = [moved(units, -1) for units in picked]
    return sum_by_level([*reserved, *depleted, *(moved(units, 1) for units in restocked)])


def stock_delta(before: Order | None, after: Order) -> dict[LevelKey, Movement]:
    """What moves at each level when one version of an order takes the place of another.

    Levels of one version only are reserved or released; where a shipment is new, `on_hand` and `reserved` fall
    together: the level is depleted.
    """
    undone = [movement.reversed() for movement in stock_effect(before).values()]
    return sum_by_level([*stock_effect(after).values(), *undone])


def moved(picked: PickedUnits, sign: int) -> Movement:
    """`sign` −1: the units leave their bins and their level; +1: they come back."""
    units = sign * picked.quantity
    bins = {name: sign * part for name, part in picked.bins.items()}
    return Movement(sku=picked.sku, location=picked.location, on_hand=units, available=units, bins=bins)
