"""Reading DynamoDB's refusals: by code and position, never by the text of an error."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lastunit.adapters.dynamodb import rows

RETRYABLE = frozenset(
    {
        "TransactionInProgressException",
        "TransactionConflictException",  # A single write that met a transaction on its item.
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)
"""The whole call came at a bad moment."""

SERVER_ERROR = 500
"""The lowest HTTP status by which AWS says that the trouble is its own."""

REFUSED = "ConditionalCheckFailedException"
"""The condition of a single write was false."""

CONTENDED = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""One action of a transaction came at a bad moment."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One action of a cancelled transaction: was its condition false, and what was stored instead?"""

    refused: bool
    contended: bool
    image: dict[str, Any] | None


def was_retried(error: ClientError) -> bool:
    """The SDK asked before and heard no answer, or a bad one: what it asked first may have taken effect."""
    return bool(error.response["ResponseMetadata"].get("RetryAttempts"))


def is_cancelled(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "TransactionCanceledException"


def verdicts(error: ClientError) -> list[Verdict]:
    """A verdict per action, in the order of the actions."""
    reasons: Any = error.response["CancellationReasons"]
    return [
        Verdict(
            reason.get("Code") == "ConditionalCheckFailed",
            reason.get("Code") in CONTENDED,
            rows.decode(reason["Item"]) if reason.get("Item") else None,
        )
        for reason in reasons
    ]
