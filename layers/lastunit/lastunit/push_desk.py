"""The listings that one worker holds while it tells their channel, and the calls it makes there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from lastunit.channel_ports import ChannelApi
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.delays import counted
from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Answer, Failure, Limits, Refused
from lastunit.domain.telling import awaits_poll, not_applied
from lastunit.pushing import Done, Result, Retry, Task
from lastunit.sync_ports import Kept
from lastunit.turns import await_turn

if TYPE_CHECKING:
    from lastunit.push import PushQuantities

CLAIM_SECONDS = 45  # Longer than the function may run (30 s), so a living worker never loses its claim.
PATIENCE_SECONDS = 2.0  # A shorter pause is waited for here; a longer one on the queue.
HELD_SECONDS = 5.0  # Most claims end sooner.
LOWERINGS_KEPT = 25  # Of a listing's daily revisions, so that a raise never takes the last one from a lowering.


class Desk:
    """`rows`: the listings as they were claimed; `known`: as they are kept if nothing more comes of this round.

    `results`: what came of each task; `again`: those that something changed for meanwhile.
    """

    def __init__(self, push: "PushQuantities", channel: Channel, worker: str, until: datetime) -> None:
        self.push, self.channel, self.worker, self.until = push, channel, worker, until
        self.strict = channel.mode is Mode.ESCROW
        self.results: dict[ListingKey, Result] = {}
        self.again: set[ListingKey] = set()
        self.rows: dict[ListingKey, Listing] = {}
        self.known: dict[ListingKey, Listing] = {}
        self._tasks: dict[ListingKey, Task] = {}
        self._booked: set[ListingKey] = set()
        self._closing: dict[ListingKey, Kept] = {}

    def claim(self, tasks: Mapping[ListingKey, Task]) -> list[Listing]:
        """Those that may be told now: none of them when the settings that this was planned for have changed."""
        self._tasks |= tasks
        now = self.push.clock.now()
        claimed = self.push.listings.claim(tasks, self.worker, now, now + timedelta(seconds=CLAIM_SECONDS))
        # Read after the claim, so that no later change can be missed: it would find the claim and ask again.
        self.rows = self.push.listings.rows(claimed)
        self.known = dict(self.rows)
        missed = self.push.listings.rows(tasks.keys() - self.rows.keys())
        self.results |= {key: Done() for key in tasks.keys() - self.rows.keys() - missed.keys()}  # They are gone.
        # Whoever holds a listing will look again, but only at what changed, which is less than an overwrite, and
        # only if it lives: the claim of a dead one may stand for as long as its clock was wrong.
        self.results |= {key: Retry(HELD_SECONDS) if tasks[key].overwrite else Retry() for key in missed}
        return self._as_planned(list(self.rows.values()))

    def _as_planned(self, rows: list[Listing]) -> list[Listing]:
        # Read after the claim, as the rows are: a change that came before it may have told its numbers already, and
        # those of the settings before would undo them. A later change finds the claim, and its push comes again.
        if rows and self.push.settings.channel(self.channel.name) != self.channel:
            for row in rows:
                self.close(row, Retry(1))
            return []
        return rows

    def book(self, rows: Iterable[Kept]) -> set[ListingKey]:
        """Keep what is about to be sent. Those left out are another worker's now, or their grant does not hold."""
        kept = list(rows)
        owned = self.push.listings.book(kept, self.worker)
        self._booked |= owned
        self.known |= {row.after.key: row.after for row in kept if row.after.key in owned}
        return owned

    def close(self, listing: Listing, result: Result) -> None:
        """Looked at again after the next poll: escrowed listings that may sell more than they show, and any that
        seems to have sold what may be units it put back."""
        waits = listing.doubtful > 0 or (self.strict and awaits_poll(listing))
        after = replace(listing, settling=waits)
        self.results[listing.key] = result
        self._closing[listing.key] = Kept(self.rows[listing.key], after)

    def flush(self) -> None:
        if self._closing:
            self.again |= self.push.listings.close(self._closing.values(), self.worker)
            self._measure([key for key in self._closing if self.results[key] == Done(acknowledged=True)])
            self._closing = {}

    def _measure(self, told: Iterable[ListingKey]) -> None:
        """How late the channel has heard of what happened, as far as it is known when that was."""
        now = self.push.clock.now()
        delays = counted(now - datetime.fromisoformat(since) for key in told if (since := self._tasks[key].since))
        if delays:
            self.push.delays.count(self.channel.name, now.date(), delays)

    def refuse(self, key: ListingKey, answer: Refused, pause: float | None = None) -> None:
        # A transient trouble may have struck after the number was applied: it stays booked until it is read back.
        result = Retry(pause) if answer.failure.retryable else Done(refused=True)
        self._fail(key, answer.failure, answer.message, result, certain=answer.failure is not Failure.TRANSIENT)

    def give_up(self, keys: Iterable[ListingKey], error: LastunitError) -> None:
        """The whole call failed: whoever has no result yet comes again."""
        pause = error.retry_after_seconds if isinstance(error, Throttled) else None
        for key in [key for key in keys if key not in self.results]:
            certain = isinstance(error, Throttled | NotSent)
            self._fail(key, Failure.TRANSIENT, str(error), Retry(pause), certain=certain)

    def _fail(self, key: ListingKey, failure: Failure, message: str, result: Result, *, certain: bool) -> None:
        """`certain`: what was sent was not applied. What an earlier call left in flight stays booked even so."""
        row = self.known[key]
        # That an increase sent again did not get through says nothing about the first time it was sent.
        resent = self.rows[key].rising > 0 and failure in (Failure.THROTTLED, Failure.TRANSIENT)
        listing = not_applied(row) if certain and key in self._booked and not resent else row
        error = LastError(failure, message, self.push.clock.now().isoformat())
        self.close(replace(listing, last_error=error), result)

    def within_revisions(self, limits: Limits, listing: Listing, *, is_raise: bool) -> bool:
        """May it be changed once more today? If not, it is refused for now."""
        most, now = limits.daily_revisions, self.push.clock.now()
        done = listing.revisions if listing.revised_on == now.date().isoformat() else 0
        if most is None or done < (most - LOWERINGS_KEPT if is_raise else most):
            return True
        spent = Refused(Failure.THROTTLED, f"changed {done} times today; {most} are allowed")
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time.min, now.tzinfo)
        self.refuse(listing.key, spent, (tomorrow - now) / timedelta(seconds=1))
        return False

    def call[Asked](self, ask: Callable[[Sequence[Asked]], list[Answer]], what: Sequence[Asked]) -> list[Answer]:
        try:
            answers = ask(what)
        except Throttled as error:
            self.push.pace.pause(self.channel.name, error.retry_after_seconds)
            raise
        except (NotSent, OutcomeUnknown, ChannelUnavailable):
            self.push.pace.report(self.channel.name, answers=False)
            raise
        self.push.pace.report(self.channel.name, answers=True)
        return answers

    def polls_begun(self, looked_at: Iterable[Listing]) -> int:
        """The channel's last poll begun by now, for listings as they were before they were looked at or told."""
        needed = self.strict or any(listing.may_mislead for listing in looked_at)
        return self.push.polls.begun(self.channel.name) if needed else 0

    def await_turn(self, api: ChannelApi) -> None:
        """Raises Throttled when the channel's next turn is too far away to wait for here."""
        left = (self.until - self.push.clock.now()) / timedelta(seconds=1)
        most, urgent = min(PATIENCE_SECONDS, left), self.push.urgent
        await_turn(self.push.pace, self.channel.name, api.limits, self.push.sleep, most, urgent=urgent)
