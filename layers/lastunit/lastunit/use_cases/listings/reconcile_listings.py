"""Use case: what channels show is read back and compared with what was pushed to them.

A difference is classified and shown, never silently fixed: what only a person can judge freezes that one listing.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import batched

from lastunit.domain.channel import Channel, Sync
from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.drift import (
    Drift,
    DriftKind,
    DriftReading,
    classify,
    drift,
    is_judged,
)
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.push_protocol import Form, Shown
from lastunit.ports.channel import QuantityTarget
from lastunit.ports.listings import Drifts, Listings, RateLimit, Watermarks
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.listings.push.tasks import PushTask, push_message
from lastunit.use_cases.listings.rate_limit import await_slot
from lastunit.use_cases.lookup import get_channel
from lastunit.use_cases.messages import ReconcileSegmentMessage

SEGMENT_LISTINGS = 100  # Four calls or fewer on every channel that takes 25 listings in one.
POLL_SECONDS = 5.0  # The function may run for 60 s, and reading back comes first.
PATIENCE_SECONDS = 5.0  # A shorter wait for the channel's turn is waited for here, a longer one on the queue.
CLAIM_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One segment: listings read, and those that drifted."""

    read: int = 0
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileListings:
    """`poll` imports what a channel has sold, for at most so many seconds."""

    drifts: Drifts
    listings: Listings
    settings: Settings
    api: Callable[[Channel], QuantityTarget]
    poll: Callable[[str, float], object]
    watermarks: Watermarks
    rate_limit: RateLimit
    queue: Queue
    pushes: Queue
    clock: Clock
    sleep: Callable[[float], None]

    def start(self, channels: Iterable[str] | None = None) -> None:
        """Ask for all listings of the channels, or of all channels. Raises NotFound."""
        names = list(self.settings.channels() if channels is None else channels)
        for name in names:
            get_channel(self.settings, name)
        if names:
            self.queue.send([ReconcileSegmentMessage(channel=name) for name in names])

    def read_back(self, name: str, after: str | None) -> Reconciled:
        """One segment; the message that asks for the next one is sent last. Twice the same does no harm."""
        channel = self.settings.channel(name)
        if channel is None:
            return Reconciled()
        keys, more = self.listings.page(name, after, SEGMENT_LISTINGS)
        before = {key: row for key, row in self.listings.read(keys).items() if row.acknowledged is not None}
        # Who lists nothing, such as a till, needs no secret.
        readings = self._covered(name, self._read(self.api(channel), channel, before) if before else {})
        found = self._keep(channel, readings)
        if more:
            self.queue.send([ReconcileSegmentMessage(channel=name, after=more)])
        return Reconciled(len(readings), tuple(found))

    def _read(
        self, api: QuantityTarget, channel: Channel, rows: Mapping[ListingKey, Listing]
    ) -> dict[ListingKey, DriftReading]:
        """What the channel shows now; listings that it does not answer for are left to pushes."""
        found, blind = dict[ListingKey, DriftReading](), api.form is Form.SET
        for batch in batched(rows.values(), api.batch_max, strict=False):
            await_slot(self.rate_limit, channel.name, api.limits, self.sleep, PATIENCE_SECONDS, high_priority=False)
            answers = api.read([row.target for row in batch])
            pairs = zip(batch, answers, strict=True)
            found |= {
                row.key: DriftReading(before=row, after=row, shown=one.quantity, blind=blind)
                for row, one in pairs
                if isinstance(one, Shown)
            }
        return found

    def _covered(self, name: str, readings: Mapping[ListingKey, DriftReading]) -> dict[ListingKey, DriftReading]:
        """With the rows as they are once all that was sold until now is imported, as far as it can be just now."""
        now = self.clock.now()
        suspects = {key for key, one in readings.items() if is_judged(one, now) and classify(one)}
        if not suspects:
            return dict(readings)
        covered = self._import(name)
        after = self.listings.read(suspects)
        return {
            key: replace(reading, after=after.get(key, reading.after), covered=covered)
            if key in suspects
            else reading
            for key, reading in readings.items()
        }

    def _import(self, name: str) -> bool:
        begun = self.watermarks.begun(name)
        # One that fails may have met another under way, which comes to its end just as well.
        with suppress(LastunitError):
            self.poll(name, POLL_SECONDS)
        return self.watermarks.done(name) > begun

    def _keep(self, channel: Channel, readings: Mapping[ListingKey, DriftReading]) -> list[Drift]:
        now, known, found = self.clock.now(), self.drifts.find(readings), list[Drift]()
        judged = {key: reading for key, reading in readings.items() if is_judged(reading, now)}
        for key, reading in judged.items():
            kind = classify(reading)
            if kind is None:
                self._clear(reading.after, known.get(key))
                continue
            one = drift(reading, kind, now, known.get(key))
            if one.replaces(known.get(key)) and self.drifts.keep(one):
                found.append(one)
            if kind is DriftKind.LOST_PUSH:
                # It is read, whatever it is expected to show; where not every change is pushed, it is left.
                self._push(PushTask(key=key, overwrite=channel.sync is Sync.LIVE))
        return found

    def _clear(self, listing: Listing, known: Drift | None) -> None:
        if known or listing.frozen:
            self.drifts.clear(listing.key)
        if listing.frozen:
            self._push(PushTask(key=listing.key))  # What changed meanwhile was not pushed.

    def _push(self, task: PushTask) -> None:
        self.pushes.send([push_message(task)])
