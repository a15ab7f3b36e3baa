"""Returns: goods on their way back, and what an inspection finds."""

from typing import Annotated

from pydantic import Field

from functions.api.schemas.common import Answer, Body, Name, OutsideId, SkuName, UnitsOrNone
from functions.api.schemas.shipments import PickedUnitsOut
from lastunit.domain.orders.arrivals import arrivals_of
from lastunit.domain.orders.order import Condition, Inspection, Return, ReturnArrival, ReturnState

LineUnits = Annotated[dict[OutsideId, Annotated[int, Field(strict=True)]], Field(min_length=1, max_length=500)]
"""Line id → units of the line."""


class ReturnIn(Body):
    """`lines`: line id → units on their way back. `correction`: its id, where they replace what was said."""

    return_id: OutsideId
    lines: LineUnits
    correction: OutsideId | None = None


class ReceiptIn(Body):
    """`arrival_id` tells parcels of one return apart. `lines`: what was in this one; left out, all still due."""

    location: Name
    arrival_id: OutsideId | None = None
    lines: LineUnits | None = None
    correction: OutsideId | None = None


class ConditionIn(Body):
    sellable: UnitsOrNone = 0
    damaged: UnitsOrNone = 0
    missing: UnitsOrNone = 0

    @property
    def numbers(self) -> tuple[int, int, int]:
        return self.sellable, self.damaged, self.missing


class InspectedLineIn(ConditionIn):
    """`components`: of a kit that is not counted as a whole, its stocked SKUs with their own units."""

    components: Annotated[dict[SkuName, ConditionIn], Field(max_length=30)] = Field(default_factory=dict)


class InspectionIn(Body):
    """`bin`: where the sellable units are put; none leaves them unplaced. `arrival_id`: as its receipt named it."""

    lines: Annotated[dict[OutsideId, InspectedLineIn], Field(min_length=1, max_length=500)]
    bin: Name | None = None
    arrival_id: OutsideId | None = None
    correction: OutsideId | None = None


class ConditionOut(Answer):
    """Of the returned units: what can be sold again, what cannot, and what did not arrive."""

    sellable: int
    damaged: int
    missing: int

    @classmethod
    def of(cls, found: Condition) -> "ConditionOut":
        return cls(sellable=found.sellable, damaged=found.damaged, missing=found.missing)


class InspectedLineOut(Answer):
    """Of one line: what of the returned units can be sold again, and what cannot. `components`: those of a kit that
    was inspected by them, in their own units."""

    sellable: int
    damaged: int
    missing: int
    components: dict[str, ConditionOut]

    @classmethod
    def of(cls, found: Inspection) -> "InspectedLineOut":
        return cls(
            sellable=found.sellable,
            damaged=found.damaged,
            missing=found.missing,
            components={sku: ConditionOut.of(one) for sku, one in found.components.items()},
        )


class ArrivalOut(Answer):
    """One parcel of a return. `inspection` is empty until it was inspected."""

    arrival_id: str
    location: str
    lines: dict[str, int]
    inspection: dict[str, InspectedLineOut]
    restocked: list[PickedUnitsOut]

    @classmethod
    def of(cls, arrival: ReturnArrival) -> "ArrivalOut":
        return cls(
            arrival_id=arrival.arrival_id,
            location=arrival.location,
            lines=dict(arrival.lines),
            inspection={key: InspectedLineOut.of(one) for key, one in (arrival.found or {}).items()},
            restocked=[PickedUnitsOut.of(one) for one in arrival.restocked],
        )


class ReturnOut(Answer):
    """A return: line id → units. `inspection`: line id → what was found; `restocked`: what became stock.

    Both of all its `arrivals` together; `corrections`: the ids of those that were made.
    """

    return_id: str
    lines: dict[str, int]
    state: ReturnState
    location: str | None
    inspection: dict[str, InspectedLineOut]
    restocked: list[PickedUnitsOut]
    arrivals: list[ArrivalOut]
    corrections: list[str]

    @classmethod
    def of(cls, returned: Return) -> "ReturnOut":
        return cls(
            return_id=returned.return_id,
            lines=dict(returned.lines),
            state=returned.state,
            location=returned.location,
            inspection={line_id: InspectedLineOut.of(found) for line_id, found in returned.found.items()},
            restocked=[PickedUnitsOut.of(one) for one in returned.restocked],
            arrivals=[ArrivalOut.of(one) for one in arrivals_of(returned)],
            corrections=sorted(returned.corrections),
        )
