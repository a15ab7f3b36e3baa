"""What the requests and answers of several routes share: names, numbers, and the two base models."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StrictBool

from lastunit.domain.keys import ListingKey
from lastunit.domain.stock.levels import QUANTITY_MAX

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Of a channel, location or bin: lower case, digits and dashes, so that it reads well in keys and addresses."""

SkuName = Annotated[str, Field(pattern=r"^[^#\s/?]([^#/?\x00-\x1f]{0,62}[^#\s/?])?$")]
"""A SKU: up to 64 characters without #, / or ?."""

ListingName = Annotated[str, Field(min_length=1, max_length=100)]
OutsideId = Annotated[str, Field(min_length=1, max_length=100)]
"""Of an order's line, a shipment or a return: whatever the outside world calls it."""

Person = Annotated[str, Field(min_length=1, max_length=100)]
"""Who decides."""

UnitsOrNone = Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""In an answer: an ISO 8601 date and time with its offset."""

DateTime = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
"""The same, of a value that is no text yet."""


class Body(BaseModel):
    """What a route takes. Field names are the glossary's words; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class SwitchIn(Body):
    on: StrictBool


class Answer(BaseModel):
    """What a route answers with, or a part of it. Every field is named here: nothing internal slips through."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ListingKeyOut(Answer):
    """Names a listing."""

    sku: str
    channel: str
    listing: str

    @classmethod
    def of(cls, key: ListingKey) -> "ListingKeyOut":
        return cls(sku=key.sku, channel=key.channel, listing=key.name)
