"""Locations: warehouses, shops and outlets."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StrictBool

from functions.api.schemas.common import Answer, Body
from lastunit.domain.stock.catalogue import Location


class LocationIn(Body):
    rank: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    blacked_out: StrictBool = False


class LocationOut(Answer):
    """A location. Rank 1 is the first choice; one that is blacked out neither serves orders nor counts."""

    name: str
    rank: int
    blacked_out: bool

    @classmethod
    def of(cls, location: Location) -> "LocationOut":
        return cls(name=location.name, rank=location.rank, blacked_out=location.blacked_out)


class LocationSavedOut(LocationOut):
    """A location as it was saved. `not_pushed`: channels whose numbers it changes and that may not be pushed."""

    not_pushed: list[str]

    @classmethod
    def saved(cls, location: Location, not_pushed: Iterable[str]) -> "LocationSavedOut":
        return cls(
            name=location.name,
            rank=location.rank,
            blacked_out=location.blacked_out,
            not_pushed=list(not_pushed),
        )
