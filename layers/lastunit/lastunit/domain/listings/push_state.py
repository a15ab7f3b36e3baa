"""What is known of a listing after each step of a push, and after the import of what its channel sold."""

from dataclasses import replace
from datetime import datetime, timedelta

from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, DailyRevisions, InFlight, LastReading
from lastunit.domain.listings.push_protocol import Shown

APPLIED_WITHIN = timedelta(seconds=75)
"""The assumption of `docs/escrow.md`: a request is applied within this time of its being sent, or never."""


def acknowledge(
    listing: Listing, shown: Shown, sold: int, uncertain: int, *, version: str | None, at: datetime | None = None
) -> Listing:
    """The channel showed this number after so many units were `sold`, imported or not; `uncertain` of them may be
    no sales. `at`: when the push left that it answered; None: it was read."""
    known = listing.acknowledged
    acknowledged = Acknowledged(
        quantity=shown.quantity,
        sold=sold,
        restocked=listing.increments.restocked_by_channel - uncertain,
        at=at or (known.at if known else None),
        version=version,
    )
    return replace(listing, acknowledged=acknowledged)


def uncertain_units(listing: Listing, unimported: int) -> int:
    """Of the units taken for sales that are not imported, those that may be none.

    All of them where a request without an answer may have come late, or never: which number they were counted down
    from is a guess then. Else no more than what was put back.
    """
    return unimported if may_be_applied_until(listing) else min(unimported, listing.restocked_since_push)


def with_sales_imported(listing: Listing, finished_poll: int) -> Listing:
    """Once a poll that began after the last reading is imported, no sale before that is missing any more.

    What then still looks like one may be units that were put back before the number was pushed. Anything else is
    somebody's edit, and stays for a person to judge (`domain/listings/drift.py`). Units whose cancel was imported
    since the reading may have come on top of what it showed: then it says nothing, and the listing must be read
    once more.
    """
    reading, units, known = listing.last_reading, listing.possibly_restocked, listing.acknowledged
    is_covered = listing.awaiting_poll and finished_poll > reading.poll
    if not is_covered or not units or not known:
        return listing
    if listing.increments.restocked_by_channel != reading.restocked:
        return listing
    return replace(listing, acknowledged=replace(known, sold=known.sold - units, restocked=known.restocked + units))


def with_request(listing: Listing, request: InFlight, now: datetime) -> Listing:
    """With a request that leaves now. An earlier one may still be applied; nobody awaits its answer any more."""
    until = may_be_applied_until(listing)
    counted = with_revision_counted(increment_overtaken(listing, listing.in_flight), now)
    return replace(counted, in_flight=request, may_apply_until=until)


def with_revision_counted(listing: Listing, now: datetime) -> Listing:
    """Changed once more today: some channels count."""
    today = now.date()
    return replace(listing, daily_revisions=DailyRevisions(today, listing.revisions_on(today) + 1))


def increment_overtaken(listing: Listing, request: InFlight | None) -> Listing:
    """Arrived or not, the increase of that request is part of the number now, and never sent again."""
    if request is None or request.increment is None:
        return listing
    sent = listing.increments.sent + request.increment.units
    return replace(listing, increments=replace(listing.increments, sent=sent))


def not_applied(listing: Listing) -> Listing:
    """The request under way certainly was not applied, and never will be."""
    return replace(listing.with_exposure(listing.exposure.on_rejected()), in_flight=None)


def may_sell_more_than_shown(listing: Listing) -> bool:
    """The channel may sell more than it is expected to show, as far as anyone knows."""
    return listing.in_flight is not None or listing.exposure.units > (listing.expected_shown or 0)


def awaits_poll(listing: Listing) -> bool:
    """It must be looked at again after the next poll; while a person must see to it, only for a certain number."""
    refused = listing.last_error is not None and not listing.last_error.failure.retryable
    is_certain = listing.last_reading.quantity is not None
    return may_sell_more_than_shown(listing) and (is_certain or not (listing.frozen or refused))


def with_exposure_settled(listing: Listing, finished_poll: int) -> Listing:
    """With its exposure down to the number read, once a poll that began after that has been imported."""
    reading = listing.last_reading
    if reading.quantity is None or listing.in_flight is not None or finished_poll <= reading.poll:
        return listing
    restocked = listing.increments.restocked_by_channel - reading.restocked
    exposure = listing.exposure.on_sales_imported(reading.quantity, restocked)
    return replace(listing.with_exposure(exposure), last_reading=replace(reading, quantity=None))


def may_be_applied_until(listing: Listing) -> datetime | None:
    """Until when a request without an answer may still change what the channel shows."""
    ends = [listing.may_apply_until] if listing.may_apply_until else []
    if listing.in_flight is not None:
        ends.append(listing.in_flight.sent_at + APPLIED_WITHIN)
    return max(ends, default=None)


def is_over(listing: Listing, asked: datetime) -> bool:
    """By then every request without an answer was applied, or never will be."""
    until = may_be_applied_until(listing)
    return until is None or asked > until


def given_up(listing: Listing) -> Listing:
    """Nobody awaits the answer to the request under way any more; its units stay granted."""
    until = may_be_applied_until(listing)
    loose = increment_overtaken(listing.with_exposure(listing.exposure.on_unconfirmed()), listing.in_flight)
    return replace(loose, in_flight=None, may_apply_until=until)


def certainly_shown(listing: Listing, quantity: int, asked: datetime, poll: int) -> Listing:
    """A number asked for while an older request may still be applied proves nothing about what comes after."""
    if not is_over(listing, asked):
        return with_last_reading(listing, None, poll)
    return with_last_reading(replace(listing, may_apply_until=None), quantity, poll)


def with_last_reading(listing: Listing, quantity: int | None, poll: int) -> Listing:
    restocked = listing.increments.restocked_by_channel
    return replace(listing, last_reading=LastReading(quantity=quantity, poll=poll, restocked=restocked))


def with_nothing_certain(listing: Listing) -> Listing:
    """A push that is not booked strictly leaves no number that its exposure could fall to."""
    return replace(listing, last_reading=replace(listing.last_reading, quantity=None))
