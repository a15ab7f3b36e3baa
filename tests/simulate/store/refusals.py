"""What DynamoDB answers instead of doing something: refusals with its codes, and faults that others inject."""

from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

BAD_REQUEST = 400
SERVER_ERROR = 500
SINGLE_CONFLICT = "Transaction is ongoing for the item"


class RequestRefused(Exception):
    """The whole call is refused with this code."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.code, self.message, self.more = code, message, more


class Inapplicable(Exception):
    """An update cannot be applied to the item that is stored."""


class ConditionFailed(Exception):
    """A condition does not hold. `told`: the item that is stored, where the caller asked for it."""

    def __init__(self, told: Mapping[str, Any] | None) -> None:
        super().__init__()
        self.told = told


def invalid(message: str) -> RequestRefused:
    return RequestRefused("ValidationException", message)


def client_error(operation: str, code: str, message: str, more: Mapping[str, Any], status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0},
        "Message": message,
        **more,
    }
    return ClientError(answer, operation)


def cancelled(reasons: Collection[Mapping[str, Any]]) -> RequestRefused:
    """A transaction that did not happen, with a reason per action in their order."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return RequestRefused("TransactionCanceledException", message, CancellationReasons=list(reasons))


def conflicted(parameters: Mapping[str, Any], positions: Collection[int] = (0,)) -> ClientError:
    """A write that met another transaction: at these actions of a transaction, or a single write as a whole."""
    if "TransactItems" not in parameters:
        return client_error("Write", "TransactionConflictException", SINGLE_CONFLICT, {}, BAD_REQUEST)
    return _cancelled_at(parameters, positions, "TransactionConflict", SINGLE_CONFLICT)


def throttled(operation: str, parameters: Mapping[str, Any], positions: Collection[int] = ()) -> ClientError:
    """Of a transaction at these actions; without positions, and for other calls, as a whole."""
    message = "Throughput exceeds the current capacity of your table or index"
    if positions:
        return _cancelled_at(parameters, positions, "ThrottlingError", message)
    code = "ThrottlingException" if "TransactItems" in parameters else "ProvisionedThroughputExceededException"
    return client_error(operation, code, message, {}, BAD_REQUEST)


def internal(operation: str) -> ClientError:
    return client_error(operation, "InternalServerError", "Internal server error", {}, SERVER_ERROR)


def _cancelled_at(
    parameters: Mapping[str, Any], positions: Collection[int], code: str, message: str
) -> ClientError:
    struck: dict[str, Any] = {"Code": code, "Message": message}
    reasons = [struck if at in positions else {"Code": "None"} for at in range(len(parameters["TransactItems"]))]
    refused = cancelled(reasons)
    return client_error("TransactWriteItems", refused.code, refused.message, refused.more, BAD_REQUEST)
