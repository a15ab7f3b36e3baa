"""Routes of adjustments and transfers."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.routes.skus import show
from functions.api.schemas.stock_operations import AdjustmentIn, OperationOut, PlaceIn, TransferIn
from lastunit.bootstrap import hub
from lastunit.domain.errors import InvalidInput
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Operation, Place, Transfer

router = APIGatewayHttpRouter()


@router.post("/adjustments")
def adjust(body: AdjustmentIn) -> OperationOut:
    return _move(_adjustment(body))


@router.post("/transfers")
def transfer(body: TransferIn) -> OperationOut:
    return _move(
        Transfer(
            operation=body.operation,
            sku=body.sku,
            quantity=body.quantity,
            source=_place(body.source),
            destination=_place(body.destination),
            note=body.note,
        )
    )


def _move(operation: Operation) -> OperationOut:
    fresh = hub().adjust_stock.move(operation)
    return OperationOut(operation=operation.operation, repeated=not fresh, sku=show(operation.sku))


def _adjustment(body: AdjustmentIn) -> Adjustment:
    if body.reason is AdjustmentReason.COUNT:
        if body.counted is None or body.expected is None or body.quantity is not None:
            raise InvalidInput("counted", "a count needs counted and expected, and no quantity")
        return Adjustment.counted(
            body.operation, body.sku, body.location, body.counted, body.expected, body.bin, body.note
        )
    if body.quantity is None or body.counted is not None or body.expected is not None:
        raise InvalidInput("quantity", f"{body.reason} needs quantity, and neither counted nor expected")
    return Adjustment(
        operation=body.operation,
        reason=body.reason,
        sku=body.sku,
        location=body.location,
        delta=body.quantity,
        bin=body.bin,
        note=body.note,
    )


def _place(place: PlaceIn) -> Place:
    return Place(place.location, place.bin)
