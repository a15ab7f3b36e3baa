"""One claim, look and push of some listings of one channel, by absolute numbers.

One writer per listing; lowerings first; what a channel sold and the hub has not imported yet is subtracted, so that
a push never re-lists a sold unit. Escrowed listings are told what the plan says and their grant allows.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lastunit.channel_ports import ChannelApi
from lastunit.domain.channels import Channel, Sync
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Failure, Form, Refused, Shown
from lastunit.domain.rising import forgotten, overwritten
from lastunit.domain.telling import APPLIED_WITHIN, Due, imported, not_applied, settled
from lastunit.push_desk import Desk
from lastunit.pushing import Done, Result, Retry, Task
from lastunit.sync_ports import Kept

if TYPE_CHECKING:
    from lastunit.push import PushQuantities, Stock

SWAPS_MAX = 4  # Attempts against a number that keeps moving; then the queue tries again.
GRANTS_MAX = 3  # Attempts at room that others were granted meanwhile.
CONDITIONS_MAX = 99  # Of one transaction, beside the listing's own row.


class Round:
    def __init__(self, push: "PushQuantities", channel: Channel, worker: str, until: datetime) -> None:
        self.push, self.channel = push, channel
        self.desk = Desk(push, channel, worker, until)
        self.strict = self.desk.strict
        self.read_pool = push.read_pool

    def run(self, tasks: Sequence[Task]) -> tuple[dict[ListingKey, Result], set[ListingKey]]:
        """The results, and those listings that something changed for meanwhile."""
        wanted = {task.key: task for task in tasks}
        # Asked before the rows are read: what such a poll has imported must be in them.
        finished = self.push.polls.done(self.channel.name) if self.strict else 0
        claimed = [wanted[row.key] for row in self.desk.claim(wanted)]
        if self.strict:
            # After the claim too, since the plan depends on the settings of all channels.
            self.read_pool = self.push.read_pool.for_now()
        else:
            self._explain_doubts()
        due = self._escrowed_due(claimed, finished) if self.strict else self._due(claimed)
        if due:
            self._send_all(due)
        self.desk.flush()
        return self.desk.results, self.desk.again

    def _explain_doubts(self) -> None:
        """By what was imported since. Read again after the poll is known to be done, so that it is in them."""
        doubtful = [key for key, row in self.desk.rows.items() if row.doubtful]
        if doubtful:
            finished = self.push.polls.done(self.channel.name)
            rows = self.push.listings.rows(doubtful)
            self.desk.rows |= {key: imported(row, finished) for key, row in rows.items()}

    def _due(self, tasks: Sequence[Task]) -> list[Due]:
        form = self.push.read_pool.form(self.channel)
        stock = self.push.stock(self.channel, self.desk.rows.values())
        restocked = self._restocked_meanwhile()
        due = list[Due]()
        for task in tasks:
            row = self.desk.rows[task.key]
            wanted = stock.number(row)
            gone = None if row.sku in stock.items else Done()
            moved = Retry(1) if row.key in restocked else None
            early = gone or moved or self._early(task, row, wanted) or self._forget_rises(row, stock)
            if early:
                self.desk.close(row, early)
            else:
                due.append(Due(row, wanted, form))
        return due

    def _restocked_meanwhile(self) -> set[ListingKey]:
        """Units came back between the two reads. The levels have them and the listing does not know that they are
        on its channel's shelf as well, where they would hide as many sales."""
        rows = self.push.listings.rows(self.desk.rows)
        return {key for key, row in rows.items() if row.rises.regrown != self.desk.rows[key].rises.regrown}

    def _escrowed_due(self, tasks: Sequence[Task], finished: int) -> list[Due]:
        """Their numbers are planned when they are booked. `finished`: the last poll that was."""
        form = self.push.read_pool.form(self.channel)
        self.desk.known = {key: imported(settled(row, finished), finished) for key, row in self.desk.rows.items()}
        for task in tasks:
            row = self.desk.known[task.key]
            if _is_newer(row, task):
                self.desk.close(row, Done(skipped=True))
            elif row.frozen and not task.overwrite:
                self.desk.close(row, Done())
        open_ = [(task, self.desk.known[task.key]) for task in tasks if task.key not in self.desk.results]
        return [Due(row, row.believed or 0, form, strict=True, distrusted=task.overwrite) for task, row in open_]

    def _early(self, task: Task, row: Listing, wanted: int) -> Result | None:
        """Why nothing is to be told now, if so."""
        if _is_newer(row, task):
            return Done(skipped=True)
        if not task.overwrite and (row.frozen or row.is_confirmed(wanted)):
            return Done()
        if row.rising and row.sent_at:
            open_until = datetime.fromisoformat(row.sent_at) + APPLIED_WITHIN
            left = (open_until - self.push.clock.now()) / timedelta(seconds=1)
            return Retry(left) if left > 0 else None  # Or that increase would come on top of the number told now.
        return None

    def _forget_rises(self, row: Listing, stock: "Stock") -> Result | None:
        """A number that is told whole holds every increase that led to it."""
        if self.channel.sync is Sync.INCREMENTAL:
            rises = overwritten(row, stock.levels(row))
        else:
            rises = forgotten(row) if row.rises.seen else row.rises
        return None if rises == row.rises or self.push.listings.rise(row, rises) else Retry(1)

    def _send_all(self, due: Sequence[Due]) -> None:
        """Lowerings before raisings, lowest number first, in batches as large as the channel takes."""
        open_ = sorted(due, key=lambda one: (one.is_raise, one.quantity, one.listing.key))
        try:
            api = self.push.api(self.channel)
            for start in range(0, len(open_), api.batch_max):
                if self.push.clock.now() > self.desk.until:
                    raise Throttled(1)
                self._send_batch(api, open_[start : start + api.batch_max])
                self.desk.flush()
        except (Throttled, NotSent, OutcomeUnknown, ChannelUnavailable) as error:
            self.desk.give_up((one.listing.key for one in open_), error)

    def _send_batch(self, api: ChannelApi, batch: Sequence[Due]) -> None:
        blind = api.form is Form.SET and not self.strict
        for _ in range(SWAPS_MAX):
            batch = self._read(api, batch, blind)
            batch = [one for one in batch if not self._shows_already(one)]
            batch = self._write(api, batch) if batch else []
            if not batch:
                return
            blind = True  # What refused the swap must be looked at before the next attempt.
        for one in batch:
            self.desk.refuse(one.listing.key, Refused(Failure.STALE, "the channel's number kept changing"))

    def _read(self, api: ChannelApi, batch: Sequence[Due], all_of_them: bool) -> list[Due]:
        asked = [one for one in batch if one.needs_reading or (all_of_them and one.current is None)]
        if not asked:
            return list(batch)
        self.desk.await_turn(api)
        left = self.push.clock.now()
        answers = self.desk.call(api.read, [one.listing.target for one in asked])
        found = dict(zip((one.listing.key for one in asked), answers, strict=True))
        poll = self.desk.polls_begun(one.listing for one in asked)
        known = list[Due]()
        for one in batch:
            answer = found.get(one.listing.key)
            if isinstance(answer, Refused):
                self.desk.refuse(one.listing.key, answer)
            else:
                known.append(self._seeing(one, answer, left, poll) if answer else one)
        return known

    def _seeing(self, one: Due, current: Shown, left: datetime, poll: int) -> Due:
        seen = one.seeing(current, left, poll)
        if self.strict:
            self.desk.known[seen.listing.key] = seen.listing
        return seen

    def _shows_already(self, one: Due) -> bool:
        if self.strict or one.current is None or one.current.quantity != one.quantity:
            return False
        if one.listing.in_flight is not None:
            return False
        self.desk.close(one.confirmed(one.current, self.push.clock.now(), 0), Done(acknowledged=True))
        return True

    def _write(self, api: ChannelApi, batch: Sequence[Due]) -> list[Due]:
        """The due listings whose swap was refused, each with the number it was refused for, when that is known."""
        self.desk.await_turn(api)
        owned = self._book(
            [one for one in batch if self.desk.within_revisions(api.limits, one.listing, is_raise=one.is_raise)]
        )
        if not owned:
            return []
        left = self.push.clock.now()
        answers = self.desk.call(api.write, [one.push for one in owned])
        poll = self.desk.polls_begun(one.listing for one in batch)  # As they were: `owned` is answered right here.
        stale = list[Due]()
        for one, answer in zip(owned, answers, strict=True):
            if isinstance(answer, Shown):
                self.desk.close(one.confirmed(answer, left, poll), Done(acknowledged=True))
            elif answer.failure is Failure.STALE:
                refused = replace(one, listing=not_applied(one.listing), current=None, unseen=0)
                stale.append(self._seeing(refused, answer.current, left, poll) if answer.current else refused)
            else:
                self.desk.refuse(one.listing.key, answer)
        return stale

    def _book(self, batch: Sequence[Due]) -> list[Due]:
        now = self.push.clock.now()
        if self.strict:
            return [booked for one in batch if (booked := self._book_in_time(one, now))]
        due = {one.listing.key: one.sending(now, one.listing.exposure) for one in batch}
        owned = self.desk.book(Kept(self.desk.rows[key], one.listing) for key, one in due.items())
        # Another worker took over the others; it reads what we would have sent.
        self.desk.results |= {key: Done() for key in due.keys() - owned}
        return [one for key, one in due.items() if key in owned]

    def _book_in_time(self, one: Due, now: datetime) -> Due | None:
        """Each plan takes some reads. What is booked must still be sent, so the others come again."""
        if self.push.clock.now() > self.desk.until:
            self.desk.close(one.listing, Retry(1))
            return None
        return self._book_granted(one, now)

    def _book_granted(self, one: Due, now: datetime) -> Due | None:
        """What the plan says now, under the condition that the plan's reasons still hold."""
        key = one.listing.key
        for _ in range(GRANTS_MAX):
            pool = self.read_pool(key[0]).telling(one.listing)
            planned = pool.number(key)
            told = replace(one, wanted=planned) if planned is not None else None
            grant = pool.grant(key, told.request) if told and told.request.need else None
            if told is None or (told.request.need and grant is None):
                self.desk.close(one.listing, Done())
                return None
            if grant and grant.size > CONDITIONS_MAX:
                self.desk.refuse(key, Refused(Failure.INVALID, f"a kit at {len(grant.levels)} levels is too many"))
                return None
            booked = told.sending(now, pool.exposure(one.listing))
            if self.desk.book([Kept(self.desk.rows[key], booked.listing, grant)]):
                return booked
        self.desk.close(one.listing, Retry(1))
        return None


def _is_newer(row: Listing, task: Task) -> bool:
    """Was it told something since the task's snapshot?"""
    told = task.not_since is not None and row.acknowledged_at is not None and row.acknowledged_at > task.not_since
    return told and row.last_error is None
