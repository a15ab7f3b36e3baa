"""Stock that people move: adjustments and transfers, each exactly once, and the bins it lies in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.calls import store_errors_translated
from lastunit.adapters.dynamodb.level_update import level_update
from lastunit.adapters.dynamodb.refusals import (
    REFUSED,
    RETRYABLE,
    SERVER_ERROR,
    is_cancelled,
    verdicts,
    was_retried,
)
from lastunit.domain.errors import (
    Conflict,
    Contention,
    InvalidInput,
    LastunitError,
    MissingReference,
    NotFound,
    OutcomeUnknown,
)
from lastunit.domain.stock.levels import BINS_MAX, Bin, BinKind, Level, Movement, Operation, movements

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoMovements:
    def __init__(self, client: "DynamoDBClient", stock_table: str, ledger_table: str, settings_table: str) -> None:
        self._client = client
        self._stock, self._ledger, self._settings = stock_table, ledger_table, settings_table

    def move(self, operation: Operation, at: datetime) -> bool:
        """All movements of the operation or none. False when this operation id was done before.

        Raises NotFound, Conflict or InvalidInput with the reason; Contention and OutcomeUnknown may be retried.
        """
        steps = movements(operation)
        places = sorted({step.location for step in steps})
        cause = f"{_kind(operation)} {operation.operation}"
        actions = [
            self._once(operation, at),
            self._stocked(operation.sku),
            *(self._place_exists(place) for place in places),
            *(level_update(self._stock, step, cause, placed=True) for step in steps),
        ]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (HTTPClientError, ConnectionError) as error:
            raise OutcomeUnknown(f"no answer to operation {operation.operation}") from error
        except ClientError as error:
            return self._explain(error, operation, places, steps)
        return True

    def put_bin(self, sku: str, location: str, bin: Bin) -> None:
        """Create a bin, or find it there already and set its mark. Raises Conflict for a second picking bin."""
        with store_errors_translated():
            self._open_level(sku, location)
            self._put_bin(sku, location, bin)

    def _put_bin(self, sku: str, location: str, bin: Bin) -> None:
        try:
            self._client.update_item(**self._add_bin(sku, location, bin))
        except ClientError as error:
            if error.response["Error"]["Code"] != REFUSED:
                raise
            existing = self._explain_bin(error, bin)
            if existing.mark != bin.mark:
                self._client.update_item(**self._set_mark(sku, location, bin))

    def _once(self, operation: Operation, at: datetime) -> Any:
        # The record outlives every retry: a token of DynamoDB's own would be forgotten after ten minutes.
        row = rows.key(f"OPERATION#{operation.operation}", "OPERATION")
        return {
            "Put": {
                "TableName": self._ledger,
                "Item": row | rows.encode({"act": _act(operation), "at": at.isoformat()}),
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _stocked(self, sku: str) -> Any:
        return {
            "Update": {
                "TableName": self._stock,
                "Key": rows.sku_key(sku),
                "UpdateExpression": "SET stocked = :true",
                # A kit owns no stock; and what once had stock can no longer become a kit.
                "ConditionExpression": (
                    "attribute_exists(pk) AND attribute_not_exists(recipe) AND attribute_not_exists(untracked)"
                ),
                "ExpressionAttributeValues": {":true": {"BOOL": True}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _place_exists(self, location: str) -> Any:
        return {
            "ConditionCheck": {
                "TableName": self._settings,
                "Key": rows.key("LOCATIONS", location),
                "ConditionExpression": "attribute_exists(pk)",
            }
        }

    def _explain(
        self, error: ClientError, operation: Operation, places: Sequence[str], steps: Sequence[Movement]
    ) -> bool:
        _raise_unless_cancelled(error, operation)
        done, sku, *rest = verdicts(error)
        if done.refused:
            if done.image and done.image["act"] == _act(operation):
                return False
            raise Conflict(f"operation {operation.operation!r} was used for another act") from error
        if sku.refused:
            unknown = MissingReference("sku", operation.sku)
            raise (_owns_no_stock(operation.sku, sku.image) if sku.image else unknown) from error
        for place, answer in zip(places, rest, strict=False):
            if answer.refused:
                raise MissingReference("location", place) from error
        for step, answer in zip(steps, rest[len(places) :], strict=True):
            if answer.refused:
                raise _short(step, answer.image) from error
        raise _busy(error, operation) from error

    def _open_level(self, sku: str, location: str) -> None:
        zeros = ("on_hand", "available", "reserved", "unplaced", "seq")
        sets = ", ".join(f"{name} = if_not_exists({name}, :zero)" for name in zeros)
        update = {
            "TableName": self._stock,
            "Key": rows.level_key(sku, location),
            "UpdateExpression": f"SET {sets}, bins = if_not_exists(bins, :none)",
            "ExpressionAttributeValues": {":zero": rows.value(0), ":none": {"M": {}}},
        }
        actions: Any = [self._stocked(sku), self._place_exists(location), {"Update": update}]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if not is_cancelled(error):
                raise
            of_sku, of_place, _ = verdicts(error)
            if of_sku.refused:
                raise (_owns_no_stock(sku, of_sku.image) if of_sku.image else NotFound("sku", sku)) from error
            if of_place.refused:
                raise NotFound("location", location) from error
            raise Contention("the stock is being changed by others") from error

    def _add_bin(self, sku: str, location: str, bin: Bin) -> Any:
        picking = bin.kind is BinKind.PICKING
        condition = "attribute_not_exists(bins.#bin) AND size(bins) < :most"
        return {
            "TableName": self._stock,
            "Key": rows.level_key(sku, location),
            "UpdateExpression": "SET bins.#bin = :new" + (", picking = :name" if picking else ""),
            # One picking bin per SKU and location, or a shipment would not know where the units left.
            "ConditionExpression": condition + (" AND attribute_not_exists(picking)" if picking else ""),
            "ExpressionAttributeNames": {"#bin": bin.name},
            "ExpressionAttributeValues": {
                ":new": rows.value({"kind": bin.kind.value, "on_hand": 0, **_marked(bin)}),
                ":most": rows.value(BINS_MAX),
            }
            | ({":name": rows.value(bin.name)} if picking else {}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _set_mark(self, sku: str, location: str, bin: Bin) -> Any:
        marked = bin.mark is not None
        # A bin is never removed, so the one that was just seen is there.
        return {
            "TableName": self._stock,
            "Key": rows.level_key(sku, location),
            "UpdateExpression": "SET bins.#bin.mark = :mark" if marked else "REMOVE bins.#bin.mark",
            "ExpressionAttributeNames": {"#bin": bin.name},
        } | ({"ExpressionAttributeValues": {":mark": rows.value(bin.mark)}} if marked else {})

    def _explain_bin(self, error: ClientError, bin: Bin) -> Bin:
        """The bin that is there already; otherwise why it could not be made."""
        image: Any = error.response.get("Item")
        level = rows.level_from(rows.decode(image))
        existing = level.bins.get(bin.name)
        if existing and existing.kind is bin.kind:
            return existing
        if existing:
            raise Conflict(
                f"bin {bin.name!r} is a {existing.kind} bin already", kind=existing.kind.value
            ) from error
        if bin.kind is BinKind.PICKING and level.picking_bin:
            raise Conflict("a SKU has one picking bin per location", picking_bin=level.picking_bin) from error
        raise Conflict(f"a level holds at most {BINS_MAX} bins") from error


def _marked(bin: Bin) -> dict[str, int]:
    return {} if bin.mark is None else {"mark": bin.mark}


def _raise_unless_cancelled(error: ClientError, operation: Operation) -> None:
    if error.response["Error"]["Code"] in RETRYABLE:
        raise _busy(error, operation) from error
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
        raise OutcomeUnknown(f"no clear answer to operation {operation.operation}") from error
    if not is_cancelled(error):
        raise error


def _busy(error: ClientError, operation: Operation) -> LastunitError:
    """Nothing was written; unless an earlier attempt of the SDK was, whose answer got lost."""
    if was_retried(error):
        return OutcomeUnknown(f"no clear answer to operation {operation.operation}")
    return Contention("the stock is being changed by others")


def _kind(operation: Operation) -> str:
    return getattr(operation, "reason", "transfer")


def _act(operation: Operation) -> dict[str, Any]:
    """What the operation does, for telling a repeat from another act under the same id."""
    return {"kind": _kind(operation)} | {
        name: content for name, content in asdict(operation).items() if content not in (None, "")
    }


def _owns_no_stock(sku: str, image: Mapping[str, Any]) -> InvalidInput:
    if image.get("untracked"):
        return InvalidInput("sku", f"{sku!r} is not tracked and needs no stock", "name a SKU that is tracked")
    return InvalidInput("sku", f"{sku!r} is a kit and owns no stock", "name one of its components")


def _short(step: Movement, image: Mapping[str, Any] | None) -> LastunitError:
    """Why the level refused: an unknown bin, a bin with too little, or too little that is not promised."""
    level = rows.level_from(image) if image else Level(sku=step.sku, location=step.location)
    for name, units in step.bins.items():
        if name not in level.bins:
            return MissingReference("bin", name)
        if level.bins[name].on_hand + units < 0:
            return Conflict(f"bin {name!r} holds too little", on_hand=level.bins[name].on_hand, wanted=-units)
    if level.available + step.available < 0:
        details = {"available": level.available, "reserved": level.reserved, "wanted": -step.available}
        return Conflict("fewer units are available; the others are promised to orders", **details)
    return Conflict("the units lie in bins: name the bin", unplaced=level.unplaced, wanted=-step.unplaced)
