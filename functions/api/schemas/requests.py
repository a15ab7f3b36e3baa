"""Requests: a person accepts or declines what stock cannot cover."""

from typing import Annotated

from pydantic import Field, StrictBool

from functions.api.schemas.common import Body, OutsideId, Person, UnitsOrNone


class RequestDecisionIn(Body):
    """`lines`: line id → units accepted, for lines that are not accepted whole. `by`: who decides.

    `version`: of the order as it was looked at. Where it has changed since, the answer is 409 with what it is now.
    """

    accept: Annotated[bool, Field(strict=True)]
    by: Person
    lines: dict[OutsideId, UnitsOrNone] = Field(default_factory=dict)
    version: OutsideId | None = None
    preview: StrictBool = False
