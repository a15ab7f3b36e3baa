"""Stand-ins for telling channels their numbers: listings with claims, a channel with its own shelf, a clock."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from lastunit.channel_ports import OrdersPage, WebhookRequest
from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.exposure import Listing, Rises
from lastunit.domain.facts import Told
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.pushes import Answer, Delta, Failure, Form, Limits, Push, Refused, Shown, Target
from lastunit.domain.snapshots import Notification
from lastunit.domain.stock_view import SkuView
from lastunit.domain.telling import APPLIED_WITHIN
from lastunit.pool import ReadPool
from lastunit.push import PushQuantities, Result, Task
from lastunit.sync_ports import Grant, Kept
from tests.fakes import NOON, FakeSettings, stocked
from tests.risks import FakeDelays

OVER = APPLIED_WITHIN.total_seconds() + 1
"""Seconds after which a request that was given up is applied, or never will be."""


@dataclass(slots=True)
class MovingClock:
    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(slots=True)
class FakeQueue:
    sent: list[Mapping[str, object]] = field(default_factory=list)
    sends: int = 0

    def send(self, messages: Sequence[Mapping[str, object]]) -> None:
        self.sends += 1
        self.sent += messages


@dataclass(slots=True)
class Row:
    listing: Listing
    claim: str | None = None
    until: datetime = NOON
    again: bool = False


OTHERS_OWN = ("sold", "owed", "refs", "override", "sequence")
"""Fields of a listing that its claim's holder does not write."""


@dataclass(slots=True)
class FakeListings:
    """The conditions of the listings and levels in DynamoDB, in memory; also what pushes read of the stock."""

    skus: dict[str, Sku] = field(default_factory=dict)
    stock: dict[LevelKey, Level] = field(default_factory=dict)
    listed: dict[ListingKey, Row] = field(default_factory=dict)
    grants: Counter[str] = field(default_factory=Counter)
    unsettled: dict[ListingKey, int] = field(default_factory=dict)
    rivals: list[Callable[[], None]] = field(default_factory=list)  # Each writes just before one of our bookings.
    quicker: list[Callable[[], None]] = field(default_factory=list)  # Each comes just before one of our claims.
    between: list[Callable[[], None]] = field(default_factory=list)  # Each comes just before levels are read.

    def view(self, sku: str) -> SkuView | None:
        if sku not in self.skus:
            return None
        levels = tuple(level for (name, _), level in sorted(self.stock.items()) if name == sku)
        listings = tuple(row.listing for key, row in self.listed.items() if key[0] == sku)
        kits = tuple(name for name, one in self.skus.items() if sku in one.recipe)
        return SkuView(self.skus[sku], levels, listings, kits, grants=self.grants[sku])

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return {sku: self.skus[sku] for sku in skus if sku in self.skus}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        if self.between:
            self.between.pop(0)()
        return {key: self.stock[key] for key in keys if key in self.stock}

    def rows(self, keys: Iterable[ListingKey]) -> dict[ListingKey, Listing]:
        return {key: self.listed[key].listing for key in keys if key in self.listed}

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        names = sorted((key[2], key) for key in self.listed if key[1] == channel and key[2] > (after or ""))
        return [key for _, key in names[:most]], names[most - 1][0] if len(names) > most else None

    def claim(self, keys: Iterable[ListingKey], worker: str, now: datetime, until: datetime) -> set[ListingKey]:
        if self.quicker:
            self.quicker.pop(0)()
        return {key for key in keys if self._claim(key, worker, now, until)}

    def _claim(self, key: ListingKey, worker: str, now: datetime, until: datetime) -> bool:
        row = self.listed.get(key)
        if row is None:
            return False
        if row.claim not in (None, worker) and row.until >= now:
            row.again = True
            return False
        listing = replace(row.listing, sequence=row.listing.sequence + 1)
        row.claim, row.until, row.again, row.listing = worker, until, False, listing
        return True

    def book(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        return {kept.after.key for kept in rows if self._book(kept, worker)}

    def _book(self, kept: Kept, worker: str) -> bool:
        if self.rivals:
            self.rivals.pop(0)()
        row, grant = self.listed[kept.after.key], kept.grant
        if row.claim != worker or (grant and not self._holds(grant)):
            return False
        if grant:
            self.grants.update(grant.grants.keys())
        self._keep(kept)
        return True

    def _holds(self, grant: Grant) -> bool:
        return all(self.grants[sku] == seen for sku, seen in grant.grants.items()) and all(
            at in self.stock and self.stock[at].available >= units for at, units in grant.levels.items()
        )

    def close(self, rows: Iterable[Kept], worker: str) -> set[ListingKey]:
        return {kept.after.key for kept in rows if self._close(kept, worker)}

    def _close(self, kept: Kept, worker: str) -> bool:
        row = self.listed[kept.after.key]
        if row.claim != worker:
            return True
        again, row.claim, row.again = row.again, None, False
        self._keep(kept)
        if kept.after.settling:
            self.unsettled[kept.after.key] = kept.after.observed_poll
        else:
            self.unsettled.pop(kept.after.key, None)
        return again

    def _keep(self, kept: Kept) -> None:
        row = self.listed[kept.after.key]
        others = {name: getattr(row.listing, name) for name in OTHERS_OWN}
        rises = replace(row.listing.rises, sent=kept.after.rises.sent)
        row.listing = replace(kept.after, **others, rises=rises)

    def rise(self, before: Listing, rises: Rises) -> bool:
        row = self.listed[before.key]
        if row.listing.rises.rev != before.rises.rev:
            return False
        now = row.listing.rises
        kept = replace(rises, sent=now.sent, restocked=now.restocked, rev=before.rises.rev + 1)
        row.listing = replace(row.listing, rises=kept)
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
class FakePace:
    """Every call may go, until `waits` says otherwise, one each."""

    waits: list[float] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)  # Was it urgent?
    pauses: list[float] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def ask(self, channel: str, limits: Limits, *, urgent: bool) -> float:
        self.asked.append(urgent)
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
    tells_current: bool = False
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
    adjusts: bool = False
    limits: Limits = field(default_factory=lambda: Limits(1000, 1000))
    adjusted: list[Delta] = field(default_factory=list)
    swapped: list[Push] = field(default_factory=list)

    def put(self, name: str, quantity: int) -> None:
        self.shelves[name] = quantity
        self.versions[name] = self.versions.get(name, 0) + 1

    def sell(self, name: str, units: int) -> None:
        self.put(name, self.shelves[name] - units)

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(push.target.name, push.quantity) for batch in self.writes for push in batch]

    def read(self, targets: Sequence[Target]) -> list[Answer]:
        _befall(self.read_errors)
        self.reads.append([target.name for target in targets])
        return [self._looked_at(target.name) for target in targets]

    def _looked_at(self, name: str) -> Answer:
        return Refused(self.unreadable[name], "refused") if name in self.unreadable else self._shown(name)

    def write(self, pushes: Sequence[Push]) -> list[Answer]:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        _befall(self.write_errors)
        self.writes.append(list(pushes))
        answers = [self._apply(push) for push in pushes]
        if self.afterwards:
            self.afterwards.pop(0)()
        _befall(self.lost)
        return answers

    def _apply(self, push: Push) -> Answer:
        name = push.target.name
        if name in self.refuses:
            return Refused(self.refuses[name], "refused")
        if self.form is Form.SWAP and push in self.swapped:
            return self._shown(name)  # A channel that compares recognises the very same push, as by its key.
        if self.form is Form.SWAP and self._is_stale(push):
            return Refused(Failure.STALE, "stale", self._shown(name) if self.tells_current else None)
        self.put(name, push.quantity)
        self.swapped.append(push)
        return self._shown(name)

    def _is_stale(self, push: Push) -> bool:
        if self.versioned:
            return push.version is not None and push.version != str(self.versions[push.target.name])
        return push.expected != self.shelves[push.target.name]

    def _shown(self, name: str) -> Shown:
        return Shown(self.shelves[name], str(self.versions[name]) if self.versioned else None)

    def challenge(self, request: WebhookRequest) -> Mapping[str, str] | None:
        return None

    def verify(self, request: WebhookRequest) -> None:
        raise NotImplementedError

    def parse(self, request: WebhookRequest) -> Notification | None:
        raise NotImplementedError

    def facts(self, notification: Notification) -> Sequence[Told]:
        raise NotImplementedError

    def adjust(self, deltas: Sequence[Delta]) -> list[Answer]:
        _befall(self.write_errors)
        for delta in deltas:
            if delta.key not in [known.key for known in self.adjusted]:
                self.put(delta.target.name, self.shelves[delta.target.name] + delta.units)
                self.adjusted.append(delta)
        _befall(self.lost)
        return [self._shown(delta.target.name) for delta in deltas]

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        raise NotImplementedError


def _befall(errors: list[LastunitError | None]) -> None:
    error = errors.pop(0) if errors else None
    if error:
        raise error


@dataclass(slots=True)
class Hub:
    """One channel, `web`, and the SKUs it lists under their own names."""

    market: FakeChannel = field(default_factory=FakeChannel)
    listings: FakeListings = field(default_factory=FakeListings)
    queue: FakeQueue = field(default_factory=FakeQueue)
    clock: MovingClock = field(default_factory=MovingClock)
    settings: FakeSettings = field(
        default_factory=lambda: FakeSettings({"web": Channel("web", "generic")}, (Location("M", 1),))
    )
    polls: FakePolls = field(default_factory=FakePolls)
    pace: FakePace = field(default_factory=FakePace)
    delays: FakeDelays = field(default_factory=FakeDelays)
    ids: "count[int]" = field(default_factory=count)

    def lists(self, name: str, available: int, *, told: int | None = None, imported: int = 0) -> None:
        """`told`: what the channel acknowledged and, but for `imported` sales, still shows."""
        self.listings.skus[name] = Sku(name)
        self.has(name, available)
        listing = Listing("web", name, name, sold=imported, acknowledged=told, granted=told or 0)
        self.listings.listed[name, "web", name] = Row(listing)
        self.market.put(name, (told or 0) - imported)
        if self.market.versioned:
            version = str(self.market.versions[name])
            self.listings.listed[name, "web", name].listing = replace(listing, channel_version=version)

    def has(self, sku: str, available: int) -> None:
        seq = self.listings.stock[sku, "M"].seq + 1 if (sku, "M") in self.listings.stock else 1
        self.listings.stock[sku, "M"] = replace(stocked(sku, "M", available), seq=seq)

    def imports(self, name: str, units: int) -> None:
        """An order of the channel arrives: it lowers the stock and counts as sold."""
        self.has(name, self.listings.stock[name, "M"].available - units)
        self.edit(name, sold=self.listing(name).sold + units)

    def edit(self, name: str, **changes: object) -> None:
        row = self.listings.listed[name, "web", name]
        row.listing = replace(row.listing, **changes)  # type: ignore[arg-type]

    def treated(self, **changes: object) -> None:
        """The channel's settings from now on."""
        self.settings.accounts["web"] = replace(self.settings.accounts["web"], **changes)  # type: ignore[arg-type]

    def listing(self, name: str) -> Listing:
        return self.listings.listed[name, "web", name].listing

    @property
    def use_case(self) -> PushQuantities:
        return PushQuantities(
            self.listings,
            self.listings,
            self.settings,
            ReadPool(self.listings, self.settings, lambda channel: self.market.form, self.clock),
            self.polls,
            lambda channel: self.market,
            self.pace,
            self.delays,
            self.queue,
            self.clock,
            lambda: f"w{next(self.ids)}",
            self.clock.advance,
        )

    def push(self, *names: str, overwrite: bool = False) -> dict[str, Result]:
        """All listings, or those named."""
        keys = [key for key in self.listings.listed if not names or key[2] in names]
        return {key[2]: result for key, result in self.use_case(Task(key, overwrite) for key in keys).items()}
