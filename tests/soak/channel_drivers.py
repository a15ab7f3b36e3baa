"""The channels of the soak, all driven in one way: sell, change, cancel, ship, and tell how an order stands."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.channels.ebay.simulator import Ebay
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Marketplace
from tests.channels.shipstation.simulator import ShipStation
from tests.channels.shopify.simulator import Shopify
from tests.soak.expected_orders import ExpectedOrder

Units = Mapping[str, int]
"""Name of a SKU → units."""


class ChannelDriver(Protocol):
    """`family`: whose goods it sells. `drops_only`: its orders can lose lines, and nothing else of them changes."""

    @property
    def name(self) -> str: ...

    @property
    def family(self) -> str: ...

    @property
    def drops_only(self) -> bool: ...

    @property
    def market(self) -> Marketplace: ...

    def sell(self, basket: Units) -> str:
        """The order's id on its channel. Raises SoldOut."""
        ...

    def change(self, expected: ExpectedOrder, lines: Units) -> None:
        """The order, of which nothing has left, now has these lines. Raises SoldOut."""
        ...

    def cancel(self, expected: ExpectedOrder) -> None: ...

    def ship(self, expected: ExpectedOrder, lines: Units) -> None: ...

    def undo(self, expected: ExpectedOrder) -> None:
        """Its latest parcel never left, or comes back: whichever the channel can say."""
        ...

    def expected_orders(self) -> list[ExpectedOrder]: ...

    def expected_order(self, external_id: str) -> ExpectedOrder: ...


@dataclass(slots=True)
class StoreDriver:
    """A store of the merchant's own."""

    name: str
    family: str
    market: GenericStore
    drops_only: bool = False

    def sell(self, basket: Units) -> str:
        return self.market.sell(basket)

    def change(self, expected: ExpectedOrder, lines: Units) -> None:
        self.market.edit(expected.external_id, lines)

    def cancel(self, expected: ExpectedOrder) -> None:
        self.market.cancel(expected.external_id)

    def ship(self, expected: ExpectedOrder, lines: Units) -> None:
        self.market.ship(expected.external_id, lines)

    def undo(self, expected: ExpectedOrder) -> None:
        parcels = self.market.orders[expected.external_id].parcels
        latest = next((name for name in reversed(parcels) if parcels[name]), None)
        if latest:
            self.market.void(expected.external_id, latest)

    def expected_orders(self) -> list[ExpectedOrder]:
        return [self.expected_order(external_id) for external_id in list(self.market.orders)]

    def expected_order(self, external_id: str) -> ExpectedOrder:
        with self.market.changed:
            order = self.market.orders[external_id]
            left = _sum(order.parcels.values())
            return ExpectedOrder(f"{self.name}:{external_id}", dict(order.lines), left, order.cancelled)


@dataclass(slots=True)
class ShopifyDriver:
    """Parcels are told by Shopify itself or, where there is one, by `shipping`: never the same parcel by both."""

    name: str
    family: str
    market: Shopify
    shipping: ShipStation | None = None
    drops_only: bool = False
    labels: dict[str, list[str]] = field(default_factory=dict)  # Shopify's order id → ShipStation's shipments.
    parcels: dict[str, list[str]] = field(default_factory=dict)  # The same order id → Shopify's own fulfilments.

    def sell(self, basket: Units) -> str:
        return self.market.sell(basket)

    def change(self, expected: ExpectedOrder, lines: Units) -> None:
        self.market.edit(expected.external_id, dict.fromkeys(expected.wanted, 0) | dict(lines))

    def cancel(self, expected: ExpectedOrder) -> None:
        self.market.cancel(expected.external_id)

    def ship(self, expected: ExpectedOrder, lines: Units) -> None:
        """Every second parcel by ShipStation."""
        order_id = expected.external_id
        labels, parcels = self.labels.setdefault(order_id, []), self.parcels.setdefault(order_id, [])
        if self.shipping and (len(labels) + len(parcels) + int(order_id)) % 2:
            told = self.market.orders[order_id]["line_items"]
            ids = {line["sku"]: str(line["id"]) for line in told}
            labels.append(self.shipping.ship(order_id, {ids[sku]: (sku, units) for sku, units in lines.items()}))
        else:
            parcels.append(self.market.ship(order_id, lines))

    def undo(self, expected: ExpectedOrder) -> None:
        labels, parcels = self.labels.get(expected.external_id, []), self.parcels.get(expected.external_id, [])
        if labels and self.shipping:
            self.shipping.void(labels.pop())
        elif parcels:
            self.market.void(parcels.pop())

    def expected_orders(self) -> list[ExpectedOrder]:
        return [self.expected_order(external_id) for external_id in list(self.market.orders)]

    def expected_order(self, external_id: str) -> ExpectedOrder:
        with self.market.changed:
            order = self.market.orders[external_id]
            wanted = {line["sku"]: line["current_quantity"] for line in order["line_items"]}
            left = _sum(_fulfilled(one) for one in order["fulfillments"] if one["status"] == "success")
            cancelled = order["cancelled_at"] is not None
        return ExpectedOrder(
            f"{self.name}:{external_id}", _positive(wanted), left + self._labelled(external_id), cancelled
        )

    def _labelled(self, external_id: str) -> Counter[str]:
        """In parcels of ShipStation that were not voided."""
        labels = self.labels.get(external_id, ())
        sent = [self.shipping.sent[label].parcel.lines for label in labels] if self.shipping else []
        return _sum(dict(lines.values()) for lines in sent)


@dataclass(slots=True)
class EbayDriver:
    """Lines are cancelled whole, and parcels are never voided."""

    name: str
    family: str
    market: Ebay
    drops_only: bool = True

    def sell(self, basket: Units) -> str:
        return self.market.sell(basket)

    def change(self, expected: ExpectedOrder, lines: Units) -> None:
        self.market.cancel(expected.external_id, expected.wanted.keys() - lines.keys())

    def cancel(self, expected: ExpectedOrder) -> None:
        self.market.cancel(expected.external_id, expected.wanted.keys())

    def ship(self, expected: ExpectedOrder, lines: Units) -> None:
        self.market.ship(expected.external_id, lines)

    def undo(self, expected: ExpectedOrder) -> None:
        pass

    def expected_orders(self) -> list[ExpectedOrder]:
        return [self.expected_order(external_id) for external_id in list(self.market.orders)]

    def expected_order(self, external_id: str) -> ExpectedOrder:
        with self.market.changed:
            lines = self.market.orders[external_id]["lineItems"]
            names = {line["lineItemId"]: line["sku"] for line in lines}
            left = Counter[str]()
            for row in (row for one in self.market.fulfillments.get(external_id, ()) for row in one["lineItems"]):
                left[names[row["lineItemId"]]] += row["quantity"]
            wanted = {line["sku"]: line["quantity"] for line in lines if not line["refunds"]}
        return ExpectedOrder(f"{self.name}:{external_id}", wanted, left, cancelled=not wanted)


def _fulfilled(fulfilment: Mapping[str, Any]) -> Units:
    return {row["sku"]: row["quantity"] for row in fulfilment["line_items"]}


def _positive(units: Units) -> Units:
    return {sku: quantity for sku, quantity in units.items() if quantity}


def _sum(parcels: Iterable[Units]) -> Counter[str]:
    units = Counter[str]()
    for parcel in parcels:
        units.update(parcel)
    return units
