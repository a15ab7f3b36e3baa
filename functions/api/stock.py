"""Routes of stock: SKUs and kits, bins, adjustments, transfers."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.models import AdjustmentIn, BinIn, Name, PlaceIn, SkuIn, SkuName, TransferIn
from lastunit.bootstrap import hub
from lastunit.domain.catalogue import Sku
from lastunit.domain.errors import InvalidInput
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Adjustment, Bin, Operation, Place, Reason, Transfer

router = APIGatewayHttpRouter()


@router.put("/skus/<sku>")
def put_sku(sku: Annotated[SkuName, Path()], body: SkuIn) -> dict[str, Any]:
    hub().configure.put_sku(Sku(sku, body.status, body.recipe, body.low_stock))
    return _sku(sku)


@router.get("/skus/<sku>")
def get_sku(sku: Annotated[SkuName, Path()]) -> dict[str, Any]:
    return _sku(sku)


@router.put("/skus/<sku>/levels/<location>/bins/<bin>")
def put_bin(
    sku: Annotated[SkuName, Path()], location: Annotated[Name, Path()], bin: Annotated[Name, Path()], body: BinIn
) -> dict[str, Any]:
    hub().adjust_stock.put_bin(sku, location, Bin(bin, body.kind, mark=body.mark))
    return _sku(sku)


@router.post("/adjustments")
def adjust(body: AdjustmentIn) -> dict[str, Any]:
    return _move(_adjustment(body))


@router.post("/transfers")
def transfer(body: TransferIn) -> dict[str, Any]:
    source, destination = _place(body.source), _place(body.destination)
    return _move(Transfer(body.operation, body.sku, body.quantity, source, destination, body.note))


def _move(operation: Operation) -> dict[str, Any]:
    fresh = hub().adjust_stock.move(operation)
    return {"operation": operation.operation, "repeated": not fresh, "sku": _sku(operation.sku)}


def _adjustment(body: AdjustmentIn) -> Adjustment:
    if body.reason is Reason.COUNT:
        if body.counted is None or body.expected is None or body.quantity is not None:
            raise InvalidInput("counted", "a count needs counted and expected, and no quantity")
        return Adjustment.counted(
            body.operation, body.sku, body.location, body.counted, body.expected, body.bin, body.note
        )
    if body.quantity is None or body.counted is not None or body.expected is not None:
        raise InvalidInput("quantity", f"{body.reason} needs quantity, and neither counted nor expected")
    return Adjustment(body.operation, body.reason, body.sku, body.location, body.quantity, body.bin, body.note)


def _place(place: PlaceIn) -> Place:
    return Place(place.location, place.bin)


def _sku(sku: str) -> dict[str, Any]:
    view = hub().show_stock.view(sku)
    risk, blockers = hub().show_risk.of(view), hub().show_risk.blockers(view)
    return {
        "sku": sku,
        "status": view.item.status.value,
        "recipe": dict(view.item.recipe),
        "low_stock": view.item.low_stock,
        "kits": list(view.kits),
        "levels": [asdict(level) for level in view.levels],
        "available": risk.available if risk else None,
        "exposed": risk.exposed if risk else None,
        "at_risk": risk.units if risk else None,
        "listings": [
            _listing(listing, wanted, blockers.get(listing.key, ()))
            for listing, wanted in hub().show_stock.numbers(view)
        ],
    }


def _listing(listing: Listing, wanted: int, blockers: Iterable[ListingKey]) -> dict[str, Any]:
    held_low_by = [{"sku": sku, "channel": channel, "listing": name} for sku, channel, name in blockers]
    return asdict(listing) | {"wanted": wanted, "exposure": listing.exposure.units, "blockers": held_low_by}
