"""Use case: a person says which number of a drifted listing is right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from lastunit.domain.errors import Conflict, NotFound
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.drift import Drift, DriftDecision, adopted
from lastunit.domain.listings.listing_update import ListingUpdate
from lastunit.ports.listings import Drifts, Listings
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, Queue
from lastunit.use_cases.listings.push.tasks import PushTask, push_message
from lastunit.use_cases.lookup import get_channel, listing_alias

CLAIM_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDrift:
    drifts: Drifts
    listings: Listings
    settings: Settings
    pushes: Queue
    clock: Clock
    new_id: Callable[[], str]

    def of(self, channel: str) -> tuple[Drift, ...]:
        get_channel(self.settings, channel)
        return self.drifts.of(channel)

    def decide(self, channel: str, listing: str, decision: DriftDecision, by: str) -> Drift:
        """Repeated, it asks for the push again: the first time may have ended before it did.

        Raises NotFound, or Conflict when it was decided otherwise, seen anew or another number was pushed since.
        """
        found = self._find(channel, listing)
        if found.decision not in (None, decision):
            raise Conflict("it was decided already", by=found.decided_by, decision=found.decision.value)
        is_repeated = found.decision is not None
        decided = (
            found if is_repeated else replace(found, decision=decision, decided_by=by, decided_at=self.clock.now())
        )
        self._adopt(decided, is_repeated=is_repeated)
        self.pushes.send([push_message(PushTask(key=found.key, overwrite=decision is DriftDecision.OVERWRITE))])
        return decided

    def _find(self, channel: str, listing: str) -> Drift:
        alias = listing_alias(self.settings, channel, listing)
        found = self.drifts.find([ListingKey(alias.sku, channel, listing)]) if alias else {}
        if not found:
            raise NotFound("drift", listing)
        return next(iter(found.values()))

    def _adopt(self, decided: Drift, *, is_repeated: bool) -> None:
        """Also before an overwrite, or the push would take the difference for sales not yet seen and keep it."""
        key, worker, now = decided.key, self.new_id(), self.clock.now()
        if not self.listings.claim([key], worker, now, now + timedelta(seconds=CLAIM_SECONDS)):
            raise Conflict("a number is being pushed to the listing; try again in a minute")
        row = self.listings.read([key])[key]
        after = row
        try:
            if decided.is_of(row):
                self.drifts.decide(decided)
                after = adopted(row, decided)
            elif not is_repeated:  # Else it was adopted by the first one.
                raise Conflict("another number was pushed since; reconcile the channel again")
        finally:
            self.listings.close([ListingUpdate(row, after)], worker)
