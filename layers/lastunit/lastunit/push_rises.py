"""One claim and push of some listings of a channel that is told increases only, each exactly once (rule 1.5-10).

The intent is kept before it is sent and stays as it is until its outcome is known. So a retried +3 is the same +3:
by its key where the channel takes deltas, as the very same swap where it compares, and where it only overwrites by
what the listing shows once all that it sold is imported.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lastunit.channel_ports import ChannelApi
from lastunit.domain.channels import Channel
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Answer, Delta, Failure, Push, Refused, Shown
from lastunit.domain.rising import Rise, begun, finished, judged
from lastunit.domain.telling import APPLIED_WITHIN, Due, not_applied
from lastunit.push_desk import Desk
from lastunit.pushing import Done, Result, Retry, Task
from lastunit.sync_ports import Kept

if TYPE_CHECKING:
    from lastunit.push import PushQuantities

KEY_LIVES = timedelta(hours=23)  # Channels forget keys after a day.


class RiseRound:
    def __init__(self, push: "PushQuantities", channel: Channel, worker: str, until: datetime) -> None:
        self.push, self.channel = push, channel
        self.desk = Desk(push, channel, worker, until)

    def run(self, tasks: Sequence[Task]) -> tuple[dict[ListingKey, Result], set[ListingKey]]:
        """The results, and those listings that something changed for meanwhile."""
        claimed = self.desk.claim({task.key: task for task in tasks})
        open_ = [row for row in claimed if self._is_due(row)]
        if open_:
            self._send_all(open_)
        self.desk.flush()
        return self.desk.results, self.desk.again

    def _is_due(self, row: Listing) -> bool:
        if row.rising and self._age(row) > KEY_LIVES:
            message = f"nobody knows whether +{row.rising} arrived; overwrite the listing"
            self.desk.refuse(row.key, Refused(Failure.INVALID, message))
        elif row.frozen or not (row.rising or row.rises.due):
            self.desk.close(row, Done())
        else:
            return True
        return False

    def _send_all(self, rows: Sequence[Listing]) -> None:
        try:
            api = self.push.api(self.channel)
            for start in range(0, len(rows), api.batch_max):
                if self.push.clock.now() > self.desk.until:
                    raise Throttled(1)
                batch = rows[start : start + api.batch_max]
                self._adjust(api, batch) if api.adjusts else self._overwrite(api, batch)
                self.desk.flush()
        except (Throttled, NotSent, OutcomeUnknown, ChannelUnavailable) as error:
            self.desk.give_up((row.key for row in rows), error)

    def _adjust(self, api: ChannelApi, batch: Sequence[Listing]) -> None:
        now = self.push.clock.now()
        sent = self._book(api, [row if row.rising else begun(row, None, now) for row in batch])
        if sent:
            deltas = [Delta(row.target, row.rising, _key(row)) for row in sent]
            answers = self.desk.call(api.adjust, deltas)
            self._settle(sent, answers, self.desk.polls_begun(batch))

    def _overwrite(self, api: ChannelApi, batch: Sequence[Listing]) -> None:
        """By a number that is read first, and compared where the channel compares.

        Also where that was done before without an answer: that it is refused when it is sent again would not tell
        whether it had been applied meanwhile.
        """
        sent = self._book(api, self._read(api, batch))
        if sent:
            answers = self.desk.call(api.write, [_push(row) for row in sent])
            self._settle(sent, answers, self.desk.polls_begun(batch))

    def _read(self, api: ChannelApi, rows: Sequence[Listing]) -> list[Listing]:
        """Those to be sent, with the number that their increase is added to."""
        if not rows:
            return []
        self.desk.await_turn(api)
        found, left = list[Listing](), self.push.clock.now()
        answers = self.desk.call(api.read, [row.target for row in rows])
        poll = self.desk.polls_begun(rows)
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, Refused):
                self.desk.refuse(row.key, answer)
            elif open_ := self._still_open(row, answer, poll):
                # A whole number without an answer may have arrived: what it explains is no sale.
                seen = Due(open_, answer.quantity, api.form).seeing(answer, left, poll).listing
                found.append(begun(seen, answer, self.push.clock.now()))
        return found

    def _still_open(self, row: Listing, current: Shown, poll: int) -> Listing | None:
        """The listing, if nothing of its increase is under way any more."""
        if not row.rising:
            return row
        match judged(row, current.quantity, self.push.clock.now()):
            case Rise.APPLIED:
                self._arrived(row, current, poll)
            case Rise.UNCLEAR:
                self.desk.close(row, self._patience(row))
            case Rise.NOT_APPLIED:
                return not_applied(row)
        return None

    def _patience(self, row: Listing) -> Retry:
        """The import of the sales that hide it asks for a push by itself. Without it time alone tells more: when
        nothing can arrive late any more, and when a person is asked."""
        age = self._age(row)
        until = APPLIED_WITHIN if age <= APPLIED_WITHIN else KEY_LIVES
        return Retry((until - age) / timedelta(seconds=1) + 1)

    def _age(self, row: Listing) -> timedelta:
        """Of the increase under way."""
        now = self.push.clock.now()
        return now - datetime.fromisoformat(row.sent_at) if row.sent_at else timedelta()

    def _book(self, api: ChannelApi, rows: Sequence[Listing]) -> list[Listing]:
        self.desk.await_turn(api)
        rows = [row for row in rows if self.desk.within_revisions(api.limits, row, is_raise=True)]
        owned = self.desk.book(Kept(self.desk.rows[row.key], row) for row in rows)
        self.desk.results |= {row.key: Done() for row in rows if row.key not in owned}
        return [row for row in rows if row.key in owned]

    def _settle(self, sent: Sequence[Listing], answers: Sequence[Answer], poll: int) -> None:
        for row, answer in zip(sent, answers, strict=True):
            if isinstance(answer, Shown):
                self._arrived(row, answer, poll)
            else:
                self.desk.refuse(row.key, answer)

    def _arrived(self, row: Listing, shown: Shown, poll: int) -> None:
        after = finished(row, shown, self.push.clock.now(), poll)
        # More may have come while this was under way.
        self.desk.close(after, Done(acknowledged=True) if not after.rises.due else Retry(1))


def _push(row: Listing) -> Push:
    return Push(row.target, row.in_flight or 0, _key(row), row.rising_from, row.channel_version)


def _key(row: Listing) -> str:
    return f"{row.channel}:{row.name}:rise:{row.rises.sent}:{row.rising}:{row.sent_at}"
