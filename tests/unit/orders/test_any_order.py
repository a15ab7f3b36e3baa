"""The same facts in whatever order they are delivered, and however often, end in the same stock (promise 3)."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import ConfirmShipment, OrderInput, RetryOrder, ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.stock.catalogue import Sku
from tests.support.orders.inputs import cancelled, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

HATS = 100
units = st.integers(1, 5)
first_wish, last_wish = units, st.integers(0, 5)


def open_shop() -> OrderScenario:
    items = {"hat": Sku(sku="hat"), "pair": Sku(sku="pair", recipe={"hat": 2})}
    return OrderScenario(
        {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=HATS)}, items, Channel(name="web", kind="generic")
    )


@st.composite
def order_inputs(draw: st.DrawFn) -> list[OrderInput]:
    """Two revisions of one order, up to three parcels, each perhaps voided, and perhaps a cancel."""
    delivered: list[OrderInput] = [
        sold({"hat": draw(first_wish), "pair": draw(first_wish)}),
        sold({"hat": draw(last_wish), "pair": draw(last_wish)}, revision="2"),
    ]
    for key in draw(st.sets(st.sampled_from(["s1", "s2", "s3"]))):
        delivered.append(shipment_notice({draw(st.sampled_from(["hat", "pair"])): draw(units)}, shipment_id=key))
        if draw(st.booleans()):
            delivered.append(voided(key))
    if draw(st.booleans()):
        delivered.append(cancelled(revision="3"))
    return draw(st.permutations([*delivered, *draw(st.lists(st.sampled_from(delivered), max_size=3))]))


def left(delivered: Sequence[OrderInput], name: str) -> int:
    """Units of a name that have left in the end."""
    gone = {
        order_input.shipment_id
        for order_input in delivered
        if isinstance(order_input, ShipmentNotice) and order_input.voided
    }
    parcels = {
        order_input.shipment_id: order_input
        for order_input in delivered
        if isinstance(order_input, ShipmentNotice) and not order_input.voided
    }
    lines = [line for key, order_input in parcels.items() if key not in gone for line in order_input.lines]
    return sum(line.quantity for line in lines if name in line.names)


def wanted(delivered: Sequence[OrderInput], name: str) -> int:
    """Units of a name that are still to be delivered in the end."""
    snapshots = [order_input for order_input in delivered if isinstance(order_input, OrderSnapshot)]
    if any(snapshot.cancelled for snapshot in snapshots):
        return 0
    newest = max(snapshots, key=lambda snapshot: snapshot.revision)
    quantity = next(line.quantity for line in newest.lines if name in line.names)
    return max(0, quantity - left(delivered, name))


@given(delivered=order_inputs())
def test_any_order_of_delivery_ends_in_the_same_stock(delivered: list[OrderInput]) -> None:
    shop = open_shop()

    shop.apply(*delivered)
    shop.apply(RetryOrder("web", "1"), RetryOrder("web", "1"))  # A person looks at what waits for one,
    for shipment in shop.order().pending_shipments:  # and says of what is beyond the order that it left.
        shop.apply(ConfirmShipment("web", "1", shipment.shipment_id))

    on_hand = HATS - left(delivered, "hat") - 2 * left(delivered, "pair")
    reserved = wanted(delivered, "hat") + 2 * wanted(delivered, "pair")
    assert Stock(on_hand=on_hand, reserved=reserved, available=on_hand - reserved) == shop.stock("hat")
