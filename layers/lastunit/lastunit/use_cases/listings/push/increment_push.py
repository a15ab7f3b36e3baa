"""One round of pushes of increases: listings of a channel that is sent nothing else, each once (rule 1.5-10).

The intent is kept before it is sent and stays as it is until its outcome is known. So a retried +3 is the same +3:
by its key where the channel takes deltas, as the very same swap where it compares, and where it only overwrites by
what the listing shows once all that it sold is imported.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.increments import (
    IncrementOutcome,
    PendingIncrement,
    confirm_increment,
    judge_increment,
    start_increment,
)
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Refused, Shown
from lastunit.domain.listings.push_state import APPLIED_WITHIN, not_applied
from lastunit.ports.channel import QuantityAdjuster, QuantityTarget
from lastunit.use_cases.listings.push.claimed_listings import ClaimedListings
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask, RetryLater

KEY_LIVES = timedelta(hours=23)  # Channels forget keys after a day.


class IncrementPush:
    def __init__(self, context: PushContext, channel: Channel, worker: str, until: datetime) -> None:
        self._context, self._channel = context, channel
        self._claimed = ClaimedListings(context, channel, worker, until)

    def run(self, tasks: Sequence[PushTask]) -> tuple[dict[ListingKey, PushResult], set[ListingKey]]:
        """The results, and those listings that something changed for meanwhile."""
        claimed = self._claimed.claim({task.key: task for task in tasks})
        open_ = [row for row in claimed if not self._close_early(row)]
        if open_:
            self._send_all(open_)
        self._claimed.flush()
        return self._claimed.results, self._claimed.again

    def _close_early(self, row: Listing) -> bool:
        """True: nothing is to be sent of the listing, and it is closed."""
        pending = PendingIncrement.of(row)
        if pending and self._age(pending) > KEY_LIVES:
            message = f"nobody knows whether +{pending.increment.units} arrived; overwrite the listing"
            self._claimed.refuse(row.key, Refused(Failure.INVALID, message))
        elif row.frozen or not (pending or row.increments.due):
            self._claimed.close(row, Finished())
        else:
            return False
        return True

    def _send_all(self, rows: Sequence[Listing]) -> None:
        try:
            api = self._context.api(self._channel)
            for start in range(0, len(rows), api.batch_max):
                if self._context.clock.now() > self._claimed.until:
                    raise Throttled(1)
                batch = rows[start : start + api.batch_max]
                self._send_batch(api, batch)
                self._claimed.flush()
        except (Throttled, NotSent, OutcomeUnknown, ChannelUnavailable) as error:
            self._claimed.give_up((row.key for row in rows), error)

    def _send_batch(self, api: QuantityTarget, batch: Sequence[Listing]) -> None:
        if isinstance(api, QuantityAdjuster):
            self._adjust(api, api, batch)
        else:
            self._overwrite(api, batch)

    def _adjust(self, api: QuantityTarget, adjuster: QuantityAdjuster, batch: Sequence[Listing]) -> None:
        now = self._context.clock.now()
        sent = self._book(
            api, [row if row.increment_in_flight else start_increment(row, None, now) for row in batch]
        )
        if sent:
            answers = self._claimed.call(adjuster.adjust, [pending.delta for pending in sent])
            self._settle(sent, answers, self._claimed.polls_begun(batch))

    def _overwrite(self, api: QuantityTarget, batch: Sequence[Listing]) -> None:
        """By a number that is read first, and compared where the channel compares.

        Also where that was done before without an answer: that it is refused when it is sent again would not tell
        whether it had been applied meanwhile.
        """
        sent = self._book(api, self._read(api, batch))
        if sent:
            answers = self._claimed.call(api.write, [pending.push for pending in sent])
            self._settle(sent, answers, self._claimed.polls_begun(batch))

    def _read(self, api: QuantityTarget, rows: Sequence[Listing]) -> list[Listing]:
        """Those to be sent, with the number that their increase is added to."""
        if not rows:
            return []
        self._claimed.await_slot(api)
        found, left = list[Listing](), self._context.clock.now()
        answers = self._claimed.call(api.read, [row.target for row in rows])
        poll = self._claimed.polls_begun(rows)
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, Refused):
                self._claimed.refuse(row.key, answer)
            elif open_ := self._still_open(row, answer, poll):
                # A whole number without an answer may have arrived: what it explains is no sale.
                pending = PendingPush(listing=open_, wanted=answer.quantity, form=api.form)
                seen = pending.with_reading(answer, left, poll).listing
                found.append(start_increment(seen, answer, self._context.clock.now()))
        return found

    def _still_open(self, row: Listing, current: Shown, poll: int) -> Listing | None:
        """The listing without an increase under way; None: its outcome is known or awaited, and it is closed."""
        pending = PendingIncrement.of(row)
        if pending is None:
            return row
        match judge_increment(pending, current.quantity, self._context.clock.now()):
            case IncrementOutcome.APPLIED:
                self._close_arrived(pending, current, poll)
            case IncrementOutcome.UNCLEAR:
                self._claimed.close(row, self._wait_for_outcome(pending))
            case IncrementOutcome.NOT_APPLIED:
                return not_applied(row)
        return None

    def _wait_for_outcome(self, pending: PendingIncrement) -> RetryLater:
        """The import of the sales that hide it asks for a push by itself. Without it time alone tells more: when
        nothing can arrive late any more, and when a person is asked."""
        age = self._age(pending)
        until = APPLIED_WITHIN if age <= APPLIED_WITHIN else KEY_LIVES
        return RetryLater((until - age) / timedelta(seconds=1) + 1)

    def _age(self, pending: PendingIncrement) -> timedelta:
        return self._context.clock.now() - pending.request.sent_at

    def _book(self, api: QuantityTarget, rows: Sequence[Listing]) -> list[PendingIncrement]:
        """Those that may be sent, written down as under way; the others are closed."""
        self._claimed.await_slot(api)
        open_ = list[Listing]()
        for row in rows:
            if self._claimed.has_revisions_left(api.limits, row, is_raise=True):
                open_.append(row)
            else:
                self._claimed.refuse_until_tomorrow(api.limits, row)
        owned = self._claimed.book(ListingUpdate(self._claimed.rows[row.key], row) for row in open_)
        self._claimed.results |= {row.key: Finished() for row in open_ if row.key not in owned}
        pending = [PendingIncrement.of(row) for row in open_ if row.key in owned]
        return [one for one in pending if one]

    def _settle(self, sent: Sequence[PendingIncrement], answers: Sequence[ListingResult], poll: int) -> None:
        for pending, answer in zip(sent, answers, strict=True):
            if isinstance(answer, Shown):
                self._close_arrived(pending, answer, poll)
            else:
                self._claimed.refuse(pending.listing.key, answer)

    def _close_arrived(self, pending: PendingIncrement, shown: Shown, poll: int) -> None:
        after = confirm_increment(pending, shown, self._context.clock.now(), poll)
        # More may have come while this was under way.
        self._claimed.close(after, Finished(acknowledged=True) if not after.increments.due else RetryLater(1))
