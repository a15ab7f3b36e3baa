"""Stand-ins for telling channels their numbers: listings with claims, a channel with its own shelf, a clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.exposure import LastError, Listing
from lastunit.domain.facts import Told
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level
from lastunit.domain.pushes import Answer, Delta, Failure, Form, Limits, Push, Refused, Shown, Target
from lastunit.domain.snapshots import Notification
from lastunit.domain.stock_view import SkuView
from lastunit.ports import OrdersPage, WebhookRequest
from lastunit.push import PushQuantities, Result
from tests.fakes import NOON, FakeSettings, stocked


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


@dataclass(slots=True)
class FakeListings:
    """The conditions of the listings in DynamoDB, in memory."""

    skus: dict[str, Sku] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    rows: dict[ListingKey, Row] = field(default_factory=dict)

    def view(self, sku: str) -> SkuView | None:
        if sku not in self.skus:
            return None
        levels = (self.levels[sku],) if sku in self.levels else ()
        listings = tuple(row.listing for key, row in self.rows.items() if key[0] == sku)
        kits = tuple(name for name, one in self.skus.items() if sku in one.recipe)
        return SkuView(self.skus[sku], levels, listings, kits)

    def page(self, channel: str, after: str | None, most: int) -> tuple[list[ListingKey], str | None]:
        names = sorted((key[2], key) for key in self.rows if key[1] == channel and key[2] > (after or ""))
        return [key for _, key in names[:most]], names[most - 1][0] if len(names) > most else None

    def claim(self, key: ListingKey, worker: str, now: datetime, until: datetime) -> bool:
        row = self.rows.get(key)
        if row is None:
            return False
        if row.claim not in (None, worker) and row.until >= now:
            row.again = True
            return False
        listing = replace(row.listing, sequence=row.listing.sequence + 1)
        row.claim, row.until, row.again, row.listing = worker, until, False, listing
        return True

    def sending(self, key: ListingKey, worker: str, quantity: int, sold: int, read: Shown | None) -> bool:
        row = self.rows[key]
        if row.claim != worker:
            return False
        row.listing = replace(row.listing, in_flight=quantity, in_flight_sold=sold)
        if read:
            row.listing = replace(
                row.listing, acknowledged=read.quantity, acknowledged_sold=sold, channel_version=read.version
            )
        return True

    def acknowledged(
        self, key: ListingKey, worker: str, quantity: int, sold: int, version: str | None, now: datetime
    ) -> bool:
        told = {"acknowledged": quantity, "acknowledged_sold": sold, "channel_version": version}
        return self._end(key, worker, in_flight=None, in_flight_sold=0, last_error=None, **told)

    def release(self, key: ListingKey, worker: str, error: LastError | None, settled: bool) -> bool:
        changes: dict[str, object] = {"in_flight": None, "in_flight_sold": 0} if settled else {}
        return self._end(key, worker, **changes, **({"last_error": error} if error else {}))

    def _end(self, key: ListingKey, worker: str, **changes: object) -> bool:
        row = self.rows[key]
        if row.claim != worker:
            return True
        row.claim, again = None, row.again
        row.again, row.listing = False, replace(row.listing, **changes)  # type: ignore[arg-type]
        return again


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
    read_errors: list[LastunitError | None] = field(default_factory=list)
    write_errors: list[LastunitError | None] = field(default_factory=list)
    lost: list[LastunitError | None] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    reads: list[list[str]] = field(default_factory=list)
    writes: list[list[Push]] = field(default_factory=list)
    adjusts: bool = False
    limits: Limits = field(default_factory=lambda: Limits(1000, 1000))

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
        return [self._shown(target.name) for target in targets]

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
        if self.form is Form.SWAP and self._is_stale(push):
            return Refused(Failure.STALE, "stale", self._shown(name) if self.tells_current else None)
        self.put(name, push.quantity)
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
        raise NotImplementedError

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
    ids: "count[int]" = field(default_factory=count)

    def lists(self, name: str, available: int, *, told: int | None = None, imported: int = 0) -> None:
        """`told`: what the channel acknowledged and, but for `imported` sales, still shows."""
        self.listings.skus[name] = Sku(name)
        self.has(name, available)
        listing = Listing("web", name, name, sold=imported, acknowledged=told)
        self.listings.rows[name, "web", name] = Row(listing)
        self.market.put(name, (told or 0) - imported)
        if self.market.versioned:
            version = str(self.market.versions[name])
            self.listings.rows[name, "web", name].listing = replace(listing, channel_version=version)

    def has(self, sku: str, available: int) -> None:
        self.listings.levels[sku] = stocked(sku, "M", available)

    def imports(self, name: str, units: int) -> None:
        """An order of the channel arrives: it lowers the stock and counts as sold."""
        self.has(name, self.listings.levels[name].available - units)
        row = self.listings.rows[name, "web", name]
        row.listing = replace(row.listing, sold=row.listing.sold + units)

    def listing(self, name: str) -> Listing:
        return self.listings.rows[name, "web", name].listing

    @property
    def use_case(self) -> PushQuantities:
        return PushQuantities(
            self.listings,
            self.settings,
            lambda channel: self.market,
            self.queue,
            self.clock,
            lambda: f"w{next(self.ids)}",
        )

    def push(self, *names: str) -> dict[str, Result]:
        """All listings, or those named."""
        keys = [key for key in self.listings.rows if not names or key[2] in names]
        return {key[2]: result for key, result in self.use_case(keys).items()}
