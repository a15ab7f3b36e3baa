"""Use case: push their numbers to channels (docs/design.md section 7).

A message names listings, never numbers: those are computed here, at sending time (promise 6).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import MissingCapability
from lastunit.domain.keys import ListingKey
from lastunit.ports.system import Queue, ReportError
from lastunit.use_cases.listings.push.absolute_push import AbsolutePush
from lastunit.use_cases.listings.push.claimed_listings import CLAIM_SECONDS
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.increment_push import IncrementPush
from lastunit.use_cases.listings.push.tasks import Finished, PushResult, PushTask, RetryLater, push_message
from lastunit.use_cases.messages import PushChannelMessage, PushesMessage
from lastunit.use_cases.unexpected import contained

__all__ = ["Finished", "PushQuantities", "PushResult", "PushTask", "RetryLater"]

WORK_SECONDS = 12  # No new batch is begun after this long, whatever the channel: it reads and writes, 5 s each.
LOOKS_MAX = 3  # Times one call follows up on changes that came while it was sending.
PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class PushQuantities:
    context: PushContext
    queue: Queue
    new_id: Callable[[], str]
    report_error: ReportError

    def push(self, tasks: Iterable[PushTask]) -> dict[ListingKey, PushResult]:
        """A result per listing; a channel in trouble keeps no other from its pushes."""
        results: dict[ListingKey, PushResult] = {}
        until = self.context.clock.now() + timedelta(seconds=WORK_SECONDS)
        for name, wanted in _by_channel(tasks).items():
            try:
                channel = self.context.settings.channel(name)
                results |= self._push(channel, wanted, until) if channel else _nothing(wanted)
            except MissingCapability:
                # Nothing can be listed there, so this listing was not made by the API; it is never asked for again.
                results |= {task.key: Finished(refused=True) for task in wanted}
            except Exception as error:
                contained(error, self.report_error)
                # Sooner they would meet the claims that could not be ended, whose holder looks no more.
                results |= {task.key: RetryLater(CLAIM_SECONDS + 1) for task in wanted}
        return results

    def fan_out(self, channel: str, after: str | None = None, *, overwrite: bool = False) -> None:
        """Ask for a push of every listing of a channel, a page at a time."""
        keys, more = self.context.listings.page(channel, after, PAGE_MAX)
        messages: list[PushesMessage] = [push_message(PushTask(key=key, overwrite=overwrite)) for key in keys]
        if more:
            messages.append(PushChannelMessage(channel=channel, after=more, overwrite=overwrite))
        if messages:
            self.queue.send(messages)

    def _push(self, channel: Channel, tasks: Sequence[PushTask], until: datetime) -> dict[ListingKey, PushResult]:
        if not channel.is_pushed:
            return _nothing(tasks)
        whole = channel.sync is Sync.LIVE or channel.paused
        overwrites = [task for task in tasks if whole or task.overwrite]
        automatic = [task for task in tasks if not (whole or task.overwrite)]
        increments = automatic if channel.sync is Sync.INCREMENTAL else []
        return (
            _nothing(automatic)
            | self._follow_up(overwrites, lambda open_: self._absolute(channel, until).run(open_))
            | self._follow_up(increments, lambda open_: self._incremental(channel, until).run(open_))
        )

    def _absolute(self, channel: Channel, until: datetime) -> AbsolutePush:
        return AbsolutePush(self.context, channel, self.new_id(), until)

    def _incremental(self, channel: Channel, until: datetime) -> IncrementPush:
        return IncrementPush(self.context, channel, self.new_id(), until)

    def _follow_up(
        self,
        tasks: Sequence[PushTask],
        run: Callable[[Sequence[PushTask]], "tuple[dict[ListingKey, PushResult], set[ListingKey]]"],
    ) -> dict[ListingKey, PushResult]:
        """Again for those that something changed for while they were pushed."""
        results: dict[ListingKey, PushResult] = {}
        open_ = list(tasks)
        for _ in range(LOOKS_MAX):
            if not open_:
                return results
            found, again = run(open_)
            results |= found
            open_ = [task for task in open_ if task.key in again]
        return results | {task.key: RetryLater(1) for task in open_}


def _by_channel(tasks: Iterable[PushTask]) -> Mapping[str, list[PushTask]]:
    """One task per listing, which does what all of them ask for."""
    unique: dict[ListingKey, PushTask] = {}
    for task in tasks:
        unique[task.key] = _both(unique[task.key], task) if task.key in unique else task
    channels: dict[str, list[PushTask]] = {}
    for task in unique.values():
        channels.setdefault(task.key[1], []).append(task)
    return channels


def _both(one: PushTask, other: PushTask) -> PushTask:
    """An overwrite is more than an automatic push; the oldest change waits the longest. Only what both of them
    would skip is skipped."""
    instants = [one.not_since, other.not_since]
    since = min((task.since for task in (one, other) if task.since), default=None)
    not_since = None if None in instants else max(instant for instant in instants if instant)
    return PushTask(key=one.key, overwrite=one.overwrite or other.overwrite, not_since=not_since, since=since)


def _nothing(tasks: Iterable[PushTask]) -> dict[ListingKey, PushResult]:
    return {task.key: Finished() for task in tasks}
