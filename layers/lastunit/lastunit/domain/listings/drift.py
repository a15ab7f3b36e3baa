"""A channel that shows another number than was pushed to it: what may have happened, and what can be done about it.

A number that is too low looks like sales that are not imported yet. Once a poll that began after the reading has
ended, all of them are; what is still missing then was never sold, and somebody has changed the number.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight
from lastunit.domain.listings.push_state import may_be_applied_until, with_nothing_certain


class DriftKind(StrEnum):
    LATE_ORDER = "late_order"  # an order or a cancel is not imported yet: resolves by itself
    LOST_PUSH = (
        "lost_push"  # it shows what it showed before the last push, or before it put units back: pushed again
    )
    RESTOCK = "restock"  # it shows more, but no more than it has sold: it may have put cancelled units back
    EDIT = "edit"  # somebody changed it there

    @property
    def freezes(self) -> bool:
        """Only a person knows which number is right."""
        return self in (DriftKind.RESTOCK, DriftKind.EDIT)


class DriftDecision(StrEnum):
    ADOPT = "adopt"  # the channel's number counts
    OVERWRITE = "overwrite"  # our number is pushed


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A listing that shows another number than expected."""

    key: ListingKey
    kind: DriftKind
    shown: int
    """Units that the channel was found to show."""
    expected_shown: int
    """Units that it was expected to show."""
    since: datetime
    """When it was found to drift first."""
    seen_at: datetime
    """When it was found to drift last."""
    acknowledged: int
    """The number that the channel had confirmed by then."""
    acknowledged_sold: int
    """The sales that this number takes into account."""
    sold: int
    """Units in imported orders by then."""
    decision: DriftDecision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def awaits_person(self) -> bool:
        return self.kind.freezes and self.decision is None

    @property
    def granted(self) -> int:
        """What its exposure counts from, at the least: the channel may sell all that it shows."""
        return self.shown + self.sold

    def replaces(self, known: "Drift | None") -> bool:
        """What only a person can judge is not taken back because orders could not be imported just now."""
        return known is None or not known.kind.freezes or self.kind is not DriftKind.LATE_ORDER

    def is_of(self, listing: Listing) -> bool:
        """Nothing was pushed to the listing since."""
        known = listing.acknowledged
        if known is None or listing.in_flight is not None:
            return False
        return (self.acknowledged, self.acknowledged_sold) == (known.quantity, known.sold)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReading:
    """What a listing showed, and its row before and after the channel was read."""

    before: Listing
    after: Listing
    shown: int
    blind: bool = False
    """Its channel takes numbers without comparing, so a push may have overwritten sales imported since."""
    covered: bool = False
    """All that was sold until the channel was read is imported into `after`."""

    @property
    def most(self) -> int | None:
        """The most that it may show: every sale imported before the reading has lowered it."""
        return _expected(self.after, min(self.before.sold, self.after.sold))

    @property
    def least(self) -> int | None:
        """The least that what is imported explains. A sale after the reading is taken for one before."""
        return _expected(self.after, max(self.before.sold, self.after.sold))


def is_judged(reading: DriftReading, now: datetime) -> bool:
    """Only where a number was pushed, none was pushed meanwhile, and none may be applied any moment."""
    before, after = reading.before, reading.after
    if _pushed(before) != _pushed(after) or after.acknowledged is None or after.increment_in_flight:
        return False
    open_until = may_be_applied_until(after)
    return open_until is None or now > open_until


def missing(reading: DriftReading) -> int:
    """Units fewer than what is imported explains. Where the reading is covered, nobody has sold them."""
    return max(0, (reading.least or 0) - reading.shown)


def classify(reading: DriftReading) -> DriftKind | None:
    """None: it shows what was pushed, less the sales since."""
    if _agrees(reading):
        return None if reading.after.in_flight is None else DriftKind.LOST_PUSH
    request = reading.after.in_flight
    if request is not None and _agrees(_arrived(reading, request)):
        return None
    if reading.covered and _is_forgivable(reading):
        return DriftKind.LOST_PUSH
    more = 0 if missing(reading) else reading.shown - (reading.most or 0)
    known = reading.after.acknowledged
    sold = max(0, reading.after.sold - (known.sold if known else 0))
    # Until all is imported, any unit that was ever sold may have been put back by a cancel we have not heard of.
    if not reading.covered and more <= reading.after.sold:
        return DriftKind.LATE_ORDER
    if reading.blind and 0 < more <= sold:
        return DriftKind.LOST_PUSH
    return DriftKind.RESTOCK if 0 < more <= sold else DriftKind.EDIT


def drift(reading: DriftReading, kind: DriftKind, now: datetime, known: Drift | None) -> Drift:
    """`known`: the drift as it was found before."""
    after, acknowledged = reading.after, reading.after.acknowledged
    expected = (reading.least if missing(reading) else reading.most) or 0
    return Drift(
        key=after.key,
        kind=kind,
        shown=reading.shown,
        expected_shown=expected,
        since=known.since if known else now,
        seen_at=now,
        acknowledged=acknowledged.quantity if acknowledged else 0,
        acknowledged_sold=acknowledged.sold if acknowledged else 0,
        sold=after.sold,
    )


def adopted(listing: Listing, found: Drift) -> Listing:
    """With the number on the channel taken for ours, less what was sold since it was found there.

    What the channel may sell never falls by this: only a push, which watches the polls, lowers that.
    """
    known = listing.acknowledged or Acknowledged(quantity=0)
    expected = max(0, _base(known) - listing.sold + found.shown - found.expected_shown)
    exposure = listing.exposure
    most = replace(exposure, granted=max(exposure.granted, expected + exposure.sold))
    return replace(
        with_nothing_certain(listing).with_exposure(most),
        acknowledged=replace(known, quantity=expected, sold=listing.sold),
        frozen=False,
    )


def _is_forgivable(reading: DriftReading) -> bool:
    """A guess may be wrong: of what was sold beside a request without an answer, or put back before a push.

    Too few sales were guessed where it shows more than expected, and no more than its exposure allows.
    """
    after, lacking = reading.after, missing(reading)
    if after.may_apply_until is not None:
        return True
    if lacking:
        return lacking <= after.restocked_since_push
    return after.awaiting_poll and not after.frozen and reading.shown <= after.exposure.units


def _agrees(reading: DriftReading) -> bool:
    least, most = reading.least, reading.most
    return least is not None and most is not None and least <= reading.shown <= most


def _arrived(reading: DriftReading, request: InFlight) -> DriftReading:
    """As if the request under way had been acknowledged."""
    acknowledged = Acknowledged(quantity=request.quantity, sold=request.sold)
    return replace(reading, after=replace(reading.after, acknowledged=acknowledged))


def _expected(listing: Listing, sold: int) -> int | None:
    return max(0, _base(listing.acknowledged) - sold) if listing.acknowledged else None


def _base(acknowledged: Acknowledged) -> int:
    """What the channel would show had it sold nothing, ever."""
    return acknowledged.quantity + acknowledged.sold


def _pushed(listing: Listing) -> tuple[object, ...]:
    """What a push changes, and the import of orders does not."""
    known, request = listing.acknowledged, listing.in_flight
    return (
        (known.quantity, known.sold, known.at) if known else None,
        (request.quantity, request.sold) if request else None,
    )
