"""An order as its channel tells it, the hub's row of it, and in what they differ."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.soak.catalogue import stocked

Row = Mapping[str, Any]

ENDED = frozenset({"cancelled", "shipped"})
"""States of an order that its channel cancelled; what had left stays gone."""


@dataclass(frozen=True, slots=True)
class ExpectedOrder:
    """What its channel says of an order now: units wanted and units that left in parcels, by name of the SKU."""

    order_id: str
    wanted: Mapping[str, int]
    left: Mapping[str, int]
    cancelled: bool = False

    @property
    def external_id(self) -> str:
        return self.order_id.partition(":")[2]

    @property
    def unsent(self) -> dict[str, int]:
        """Nothing of a cancelled order is still to leave."""
        rest = Counter[str]() if self.cancelled else Counter(self.wanted)
        rest.subtract(self.left)
        return dict(+rest)


def differences(row: Row, expected: ExpectedOrder) -> list[str]:
    """Units are compared by stocked SKU, because kits are taken apart when they are reserved."""
    found = list[str]()
    if gone(row) != stocked(expected.left):
        found.append(f"{dict(gone(row))} left, its channel says {dict(stocked(expected.left))}")
    if expected.cancelled:
        if row["state"] not in ENDED or promised(row):
            found.append(f"cancelled by its channel, but {row['state']}")
    elif ordered(row) != stocked(expected.wanted):
        found.append(f"wants {dict(ordered(row))}, its channel says {dict(stocked(expected.wanted))}")
    return found


def ordered(row: Row) -> Counter[str]:
    """Stocked SKU → units that the lines ask for."""
    units = Counter[str]()
    for line in row.get("lines", ()):
        for sku, each in line.get("parts", {}).items():
            units[sku] += each * line["quantity"]
    return +units


def promised(row: Row) -> Counter[str]:
    """Stocked SKU → units that are reserved or awaited."""
    units = Counter[str]()
    for one in (*row.get("allocations", ()), *row.get("backorders", ())):
        units[one["sku"]] += one["quantity"]
    return units


def gone(row: Row) -> Counter[str]:
    """Stocked SKU → units in parcels that were not voided."""
    units = Counter[str]()
    for parcel in row.get("shipments", ()):
        for taken in parcel.get("picked", ()) if not parcel.get("voided") else ():
            units[taken["sku"]] += taken["quantity"]
    return units
