"""Stand-ins for reading channels back: drifts kept in memory, beside the hub of `pushing.py`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from lastunit.domain.errors import Conflict, LastunitError
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.drift import Drift, DriftDecision, DriftKind
from lastunit.domain.stock.catalogue import Alias
from lastunit.use_cases.listings.decide_drift import DecideDrift
from lastunit.use_cases.listings.reconcile_listings import Reconciled, ReconcileListings
from tests.support.listings.listed import acknowledged_quantity, acknowledged_sold
from tests.support.listings.pushing import FakeListings, FakeQueue, PushHub


@dataclass(slots=True)
class FakeDrifts:
    """The conditions of the drifts in DynamoDB, in memory."""

    listings: FakeListings
    kept: dict[ListingKey, Drift] = field(default_factory=dict)

    def of(self, channel: str) -> tuple[Drift, ...]:
        return tuple(drift for key, drift in self.kept.items() if key[1] == channel)

    def find(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Drift]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def keep(self, drift: Drift) -> bool:
        row = self.listings.listed[drift.key]
        pushed = acknowledged_quantity(row.listing), acknowledged_sold(row.listing)
        if drift.kind.freezes:
            if row.claim or pushed != (drift.acknowledged, drift.acknowledged_sold):
                return False
            row.listing = replace(row.listing, frozen=True, granted=max(row.listing.granted, drift.granted))
        self.kept[drift.key] = drift
        return True

    def decide(self, drift: Drift) -> None:
        kept = self.kept[drift.key]
        if kept.seen_at != drift.seen_at or (kept.decision and kept != drift):
            raise Conflict("decided")
        self.kept[drift.key] = drift
        self._thaw(drift.key)

    def clear(self, key: ListingKey) -> None:
        self._thaw(key)
        self.kept.pop(key, None)

    def _thaw(self, key: ListingKey) -> None:
        row = self.listings.listed[key]
        row.listing = replace(row.listing, frozen=False)


@dataclass(slots=True)
class ReconcileHub:
    """A hub that reads its channel back. `late`: what the next polls import, one each, or the error they end in."""

    hub: PushHub = field(default_factory=PushHub)
    queue: FakeQueue = field(default_factory=FakeQueue)
    late: list[Callable[[], None] | LastunitError] = field(default_factory=list)
    polls: int = 0
    slept: list[float] = field(default_factory=list)
    drifts: FakeDrifts = field(init=False)

    def __post_init__(self) -> None:
        self.drifts = FakeDrifts(self.hub.listings)

    def add_listing(self, name: str, acknowledged: int | None, *, shows: int) -> None:
        self.hub.add_listing(name, 100, acknowledged=acknowledged)
        self.hub.settings.known.setdefault("web", []).append(Alias(name, name, name))
        self.hub.channel.put(name, shows)

    def reconcile(self, after: str | None = None) -> Reconciled:
        return self.use_case.read_back("web", after)

    def kinds(self) -> dict[str, DriftKind]:
        return {key[2]: drift.kind for key, drift in self.drifts.kept.items()}

    def frozen(self) -> set[str]:
        return {key[2] for key, row in self.hub.listings.listed.items() if row.listing.frozen}

    def pushed(self) -> list[tuple[object, object]]:
        """Listings that are to be told, and whether that overwrites."""
        return [(message.listing, message.overwrite) for message in self.hub.queue.sent]

    def decide(self, name: str, decision: DriftDecision, by: str = "ann") -> Drift:
        hub = self.hub
        use_case = DecideDrift(
            drifts=self.drifts,
            listings=hub.listings,
            settings=hub.settings,
            pushes=hub.queue,
            clock=hub.clock,
            new_id=lambda: "w",
        )
        return use_case.decide("web", name, decision, by)

    @property
    def use_case(self) -> ReconcileListings:
        hub = self.hub
        return ReconcileListings(
            drifts=self.drifts,
            listings=hub.listings,
            settings=hub.settings,
            api=lambda channel: hub.channel,
            poll=self._poll,
            watermarks=hub.polls,
            rate_limit=hub.rate_limit,
            queue=self.queue,
            pushes=hub.queue,
            clock=hub.clock,
            sleep=self.slept.append,
        )

    def _poll(self, channel: str, seconds: float) -> object:
        self.polls += 1
        late = self.late.pop(0) if self.late else None
        if isinstance(late, LastunitError):
            raise late
        if late:
            late()
        self.hub.polls.finish()
        return None


def numbered(count: int) -> Sequence[str]:
    return [f"sku-{number:03}" for number in range(count)]
