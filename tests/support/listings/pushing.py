"""Stand-ins for telling channels their numbers: listings with claims, a channel with its own shelf, a clock."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from lastunit.domain.channel import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.listing_parts import Acknowledged, Increments
from lastunit.domain.listings.listing_update import ListingUpdate, RoomGrant
from lastunit.domain.listings.push_protocol import (
    Delta,
    Failure,
    Form,
    Limits,
    ListingResult,
    Push,
    Refused,
    Shown,
    Target,
)
from lastunit.domain.listings.push_state import APPLIED_WITHIN
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Level
from lastunit.ports.system import Message, ReportError
from lastunit.use_cases.listings.push.context import PushContext
from lastunit.use_cases.listings.push.push_quantities import PushQuantities, PushResult, PushTask
from lastunit.use_cases.listings.shared_pool import ReadPool
from tests.support.clock import NOON, FakeClock
from tests.support.listings.risks import FakeDelays
from tests.support.settings import FakeSettings
from tests.support.stock.levels import stocked
from tests.support.unexpected import raise_again

APPLIED_WITHIN_SECONDS = APPLIED_WITHIN.total_seconds() + 1
"""Seconds after which a request that was given up is applied, or never will be."""


@dataclass(slots=True)
class FakeQueue:
    """`errors` befall the next sends, one each."""

    sent: list[Any] = field(default_factory=list)
    sends: int = 0
    errors: list[Exception] = field(default_factory=list)

    def send(self, messages: Sequence[Message]) -> None:
        self.sends += 1
        if self.errors:
            raise self.errors.pop(0)
        self.sent += messages


@dataclass(slots=True)
class ListingRow:
    listing: Listing
    claim: str | None = None
    until: datetime = NOON
    recheck: bool = False


OTHERS_OWN = ("sold", "sold_unallocated", "refs", "override", "sequence")
"""Fields of a listing that its claim's holder does not write."""


@dataclass(slots=True)
class FakeListings:
    """The conditions of the listings and levels in DynamoDB, in memory; also what pushes read of the stock."""

    skus: dict[str, Sku] = field(default_factory=dict)
    stock: dict[LevelKey, Level] = field(default_factory=dict)
    listed: dict[ListingKey, ListingRow] = field(default_factory=dict)
    grants: Counter[str] = field(default_factory=Counter)
    awaiting_poll: dict[ListingKey, int] = field(default_factory=dict)
    before_bookings: list[Callable[[], None]] = field(
        default_factory=list
    )  # Each writes just before one of our bookings.
    before_claims: list[Callable[[], None]] = field(
        default_factory=list
    )  # Each comes just before one of our claims.
    before_level_reads: list[Callable[[], None]] = field(
        default_factory=list
    )  # Each comes just before levels are read.

    def view(self, sku: str) -> SkuView | None:
        if sku not in self.skus:
            return None
        levels = tuple(level for (name, _), level in sorted(self.stock.items()) if name == sku)
        listings = tuple(row.listing for key, row in self.listed.items() if key[0] == sku)
        kits = tuple(name for name, one in self.skus.items() if sku in one.recipe)
        return SkuView(item=self.skus[sku], levels=levels, listings=listings, kits=kits, grants=self.grants[sku])

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return {sku: self.skus[sku] for sku in skus if sku in self.skus}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        if self.before_level_reads:
            self.before_level_reads.pop(0)()
        return {key: self.stock[key] for key in keys if key in self.stock}

    def read(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        return {key: self.listed[key].listing for key in keys if key in self.listed}

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        names = sorted((key[2], key) for key in self.listed if key[1] == channel and key[2] > (after or ""))
        return [key for _, key in names[:most]], names[most - 1][0] if len(names) > most else None

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        if self.before_claims:
            self.before_claims.pop(0)()
        return {key for key in keys if self._claim(key, worker, now, until)}

    def _claim(self, key: ListingKey, worker: str, now: datetime, until: datetime) -> bool:
        row = self.listed.get(key)
        if row is None:
            return False
        if row.claim not in (None, worker) and row.until >= now:
            row.recheck = True
            return False
        listing = replace(row.listing, sequence=row.listing.sequence + 1)
        row.claim, row.until, row.recheck, row.listing = worker, until, False, listing
        return True

    def book(self, rows: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        return {kept.after.key for kept in rows if self._book(kept, worker)}

    def _book(self, kept: ListingUpdate, worker: str) -> bool:
        if self.before_bookings:
            self.before_bookings.pop(0)()
        row, grant = self.listed[kept.after.key], kept.grant
        if row.claim != worker or (grant and not self._holds(grant)):
            return False
        if grant:
            self.grants.update(grant.grants.keys())
        self._keep(kept)
        return True

    def _holds(self, grant: RoomGrant) -> bool:
        return all(self.grants[sku] == seen for sku, seen in grant.grants.items()) and all(
            at in self.stock and self.stock[at].available >= units for at, units in grant.levels.items()
        )

    def close(self, rows: Iterable[ListingUpdate], worker: str) -> set[ListingKey]:
        return {kept.after.key for kept in rows if self._close(kept, worker)}

    def _close(self, kept: ListingUpdate, worker: str) -> bool:
        row = self.listed[kept.after.key]
        if row.claim != worker:
            return True
        again, row.claim, row.recheck = row.recheck, None, False
        self._keep(kept)
        if kept.after.awaiting_poll:
            self.awaiting_poll[kept.after.key] = kept.after.last_reading.poll
        else:
            self.awaiting_poll.pop(kept.after.key, None)
        return again

    def _keep(self, kept: ListingUpdate) -> None:
        row = self.listed[kept.after.key]
        others = {name: getattr(row.listing, name) for name in OTHERS_OWN}
        increments = replace(row.listing.increments, sent=kept.after.increments.sent)
        row.listing = replace(kept.after, **others, increments=increments)

    def keep_increments(self, before: Listing, increments: Increments) -> bool:
        row = self.listed[before.key]
        if row.listing.increments.rev != before.increments.rev:
            return False
        now = row.listing.increments
        kept = replace(
            increments, sent=now.sent, deducted_restock=now.deducted_restock, rev=before.increments.rev + 1
        )
        row.listing = replace(row.listing, increments=kept)
        return True


@dataclass(slots=True)
class FakePolls:
    """Numbers of the polls of every channel alike."""

    last_begun: int = 0
    last_done: int = 0

    def begun(self, channel: str) -> int:
        return self.last_begun

    def done(self, channel: str) -> int:
        return self.last_done

    def finish(self) -> None:
        """A poll begins now, and all that was sold is imported."""
        self.last_begun += 1
        self.last_done = self.last_begun


@dataclass(slots=True)
class FakeRateLimit:
    """Every call may go, until `waits` says otherwise, one each."""

    waits: list[float] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)  # Was it high_priority?
    pauses: list[float] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def ask(self, channel: str, limits: Limits, *, high_priority: bool) -> float:
        self.asked.append(high_priority)
        return self.waits.pop(0) if self.waits else 0.0

    def pause(self, channel: str, seconds: float) -> None:
        self.pauses.append(seconds)

    def report(self, channel: str, *, answers: bool) -> None:
        self.answers.append(answers)


@dataclass(slots=True)
class FakeChannel:
    """A channel that counts for itself. `versioned`: it swaps by version instead of by number, as a store may.

    `read_errors`, `write_errors` and `lost` befall the next calls, one each (None: nothing happens): a lost answer
    is one to a call that took effect. `meanwhile` and `afterwards` happen just before and after the next writes.
    """

    form: Form = Form.SWAP
    batch_max: int = 100
    versioned: bool = False
    answers_current: bool = False
    shelves: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    refuses: dict[str, Failure] = field(default_factory=dict)
    unreadable: dict[str, Failure] = field(default_factory=dict)
    read_errors: list[LastunitError | None] = field(default_factory=list)
    write_errors: list[LastunitError | None] = field(default_factory=list)
    lost: list[LastunitError | None] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    reads: list[list[str]] = field(default_factory=list)
    writes: list[list[Push]] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(1000, 1000))
    adjusted: list[Delta] = field(default_factory=list)
    swapped: list[Push] = field(default_factory=list)

    def put(self, name: str, quantity: int) -> None:
        self.shelves[name] = quantity
        self.versions[name] = self.versions.get(name, 0) + 1

    def sell(self, name: str, units: int) -> None:
        self.put(name, self.shelves[name] - units)

    @property
    def pushed(self) -> list[tuple[str, int]]:
        return [(push.target.name, push.quantity) for batch in self.writes for push in batch]

    def read(self, targets: Sequence[Target]) -> list[ListingResult]:
        _befall(self.read_errors)
        self.reads.append([target.name for target in targets])
        return [self._looked_at(target.name) for target in targets]

    def _looked_at(self, name: str) -> ListingResult:
        return Refused(self.unreadable[name], "refused") if name in self.unreadable else self._shown(name)

    def write(self, pushes: Sequence[Push]) -> list[ListingResult]:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        _befall(self.write_errors)
        self.writes.append(list(pushes))
        answers = [self._apply(push) for push in pushes]
        if self.afterwards:
            self.afterwards.pop(0)()
        _befall(self.lost)
        return answers

    def _apply(self, push: Push) -> ListingResult:
        name = push.target.name
        if name in self.refuses:
            return Refused(self.refuses[name], "refused")
        if self.form is Form.SWAP and push in self.swapped:
            return self._shown(name)  # A channel that compares recognises the very same push, as by its key.
        if self.form is Form.SWAP and self._is_stale(push):
            return Refused(Failure.STALE, "stale", self._shown(name) if self.answers_current else None)
        self.put(name, push.quantity)
        self.swapped.append(push)
        return self._shown(name)

    def _is_stale(self, push: Push) -> bool:
        if self.versioned:
            return push.version is not None and push.version != str(self.versions[push.target.name])
        return push.expected != self.shelves[push.target.name]

    def _shown(self, name: str) -> Shown:
        return Shown(self.shelves[name], str(self.versions[name]) if self.versioned else None)


@dataclass(slots=True)
class AdjustingChannel(FakeChannel):
    """It takes deltas as well, each once."""

    def adjust(self, deltas: Sequence[Delta]) -> list[ListingResult]:
        _befall(self.write_errors)
        for delta in deltas:
            if delta.key not in [known.key for known in self.adjusted]:
                self.put(delta.target.name, self.shelves[delta.target.name] + delta.units)
                self.adjusted.append(delta)
        _befall(self.lost)
        return [self._shown(delta.target.name) for delta in deltas]


def _befall(errors: list[LastunitError | None]) -> None:
    error = errors.pop(0) if errors else None
    if error:
        raise error


@dataclass(slots=True)
class PushHub:
    """One channel, `web`, and the SKUs it lists under their own names."""

    channel: FakeChannel = field(default_factory=FakeChannel)
    listings: FakeListings = field(default_factory=FakeListings)
    queue: FakeQueue = field(default_factory=FakeQueue)
    clock: FakeClock = field(default_factory=FakeClock)
    settings: FakeSettings = field(
        default_factory=lambda: FakeSettings({"web": Channel(name="web", kind="generic")}, (Location("M", 1),))
    )
    polls: FakePolls = field(default_factory=FakePolls)
    rate_limit: FakeRateLimit = field(default_factory=FakeRateLimit)
    delays: FakeDelays = field(default_factory=FakeDelays)
    ids: "count[int]" = field(default_factory=count)
    report_error: ReportError = raise_again

    def add_listing(self, name: str, available: int, *, acknowledged: int | None = None, imported: int = 0) -> None:
        """`acknowledged`: what the channel confirmed and, but for `imported` sales, still shows."""
        self.listings.skus[name] = Sku(sku=name)
        self.set_available(name, available)
        self.channel.put(name, (acknowledged or 0) - imported)
        version = str(self.channel.versions[name]) if self.channel.versioned else None
        known = None if acknowledged is None else Acknowledged(quantity=acknowledged, version=version)
        listing = Listing(
            channel="web", name=name, sku=name, sold=imported, acknowledged=known, granted=acknowledged or 0
        )
        self.listings.listed[ListingKey(name, "web", name)] = ListingRow(listing)

    def set_available(self, sku: str, available: int) -> None:
        seq = self.listings.stock[LevelKey(sku, "M")].seq + 1 if (sku, "M") in self.listings.stock else 1
        self.listings.stock[LevelKey(sku, "M")] = replace(stocked(sku, "M", available), seq=seq)

    def import_sale(self, name: str, units: int) -> None:
        """An order of the channel arrives: it lowers the stock and counts as sold."""
        self.set_available(name, self.listings.stock[LevelKey(name, "M")].available - units)
        self.edit_listing(name, sold=self.listing(name).sold + units)

    def edit_listing(self, name: str, **changes: object) -> None:
        row = self.listings.listed[ListingKey(name, "web", name)]
        row.listing = replace(row.listing, **changes)  # type: ignore[arg-type]

    def configure(self, **changes: object) -> None:
        """The channel's settings from now on."""
        self.settings.accounts["web"] = replace(self.settings.accounts["web"], **changes)  # type: ignore[arg-type]

    def listing(self, name: str) -> Listing:
        return self.listings.listed[ListingKey(name, "web", name)].listing

    @property
    def use_case(self) -> PushQuantities:
        return PushQuantities(self.context, self.queue, lambda: f"w{next(self.ids)}", self.report_error)

    @property
    def context(self) -> PushContext:
        return PushContext(
            listings=self.listings,
            stock=self.listings,
            settings=self.settings,
            read_pool=ReadPool(
                listings=self.listings,
                settings=self.settings,
                form=lambda channel: self.channel.form,
                clock=self.clock,
            ),
            polls=self.polls,
            api=lambda channel: self.channel,
            rate_limit=self.rate_limit,
            delays=self.delays,
            clock=self.clock,
            sleep=self.clock.advance,
        )

    def push(self, *names: str, overwrite: bool = False) -> dict[str, PushResult]:
        """All listings, or those named."""
        keys = [key for key in self.listings.listed if not names or key[2] in names]
        return {
            key[2]: result
            for key, result in self.use_case.push(PushTask(key=key, overwrite=overwrite) for key in keys).items()
        }
