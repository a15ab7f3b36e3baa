"""Names, ids and quantities from outside are bounded where they come in: they become keys of the store."""

from collections.abc import Callable

import pytest

from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.snapshot import NAME_MAX, QUANTITY_MAX, OrderSnapshot, SnapshotLine

HALF_A_PAIR = "\ud800"


def order(external_id: str = "1", cancelled: str = "1") -> OrderSnapshot:
    lines = (SnapshotLine("1", ("hat",), 1),)
    return OrderSnapshot(
        channel="web", external_id=external_id, revision="1", lines=lines, cancelled_lines=(cancelled,)
    )


def shipment(external_id: str = "1", shipment_id: str = "p") -> ShipmentNotice:
    lines = (ShippedLine(1, "1"),)
    return ShipmentNotice(channel="web", external_id=external_id, shipment_id=shipment_id, lines=lines)


NAMED: dict[str, Callable[[str], object]] = {
    "order": lambda name: order(external_id=name),
    "cancelled line": lambda name: order(cancelled=name),
    "line": lambda name: SnapshotLine(name, ("hat",), 1),
    "SKU of a line": lambda name: SnapshotLine("1", ("hat", name), 1),
    "shipment": lambda name: shipment(shipment_id=name),
    "order of a shipment": lambda name: shipment(external_id=name),
    "line of a shipment": lambda name: ShippedLine(1, name),
    "SKU of a shipment": lambda name: ShippedLine(1, None, (name,)),
}


@pytest.mark.parametrize("named", NAMED)
def test_a_name_may_be_as_long_as_a_key_of_the_store_holds_and_no_longer(named: str) -> None:
    NAMED[named]("ü" * NAME_MAX)

    with pytest.raises(UnreadableOrder, match=f"{NAME_MAX + 1} characters, at most {NAME_MAX}"):
        NAMED[named]("ü" * (NAME_MAX + 1))


@pytest.mark.parametrize("named", NAMED)
def test_a_name_that_is_no_text_is_refused(named: str) -> None:
    with pytest.raises(UnreadableOrder, match="is no Unicode text"):
        NAMED[named](HALF_A_PAIR)


@pytest.mark.parametrize("units", [-1, QUANTITY_MAX + 1, 10**5000], ids=["-1", "one more", "5,000 digits"])
def test_a_quantity_that_no_order_has_is_refused_however_many_digits_it_has(units: int) -> None:
    with pytest.raises(UnreadableOrder, match="must be 0 to 1,000,000"):
        SnapshotLine("1", ("hat",), units)
    with pytest.raises(UnreadableOrder, match="must be 1 to 1,000,000"):
        ShippedLine(units, "1")
