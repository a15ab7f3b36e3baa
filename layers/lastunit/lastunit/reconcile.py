"""Use case: what channels show is read back and compared with what they were told (complaint 14).

A difference is classified and shown, never silently fixed: what only a person can judge freezes that one listing.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched

from lastunit.channel_ports import ChannelApi
from lastunit.domain.channels import Channel, Sync
from lastunit.domain.drift import Decision, Drift, Kind, Reading, adopted, classify, drift, is_judged
from lastunit.domain.errors import Conflict, LastunitError, NotFound
from lastunit.domain.exposure import Listing
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Form, Shown
from lastunit.ports import Clock, Queue, Settings
from lastunit.pushing import Task, push_message
from lastunit.sync_ports import Drifts, Kept, Listings, Pace, Watermarks
from lastunit.turns import await_turn

SEGMENT_LISTINGS = 100  # Four calls or fewer on every channel that takes 25 listings in one.
POLL_SECONDS = 5.0  # The function may run for 60 s, and reading back comes first.
PATIENCE_SECONDS = 5.0  # A shorter wait for the channel's turn is waited for here, a longer one on the queue.
CLAIM_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One segment: listings read, and those that drifted."""

    read: int = 0
    drifts: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconcile:
    """`poll` imports what a channel has sold, for at most so many seconds."""

    drifts: Drifts
    listings: Listings
    settings: Settings
    api: Callable[[Channel], ChannelApi]
    poll: Callable[[str, float], object]
    watermarks: Watermarks
    pace: Pace
    queue: Queue
    pushes: Queue
    clock: Clock
    sleep: Callable[[float], None]

    def start(self, channels: Iterable[str] | None = None) -> None:
        """Ask for all listings of the channels, or of all channels. Raises NotFound."""
        names = list(self.settings.channels() if channels is None else channels)
        for name in names:
            if self.settings.channel(name) is None:
                raise NotFound("channel", name)
        if names:
            self.queue.send([{"channel": name, "after": None} for name in names])

    def __call__(self, name: str, after: str | None) -> Reconciled:
        """One segment; the message that asks for the next one is sent last. Twice the same does no harm."""
        channel = self.settings.channel(name)
        if channel is None:
            return Reconciled()
        keys, more = self.listings.page(name, after, SEGMENT_LISTINGS)
        before = {key: row for key, row in self.listings.rows(keys).items() if row.acknowledged is not None}
        # Who lists nothing, such as a till, needs no secret.
        readings = self._covered(name, self._read(self.api(channel), channel, before) if before else {})
        found = self._keep(channel, readings)
        if more:
            self.queue.send([{"channel": name, "after": more}])
        return Reconciled(len(readings), tuple(found))

    def _read(
        self, api: ChannelApi, channel: Channel, rows: Mapping[ListingKey, Listing]
    ) -> dict[ListingKey, Reading]:
        """What the channel shows now; listings it does not tell of are the pusher's trouble."""
        found, blind = dict[ListingKey, Reading](), api.form is Form.SET
        for batch in batched(rows.values(), api.batch_max, strict=False):
            await_turn(self.pace, channel.name, api.limits, self.sleep, PATIENCE_SECONDS, urgent=False)
            answers = api.read([row.target for row in batch])
            pairs = zip(batch, answers, strict=True)
            found |= {
                row.key: Reading(row, row, one.quantity, blind) for row, one in pairs if isinstance(one, Shown)
            }
        return found

    def _covered(self, name: str, readings: Mapping[ListingKey, Reading]) -> dict[ListingKey, Reading]:
        """With the rows as they are once all that was sold until now is imported, as far as it can be just now."""
        now = self.clock.now()
        suspects = {key for key, one in readings.items() if is_judged(one, now) and classify(one)}
        if not suspects:
            return dict(readings)
        covered = self._import(name)
        after = self.listings.rows(suspects)
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

    def _keep(self, channel: Channel, readings: Mapping[ListingKey, Reading]) -> list[Drift]:
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
            if kind is Kind.LOST_PUSH:
                # It is looked at, whatever it is believed to show; where not every change is told, that is left.
                self._push(Task(key, overwrite=channel.sync is Sync.LIVE))
        return found

    def _clear(self, listing: Listing, known: Drift | None) -> None:
        if known or listing.frozen:
            self.drifts.clear(listing.key)
        if listing.frozen:
            self._push(Task(listing.key))  # What changed meanwhile it was not told.

    def _push(self, task: Task) -> None:
        self.pushes.send([push_message(task)])


@dataclass(frozen=True, slots=True)
class DecideDrift:
    """A person says which number is right."""

    drifts: Drifts
    listings: Listings
    settings: Settings
    pushes: Queue
    clock: Clock
    new_id: Callable[[], str]

    def of(self, channel: str) -> tuple[Drift, ...]:
        if self.settings.channel(channel) is None:
            raise NotFound("channel", channel)
        return self.drifts.of(channel)

    def __call__(self, channel: str, listing: str, decision: Decision, by: str) -> Drift:
        """Raises NotFound, or Conflict when it was decided, seen anew or told another number meanwhile."""
        found = self._find(channel, listing)
        if found.decision is not None:
            raise Conflict("it was decided already", by=found.decided_by, decision=found.decision.value)
        decided = replace(found, decision=decision, decided_by=by, decided_at=self.clock.now().isoformat())
        self._adopt(decided)
        self.pushes.send([push_message(Task(found.key, overwrite=decision is Decision.OVERWRITE))])
        return decided

    def _find(self, channel: str, listing: str) -> Drift:
        alias = next((one for one in self.settings.aliases(channel, [listing]) if one.is_listing), None)
        found = self.drifts.find([(alias.sku, channel, listing)]) if alias else {}
        if not found:
            raise NotFound("drift", listing)
        return next(iter(found.values()))

    def _adopt(self, decided: Drift) -> None:
        """Also before an overwrite, or the push would take the difference for sales not yet seen and keep it."""
        key, worker, now = decided.key, self.new_id(), self.clock.now()
        if not self.listings.claim([key], worker, now, now + timedelta(seconds=CLAIM_SECONDS)):
            raise Conflict("the listing is being told a number; try again in a minute")
        row = self.listings.rows([key])[key]
        after = row
        try:
            if not decided.is_of(row):
                raise Conflict("it was told another number since; reconcile the channel again")
            self.drifts.decide(decided)
            after = adopted(row, decided)
        finally:
            self.listings.close([Kept(row, after)], worker)
