"""Increases, for channels that are sent nothing else (rules 1.5-2, 1.5-3, 1.5-9, 1.5-14).

A net difference between two looks would swallow an increase that a sale hides. So every change of a level is
counted for itself, in its order, once by its sequence number, and after the channel's rule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.exposure import Exposure
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import CountedLevel, IncrementInFlight, Increments, InFlight
from lastunit.domain.listings.push_protocol import Delta, Push, Shown
from lastunit.domain.listings.push_state import (
    APPLIED_WITHIN,
    acknowledge,
    increment_overtaken,
    uncertain_units,
    with_last_reading,
    with_nothing_certain,
    with_request,
)
from lastunit.domain.stock.levels import Level


class LevelChange(Protocol):
    """One change of a level; None: the level is new."""

    @property
    def before(self) -> Level | None: ...

    @property
    def after(self) -> Level: ...


RuleQuantity = Callable[[Mapping[LevelKey, CountedLevel]], int]
"""What the rule makes of levels."""


def count_changes(
    listing: Listing, changes: Sequence[LevelChange], now: Sequence[Level], number: RuleQuantity
) -> Increments:
    """With these changes counted; those counted before change nothing. `now`: the levels as they stand."""
    known = listing.increments if listing.increments.counted_levels else reset_increments(listing)
    seen = dict(known.counted_levels) or _before(changes, now)
    increase = known.counted_increase
    for change in changes:
        at = LevelKey(change.after.sku, change.after.location)
        if at in seen and change.after.seq <= seen[at].seq:
            continue
        before = number(seen)
        seen[at] = CountedLevel(change.after.seq, change.after.available)
        increase += max(0, number(seen) - before)
    return replace(known, counted_increase=increase, counted_levels=seen)


def increments_after_overwrite(listing: Listing, levels: Sequence[Level]) -> Increments:
    """A number computed from these levels is sent whole: what led to them is no increase any more (rule 1.5-4)."""
    seen = {LevelKey(level.sku, level.location): CountedLevel(level.seq, level.available) for level in levels}
    return replace(reset_increments(listing), counted_levels=seen)


def reset_increments(listing: Listing) -> Increments:
    """Nothing is due but what is under way, and counting begins anew. A channel that is pushed otherwise meanwhile
    puts units back that nobody counts as increases; they must not hide those that are counted later.
    """
    known, increment = listing.increments, listing.increment_in_flight
    sent = known.sent + (increment.units if increment else 0)
    return replace(known, counted_increase=sent + known.deducted_restock, counted_levels={})


def _before(changes: Sequence[LevelChange], now: Sequence[Level]) -> dict[LevelKey, CountedLevel]:
    """Where counting begins: the levels as they stand, but for those whose change is about to be counted."""
    seen = {LevelKey(level.sku, level.location): CountedLevel(level.seq, level.available) for level in now}
    for change in reversed(changes):
        old = change.before or Level(sku=change.after.sku, location=change.after.location)
        seen[LevelKey(old.sku, old.location)] = CountedLevel(old.seq, old.available)
    return seen


class IncrementOutcome(Enum):
    """What became of an increase whose answer was lost, on a channel that only overwrites."""

    APPLIED = auto()
    NOT_APPLIED = auto()
    UNCLEAR = auto()


@dataclass(frozen=True, slots=True)
class PendingIncrement:
    """A listing whose increase is under way, and the request that carries it."""

    listing: Listing
    request: InFlight
    increment: IncrementInFlight

    @classmethod
    def of(cls, listing: Listing) -> "PendingIncrement | None":
        request = listing.in_flight
        return cls(listing, request, request.increment) if request and request.increment else None

    @property
    def key(self) -> str:
        """The same for every attempt at the same increase, so that a channel with such keys applies it once."""
        one, sent_at = self.listing, self.request.sent_at.isoformat()
        return f"{one.channel}:{one.name}:increment:{one.increments.sent}:{self.increment.units}:{sent_at}"

    @property
    def delta(self) -> Delta:
        """For channels that take changes."""
        return Delta(self.listing.target, self.increment.units, self.key)

    @property
    def push(self) -> Push:
        """For channels that take whole numbers only."""
        return Push(
            target=self.listing.target,
            quantity=self.request.quantity,
            key=self.key,
            expected=self.increment.added_to,
            version=self.listing.channel_version,
        )


def start_increment(listing: Listing, current: Shown | None, now: datetime) -> Listing:
    """With the intent to send what is due. `current`: what the increase is added to, where it is read first."""
    units, exposure = listing.increments.due, listing.exposure
    base = current.quantity if current else listing.expected_shown or 0
    booked = replace(exposure, granted=max(exposure.granted, base + exposure.sold), booked=units)
    request = InFlight(
        quantity=base + units,
        sold=listing.sold + (listing.unimported_sales(current.quantity) if current else 0),
        sent_at=now,
        increment=IncrementInFlight(units, current.quantity if current else None),
    )
    return with_request(with_nothing_certain(listing).with_exposure(booked), request, now)


def confirm_increment(pending: PendingIncrement, shown: Shown, now: datetime, poll: int) -> Listing:
    """The increase has arrived. Where the channel shows less, it has sold meanwhile, or a number without an answer
    came before it. `poll`: the channel's last poll begun when the answer was in.
    """
    listing, request = pending.listing, pending.request
    sold = request.sold + max(0, request.quantity - shown.quantity)
    awaited = increment_overtaken(replace(listing, in_flight=None, last_error=None), request)
    uncertain = uncertain_units(awaited, max(0, sold - listing.sold))
    version = shown.version or listing.channel_version
    known = acknowledge(awaited, shown, sold, uncertain, version=version, at=now)
    exposure = Exposure(sold + shown.quantity, 0, listing.sold)
    return with_last_reading(known, None, poll).with_exposure(exposure).with_sales_rate(now)


def judge_increment(pending: PendingIncrement, current: int, now: datetime) -> IncrementOutcome:
    """By the number it shows, once the sales that would hide it are imported: a wrong guess would send twice."""
    request = pending.request
    imported = max(0, pending.listing.sold - request.sold)
    if current == request.quantity - imported:
        return IncrementOutcome.APPLIED
    before = (pending.increment.added_to or 0) - imported
    if current == before and now > request.sent_at + APPLIED_WITHIN:
        return IncrementOutcome.NOT_APPLIED
    return IncrementOutcome.UNCLEAR
