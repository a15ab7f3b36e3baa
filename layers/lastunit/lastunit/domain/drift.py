"""A channel that shows another number than it was told: what may have happened, and what can be done about it.

A number that is too low looks like sales that are not imported yet. Once a poll that began after the reading has
ended, all of them are; what is still missing then was never sold, and somebody has changed the number.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.telling import may_be_applied_until


class Kind(StrEnum):
    LATE_ORDER = "late_order"  # an order or a cancel is not imported yet: resolves by itself
    LOST_PUSH = (
        "lost_push"  # it shows what it showed before it was told last, or before it put units back: told again
    )
    RESTOCK = "restock"  # it shows more, but no more than it has sold: it may have put cancelled units back
    EDIT = "edit"  # somebody changed it there

    @property
    def freezes(self) -> bool:
        """Only a person knows which number is right."""
        return self in (Kind.RESTOCK, Kind.EDIT)


class Decision(StrEnum):
    ADOPT = "adopt"  # believe the channel
    OVERWRITE = "overwrite"  # tell it our number


@dataclass(frozen=True, slots=True)
class Drift:
    """`shown` where `believed` was expected, since `since`; what the listing had been told and had sold by then."""

    key: ListingKey
    kind: Kind
    shown: int
    believed: int
    since: str
    seen_at: str
    acknowledged: int
    acknowledged_sold: int
    sold: int
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: str | None = None

    @property
    def awaits_a_person(self) -> bool:
        return self.kind.freezes and self.decision is None

    @property
    def granted(self) -> int:
        """What its exposure counts from, at the least: the channel may sell all that it shows."""
        return self.shown + self.sold

    def replaces(self, known: "Drift | None") -> bool:
        """What only a person can judge is not taken back because orders could not be imported just now."""
        return known is None or not known.kind.freezes or self.kind is not Kind.LATE_ORDER

    def is_of(self, listing: Listing) -> bool:
        """Has the listing been told nothing since?"""
        told = listing.acknowledged, listing.acknowledged_sold
        return listing.in_flight is None and (self.acknowledged, self.acknowledged_sold) == told


@dataclass(frozen=True, slots=True)
class Reading:
    """What a listing showed, with its row as it was `before` the channel was read, and as it is now.

    `covered`: all that was sold until the channel was read is imported into `after`. `blind`: its channel is told
    numbers without regard to what it shows, so they may have overwritten sales that were imported since.
    """

    before: Listing
    after: Listing
    shown: int
    blind: bool = False
    covered: bool = False

    @property
    def most(self) -> int | None:
        """The most that it may show: every sale imported before the reading has lowered it."""
        return _expected(self.after, min(self.before.sold, self.after.sold))

    @property
    def least(self) -> int | None:
        """The least that what is imported explains. A sale after the reading is taken for one before."""
        return _expected(self.after, max(self.before.sold, self.after.sold))


def is_judged(reading: Reading, now: datetime) -> bool:
    """Not where it was never told a number, was told one meanwhile, or may be shown one any moment."""
    before, after = reading.before, reading.after
    if _told(before) != _told(after) or after.acknowledged is None or after.rising:
        return False
    open_until = may_be_applied_until(after)
    return open_until is None or now > open_until


def missing(reading: Reading) -> int:
    """Units fewer than what is imported explains. Where the reading is covered, nobody has sold them."""
    return max(0, (reading.least or 0) - reading.shown)


def classify(reading: Reading) -> Kind | None:
    """None: it shows what it was told, but for the sales since."""
    if _agrees(reading):
        return None if reading.after.in_flight is None else Kind.LOST_PUSH
    if reading.after.in_flight is not None and _agrees(_arrived(reading)):
        return None
    if reading.covered and _is_forgivable(reading):
        return Kind.LOST_PUSH
    more = 0 if missing(reading) else reading.shown - (reading.most or 0)
    sold = max(0, reading.after.sold - reading.after.acknowledged_sold)
    # Until all is imported, any unit that was ever sold may have been put back by a cancel we have not heard of.
    if not reading.covered and more <= reading.after.sold:
        return Kind.LATE_ORDER
    if reading.blind and 0 < more <= sold:
        return Kind.LOST_PUSH
    return Kind.RESTOCK if 0 < more <= sold else Kind.EDIT


def drift(reading: Reading, kind: Kind, now: datetime, known: Drift | None) -> Drift:
    after, at = reading.after, now.isoformat()
    believed = (reading.least if missing(reading) else reading.most) or 0
    told = after.acknowledged or 0, after.acknowledged_sold
    return Drift(after.key, kind, reading.shown, believed, known.since if known else at, at, *told, after.sold)


def adopted(listing: Listing, found: Drift) -> Listing:
    """The number on the channel is believed, less what was sold since it was seen there.

    What the channel may sell never falls by this: only the pusher, which watches the polls, lowers that.
    """
    believed = max(0, _base(listing) - listing.sold + found.shown - found.believed)
    exposure = listing.exposure
    most = replace(exposure, granted=max(exposure.granted, believed + exposure.sold))
    told = replace(listing.exposed(most), acknowledged=believed, acknowledged_sold=listing.sold)
    return replace(told, observed=None, frozen=False)


def _is_forgivable(reading: Reading) -> bool:
    """May a guess be wrong: of what was sold beside a request without an answer, or put back before a number?

    Too few sales were guessed where it shows more than is believed, and no more than its exposure allows.
    """
    after, lacking = reading.after, missing(reading)
    if after.doubt_until is not None:
        return True
    if lacking:
        return lacking <= after.regrown_since
    return after.settling and not after.frozen and reading.shown <= after.exposure.units


def _agrees(reading: Reading) -> bool:
    least, most = reading.least, reading.most
    return least is not None and most is not None and least <= reading.shown <= most


def _arrived(reading: Reading) -> Reading:
    """As if the number in flight had been acknowledged."""
    after = reading.after
    return replace(
        reading, after=replace(after, acknowledged=after.in_flight, acknowledged_sold=after.in_flight_sold)
    )


def _expected(listing: Listing, sold: int) -> int | None:
    return None if listing.acknowledged is None else max(0, _base(listing) - sold)


def _base(listing: Listing) -> int:
    """What it would show had it sold nothing, ever."""
    return (listing.acknowledged or 0) + listing.acknowledged_sold


def _told(listing: Listing) -> tuple[object, ...]:
    return (
        listing.acknowledged,
        listing.acknowledged_sold,
        listing.acknowledged_at,
        listing.in_flight,
        listing.in_flight_sold,
    )
