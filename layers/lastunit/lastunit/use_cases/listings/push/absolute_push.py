"""One round of pushes of whole numbers: some listings of one channel are claimed, read where needed, and pushed.

One writer per listing; lowerings first; what a channel sold and the hub has not imported yet is subtracted, so that
a push never re-lists a sold unit. Outside of escrow the number comes from the rule (`rule_numbers.py`), in escrow
from the plan (`escrow_numbers.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.pending_push import PendingPush
from lastunit.domain.listings.push_protocol import Failure, Form, Refused, Shown
from lastunit.domain.listings.push_state import not_applied
from lastunit.ports.channel import QuantityTarget
from lastunit.use_cases.listings.push.claimed_listings import ClaimedListings
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.escrow_numbers import EscrowNumbers
from lastunit.use_cases.listings.push.rule_numbers import RuleNumbers
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask

SWAPS_MAX = 4  # Attempts against a number that keeps moving; then the queue tries again.


class AbsolutePush:
    def __init__(self, context: PushContext, channel: Channel, worker: str, until: datetime) -> None:
        self._context, self._channel = context, channel
        self._claimed = ClaimedListings(context, channel, worker, until)
        numbers = EscrowNumbers if self._claimed.strict else RuleNumbers
        self._numbers = numbers(context, channel, self._claimed)

    def run(self, tasks: Sequence[PushTask]) -> tuple[dict[ListingKey, PushResult], set[ListingKey]]:
        """The results, and those listings that something changed for meanwhile."""
        wanted = {task.key: task for task in tasks}
        claimed = [wanted[row.key] for row in self._claimed.claim(wanted)]
        due = self._numbers.due(claimed)
        if due:
            self._send_all(due)
        self._claimed.flush()
        return self._claimed.results, self._claimed.again

    def _send_all(self, due: Sequence[PendingPush]) -> None:
        """Lowerings before raisings, lowest number first, in batches as large as the channel takes."""
        open_ = sorted(due, key=lambda one: (one.is_raise, one.quantity, one.listing.key))
        try:
            api = self._context.api(self._channel)
            for start in range(0, len(open_), api.batch_max):
                if self._context.clock.now() > self._claimed.until:
                    raise Throttled(1)
                self._send_batch(api, open_[start : start + api.batch_max])
                self._claimed.flush()
        except (Throttled, NotSent, OutcomeUnknown, ChannelUnavailable) as error:
            self._claimed.give_up((one.listing.key for one in open_), error)

    def _send_batch(self, api: QuantityTarget, batch: Sequence[PendingPush]) -> None:
        blind = api.form is Form.SET and not self._claimed.strict
        for _ in range(SWAPS_MAX):
            batch = self._close_shown_already(self._read(api, batch, blind))
            batch = self._write(api, batch) if batch else []
            if not batch:
                return
            blind = True  # What refused the swap must be looked at before the next attempt.
        for one in batch:
            self._claimed.refuse(one.listing.key, Refused(Failure.STALE, "the channel's number kept changing"))

    def _read(self, api: QuantityTarget, batch: Sequence[PendingPush], all_of_them: bool) -> list[PendingPush]:
        """The batch, with what the channel shows of those that must be read; those that it refuses are closed."""
        asked = [one for one in batch if one.needs_reading or (all_of_them and one.current is None)]
        if not asked:
            return list(batch)
        self._claimed.await_slot(api)
        left = self._context.clock.now()
        answers = self._claimed.call(api.read, [one.listing.target for one in asked])
        found = dict(zip((one.listing.key for one in asked), answers, strict=True))
        poll = self._claimed.polls_begun(one.listing for one in asked)
        known = list[PendingPush]()
        for one in batch:
            answer = found.get(one.listing.key)
            if isinstance(answer, Refused):
                self._claimed.refuse(one.listing.key, answer)
            else:
                known.append(self._seeing(one, answer, left, poll) if answer else one)
        return known

    def _seeing(self, one: PendingPush, current: Shown, left: datetime, poll: int) -> PendingPush:
        seen = one.with_reading(current, left, poll)
        if one.strict:
            self._claimed.known[seen.listing.key] = seen.listing
        return seen

    def _close_shown_already(self, batch: Sequence[PendingPush]) -> list[PendingPush]:
        """Close those whose channel was found to show the number; the others remain."""
        now, open_ = self._context.clock.now(), list[PendingPush]()
        for one in batch:
            if one.current and one.is_shown_already:
                self._claimed.close(one.confirmed(one.current, now, 0), Finished(acknowledged=True))
            else:
                open_.append(one)
        return open_

    def _write(self, api: QuantityTarget, batch: Sequence[PendingPush]) -> list[PendingPush]:
        """The pushes whose swap was refused, each with the number it was refused for, when that is known."""
        self._claimed.await_slot(api)
        owned = self._numbers.book(self._refuse_spent(api, batch))
        if not owned:
            return []
        left = self._context.clock.now()
        answers = self._claimed.call(api.write, [one.push for one in owned])
        # As they were before: what `owned` has under way is answered right here.
        poll = self._claimed.polls_begun(one.listing for one in batch)
        stale = list[PendingPush]()
        for one, answer in zip(owned, answers, strict=True):
            if isinstance(answer, Shown):
                self._claimed.close(one.confirmed(answer, left, poll), Finished(acknowledged=True))
            elif answer.failure is Failure.STALE:
                refused = replace(one, listing=not_applied(one.listing), current=None, unimported=0)
                stale.append(self._seeing(refused, answer.current, left, poll) if answer.current else refused)
            else:
                self._claimed.refuse(one.listing.key, answer)
        return stale

    def _refuse_spent(self, api: QuantityTarget, batch: Sequence[PendingPush]) -> list[PendingPush]:
        """Close those that the channel lets nobody change today any more; the others remain."""
        open_ = list[PendingPush]()
        for one in batch:
            if self._claimed.has_revisions_left(api.limits, one.listing, is_raise=one.is_raise):
                open_.append(one)
            else:
                self._claimed.refuse_until_tomorrow(api.limits, one.listing)
        return open_
