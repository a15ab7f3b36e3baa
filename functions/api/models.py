"""What the JSON API takes. Field names are the design's words; unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from lastunit.channels.generic_orders import Instant, OrderIn
from lastunit.domain.catalogue import RECIPE_QUANTITY_MAX, Status
from lastunit.domain.channels import Mode, Sync
from lastunit.domain.levels import QUANTITY_MAX, BinKind, Reason
from lastunit.domain.outgoing import URL_MAX_CHARS
from lastunit.domain.routing import Policy
from lastunit.domain.snapshots import QUANTITY_MAX as SHIPPED_MAX

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Of a channel, location or bin: lower case, digits and dashes, so that it reads well in keys and addresses."""

SkuName = Annotated[str, Field(pattern=r"^[^#\s/?]([^#/?\x00-\x1f]{0,62}[^#\s/?])?$")]
"""A SKU: up to 64 characters without #, / or ?."""

OperationId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Quantity = Annotated[int, Field(strict=True, ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
UnitsOrNone = Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Minutes = Annotated[int, Field(strict=True, ge=1, le=60 * 24 * 60)]
Note = Annotated[str, Field(max_length=500)]
ListingName = Annotated[str, Field(min_length=1, max_length=100)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SkuIn(Body):
    """`recipe` (component SKU → units) makes it a kit. With fewer available than `low_stock` it is announced."""

    status: Status = Status.ACTIVE
    recipe: dict[SkuName, Annotated[int, Field(strict=True, ge=1, le=RECIPE_QUANTITY_MAX)]] = {}
    low_stock: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)] | None = None


class LocationIn(Body):
    rank: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    blacked_out: StrictBool = False


class ChannelIn(Body):
    """`version`: the one that the change is based on. `outbound` and `held` have routes of their own."""

    kind: Literal["ebay", "generic", "shipstation", "shopify"]
    policy: Policy = Policy.POOLED
    locations: list[Name] = []
    takes_requests: StrictBool = False
    share_percent: Percent = 100
    buffer: UnitsOrNone = 0
    cap: UnitsOrNone | None = None
    minimum: UnitsOrNone = 0
    imports: StrictBool = True
    decision_minutes: Minutes | None = None
    payment_minutes: Minutes | None = None
    escalates: StrictBool = False
    reevaluates: StrictBool = False
    connection: dict[str, str] = {}
    mode: Mode = Mode.SHARED
    sync: Sync = Sync.LIVE
    full_at: Annotated[str, Field(max_length=64)] | None = None
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    default_location: Name | None = None
    version: Annotated[int, Field(strict=True, ge=0)] | None = None


class SwitchIn(Body):
    on: StrictBool


class OutboundIn(SwitchIn):
    """`seen`: what the last page of the rehearsal said."""

    seen: Annotated[str, Field(max_length=64)] | None = None


class ListingIn(Body):
    """`aliases`: further names of the SKU on this channel's orders, such as `variant:808950810`.

    The numbers take the place of the channel's own for this listing.
    """

    sku: SkuName
    refs: dict[str, str] = {}
    aliases: Annotated[list[ListingName], Field(max_length=20)] = []
    share_percent: Percent | None = None
    buffer: UnitsOrNone | None = None
    cap: UnitsOrNone | None = None
    minimum: UnitsOrNone | None = None


class BinIn(Body):
    """A picking bin with fewer units than `mark` gets a replenishment task."""

    kind: BinKind
    mark: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] | None = None


class OutgoingWebhookIn(Body):
    """`types`: the types of announcements to send there, or their beginnings (`order.`); empty means all."""

    url: Annotated[str, Field(min_length=1, max_length=URL_MAX_CHARS)]
    types: Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)] = []
    enabled: StrictBool = True


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


OutsideId = Annotated[str, Field(min_length=1, max_length=100)]


class DecisionIn(Body):
    """`lines`: line id → units accepted, for lines that are not accepted whole. `by`: who decides."""

    accept: Annotated[bool, Field(strict=True)]
    by: Annotated[str, Field(min_length=1, max_length=100)]
    lines: dict[OutsideId, UnitsOrNone] = {}
    preview: StrictBool = False


class ShippedLineIn(Body):
    """A line by its id, or by a SKU or one of the names its channel uses."""

    quantity: Annotated[int, Field(strict=True, ge=1, le=SHIPPED_MAX)]
    line_id: OutsideId | None = None
    sku: OutsideId | None = None


class ShippedIn(Body):
    shipment_id: OutsideId
    lines: Annotated[list[ShippedLineIn], Field(min_length=1, max_length=500)]
    location: Name | None = None
    shipped_at: Instant | None = None


class ReturnIn(Body):
    """`lines`: line id → units on their way back."""

    return_id: OutsideId
    lines: Annotated[dict[OutsideId, Annotated[int, Field(strict=True)]], Field(min_length=1, max_length=500)]


class ResolutionIn(Body):
    by: Annotated[str, Field(min_length=1, max_length=100)]
    retry: StrictBool = False


class ReceiptIn(Body):
    location: Name


class FoundIn(Body):
    sellable: UnitsOrNone = 0
    damaged: UnitsOrNone = 0
    missing: UnitsOrNone = 0


class InspectionIn(Body):
    """`bin`: where the sellable units are put; none leaves them unplaced."""

    lines: Annotated[dict[OutsideId, FoundIn], Field(min_length=1, max_length=500)]
    bin: Name | None = None
