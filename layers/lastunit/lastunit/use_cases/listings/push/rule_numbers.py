"""The numbers of listings outside of escrow: computed by the rule, booked by what is expected to be shown."""

from collections.abc import Sequence
from datetime import timedelta

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.increments import increments_after_overwrite, reset_increments
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_state import APPLIED_WITHIN, with_sales_imported
from lastunit.use_cases.listings.push.claimed_listings import ClaimedListings
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.stock_read import StockRead, read_stock
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask, RetryLater


class RuleNumbers:
    def __init__(self, context: PushContext, channel: Channel, claimed: ClaimedListings) -> None:
        self._context, self._channel, self._claimed = context, channel, claimed

    def due(self, tasks: Sequence[PushTask]) -> list[PendingPush]:
        """Those whose number is to be pushed now; the others are closed."""
        self._settle_possibly_restocked()
        form = self._context.read_pool.form(self._channel)
        rows = self._claimed.rows
        stock = read_stock(self._context.stock, self._context.settings, self._channel, rows.values())
        restocked = self._restocked_meanwhile()
        due = list[PendingPush]()
        for task in tasks:
            row = rows[task.key]
            wanted = stock.quantity(row)
            gone = None if stock.has(row) else Finished()
            moved = RetryLater(1) if row.key in restocked else None
            early = gone or moved or self._early(task, row, wanted) or self._reset_increments(row, stock)
            if early:
                self._claimed.close(row, early)
            else:
                keeps_freeze = row.frozen and not task.overwrite
                due.append(PendingPush(listing=row, wanted=wanted, form=form, keeps_freeze=keeps_freeze))
        return due

    def book(self, batch: Sequence[PendingPush]) -> list[PendingPush]:
        """Those that may be sent, with the request written down as under way; the others are closed."""
        now = self._context.clock.now()
        due = {one.listing.key: one.sending(now, one.listing.exposure) for one in batch}
        owned = self._claimed.book(ListingUpdate(self._claimed.rows[key], one.listing) for key, one in due.items())
        # Another worker took over the others; it reads what we would have sent.
        self._claimed.results |= {key: Finished() for key in due.keys() - owned}
        return [one for key, one in due.items() if key in owned]

    def _settle_possibly_restocked(self) -> None:
        """By what was imported since. Read again after the poll is known to be done, so that it is in them."""
        uncertain = [key for key, row in self._claimed.rows.items() if row.possibly_restocked]
        if uncertain:
            finished = self._context.polls.done(self._channel.name)
            rows = self._context.listings.read(uncertain)
            self._claimed.rows |= {key: with_sales_imported(row, finished) for key, row in rows.items()}

    def _restocked_meanwhile(self) -> set[ListingKey]:
        """Units came back between the two reads. The levels have them and the listing does not know that they are
        on its channel's shelf as well, where they would hide as many sales."""
        rows = self._context.listings.read(self._claimed.rows)
        return {
            key
            for key, row in rows.items()
            if row.increments.restocked_by_channel != self._claimed.rows[key].increments.restocked_by_channel
        }

    def _early(self, task: PushTask, row: Listing, wanted: int) -> PushResult | None:
        """The result where nothing is to be pushed now; None: it is."""
        if task.is_outdated(row):
            return Finished(skipped=True)
        # A freeze waits for a person to say which number is right. That there is less is no question.
        waits = row.frozen and wanted >= row.exposure.units
        if not task.overwrite and (waits or row.is_confirmed(wanted)):
            return Finished()
        if row.in_flight and row.in_flight.increment:
            # That increase could come on top of the number pushed now.
            open_until = row.in_flight.sent_at + APPLIED_WITHIN
            left = (open_until - self._context.clock.now()) / timedelta(seconds=1)
            return RetryLater(left) if left > 0 else None
        return None

    def _reset_increments(self, row: Listing, stock: StockRead) -> PushResult | None:
        """A whole number holds every increase that led to it. The result where others counted meanwhile."""
        before = row.increments
        if self._channel.sync is Sync.INCREMENTAL:
            after = increments_after_overwrite(row, stock.levels(row))
        else:
            after = reset_increments(row) if before.counted_levels else before
        return None if after == before or self._context.listings.keep_increments(row, after) else RetryLater(1)
