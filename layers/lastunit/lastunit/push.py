"""Use case: tell channels their numbers (`design.md` section 7).

A message names listings, never numbers: those are computed here, at sending time (promise 6).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lastunit.channel_ports import ChannelApi
from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel, Sync
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level
from lastunit.pool import ReadPool, rivals, rule_number
from lastunit.ports import Clock, Queue, Settings, StockReader
from lastunit.push_desk import CLAIM_SECONDS
from lastunit.push_rises import RiseRound
from lastunit.push_round import Round
from lastunit.pushing import Done, Result, Retry, Task, push_message
from lastunit.sync_ports import DelayCounts, Listings, Pace, Watermarks

__all__ = ["Done", "PushQuantities", "Result", "Retry", "Task"]

WORK_SECONDS = 12  # No new batch is begun after this long, whatever the channel: it reads and writes, 5 s each.
LOOKS_MAX = 3  # Times one call follows up on changes that came while it was sending.
PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class PushQuantities:
    listings: Listings
    book: StockReader
    settings: Settings
    read_pool: ReadPool
    polls: Watermarks
    api: Callable[[Channel], ChannelApi]
    pace: Pace
    delays: DelayCounts
    queue: Queue
    clock: Clock
    new_id: Callable[[], str]
    sleep: Callable[[float], None]
    urgent: bool = True

    def __call__(self, tasks: Iterable[Task]) -> dict[ListingKey, Result]:
        """A result per listing; one that fails keeps no other from its push."""
        results: dict[ListingKey, Result] = {}
        until = self.clock.now() + timedelta(seconds=WORK_SECONDS)
        for name, wanted in _by_channel(tasks).items():
            try:
                channel = self.settings.channel(name)
                results |= self._push(channel, wanted, until) if channel else _nothing(wanted)
            except StoreUnavailable:
                # Sooner they would meet the claims that could not be ended, whose holder looks no more.
                results |= {task.key: Retry(CLAIM_SECONDS + 1) for task in wanted}
        return results

    def fan_out(self, channel: str, after: str | None = None, *, overwrite: bool = False) -> None:
        """Ask for a push of every listing of a channel, a page at a time."""
        keys, more = self.listings.page(channel, after, PAGE_MAX)
        messages = [push_message(Task(key, overwrite)) for key in keys]
        if more:
            messages.append({"channel": channel, "after": more} | ({"overwrite": True} if overwrite else {}))
        if messages:
            self.queue.send(messages)

    def stock(self, channel: Channel, rows: Collection[Listing]) -> "Stock":
        """What there is of the SKUs of these listings, read at once."""
        items = self.book.items({row.sku for row in rows})
        items |= self.book.items({part for item in items.values() for part in item.parts} - items.keys())
        places = self.settings.locations()
        stocked = {part for item in items.values() for part in item.parts}
        levels = self.book.levels((sku, place.name) for sku in stocked for place in places)
        of_sku: dict[str, list[Level]] = {sku: [] for sku in stocked}
        for (sku, _), level in levels.items():
            of_sku[sku].append(level)
        return Stock(channel, items, of_sku, places, rivals(self.settings, channel))

    def _push(self, channel: Channel, tasks: Sequence[Task], until: datetime) -> dict[ListingKey, Result]:
        if not channel.is_told:
            return _nothing(tasks)
        whole = channel.sync is Sync.LIVE or channel.held
        overwrites = [task for task in tasks if whole or task.overwrite]
        automatic = [task for task in tasks if not (whole or task.overwrite)]
        rises = automatic if channel.sync is Sync.INCREMENTAL else []
        return (
            _nothing(automatic)
            | self._follow_up(overwrites, lambda open_: Round(self, channel, self.new_id(), until).run(open_))
            | self._follow_up(rises, lambda open_: RiseRound(self, channel, self.new_id(), until).run(open_))
        )

    def _follow_up(
        self,
        tasks: Sequence[Task],
        run: Callable[[Sequence[Task]], "tuple[dict[ListingKey, Result], set[ListingKey]]"],
    ) -> dict[ListingKey, Result]:
        """Again for those that something changed for while they were told."""
        results: dict[ListingKey, Result] = {}
        open_ = list(tasks)
        for _ in range(LOOKS_MAX):
            if not open_:
                return results
            told, again = run(open_)
            results |= told
            open_ = [task for task in open_ if task.key in again]
        return results | {task.key: Retry(1) for task in open_}


@dataclass(frozen=True, slots=True)
class Stock:
    channel: Channel
    items: Mapping[str, Sku]
    of_sku: Mapping[str, Sequence[Level]]
    places: Sequence[Location]
    rivals: Collection[Channel]

    def number(self, row: Listing) -> int:
        """What the listing may show now by its channel's settings."""
        levels_of = self.of_sku.__getitem__
        return rule_number(row.terms(self.channel), row.sku, self.items, levels_of, self.places, self.rivals)

    def levels(self, row: Listing) -> list[Level]:
        """Of the SKU, or of a kit's components."""
        item = self.items.get(row.sku)
        return [level for part in (item.parts if item else ()) for level in self.of_sku.get(part, ())]


def _by_channel(tasks: Iterable[Task]) -> Mapping[str, list[Task]]:
    """One task per listing, which does what all of them ask for."""
    unique: dict[ListingKey, Task] = {}
    for task in tasks:
        unique[task.key] = _both(unique[task.key], task) if task.key in unique else task
    channels: dict[str, list[Task]] = {}
    for task in unique.values():
        channels.setdefault(task.key[1], []).append(task)
    return channels


def _both(one: Task, other: Task) -> Task:
    """An overwrite is more than an automatic push; the oldest change waits the longest. Only what both of them
    would skip is skipped."""
    instants = [one.not_since, other.not_since]
    since = min((task.since for task in (one, other) if task.since), default=None)
    not_since = None if None in instants else max(instant for instant in instants if instant)
    return Task(one.key, one.overwrite or other.overwrite, not_since, since)


def _nothing(tasks: Iterable[Task]) -> dict[ListingKey, Result]:
    return {task.key: Done() for task in tasks}
