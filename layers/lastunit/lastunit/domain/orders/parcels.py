"""Whether two reports speak of one parcel: they come from two systems and share a tracking number.

A shipping platform and the store it ships for both report what left, each by an id of its own. Of what they report
under one tracking number the larger report counts, SKU by SKU, whichever comes first and however it is divided. One
system that names the same number twice means two divisions of one box, which both count.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.order import Order, Shipment

NUMBERS_MAX = 20
DIGEST = re.compile(r"#[0-9a-f]{16}")


def tracking_digests(*texts: str | None) -> tuple[str, ...]:
    """Tracking numbers, as they are compared and kept: whoever has one learns where its recipient lives.

    Of each its letters and digits count, in upper case: systems write them with blanks. A digest stays as it is.
    """
    return tuple(sorted({one for text in texts if (one := _digest(text or ""))}))[:NUMBERS_MAX]


def digest_of(value: object) -> object:
    """Of one tracking number, before it travels on; what is no text stays, so that it can be named later."""
    return _digest(value) if isinstance(value, str) else value


def _digest(text: str) -> str:
    plain = "".join(filter(str.isalnum, text)).upper()
    if not plain or DIGEST.fullmatch(text):
        return text if plain else ""
    return f"#{hashlib.sha256(plain.encode(errors='backslashreplace')).hexdigest()[:16]}"


def of_same_parcel(order: Order, notice: ShipmentNotice | Shipment) -> list[Shipment]:
    """Other shipments of the order that share a tracking number with this one, voided ones included."""
    numbers = set(notice.tracking)
    return [
        one
        for one in order.shipments
        if one.shipment_id != notice.shipment_id and not numbers.isdisjoint(one.tracking)
    ]


def reported_before(order: Order, notice: ShipmentNotice) -> Counter[str]:
    """SKU → units that other systems have reported of the parcel, and this system has not."""
    reports: dict[str, Counter[str]] = {}
    for one in of_same_parcel(order, notice):
        reports.setdefault(one.reporter, Counter()).update(one.reported)
    own = reports.pop(notice.reporter, Counter[str]())
    most = Counter[str]()
    for units in reports.values():
        most |= units
    return most - own


def is_voided(order: Order, notice: ShipmentNotice) -> bool:
    """Another system has voided the parcel before it was known what was in it."""
    others = (one for one in of_same_parcel(order, notice) if one.reporter != notice.reporter)
    return any(one.voided and not one.reported for one in others)


def without(lines: Iterable[tuple[str, ShippedLine]], known: Counter[str]) -> tuple[ShippedLine, ...]:
    """The (SKU, line) pairs less the units that are known; lines of which nothing is left are gone."""
    rest, kept = Counter(known), list[ShippedLine]()
    for sku, line in lines:
        part = min(rest[sku], line.quantity)
        rest[sku] -= part
        if line.quantity > part:
            kept.append(replace(line, quantity=line.quantity - part))
    return tuple(kept)


def voided_with(order: Order, known: Shipment | None, notice: ShipmentNotice) -> Sequence[Shipment]:
    """Shipments of the same parcel that a void by one system ends as well: those that its report holds whole."""
    reported = Counter(known.reported) if known else None
    reporter = known.reporter if known else notice.reporter
    return [
        one
        for one in of_same_parcel(order, known or notice)
        if one.reporter != reporter and not one.voided and (reported is None or Counter(one.reported) <= reported)
    ]
