"""Use case: what channels say about orders becomes reservations, by group commit (`design.md` section 5).

Webhooks, polls, the API and retries all end here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import Contention, LastunitError, NotFound, OutcomeUnknown, Unwritable
from lastunit.domain.groups import Group, ListingKey, pack
from lastunit.domain.levels import LevelKey
from lastunit.domain.orders import Change, Order, order_id
from lastunit.domain.placing import Outcome, World, decide
from lastunit.domain.snapshots import Snapshot
from lastunit.ports import Clock, Settings, StockBook

ORDERS_MAX = 90  # Leaves room for levels and listings among the 100 items of a transaction.
ROUNDS_MAX = 12  # Refusals in a row without any progress; with the pauses about 10 seconds.
UNKNOWN_MAX = 3  # Attempts at one write whose answers are lost.


@dataclass(frozen=True, slots=True)
class Incoming:
    """One notification's order. `key` names the answer; `instant` and `retry` as in `placing.decide`."""

    key: str
    snapshot: Snapshot
    instant: bool = False
    retry: bool = False

    @property
    def order_id(self) -> str:
        return order_id(self.snapshot.channel, self.snapshot.external_id)


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of one notification, and the order as it now stands."""

    outcome: Outcome
    order: Order


Answers = dict[str, Placed | LastunitError]


@dataclass(frozen=True, slots=True)
class Draft:
    """One order's notifications in this batch, folded into at most one change."""

    order: Order
    change: Change | None
    outcomes: Mapping[str, Outcome]

    def answers(self) -> Answers:
        return {key: Placed(outcome, self.order) for key, outcome in self.outcomes.items()}


@dataclass(slots=True)
class Knowledge:
    """What was read for a batch, kept true by what commits answer. `gone`: listings found not to exist."""

    channels: Mapping[str, Channel]
    locations: Sequence[Location]
    names: Mapping[str, Mapping[str, Alias]]
    items: Mapping[str, Sku]
    orders: dict[str, Order]
    available: dict[LevelKey, int]
    gone: set[ListingKey] = field(default_factory=set)

    def committed(self, group: Group) -> None:
        self.orders |= {change.after.order_id: change.after for change in group.changes}
        _take(self.available, group.levels)

    def refused(self, refusal: CommitRefused) -> bool:
        """Learn what is stored instead. False: all of it was known, so the same plan would be refused again."""
        before = dict(self.orders), dict(self.available), set(self.gone)
        for key, order in refusal.orders.items():
            self.orders.pop(key, None)
            if order is not None:
                self.orders[key] = order
        for level_key, level in refusal.levels.items():
            self.available[level_key] = level.available if level else 0
        self.gone |= refusal.listings
        return (self.orders, self.available, self.gone) != before


@dataclass(frozen=True, slots=True)
class PlaceOrders:
    """`pause(round)` waits between contended attempts, with full jitter. `new_id` makes commit ids."""

    book: StockBook
    settings: Settings
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[int], None]

    def __call__(self, incoming: Sequence[Incoming]) -> Answers:
        """An answer per `key`: Placed, or the error that kept it from being decided.

        With an error nothing was written, except that after OutcomeUnknown nobody knows: asking again tells.
        """
        channels = self._channels(incoming)
        answers: Answers = {
            one.key: NotFound("channel", one.snapshot.channel)
            for one in incoming
            if one.snapshot.channel not in channels
        }
        pending = _by_order(one for one in incoming if one.key not in answers)
        if pending:
            answers |= self._settle(pending, self._read(pending, channels))
        return answers

    def _settle(self, pending: dict[str, list[Incoming]], known: Knowledge) -> Answers:
        """Plan everything, write the first group, learn from the answer, until nothing is pending."""
        answers, orders_max, idle_rounds = Answers(), ORDERS_MAX, 0
        while pending:
            drafts = dict(_plan(pending, known))
            _answer(drafts, [key for key, draft in drafts.items() if draft.change is None], pending, answers)
            groups = pack([draft.change for draft in drafts.values() if draft.change], orders_max, known.gone)
            if not groups:
                break
            first = groups[0]
            keys = [change.after.order_id for change in first.changes]
            error = self._write(first)
            if error is None:
                known.committed(first)
                _answer(drafts, keys, pending, answers)
                orders_max, idle_rounds = min(ORDERS_MAX, orders_max * 2), 0
                continue
            idle_rounds += 1
            taught = isinstance(error, CommitRefused) and known.refused(error)
            contended = isinstance(error, CommitRefused) and error.contended
            if len(keys) == 1 and not taught and not contended:
                _fail(keys, pending, answers, error)  # Alone and still impossible: it is the poisoned one.
                idle_rounds = 0
                continue
            if contended or not taught:  # Fewer orders in one transaction help, or find the poisoned one.
                orders_max = max(1, len(keys) // 2)
                self.pause(idle_rounds)
            if idle_rounds >= ROUNDS_MAX:
                _fail(list(pending), pending, answers, Contention(f"{idle_rounds} attempts refused"))
        return answers

    def _write(self, group: Group) -> LastunitError | None:
        """None: written. An unknown outcome is asked again under the same id, which can only succeed once."""
        commit_id = self.new_id()
        error: LastunitError | None = None
        for _ in range(UNKNOWN_MAX):
            try:
                self.book.commit(commit_id, group, self.clock.now())
            except OutcomeUnknown as unknown:
                error = unknown
            except (CommitRefused, Unwritable) as refused:
                return refused
            else:
                return None
        return error

    def _channels(self, incoming: Iterable[Incoming]) -> dict[str, Channel]:
        found = {name: self.settings.channel(name) for name in {one.snapshot.channel for one in incoming}}
        return {name: channel for name, channel in found.items() if channel}

    def _read(self, pending: Mapping[str, Sequence[Incoming]], channels: Mapping[str, Channel]) -> Knowledge:
        snapshots = [one.snapshot for many in pending.values() for one in many]
        names = {channel: self._resolve(channel, snapshots) for channel in channels}
        skus = {alias.sku for known in names.values() for alias in known.values()}
        items = self.book.items(skus)
        items |= self.book.items({part for item in items.values() for part in item.recipe} - items.keys())
        locations = self.settings.locations()
        stocked = {part for sku in skus if _is_complete(sku, items) for part in items[sku].parts}
        levels = self.book.levels((sku, place.name) for sku in stocked for place in locations)
        known_names = {
            channel: {name: alias for name, alias in known.items() if _is_complete(alias.sku, items)}
            for channel, known in names.items()
        }
        available = {key: level.available for key, level in levels.items()}
        return Knowledge(channels, locations, known_names, items, self.book.orders(pending), available)

    def _resolve(self, channel: str, snapshots: Iterable[Snapshot]) -> dict[str, Alias]:
        """What the channel's names stand for. A name that is no alias may be a SKU of ours as it stands."""
        names = {
            name
            for snapshot in snapshots
            if snapshot.channel == channel
            for line in snapshot.lines
            for name in line.names
        }
        own = {name: Alias(name, name, name) for name in names}
        return own | {alias.name: alias for alias in self.settings.aliases(channel, names)}


def _is_complete(sku: str, items: Mapping[str, Sku]) -> bool:
    """Is it there, with everything it is made of? An order for anything else waits for a person."""
    return sku in items and items[sku].parts.keys() <= items.keys()


def _by_order(incoming: Iterable[Incoming]) -> dict[str, list[Incoming]]:
    orders: dict[str, list[Incoming]] = {}
    for one in incoming:
        orders.setdefault(one.order_id, []).append(one)
    return orders


def _plan(pending: Mapping[str, Sequence[Incoming]], known: Knowledge) -> Iterator[tuple[str, Draft]]:
    """Decide order after order, each against what the ones before it left."""
    available = dict(known.available)
    for key, incoming in pending.items():
        draft = _fold(known.orders.get(key), incoming, known, available)
        if draft.change:
            _take(available, draft.change.levels())
        yield key, draft


def _fold(
    before: Order | None, incoming: Sequence[Incoming], known: Knowledge, available: dict[LevelKey, int]
) -> Draft:
    """All that is said about one order, as one change: a transaction may hold its row only once."""
    order, outcomes = before, dict[str, Outcome]()
    left = dict(available)
    for one in incoming:
        world = _world(one.snapshot.channel, known, left)
        outcomes[one.key], step = decide(order, one.snapshot, world, instant=one.instant, retry=one.retry)
        if step:
            _take(left, step.levels())
            order = step.after
    assert order is not None, "a first notification always makes a row"  # noqa: S101 - a fact of `decide`
    return Draft(order, Change(before, order) if order != before else None, outcomes)


def _world(channel: str, known: Knowledge, available: Mapping[LevelKey, int]) -> World:
    return World(
        known.channels[channel],
        known.locations,
        known.names[channel],
        known.items,
        lambda sku, location: available.get((sku, location), 0),
    )


def _take(available: dict[LevelKey, int], units: Mapping[LevelKey, int]) -> None:
    for key, taken in units.items():
        available[key] = available.get(key, 0) - taken


def _answer(
    drafts: Mapping[str, Draft], keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers
) -> None:
    for key in keys:
        answers |= drafts[key].answers()
        del pending[key]


def _fail(keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers, error: LastunitError) -> None:
    for key in keys:
        answers |= {one.key: error for one in pending.pop(key)}
