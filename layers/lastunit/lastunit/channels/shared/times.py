"""Instants and revisions as channels write them, and the text by which the hub sorts them.

Revisions of an order sort as text in the order its channel made its changes. Two kinds of text keep that rule:
an instant in UTC with microseconds, and a version number of 20 digits, which sorts below every instant.
"""

from datetime import UTC, datetime, tzinfo
from typing import Annotated, NewType

from pydantic import BeforeValidator

from lastunit.domain.errors import UnreadableOrder

Revision = NewType("Revision", str)
"""A channel's version of an order, made by `revision_at` or `revision_numbered` only."""

VERSION_MAX = 10**18 - 1
CHARACTERS_MAX = 40  # Of an instant.


def instant(field: str, text: object, zone: tzinfo | None = None) -> datetime:
    """In UTC. `zone`: of a text that names none, as some channels write it. Raises UnreadableOrder."""
    try:
        found = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as error:
        raise UnreadableOrder(field, "is not an ISO 8601 date and time") from error
    if found.tzinfo is None and zone is None:
        raise UnreadableOrder(field, "has no time zone")
    return utc(field, found if found.tzinfo else found.replace(tzinfo=zone))


def utc(field: str, at: datetime) -> datetime:
    """Raises UnreadableOrder for hours at the ends of the calendar that a zone has and UTC has not."""
    try:
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableOrder(field, "lies outside the calendar") from error


def instant_text(at: datetime) -> str:
    """UTC with microseconds, so that instants sort as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def revision_at(at: datetime) -> Revision:
    """Of a channel that dates the changes of an order."""
    return Revision(instant_text(at))


def revision_numbered(version: int) -> Revision:
    """Of a channel that counts them. 20 digits start with 0: it may begin to send times, never stop."""
    return Revision(f"{version:020d}")


def _aware(text: object) -> datetime:
    try:
        if isinstance(text, str) and len(text) > CHARACTERS_MAX:
            raise ValueError(f"must have at most {CHARACTERS_MAX} characters")
        return instant("instant", text)
    except UnreadableOrder as error:
        raise ValueError(f"{error.problem}; write it such as 2026-08-01T12:00:00Z") from error


Instant = Annotated[datetime, BeforeValidator(_aware)]
"""A field of a model: the text of any ISO 8601 time with its zone, read as UTC."""
