"""The numbers of escrowed listings: planned when they are booked, and booked with the room they need."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lastunit.domain.channel import Channel
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Failure, Refused
from lastunit.domain.listings.push_state import with_exposure_settled, with_sales_imported
from lastunit.use_cases.listings.push.claimed_listings import ClaimedListings
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.tasks import Finished, PushTask, RetryLater

GRANTS_MAX = 3  # Attempts at room that others were granted meanwhile.
CONDITIONS_MAX = 99  # Of one transaction, beside the listing's own row.


class EscrowNumbers:
    def __init__(self, context: PushContext, channel: Channel, claimed: ClaimedListings) -> None:
        """To be made before the listings are claimed: what the last finished poll has imported must be in them."""
        self._context, self._channel, self._claimed = context, channel, claimed
        self._finished_poll = context.polls.done(channel.name)
        self._read_pool = context.read_pool

    def due(self, tasks: Sequence[PushTask]) -> list[PendingPush]:
        """Those that may need another number; the others are closed."""
        # Read after the claim, since the plan depends on the settings of all channels.
        self._read_pool = self._context.read_pool.for_now()
        form = self._context.read_pool.form(self._channel)
        self._claimed.known = {
            key: with_sales_imported(with_exposure_settled(row, self._finished_poll), self._finished_poll)
            for key, row in self._claimed.rows.items()
        }
        for task in tasks:
            row = self._claimed.known[task.key]
            if task.is_outdated(row):
                self._claimed.close(row, Finished(skipped=True))
            elif row.frozen and not task.overwrite:
                self._claimed.close(row, Finished())
        open_ = [(task, self._claimed.known[task.key]) for task in tasks if task.key not in self._claimed.results]
        return [
            PendingPush(
                listing=row, wanted=row.expected_shown or 0, form=form, strict=True, distrusted=task.overwrite
            )
            for task, row in open_
        ]

    def book(self, batch: Sequence[PendingPush]) -> list[PendingPush]:
        """Those that may be sent, with the request written down as under way; the others are closed."""
        now = self._context.clock.now()
        return [booked for one in batch if (booked := self._book_in_time(one, now))]

    def _book_in_time(self, one: PendingPush, now: datetime) -> PendingPush | None:
        """Each plan takes some reads. What is booked must still be sent, so the others come again."""
        if self._context.clock.now() > self._claimed.until:
            self._claimed.close(one.listing, RetryLater(1))
            return None
        return self._book_granted(one, now)

    def _book_granted(self, one: PendingPush, now: datetime) -> PendingPush | None:
        """What the plan says now, under the condition that the plan's reasons still hold."""
        key = one.listing.key
        for _ in range(GRANTS_MAX):
            pool = self._read_pool.read(key[0]).without_claimed(one.listing)
            planned = pool.number(key)
            push = replace(one, wanted=planned) if planned is not None else None
            grant = pool.grant(key, push.request) if push and push.request.need else None
            if push is None or (push.request.need and grant is None):
                self._claimed.close(one.listing, Finished())
                return None
            if grant and grant.size > CONDITIONS_MAX:
                self._claimed.refuse(
                    key, Refused(Failure.INVALID, f"a kit at {len(grant.levels)} levels is too many")
                )
                return None
            booked = push.sending(now, pool.exposure(one.listing))
            if self._claimed.book([ListingUpdate(self._claimed.rows[key], booked.listing, grant)]):
                return booked
        self._claimed.close(one.listing, RetryLater(1))
        return None
