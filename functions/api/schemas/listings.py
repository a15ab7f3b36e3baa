"""A listing: the name of a SKU on a channel, and the number it shows there."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from functions.api.schemas.common import (
    Answer,
    Body,
    DateTime,
    ListingKeyOut,
    ListingName,
    Percent,
    SkuName,
    UnitsOrNone,
)
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight, LastError
from lastunit.domain.listings.push_protocol import Failure

OVERRIDES = {"share_percent", "buffer", "cap", "minimum"}


class ListingIn(Body):
    """`aliases`: further names of the SKU on this channel's orders, such as `variant:808950810`.

    The numbers take the place of the channel's own for this listing.
    """

    sku: SkuName
    refs: dict[str, str] = Field(default_factory=dict)
    aliases: Annotated[list[ListingName], Field(max_length=20)] = Field(default_factory=list)
    share_percent: Percent | None = None
    buffer: UnitsOrNone | None = None
    cap: UnitsOrNone | None = None
    minimum: UnitsOrNone | None = None

    @property
    def override(self) -> dict[str, int]:
        """The numbers that were given."""
        return self.model_dump(include=OVERRIDES, exclude_none=True)


class ListingSavedOut(Answer):
    """A listing as it was saved. `override`: the numbers in place of its channel's."""

    channel: str
    listing: str
    sku: str
    refs: dict[str, str]
    aliases: list[str]
    override: dict[str, int]

    @classmethod
    def of(cls, channel: str, listing: str, given: ListingIn) -> "ListingSavedOut":
        return cls(
            channel=channel,
            listing=listing,
            sku=given.sku,
            refs=given.refs,
            aliases=given.aliases,
            override=given.override,
        )


class AcknowledgedOut(Answer):
    """The number that the channel confirmed last; `at`: when it was pushed, null where it was only read."""

    quantity: int
    at: DateTime | None

    @classmethod
    def of(cls, known: Acknowledged) -> "AcknowledgedOut":
        return cls(quantity=known.quantity, at=known.at)


class InFlightOut(Answer):
    """A number that was sent and whose outcome is not known yet."""

    quantity: int
    sent_at: DateTime

    @classmethod
    def of(cls, request: InFlight) -> "InFlightOut":
        return cls(quantity=request.quantity, sent_at=request.sent_at)


class LastErrorOut(Answer):
    """Why the last push was not taken."""

    failure: Failure
    message: str
    at: DateTime

    @classmethod
    def of(cls, error: LastError) -> "LastErrorOut":
        return cls(failure=error.failure, message=error.message, at=error.at)


class ListingOut(Answer):
    """A SKU as one channel shows it.

    `quantity`: what the channel is to show now; `expected_shown`: what it shows as far as is known. `exposure`: the
    most units it may still sell on what was pushed to it. `sold`: units in imported orders, since the beginning.
    `blockers`: listings whose exposure keeps this one low.
    """

    channel: str
    listing: str
    sku: str
    refs: dict[str, str]
    quantity: int
    expected_shown: int | None
    acknowledged: AcknowledgedOut | None
    in_flight: InFlightOut | None
    exposure: int
    sold: int
    sold_unallocated: int
    override: dict[str, int]
    frozen: bool
    last_error: LastErrorOut | None
    blockers: list[ListingKeyOut]

    @classmethod
    def of(cls, listing: Listing, quantity: int, blockers: Iterable[ListingKey]) -> "ListingOut":
        return cls(
            channel=listing.channel,
            listing=listing.name,
            sku=listing.sku,
            refs=dict(listing.refs),
            quantity=quantity,
            expected_shown=listing.expected_shown,
            acknowledged=AcknowledgedOut.of(listing.acknowledged) if listing.acknowledged else None,
            in_flight=InFlightOut.of(listing.in_flight) if listing.in_flight else None,
            exposure=listing.exposure.units,
            sold=listing.sold,
            sold_unallocated=listing.sold_unallocated,
            override=dict(listing.override),
            frozen=listing.frozen,
            last_error=LastErrorOut.of(listing.last_error) if listing.last_error else None,
            blockers=[ListingKeyOut.of(key) for key in blockers],
        )
