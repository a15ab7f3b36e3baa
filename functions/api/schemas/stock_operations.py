"""Adjustments and transfers: changes of stock that a person or a till makes, each once by its operation id."""

from typing import Annotated

from pydantic import Field

from functions.api.schemas.common import Answer, Body, Name, SkuName
from functions.api.schemas.skus import SkuOut
from lastunit.domain.stock.levels import QUANTITY_MAX, AdjustmentReason

OperationId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Quantity = Annotated[int, Field(strict=True, ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
Note = Annotated[str, Field(max_length=500)]


class AdjustmentIn(Body):
    """`receive`, `damage` and `correct` take `quantity`; `count` takes `counted` and what was `expected` then."""

    operation: OperationId
    reason: AdjustmentReason
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


class OperationOut(Answer):
    """An adjustment or transfer, with the SKU as it stands now. `repeated`: it was done before, and not again."""

    operation: str
    repeated: bool
    sku: SkuOut
