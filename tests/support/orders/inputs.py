"""Short ways to say what channels, people and shipping platforms report about an order."""

from collections.abc import Mapping, Sequence

from lastunit.domain.orders.inbound import DecideRequest, RetryOrder, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from tests.support.clock import NOON

Units = Mapping[str, int] | Sequence[tuple[str, int]]
"""SKU name → units, one line each; pairs where one name stands on several lines."""


def lines(units: Units) -> tuple[SnapshotLine, ...]:
    pairs = units.items() if isinstance(units, Mapping) else units
    return tuple(SnapshotLine(str(at), (name,), quantity) for at, (name, quantity) in enumerate(pairs, 1))


def sold(
    units: Units,
    external_id: str = "1",
    *,
    channel: str = "web",
    revision: str = "1",
    location: str | None = None,
) -> OrderSnapshot:
    return OrderSnapshot(
        channel=channel,
        external_id=external_id,
        revision=revision,
        lines=lines(units),
        location=location,
        placed_at=NOON,
    )


def cancelled(
    external_id: str = "1", *, channel: str = "web", revision: str = "2", restocked: bool = False
) -> OrderSnapshot:
    return OrderSnapshot(
        channel=channel, external_id=external_id, revision=revision, lines=(), cancelled=True, restocked=restocked
    )


def retry(external_id: str = "1", *, channel: str = "web") -> RetryOrder:
    return RetryOrder(channel, external_id)


def shipment_notice(
    units: Mapping[str, int],
    external_id: str = "1",
    *,
    shipment_id: str = "s1",
    channel: str = "web",
    location: str | None = None,
    reporter: str = "",
    tracking: str | None = None,
) -> ShipmentNotice:
    """A parcel left with so many units of each SKU name."""
    shipped = tuple(ShippedLine(quantity, names=(name,)) for name, quantity in units.items())
    return ShipmentNotice(
        channel=channel,
        external_id=external_id,
        shipment_id=shipment_id,
        lines=shipped,
        location=location,
        reporter=reporter,
        tracking=tracking_digests(tracking),
    )


def voided(
    shipment_id: str = "s1", external_id: str = "1", *, reporter: str = "", tracking: str | None = None
) -> ShipmentNotice:
    return ShipmentNotice(
        channel="web",
        external_id=external_id,
        shipment_id=shipment_id,
        lines=(),
        voided=True,
        reporter=reporter,
        tracking=tracking_digests(tracking),
    )


def accept(lines: Mapping[str, int] | None = None, by: str = "Ann") -> DecideRequest:
    return DecideRequest(channel="web", external_id="1", accept=True, by=by, lines=lines or {})


def decline(by: str = "Ann") -> DecideRequest:
    return DecideRequest(channel="web", external_id="1", accept=False, by=by)
