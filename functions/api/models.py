"""What the JSON API takes. Field names are the design's words; unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from lastunit.channels.generic_orders import OrderIn
from lastunit.domain.catalogue import RECIPE_QUANTITY_MAX, Status
from lastunit.domain.levels import QUANTITY_MAX, BinKind, Reason
from lastunit.domain.routing import Policy

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Of a channel, location or bin: lower case, digits and dashes, so that it reads well in keys and addresses."""

SkuName = Annotated[str, Field(pattern=r"^[^#\s/?]([^#/?\x00-\x1f]{0,62}[^#\s/?])?$")]
"""A SKU: up to 64 characters without #, / or ?."""

OperationId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Quantity = Annotated[int, Field(strict=True, ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
Note = Annotated[str, Field(max_length=500)]
ListingName = Annotated[str, Field(min_length=1, max_length=100)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SkuIn(Body):
    """`recipe` (component SKU → units) makes it a kit."""

    status: Status = Status.ACTIVE
    recipe: dict[SkuName, Annotated[int, Field(strict=True, ge=1, le=RECIPE_QUANTITY_MAX)]] = {}


class LocationIn(Body):
    rank: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    blacked_out: bool = False


class ChannelIn(Body):
    kind: Literal["ebay", "generic", "shopify"]
    policy: Policy = Policy.POOLED
    locations: list[Name] = []
    takes_requests: bool = False
    share_percent: Annotated[int, Field(strict=True, ge=0, le=100)] = 100
    buffer: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] = 0
    cap: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] | None = None
    minimum: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] = 0
    connection: dict[str, str] = {}


class ListingIn(Body):
    """`aliases`: further names of the SKU on this channel's orders, such as `variant:808950810`."""

    sku: SkuName
    refs: dict[str, str] = {}
    aliases: Annotated[list[ListingName], Field(max_length=20)] = []


class BinIn(Body):
    kind: BinKind


class AdjustmentIn(Body):
    """`receive`, `damage` and `correct` take `quantity`; `count` takes `counted` and what was `expected` then."""

    operation: OperationId
    reason: Reason
    sku: SkuName
    location: Name
    bin: Name | None = None
    quantity: Quantity | None = None
    counted: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] | None = None
    expected: Quantity | None = None
    note: Note = ""


class PlaceIn(Body):
    location: Name
    bin: Name | None = None


class TransferIn(Body):
    operation: OperationId
    sku: SkuName
    quantity: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)]
    source: PlaceIn
    destination: PlaceIn
    note: Note = ""


class InstantOrderIn(OrderIn):
    """An order of the own store that waits for its answer; the fields of docs/generic-channel.md."""

    channel: Name
