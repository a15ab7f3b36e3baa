"""Use case: what channels say about their orders by themselves, so that no lost webhook is a lost order.

What webhooks have reported changes nothing. A poll that came to the end of the list proves that everything sold
before it began is imported (`domain/listings/order_watermark.py`), and listings that waited for that are
looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched, islice

from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    ChannelUnavailable,
    Conflict,
    LastunitError,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Throttled,
)
from lastunit.domain.listings.order_watermark import (
    UNIMPORTED_MAX,
    PollReading,
    Position,
    begin,
    ended,
    interrupted,
)
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.review import ExceptionKind
from lastunit.ports.channel import OrderSource, OrdersPage
from lastunit.ports.listings import Polls, RateLimit
from lastunit.ports.orders import Exceptions
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue, ReportError, RunParallel
from lastunit.use_cases.listings.push.tasks import PushTask, push_message
from lastunit.use_cases.listings.rate_limit import await_slot
from lastunit.use_cases.lookup import get_channel
from lastunit.use_cases.messages import RetryOrderMessage
from lastunit.use_cases.orders.change_orders import ChangeOrders, ChangeResult, Incoming
from lastunit.use_cases.orders.record_exception import RecordException, kind_of
from lastunit.use_cases.unexpected import contained

CHANNELS_MAX = 8  # Polled side by side.
WORK_SECONDS = 40  # No page is begun later; the function may run for 60 s.
PAGE_ATTEMPTS = 5  # At one page; reading changes nothing.
AWAITING_POLL_MAX = 2000  # Looked at again after one poll; the next one, a minute later, asks for the others.
PUSHES_MAX = 100  # Of one send.
KNOWN_ALREADY = frozenset({Outcome.DUPLICATE, Outcome.STALE})


@dataclass(frozen=True, slots=True)
class Polled:
    """`ended`: the list was read to its end. `found`: changes that nobody had reported before."""

    ended: bool = False
    found: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollChannels:
    polls: Polls
    settings: Settings
    api: Callable[[Channel], OrderSource]
    change: ChangeOrders
    exceptions: Exceptions
    pushes: Queue
    rate_limit: RateLimit
    clock: Clock
    sleep: Callable[[float], None]
    run_parallel: RunParallel
    report_error: ReportError

    def run(self) -> dict[str, Polled]:
        """All channels side by side: one in trouble keeps no other from its poll."""
        names = self.settings.channels()
        until = self.clock.now() + timedelta(seconds=WORK_SECONDS)
        polled = self.run_parallel(lambda name: self._attempt(name, until), names, CHANNELS_MAX)
        return dict(zip(names, polled, strict=True))

    def poll(self, name: str, seconds: float = WORK_SECONDS) -> Polled:
        """One channel, now. No page is begun after so many seconds: the next poll goes on from there.

        Raises NotFound, Conflict while another poll of it is under way, or StoreUnavailable.
        """
        return self._poll(name, self.clock.now() + timedelta(seconds=seconds))

    def _attempt(self, name: str, until: datetime) -> Polled:
        try:
            return self._poll(name, until)
        except Exception as error:
            return Polled(error=str(contained(error, self.report_error)))

    def _poll(self, name: str, until: datetime) -> Polled:
        channel = get_channel(self.settings, name)
        position = self.polls.begin(name)  # Before anything is asked of the channel.
        reading = begin(position, self.polls.waiting(position.unimported), self.clock.now())
        run = _Poll(poll=self, channel=channel, before=position, reading=reading, after=position)
        polled = run.finish(until)
        if run.after.done > position.done and channel.is_pushed:
            self._look_again(name, run.after.done)
        return polled

    def _look_again(self, name: str, done: int) -> None:
        """A listing asked for twice does no harm; one that is forgotten here is asked for after the next poll."""
        waiting = self.polls.awaiting_poll(name, done)
        for keys in batched(islice(waiting, AWAITING_POLL_MAX), PUSHES_MAX, strict=False):
            self.pushes.send([push_message(PushTask(key=key)) for key in keys])


@dataclass(slots=True, kw_only=True)
class _Poll:
    """One poll of one channel, from the position `before`. `after`: the last that we have kept."""

    poll: PollChannels
    channel: Channel
    before: Position
    reading: PollReading
    after: Position
    saves: int = 0
    found: int = 0

    def finish(self, until: datetime) -> Polled:
        try:
            at_the_end = self._read(until)
        except Exception as error:
            why = str(contained(error, self.poll.report_error))
            self._save(interrupted(self.before, self.reading, self._now(), why))
            return Polled(found=self.found, error=why)
        if at_the_end:
            self._save(ended(self.before, self.reading, self._now()))
        return Polled(at_the_end, self.found, self.after.last_error)

    def _read(self, until: datetime) -> bool:
        """Apply page after page. False: the time was up before the end of the list."""
        api, token = self.poll.api(self.channel), None
        while True:
            page = self._page(api, token, until)
            self.reading = self._applied(page)
            token = page.next
            if token is None:
                return True
            # What is done is kept page by page: a long backlog is worked off even if each poll dies early.
            self._save(interrupted(self.before, self.reading, self._now()))
            if self._now() > until:
                return False

    def _await_slot(self, api: OrderSource, until: datetime) -> None:
        most = (until - self._now()) / timedelta(seconds=1)
        await_slot(self.poll.rate_limit, self.channel.name, api.limits, self.poll.sleep, most, high_priority=True)

    def _page(self, api: OrderSource, token: str | None, until: datetime) -> OrdersPage:
        """Asked for again when no answer comes: a long list would never be read to its end otherwise.

        A store without such a list does answer; that is no reason to leave it alone.
        """
        for attempt in range(1, PAGE_ATTEMPTS + 1):
            self._await_slot(api, until)
            try:
                page = api.orders_since(self.reading.since, token)
            except (Throttled, NotSent, OutcomeUnknown) as error:
                self._met(error)
                if attempt == PAGE_ATTEMPTS:
                    raise
            else:
                self.poll.rate_limit.report(self.channel.name, answers=True)
                return page
        raise ChannelUnavailable("its list of orders was never asked for")

    def _met(self, trouble: LastunitError) -> None:
        if isinstance(trouble, Throttled):
            self.poll.rate_limit.pause(self.channel.name, trouble.retry_after_seconds)
        else:
            self.poll.rate_limit.report(self.channel.name, answers=False)

    def _applied(self, page: OrdersPage) -> PollReading:
        """With all of the page imported or waiting for a person; raises what keeps it from being either."""
        unreadable = [(ExceptionKind.UNREADABLE_ORDER, *one) for one in page.unreadable]
        recorded = [self._record(*one) for one in [*unreadable, *self._change(page.events)]]
        waiting = sorted(self.poll.polls.waiting(recorded))
        reading = self.reading.applied(page.latest, waiting, self._now())
        if len(reading.unimported) > UNIMPORTED_MAX:
            raise ChannelUnavailable(f"more than {UNIMPORTED_MAX} of its orders cannot be imported")
        return reading

    def _change(self, events: Sequence[ChannelEvent]) -> list[tuple[ExceptionKind, str, str]]:
        """(Kind, external id, why) of what can never be applied. Raises what may go well another time."""
        answers = (
            self.poll.change.apply([Incoming(str(at), event) for at, event in enumerate(events)]) if events else {}
        )
        changed = [answer for answer in answers.values() if isinstance(answer, ChangeResult)]
        self.found += sum(one.outcome not in KNOWN_ALREADY for one in changed)
        failed = list[tuple[ExceptionKind, str, str]]()
        for at, event in enumerate(events):
            answer = answers[str(at)]
            if isinstance(answer, LastunitError):
                if answer.retryable or isinstance(answer, NotFound):  # Its channel's settings are gone.
                    raise answer
                failed.append((kind_of(answer), event.external_id, str(answer)))
        return failed

    def _record(self, kind: ExceptionKind, external_id: str, cause: str) -> str:
        """The same order for the same reason is one exception, however many polls meet it."""
        name = self.channel.name
        # Each time it fails unexpectedly its log entry is another.
        reason = kind.value if kind is ExceptionKind.UNEXPECTED_ERROR else cause
        return RecordException(self.poll.exceptions, self.poll.clock).record(
            kind,
            name,
            identity=f"{name} {external_id} {reason}",
            cause=f"order {external_id}: {cause}",
            # Resolving it makes the next poll read the order again; the queue only tries what is known of it.
            payload=RetryOrderMessage(channel=name, external_id=external_id).to_json(),
        )

    def _save(self, position: Position) -> None:
        """Raises Conflict when another poll has kept one: it read the same, and went on from there."""
        self.saves += 1
        mark = f"{self.before.begun}/{self.saves}"
        after = replace(position, found=self.before.found + self.found, saved=mark)
        if not self.poll.polls.save(self.channel.name, self.after, after):
            raise Conflict("another poll of this channel is under way")
        self.after = after

    def _now(self) -> datetime:
        return self.poll.clock.now()
