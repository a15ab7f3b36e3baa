"""Use case: tell channels their numbers (`design.md` section 7).

The number is computed here, at sending time. One writer per listing; lowerings first; what a channel sold and the
hub has not imported yet is subtracted, so that a push never re-lists a sold unit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.errors import (
    ChannelUnavailable,
    LastunitError,
    NotSent,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
)
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Failure, Form, Push, Refused, Shown, Target
from lastunit.domain.stock_view import SkuView
from lastunit.ports import ChannelApi, Clock, Listings, Queue, Settings
from lastunit.show import number
from lastunit.track import push_message

CLAIM_SECONDS = 45  # Longer than the function may run (30 s), so a living worker never loses its claim.
WORK_SECONDS = 12  # No new batch is begun after this long, whatever the channel: it reads and writes, 5 s each.
SWAPS_MAX = 4  # Attempts against a number that keeps moving; then the queue tries again.
LOOKS_MAX = 3  # Times one call follows up on changes that came while it was sending.
PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class Retry:
    """The task must come again. `seconds`: the channel's wish, None: as the queue sees fit."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """`acknowledged` tells a push from a task that needed none."""

    acknowledged: bool = False


Result = Done | Retry


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed listing and the number it should show."""

    key: ListingKey
    listing: Listing
    wanted: int
    current: Shown | None = None

    @property
    def unseen(self) -> int:
        return self.listing.unseen(self.current.quantity) if self.current else 0

    @property
    def quantity(self) -> int:
        """Units the channel has sold and the hub has not imported are not its to sell again."""
        return max(0, self.wanted - self.unseen)

    @property
    def sold(self) -> int:
        """The sales this push takes into account: those imported, and those only the channel knows."""
        return self.listing.sold + self.unseen

    @property
    def expected(self) -> int | None:
        return self.current.quantity if self.current else self.listing.believed

    @property
    def needs_reading(self) -> bool:
        """There is nothing to swap from: never told, the last outcome unknown, or sales still not imported."""
        return self.current is None and not self.listing.is_trusted

    @property
    def is_raise(self) -> bool:
        return self.expected is None or self.quantity > self.expected

    def seeing(self, current: Shown) -> "Due":
        """From now on judged by what the channel was found to show."""
        return replace(self, current=current, listing=self.listing.read_back(current.quantity))


@dataclass(frozen=True, slots=True)
class PushQuantities:
    listings: Listings
    settings: Settings
    api: Callable[[Channel], ChannelApi]
    queue: Queue
    clock: Clock
    new_id: Callable[[], str]

    def __call__(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Result]:
        """A result per listing; one that fails keeps no other from its push."""
        results: dict[ListingKey, Result] = {}
        until = self.clock.now() + timedelta(seconds=WORK_SECONDS)
        for name, wanted in _by_channel(keys).items():
            try:
                channel = self.settings.channel(name)
                results |= self._push(channel, wanted, until) if channel else dict.fromkeys(wanted, Done())
            except StoreUnavailable:
                results |= dict.fromkeys(wanted, Retry())
        return results

    def fan_out(self, channel: str, after: str | None = None) -> None:
        """Ask for a push of every listing of a channel, a page at a time."""
        keys, more = self.listings.page(channel, after, PAGE_MAX)
        messages = [push_message(key) for key in keys]
        if more:
            messages.append({"channel": channel, "after": more})
        if messages:
            self.queue.send(messages)

    def _push(self, channel: Channel, keys: Sequence[ListingKey], until: datetime) -> dict[ListingKey, Result]:
        results: dict[ListingKey, Result] = {}
        open_keys = list(keys)
        for _ in range(LOOKS_MAX):
            round_ = _Round(self, channel, self.new_id(), until)
            results |= round_.run(open_keys)
            open_keys = round_.again
            if not open_keys:
                return results
        return results | dict.fromkeys(open_keys, Retry(1))


class _Round:
    """One claim, look and push of some listings of one channel. `again`: those that changed meanwhile."""

    def __init__(self, push: PushQuantities, channel: Channel, worker: str, until: datetime) -> None:
        self.push, self.channel, self.worker, self.until = push, channel, worker, until
        self.results: dict[ListingKey, Result] = {}
        self.again: list[ListingKey] = []
        self.booked: set[ListingKey] = set()
        self.views: dict[str, SkuView | None] = {}
        self.locations: tuple[Location, ...] = ()

    def run(self, keys: Sequence[ListingKey]) -> dict[ListingKey, Result]:
        claimed = [key for key in keys if self._claim(key)]
        self.results |= {key: Done() for key in keys if key not in claimed}
        self.locations = self.push.settings.locations() if claimed else ()
        due = [one for key in claimed if (one := self._due(key))]
        if due:
            self._send_all(due)
        return self.results

    def _claim(self, key: ListingKey) -> bool:
        now = self.push.clock.now()
        return self.push.listings.claim(key, self.worker, now, now + timedelta(seconds=CLAIM_SECONDS))

    def _due(self, key: ListingKey) -> Due | None:
        """Read after the claim, so that no later change can be missed: it would find the claim and ask again."""
        sku, channel, name = key
        view = self._view(sku)
        listing = view.listing(channel, name) if view else None
        if view is None or listing is None:
            self.results[key] = Done()
            return None
        wanted = number(self.channel, view, self._view, self.locations)
        if listing.is_confirmed(wanted):
            self._finish(key, Done(), self.push.listings.release(key, self.worker, None, settled=False))
            return None
        return Due(key, listing, wanted)

    def _view(self, sku: str) -> SkuView | None:
        if sku not in self.views:
            self.views[sku] = self.push.listings.view(sku)
        return self.views[sku]

    def _send_all(self, due: Sequence[Due]) -> None:
        """Lowerings before raisings, lowest number first, in batches as large as the channel takes."""
        open_ = sorted(due, key=lambda one: (one.is_raise, one.quantity, one.key))
        try:
            api = self.push.api(self.channel)
            for start in range(0, len(open_), api.batch_max):
                if self.push.clock.now() > self.until:
                    raise Throttled(1)
                self._send_batch(api, open_[start : start + api.batch_max])
        except (Throttled, NotSent, OutcomeUnknown, ChannelUnavailable) as error:
            self._give_up(open_, error)

    def _send_batch(self, api: ChannelApi, batch: Sequence[Due]) -> None:
        blind = api.form is Form.SET
        for _ in range(SWAPS_MAX):
            batch = self._read(api, batch, blind)
            batch = [one for one in batch if not self._shows_already(one)]
            if not batch:
                return
            batch = self._write(api, batch)
            if not batch:
                return
            blind = True  # What refused the swap must be looked at before the next attempt.
        for one in batch:
            self._refuse(one, Refused(Failure.STALE, "the channel's number kept changing"))

    def _read(self, api: ChannelApi, batch: Sequence[Due], all_of_them: bool) -> list[Due]:
        asked = [one for one in batch if one.needs_reading or (all_of_them and one.current is None)]
        if not asked:
            return list(batch)
        answers = dict(zip((one.key for one in asked), api.read([_target(one) for one in asked]), strict=True))
        known = list[Due]()
        for one in batch:
            answer = answers.get(one.key)
            if isinstance(answer, Refused):
                self._refuse(one, answer)
            else:
                known.append(one.seeing(answer) if answer else one)
        return known

    def _shows_already(self, one: Due) -> bool:
        if one.current is None or one.current.quantity != one.quantity or one.listing.in_flight is not None:
            return False
        self._acknowledge(one, one.current)
        return True

    def _write(self, api: ChannelApi, batch: Sequence[Due]) -> list[Due]:
        """The due listings whose swap was refused, each with the number it was refused for, when that is known."""
        owned = [one for one in batch if self._book(one)]
        if not owned:
            return []
        stale = list[Due]()
        for one, answer in zip(owned, api.write([_push(one) for one in owned]), strict=True):
            if isinstance(answer, Shown):
                self._acknowledge(one, answer)
            elif answer.failure is Failure.STALE:
                unknown = replace(one, listing=replace(one.listing, in_flight=None), current=None)
                stale.append(unknown.seeing(answer.current) if answer.current else unknown)
            else:
                self._refuse(one, answer)
        return stale

    def _book(self, one: Due) -> bool:
        owned = self.push.listings.sending(one.key, self.worker, one.quantity, one.sold, one.current)
        if owned:
            self.booked.add(one.key)
        else:
            self.results[one.key] = Done()  # Another worker took over; it reads what we would have sent.
        return owned

    def _acknowledge(self, one: Due, answer: Shown) -> None:
        again = self.push.listings.acknowledged(
            one.key, self.worker, answer.quantity, one.sold, answer.version, self.push.clock.now()
        )
        self._finish(one.key, Done(acknowledged=True), again)

    def _refuse(self, one: Due, answer: Refused) -> None:
        error = LastError(answer.failure, answer.message, self.push.clock.now().isoformat())
        # A transient trouble may have struck after the number was applied: it stays booked until it is read back.
        settled = answer.failure is not Failure.TRANSIENT
        again = self.push.listings.release(one.key, self.worker, error, settled)
        self._finish(one.key, Retry() if answer.failure.retryable else Done(), again)

    def _give_up(self, due: Sequence[Due], error: LastunitError) -> None:
        """The whole call failed: whoever has no result yet comes again."""
        seconds = error.retry_after_seconds if isinstance(error, Throttled) else None
        applied_nothing = isinstance(error, Throttled | NotSent)
        for one in due:
            if one.key not in self.results:
                seen = LastError(Failure.TRANSIENT, str(error), self.push.clock.now().isoformat())
                # What an earlier call left in flight says nothing about this call, and stays booked.
                settled = applied_nothing and one.key in self.booked
                self.push.listings.release(one.key, self.worker, seen, settled)
                self.results[one.key] = Retry(seconds)

    def _finish(self, key: ListingKey, result: Result, again: bool) -> None:
        self.results[key] = result
        if again:
            self.again.append(key)


def _by_channel(keys: Iterable[ListingKey]) -> Mapping[str, list[ListingKey]]:
    channels: dict[str, list[ListingKey]] = {}
    for key in sorted(set(keys)):
        channels.setdefault(key[1], []).append(key)
    return channels


def _target(one: Due) -> Target:
    return Target(one.listing.name, one.listing.refs)


def _push(one: Due) -> Push:
    key = f"{one.listing.channel}:{one.listing.name}:{one.listing.sequence}:{one.expected}:{one.quantity}"
    version = one.current.version if one.current else one.listing.channel_version
    return Push(_target(one), one.quantity, key, one.expected, version)
