"""Telling one listing its number: what to send, and what is known of it before, meanwhile and after.

Escrowed listings are booked strictly, by what a channel could still sell at worst (`domain/booking.py`). Others are
booked by what the channel is believed to show, which says what is at risk but promises nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.booking import Exposure, Request
from lastunit.domain.exposure import Listing
from lastunit.domain.pushes import Form, Push, Shown

APPLIED_WITHIN = timedelta(seconds=75)
"""The assumption of `docs/escrow.md`: a request is applied within this time of its being sent, or never."""


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed listing and the number it should show. `distrusted`: whatever it is believed to show. `current`:
    what its channel was just found to show, with `unseen` units sold that are not imported.
    """

    listing: Listing
    wanted: int
    form: Form
    strict: bool = False
    distrusted: bool = False
    current: Shown | None = None
    unseen: int = 0

    @property
    def quantity(self) -> int:
        """Units the channel has sold and the hub has not imported are not its to sell again.

        An escrowed number is planned with them in mind already.
        """
        return self.wanted if self.strict else max(0, self.wanted - self.unseen)

    @property
    def sold(self) -> int:
        """The sales this push takes into account: those imported, and those only the channel knows."""
        return self.listing.sold + self.unseen

    @property
    def expected(self) -> int | None:
        return self.current.quantity if self.current else self.listing.believed

    @property
    def needs_reading(self) -> bool:
        """There is nothing to swap from: never told, the last outcome unknown, or sales still not imported.

        What an escrowed listing could sell at worst is looked into until it is no more than what it shows.
        """
        loose = self.strict and is_loose(self.listing) and self.listing.observed is None
        return self.current is None and (self.distrusted or loose or not self.listing.is_trusted)

    @property
    def is_raise(self) -> bool:
        return self.expected is None or self.quantity > self.expected

    @property
    def request(self) -> Request:
        return Request(self.form, self.quantity, self.expected or 0)

    @property
    def push(self) -> Push:
        one = self.listing
        key = f"{one.channel}:{one.name}:{one.sequence}:{self.expected}:{self.quantity}"
        version = self.current.version if self.current else one.channel_version
        return Push(one.target, self.quantity, key, self.expected, version)

    def seeing(self, current: Shown, asked: datetime, poll: int) -> "Due":
        """From now on judged by what the channel was found to show.

        `asked`: when it was; `poll`: its last poll begun when the answer was in.
        """
        # What a frozen listing shows is what somebody made of it: its difference is drift, and hides no sale.
        unseen = 0 if self.listing.frozen else self.listing.unseen(current.quantity)
        sold = self.listing.sold + unseen
        one = acknowledging(self.listing, current.quantity, sold, questionable(self.listing, unseen))
        if self.strict:
            given_up = replace(_given_up(one), frozen=False)  # From here on it is planned with what it shows.
            found = given_up.exposed(given_up.exposure.found(current.quantity))
            one = _observed(found, current.quantity, asked, poll)
        else:
            over = one.in_flight is None and _is_over(one, asked)
            one = looked_at(replace(one, doubt_until=None if over else one.doubt_until), poll)
        seen = replace(one, channel_version=current.version)
        return replace(self, current=current, unseen=unseen, listing=seen)

    def sending(self, now: datetime, exposure: Exposure) -> "Due":
        """As it is booked before the number leaves: whatever happens next, the channel may show it.

        `exposure`: what it may sell so far, by the sales that were known when room for the number was found.
        """
        if self.strict:
            booked = exposure.sending(self.request)
        else:
            most = max(exposure.granted, exposure.sold)
            booked = replace(exposure, granted=most, booked=max(0, self.sold + self.quantity - most))
        until = may_be_applied_until(self.listing)
        one = replace(
            _overtaken(revised(self.listing.exposed(booked), now)),
            doubt_until=until.isoformat() if until else None,
            in_flight=self.quantity,
            # What is imported by now the channel sold before: it lowers no number that leaves only now.
            in_flight_sold=max(self.sold, exposure.sold),
            sent_at=now.isoformat(),
        )
        return replace(self, listing=one)

    def confirmed(self, answer: Shown, asked: datetime, poll: int) -> Listing:
        """`asked`: when the request left; `poll`: the channel's last poll begun when the answer was in."""
        # What looking made questionable stays so; the number just told explains none of it.
        doubtful = min(self.unseen, self.listing.regrown_since)
        sold = max(self.sold, self.listing.in_flight_sold)
        one = replace(
            acknowledging(self.listing, answer.quantity, sold, doubtful),
            acknowledged_at=asked.isoformat(),
            channel_version=answer.version or self.listing.channel_version,
            in_flight=None,
            in_flight_sold=0,
            sent_at=None,
            last_error=None,
            frozen=False,
        ).paced(asked)
        if not self.strict:
            return one.exposed(Exposure(self.sold + answer.quantity, 0, one.sold))
        told = one.exposed(one.exposure.confirmed(self.request, answer.quantity))
        return _observed(told, answer.quantity, asked, poll)


def acknowledging(listing: Listing, shown: int, sold: int, doubtful: int) -> Listing:
    """It showed this number after so many units were `sold`, imported or not; `doubtful` ones may be no sales."""
    told = replace(listing, acknowledged=shown, acknowledged_sold=sold)
    return replace(told, acknowledged_regrown=listing.rises.regrown - doubtful)


def questionable(listing: Listing, unseen: int) -> int:
    """All of it where a request without an answer may have come late, or never: which number it was counted down
    from is a guess then. Else no more than what was put back."""
    return unseen if may_be_applied_until(listing) else min(unseen, listing.regrown_since)


def imported(listing: Listing, finished_poll: int) -> Listing:
    """Once a poll that began after it was observed is imported, no sale before that is missing any more.

    What then still looks like one may be units that were put back before the number was told. Anything else is
    somebody's edit, and stays for a person to judge (`domain/drift.py`). Units whose cancel was imported since it
    was observed may have come on top of what it showed: then it says nothing, and must be looked at once more.
    """
    is_covered = listing.settling and finished_poll > listing.observed_poll
    if not is_covered or not listing.doubtful or listing.rises.regrown != listing.observed_regrown:
        return listing
    return replace(
        listing,
        acknowledged_sold=listing.acknowledged_sold - listing.doubtful,
        acknowledged_regrown=listing.acknowledged_regrown + listing.doubtful,
    )


def revised(listing: Listing, now: datetime) -> Listing:
    """Changed once more today: some channels count."""
    day = now.date().isoformat()
    return replace(listing, revised_on=day, revisions=listing.revisions + 1 if listing.revised_on == day else 1)


def _overtaken(listing: Listing) -> Listing:
    """Arrived or not, an increase under way is part of the whole number, and never sent again."""
    rises = replace(listing.rises, sent=listing.rises.sent + listing.rising)
    return replace(listing, rises=rises, rising=0, rising_from=None)


def not_applied(listing: Listing) -> Listing:
    """The number under way certainly was not applied, and never will be."""
    free = listing.exposed(listing.exposure.refused())
    return replace(free, in_flight=None, in_flight_sold=0, sent_at=None, rising=0, rising_from=None)


def is_loose(listing: Listing) -> bool:
    """May the channel sell more than it is believed to show, as far as anyone knows?"""
    return listing.in_flight is not None or listing.exposure.units > (listing.believed or 0)


def awaits_poll(listing: Listing) -> bool:
    """Is it to be looked at again after the next poll? While a person must see to it only what it showed counts."""
    refused = listing.last_error is not None and not listing.last_error.failure.retryable
    return is_loose(listing) and (listing.observed is not None or not (listing.frozen or refused))


def settled(listing: Listing, finished_poll: int) -> Listing:
    """With its exposure down to the number observed, once a poll that began after that has been imported."""
    if listing.observed is None or listing.in_flight is not None or finished_poll <= listing.observed_poll:
        return listing
    restocked = listing.rises.regrown - listing.observed_regrown
    exposure = listing.exposure.settled(listing.observed, restocked)
    return replace(listing.exposed(exposure), observed=None)


def may_be_applied_until(listing: Listing) -> datetime | None:
    """Until when a request that nobody awaits any more may still change what the channel shows."""
    ends = [datetime.fromisoformat(listing.doubt_until)] if listing.doubt_until else []
    if listing.in_flight is not None and listing.sent_at:
        ends.append(datetime.fromisoformat(listing.sent_at) + APPLIED_WITHIN)
    return max(ends, default=None)


def _is_over(listing: Listing, asked: datetime) -> bool:
    """Has every request given up been applied by then, or never will be?"""
    until = may_be_applied_until(listing)
    return until is None or asked > until


def _given_up(listing: Listing) -> Listing:
    """Nobody awaits the number in flight any more; it stays granted."""
    until = may_be_applied_until(listing)
    return replace(
        _overtaken(listing.exposed(listing.exposure.doubted())),
        in_flight=None,
        in_flight_sold=0,
        sent_at=None,
        doubt_until=until.isoformat() if until else None,
    )


def _observed(listing: Listing, shown: int, asked: datetime, poll: int) -> Listing:
    """A number asked for while an older request may still be applied proves nothing about what comes after."""
    seen = looked_at(listing, poll)
    if not _is_over(listing, asked):
        return replace(seen, observed=None)
    return replace(seen, doubt_until=None, observed=shown)


def looked_at(listing: Listing, poll: int) -> Listing:
    return replace(listing, observed_poll=poll, observed_regrown=listing.rises.regrown)
