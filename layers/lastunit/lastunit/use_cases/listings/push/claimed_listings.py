"""The listings that one worker holds while it pushes them, and the calls it makes to their channel."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import LastError
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.domain.listings.push_delays import counted
from lastunit.domain.listings.push_protocol import Failure, Limits, ListingResult, Refused
from lastunit.domain.listings.push_state import awaits_poll, not_applied
from lastunit.ports.channel import QuantityTarget
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask, RetryLater
from lastunit.use_cases.listings.rate_limit import await_slot

CLAIM_SECONDS = 45  # Longer than the function may run (30 s), so a living worker never loses its claim.
PATIENCE_SECONDS = 2.0  # A shorter pause is waited for here; a longer one on the queue.
HELD_SECONDS = 5.0  # Most claims end sooner.
LOWERINGS_KEPT = 25  # Of a listing's daily revisions, so that a raise never takes the last one from a lowering.


class ClaimedListings:
    """The listings of one channel that one worker may push until it closes them.

    `rows`: as they were claimed. `known`: as they are kept if nothing more is learned. `results`: what came of each
    task. `again`: those that something changed for meanwhile.
    """

    def __init__(self, context: PushContext, channel: Channel, worker: str, until: datetime) -> None:
        """`until`: when no new call is begun any more."""
        self.channel, self.until = channel, until
        self.strict = channel.mode is Mode.ESCROW
        self.results: dict[ListingKey, PushResult] = {}
        self.again: set[ListingKey] = set()
        self.rows: dict[ListingKey, Listing] = {}
        self.known: dict[ListingKey, Listing] = {}
        self._context, self._worker = context, worker
        self._tasks: dict[ListingKey, PushTask] = {}
        self._booked: set[ListingKey] = set()
        self._closing: dict[ListingKey, ListingUpdate] = {}

    def claim(self, tasks: Mapping[ListingKey, PushTask]) -> list[Listing]:
        """Those that may be pushed now: none when the settings that this push was planned for have changed."""
        self._tasks |= tasks
        now = self._context.clock.now()
        claimed = self._context.listings.claim(tasks, self._worker, now, now + timedelta(seconds=CLAIM_SECONDS))
        # Read after the claim, so that no later change can be missed: it would find the claim and ask again.
        self.rows = self._context.listings.read(claimed)
        self.known = dict(self.rows)
        missed = self._context.listings.read(tasks.keys() - self.rows.keys())
        self.results |= {
            key: Finished() for key in tasks.keys() - self.rows.keys() - missed.keys()
        }  # They are gone.
        # Whoever holds a listing will look again, but only at what changed, which is less than an overwrite, and
        # only if it lives: the claim of a dead one may stand for as long as its clock was wrong.
        self.results |= {key: RetryLater(HELD_SECONDS) if tasks[key].overwrite else RetryLater() for key in missed}
        return self._as_planned(list(self.rows.values()))

    def _as_planned(self, rows: list[Listing]) -> list[Listing]:
        # Read after the claim, as the rows are: a change that came before it may have pushed its numbers already,
        # and those of the settings before would undo them. A later one finds the claim, and its push comes again.
        if rows and self._context.settings.channel(self.channel.name) != self.channel:
            for row in rows:
                self.close(row, RetryLater(1))
            return []
        return rows

    def book(self, rows: Iterable[ListingUpdate]) -> set[ListingKey]:
        """Write down what is about to be sent. Those left out are another's now, or their grant does not hold."""
        kept = list(rows)
        owned = self._context.listings.book(kept, self._worker)
        self._booked |= owned
        self.known |= {row.after.key: row.after for row in kept if row.after.key in owned}
        return owned

    def close(self, listing: Listing, result: PushResult) -> None:
        """Keep the listing, and end its claim with the next `flush`.

        Looked at again after the next poll: escrowed listings that may sell more than they show, and any whose
        missing units may be units that its channel put back.
        """
        waits = listing.possibly_restocked > 0 or (self.strict and awaits_poll(listing))
        after = replace(listing, awaiting_poll=waits)
        self.results[listing.key] = result
        self._closing[listing.key] = ListingUpdate(self.rows[listing.key], after)

    def flush(self) -> None:
        """Write the listings closed so far, and end their claims."""
        if self._closing:
            self.again |= self._context.listings.close(self._closing.values(), self._worker)
            self._measure([key for key in self._closing if self.results[key] == Finished(acknowledged=True)])
            self._closing = {}

    def _measure(self, acknowledged: Iterable[ListingKey]) -> None:
        """Count how long after its cause each push was acknowledged, where the time of the cause is known."""
        now = self._context.clock.now()
        delays = counted(now - since for key in acknowledged if (since := self._tasks[key].since))
        if delays:
            self._context.delays.count(self.channel.name, now.date(), delays)

    def refuse(self, key: ListingKey, answer: Refused, pause: float | None = None) -> None:
        """Close a listing that the channel did not change. `pause`: seconds until it is tried again."""
        # A transient trouble may have struck after the number was applied: it stays booked until it is read back.
        result = RetryLater(pause) if answer.failure.retryable else Finished(refused=True)
        self._fail(key, answer.failure, answer.message, result, certain=answer.failure is not Failure.TRANSIENT)

    def give_up(self, keys: Iterable[ListingKey], error: LastunitError) -> None:
        """Close those without a result: the whole call failed, and they are tried again."""
        pause = error.retry_after_seconds if isinstance(error, Throttled) else None
        for key in [key for key in keys if key not in self.results]:
            certain = isinstance(error, Throttled | NotSent)
            self._fail(key, Failure.TRANSIENT, str(error), RetryLater(pause), certain=certain)

    def _fail(self, key: ListingKey, failure: Failure, message: str, result: PushResult, *, certain: bool) -> None:
        """`certain`: what was sent was not applied. What an earlier call left in flight stays booked even so."""
        row = self.known[key]
        # That an increase sent again did not get through says nothing about the first time it was sent.
        resent = self.rows[key].increment_in_flight and failure in (Failure.THROTTLED, Failure.TRANSIENT)
        listing = not_applied(row) if certain and key in self._booked and not resent else row
        error = LastError(failure, message, self._context.clock.now())
        self.close(replace(listing, last_error=error), result)

    def has_revisions_left(self, limits: Limits, listing: Listing, *, is_raise: bool) -> bool:
        """The channel lets the listing be changed once more today; the last changes of a day are for lowerings."""
        most, done = limits.daily_revisions, listing.revisions_on(self._context.clock.now().date())
        return most is None or done < (most - LOWERINGS_KEPT if is_raise else most)

    def refuse_until_tomorrow(self, limits: Limits, listing: Listing) -> None:
        """Close a listing that has no revisions left today."""
        now = self._context.clock.now()
        done, most = listing.revisions_on(now.date()), limits.daily_revisions
        spent = Refused(Failure.THROTTLED, f"changed {done} times today; {most} are allowed")
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time.min, now.tzinfo)
        self.refuse(listing.key, spent, (tomorrow - now) / timedelta(seconds=1))

    def call[Asked](
        self, ask: Callable[[Sequence[Asked]], list[ListingResult]], what: Sequence[Asked]
    ) -> list[ListingResult]:
        """Call the channel, and report to its rate limit whether it answers."""
        try:
            answers = ask(what)
        except Throttled as error:
            self._context.rate_limit.pause(self.channel.name, error.retry_after_seconds)
            raise
        except (NotSent, OutcomeUnknown, ChannelUnavailable):
            self._context.rate_limit.report(self.channel.name, answers=False)
            raise
        self._context.rate_limit.report(self.channel.name, answers=True)
        return answers

    def polls_begun(self, before: Iterable[Listing]) -> int:
        """The channel's last poll begun by now; 0 where nobody needs it.

        `before`: the listings as they were before they were read or pushed.
        """
        needed = self.strict or any(listing.may_mislead for listing in before)
        return self._context.polls.begun(self.channel.name) if needed else 0

    def await_slot(self, api: QuantityTarget) -> None:
        """Raises Throttled when the channel's next turn is too far away to wait for here."""
        left = (self.until - self._context.clock.now()) / timedelta(seconds=1)
        await_slot(
            self._context.rate_limit,
            self.channel.name,
            api.limits,
            self._context.sleep,
            min(PATIENCE_SECONDS, left),
            high_priority=self._context.high_priority,
        )
