"""Increases, for channels that are told nothing else (rules 1.5-2, 1.5-3, 1.5-9, 1.5-14).

A net difference between two looks would swallow an increase that a sale hides. So every change of a level is
counted for itself, in its order, once by its sequence number, and after the channel's rule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto

from lastunit.domain.booking import Exposure
from lastunit.domain.events import LevelChanged
from lastunit.domain.exposure import Listing, Rises, Seen
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.pushes import Shown
from lastunit.domain.telling import (
    APPLIED_WITHIN,
    acknowledging,
    looked_at,
    may_be_applied_until,
    questionable,
    revised,
)

Number = Callable[[Mapping[LevelKey, Seen]], int]
"""What the rule makes of levels."""


def counted(listing: Listing, changes: Sequence[LevelChanged], now: Sequence[Level], number: Number) -> Rises:
    """With these changes counted; those counted before change nothing. `now`: the levels as they stand."""
    rises = listing.rises if listing.rises.seen else forgotten(listing)
    seen = dict(rises.seen) or _before(changes, now)
    risen = rises.risen
    for change in changes:
        at = change.after.sku, change.after.location
        if at in seen and change.after.seq <= seen[at].seq:
            continue
        before = number(seen)
        seen[at] = Seen(change.after.seq, change.after.available)
        risen += max(0, number(seen) - before)
    return replace(rises, risen=risen, seen=seen)


def overwritten(listing: Listing, levels: Sequence[Level]) -> Rises:
    """A number computed from these levels is sent whole: what led to them is no increase any more (rule 1.5-4)."""
    seen = {(level.sku, level.location): Seen(level.seq, level.available) for level in levels}
    return replace(forgotten(listing), seen=seen)


def forgotten(listing: Listing) -> Rises:
    """Nothing is due but what is under way, and counting begins anew. A channel that is told otherwise meanwhile
    puts units back that nobody counts as increases; they must not hide those that are counted later.
    """
    rises = listing.rises
    return replace(rises, risen=rises.sent + rises.restocked + listing.rising, seen={})


def _before(changes: Sequence[LevelChanged], now: Sequence[Level]) -> dict[LevelKey, Seen]:
    """Where counting begins: the levels as they stand, but for those whose change is about to be counted."""
    seen = {(level.sku, level.location): Seen(level.seq, level.available) for level in now}
    for change in reversed(changes):
        old = change.before or Level(change.after.sku, change.after.location)
        seen[old.sku, old.location] = Seen(old.seq, old.available)
    return seen


class Rise(Enum):
    """What became of an increase whose answer was lost, on a channel that only overwrites."""

    APPLIED = auto()
    NOT_APPLIED = auto()
    UNCLEAR = auto()


def begun(listing: Listing, current: Shown | None, now: datetime) -> Listing:
    """With the intent to send what is due. `current`: what the increase is added to, where it is read first."""
    units = listing.rises.due
    base = current.quantity if current else listing.believed or 0
    exposure = listing.exposure
    most = max(exposure.granted, base + exposure.sold)
    until = may_be_applied_until(listing)
    booked = listing.exposed(replace(exposure, granted=most, booked=units))
    return replace(
        revised(booked, now),
        rising=units,
        rising_from=current.quantity if current else None,
        channel_version=current.version if current else listing.channel_version,
        in_flight=base + units,
        in_flight_sold=listing.sold + (listing.unseen(current.quantity) if current else 0),
        sent_at=now.isoformat(),
        doubt_until=until.isoformat() if until else None,
    )


def finished(listing: Listing, shown: Shown, now: datetime, poll: int) -> Listing:
    """The increase under way has arrived. Where the channel shows less than that, it has sold meanwhile, or a
    number without an answer came before it. `poll`: the channel's last poll begun when the answer was in.
    """
    sold = listing.in_flight_sold + max(0, (listing.in_flight or 0) - shown.quantity)
    exposure = Exposure(sold + shown.quantity, 0, listing.sold)
    unseen = max(0, sold - listing.sold)
    awaited = replace(listing, in_flight=None, in_flight_sold=0, sent_at=None)
    told = acknowledging(awaited, shown.quantity, sold, questionable(awaited, unseen))
    return replace(
        looked_at(told, poll).exposed(exposure).paced(now),
        rises=replace(listing.rises, sent=listing.rises.sent + listing.rising),
        rising=0,
        rising_from=None,
        acknowledged_at=now.isoformat(),
        channel_version=shown.version or listing.channel_version,
        last_error=None,
    )


def judged(listing: Listing, current: int, now: datetime) -> Rise:
    """By the number it shows, once the sales that would hide it are imported: a wrong guess would send twice."""
    imported = max(0, listing.sold - listing.in_flight_sold)
    if current == (listing.in_flight or 0) - imported:
        return Rise.APPLIED
    may_still_be = listing.sent_at and now <= datetime.fromisoformat(listing.sent_at) + APPLIED_WITHIN
    if current == (listing.rising_from or 0) - imported and not may_still_be:
        return Rise.NOT_APPLIED
    return Rise.UNCLEAR
