"""Something a person must look at. It blocks nothing else and is never silent."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    UNREADABLE_ORDER = "unreadable_order"  # signed, but its content cannot be understood
    FORBIDDEN_ADDRESS = "forbidden_address"  # a notification pointed to a place we do not call
    UNKNOWN_CHANNEL = "unknown_channel"  # accepted for a channel whose settings are gone


@dataclass(frozen=True, slots=True)
class ExceptionRecord:
    """`payload`: the notification as JSON text, already cut down to fields without personal data."""

    exception_id: str
    kind: Kind
    channel: str
    cause: str
    at: str
    payload: str = ""
