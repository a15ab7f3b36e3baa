"""Returns: goods on their way back, and what an inspection finds."""

from typing import Annotated

from pydantic import Field

from functions.api.schemas.common import Answer, Body, Name, OutsideId, UnitsOrNone
from functions.api.schemas.shipments import PickedUnitsOut
from lastunit.domain.orders.order import Inspection, Return, ReturnState


class ReturnIn(Body):
    """`lines`: line id → units on their way back."""

    return_id: OutsideId
    lines: Annotated[dict[OutsideId, Annotated[int, Field(strict=True)]], Field(min_length=1, max_length=500)]


class ReceiptIn(Body):
    location: Name


class InspectedLineIn(Body):
    sellable: UnitsOrNone = 0
    damaged: UnitsOrNone = 0
    missing: UnitsOrNone = 0


class InspectionIn(Body):
    """`bin`: where the sellable units are put; none leaves them unplaced."""

    lines: Annotated[dict[OutsideId, InspectedLineIn], Field(min_length=1, max_length=500)]
    bin: Name | None = None


class InspectedLineOut(Answer):
    """Of one line: what of the returned units can be sold again, and what cannot."""

    sellable: int
    damaged: int
    missing: int

    @classmethod
    def of(cls, found: Inspection) -> "InspectedLineOut":
        return cls(sellable=found.sellable, damaged=found.damaged, missing=found.missing)


class ReturnOut(Answer):
    """A return: line id → units. `inspection`: line id → what was found; `restocked`: what became stock."""

    return_id: str
    lines: dict[str, int]
    state: ReturnState
    location: str | None
    inspection: dict[str, InspectedLineOut]
    restocked: list[PickedUnitsOut]

    @classmethod
    def of(cls, returned: Return) -> "ReturnOut":
        return cls(
            return_id=returned.return_id,
            lines=dict(returned.lines),
            state=returned.state,
            location=returned.location,
            inspection={line_id: InspectedLineOut.of(found) for line_id, found in returned.found.items()},
            restocked=[PickedUnitsOut.of(one) for one in returned.restocked],
        )
