"""One number on its way to a channel: what to send, and the listing before, meanwhile and after.

Escrowed listings are booked strictly, by what a channel could still sell at worst (`domain/listings/exposure.py`).
Others are booked by what the channel is expected to show, which says what is at risk but promises nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import InFlight
from lastunit.domain.listings.push_protocol import Form, Push, Shown
from lastunit.domain.listings.push_state import (
    acknowledge,
    certainly_shown,
    given_up,
    is_over,
    may_sell_more_than_shown,
    uncertain_units,
    with_last_reading,
    with_nothing_certain,
    with_request,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPush:
    """A claimed listing and the number that it should show."""

    listing: Listing
    wanted: int
    form: Form
    strict: bool = False
    """It is escrowed."""
    keeps_freeze: bool = False
    """It only lowers a frozen listing: a raise goes on waiting for a person."""
    distrusted: bool = False
    """What it is expected to show counts for nothing: it is read first."""
    current: Shown | None = None
    """What its channel was just found to show."""
    unimported: int = 0
    """Units sold that are not imported, by `current`."""

    @property
    def quantity(self) -> int:
        """Units to push: those that the channel has sold and the hub has not imported are not its to sell again.

        An escrowed number is planned with them in mind already.
        """
        return self.wanted if self.strict else max(0, self.wanted - self.unimported)

    @property
    def sold(self) -> int:
        """The sales that this push takes into account: those imported, and those only the channel knows."""
        return self.listing.sold + self.unimported

    @property
    def expected(self) -> int | None:
        return self.current.quantity if self.current else self.listing.expected_shown

    @property
    def needs_reading(self) -> bool:
        """There is nothing to swap from: never pushed, the last outcome unknown, or sales still not imported.

        What an escrowed listing could sell at worst is looked into until it is no more than what it shows.
        """
        uncertain = self.listing.last_reading.quantity is None
        loose = self.strict and may_sell_more_than_shown(self.listing) and uncertain
        return self.current is None and (self.distrusted or loose or not self.listing.is_expected_reliable)

    @property
    def is_shown_already(self) -> bool:
        """The channel was found to show the number, and no request under way could change it.

        An escrowed push is made all the same: its answer proves what the channel may sell.
        """
        if self.strict or self.listing.in_flight is not None or self.current is None:
            return False
        return self.current.quantity == self.quantity

    @property
    def is_raise(self) -> bool:
        return self.expected is None or self.quantity > self.expected

    @property
    def request(self) -> PushRequest:
        return PushRequest(self.form, self.quantity, self.expected or 0)

    @property
    def push(self) -> Push:
        one = self.listing
        key = f"{one.channel}:{one.name}:{one.sequence}:{self.expected}:{self.quantity}"
        version = self.current.version if self.current else one.channel_version
        return Push(target=one.target, quantity=self.quantity, key=key, expected=self.expected, version=version)

    def with_reading(self, current: Shown, asked: datetime, poll: int) -> "PendingPush":
        """From now on judged by what the channel was found to show.

        `asked`: when it was; `poll`: its last poll begun when the answer was in.
        """
        # What a frozen listing shows is what somebody made of it: its difference is drift, and hides no sale.
        unimported = 0 if self.listing.frozen else self.listing.unimported_sales(current.quantity)
        sold, uncertain = self.listing.sold + unimported, uncertain_units(self.listing, unimported)
        one = acknowledge(self.listing, current, sold, uncertain, version=current.version)
        if self.strict:
            loose = replace(given_up(one), frozen=False)  # From here on it is planned with what it shows.
            found = loose.with_exposure(loose.exposure.on_reading(current.quantity))
            one = certainly_shown(found, current.quantity, asked, poll)
        else:
            over = one.in_flight is None and is_over(one, asked)
            one = with_last_reading(replace(one, may_apply_until=None if over else one.may_apply_until), None, poll)
        return replace(self, current=current, unimported=unimported, listing=one)

    def sending(self, now: datetime, exposure: Exposure) -> "PendingPush":
        """As it is booked before the number leaves: whatever happens next, the channel may show it.

        `exposure`: what it may sell so far, by the sales that were known when room for the number was found.
        """
        before = self.listing
        if self.strict:
            booked = exposure.on_sending(self.request)
        else:
            before, most = with_nothing_certain(before), max(exposure.granted, exposure.sold)
            booked = replace(exposure, granted=most, booked=max(0, self.sold + self.quantity - most))
        # What is imported by now the channel sold before: it lowers no number that leaves only now.
        request = InFlight(quantity=self.quantity, sold=max(self.sold, exposure.sold), sent_at=now)
        return replace(self, listing=with_request(before.with_exposure(booked), request, now))

    def confirmed(self, answer: Shown, asked: datetime, poll: int) -> Listing:
        """`asked`: when the request left; `poll`: the channel's last poll begun when the answer was in."""
        request = self.listing.in_flight
        sold = max(self.sold, request.sold) if request else self.sold
        # What the reading left uncertain stays so; the number just pushed explains none of it.
        uncertain = min(self.unimported, self.listing.restocked_since_push)
        version = answer.version or self.listing.channel_version
        known = acknowledge(self.listing, answer, sold, uncertain, version=version, at=asked)
        one = replace(known, in_flight=None, last_error=None, frozen=self.keeps_freeze).with_sales_rate(asked)
        if not self.strict:
            return one.with_exposure(Exposure(self.sold + answer.quantity, 0, one.sold))
        settled = one.with_exposure(one.exposure.on_confirmed(self.request, answer.quantity))
        return certainly_shown(settled, answer.quantity, asked, poll)
