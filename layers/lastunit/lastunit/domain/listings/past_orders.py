"""What buyers wanted in the past, and what there was for them: the orders of some days, read once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lastunit.domain.orders.order import Order
from lastunit.domain.orders.stock_effects import stock_effect
from lastunit.domain.stock.catalogue import Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """SKU → units that a buyer wanted on a channel, `at` so many seconds after 1970."""

    at: float
    order_id: str
    channel: str
    wanted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Past:
    """`purchases` in the order of time. `items`: what they name, kits as their latest order had them. `units`: of
    every stocked SKU, before the first of them.
    """

    purchases: tuple[Purchase, ...]
    items: Mapping[str, Sku]
    units: Mapping[str, int]


def purchase(order: Order) -> Purchase:
    at = order.placed_at or order.changed_at
    if at is None:
        raise ValueError(f"{order.order_id} was never written")
    wanted = Counter[str]()
    for line in order.lines:
        if line.sku and line.quantity and not line.cancelled:
            wanted[line.sku] += line.quantity
    return Purchase(at=at.timestamp(), order_id=order.order_id, channel=order.channel, wanted=dict(wanted))


def past(orders: Iterable[Order], available: Mapping[str, int], since: datetime) -> Past:
    """`available`: what there is now of every stocked SKU; what these orders took of it is added."""
    found = sorted(
        ((one, order) for order in orders if (one := purchase(order)).wanted and one.at >= since.timestamp()),
        key=lambda pair: (pair[0].at, pair[0].order_id),
    )
    units, items = Counter(available), dict[str, Sku]()
    for _, order in found:
        items |= {line.sku: _item(line.sku, line.parts) for line in order.lines if line.sku}
        for (sku, _), movement in stock_effect(order).items():
            units[sku] -= movement.available
    units.update({sku: 0 for item in items.values() for sku in item.parts})
    return Past(tuple(one for one, _ in found), items, units)


def _item(sku: str, parts: Mapping[str, int]) -> Sku:
    return Sku(sku=sku) if sku in parts else Sku(sku=sku, recipe=parts)
