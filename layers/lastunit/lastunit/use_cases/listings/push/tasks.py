"""What a push is asked for, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime

from lastunit.domain.errors import InvalidInput
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.use_cases.messages import PushListingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTask:
    """Push its number to one listing."""

    key: ListingKey
    overwrite: bool = False
    """Whatever it is expected to show, and also where only increases are sent or a person must ask."""
    not_since: datetime | None = None
    """Unless a push was confirmed that left after this instant, for its number is newer."""
    since: datetime | None = None
    """When the change happened that the push tells of."""

    def is_outdated(self, listing: Listing) -> bool:
        """A number was pushed and confirmed after `not_since`."""
        at = listing.acknowledged.at if listing.acknowledged else None
        pushed = self.not_since is not None and at is not None and at > self.not_since
        return pushed and listing.last_error is None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The task must come again. `seconds`: the channel's wish, None: as the queue sees fit."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The task is done."""

    acknowledged: bool = False
    """A number was pushed and confirmed; False: none was needed, or it failed for good."""
    skipped: bool = False
    """A newer number was pushed after the task's `not_since`."""
    refused: bool = False
    """The channel will not take it, and trying again is of no use."""


PushResult = Finished | RetryLater


def push_message(task: PushTask) -> PushListingMessage:
    """Keys, never quantities: the number is computed when it is sent (promise 6)."""
    sku, channel, listing = task.key
    return PushListingMessage(
        sku=sku,
        channel=channel,
        listing=listing,
        overwrite=task.overwrite,
        not_since=task.not_since.isoformat() if task.not_since else None,
        since=task.since.isoformat() if task.since else None,
    )


def task_of(message: PushListingMessage) -> PushTask:
    """Raises InvalidInput for an instant that is none."""
    return PushTask(
        key=ListingKey(message.sku, message.channel, message.listing),
        overwrite=message.overwrite,
        not_since=_instant("not_since", message.not_since),
        since=_instant("since", message.since),
    )


def _instant(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"message.{name}", "is no instant") from error
    if instant.tzinfo is None:
        raise InvalidInput(f"message.{name}", "has no time zone")
    return instant
