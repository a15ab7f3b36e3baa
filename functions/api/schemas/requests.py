"""Requests: a person accepts or declines what stock cannot cover."""

from typing import Annotated

from pydantic import Field, StrictBool

from functions.api.schemas.common import Body, Name, OutsideId, Person, UnitsOrNone
from lastunit.domain.stock.catalogue import Supply


class RequestDecisionIn(Body):
    """`lines`: line id → units accepted, for lines that are not accepted whole. `by`: who decides.

    `version`: of the order as it was looked at. Where it has changed since, the answer is 409 with what it is now.
    `supply` `on_hand`: the missing units are there, at `location`; `backorder`: they are waited for.
    """

    accept: Annotated[bool, Field(strict=True)]
    by: Person
    lines: dict[OutsideId, UnitsOrNone] = Field(default_factory=dict)
    version: OutsideId | None = None
    preview: StrictBool = False
    supply: Supply | None = None
    location: Name | None = None
