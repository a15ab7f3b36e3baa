"""Use case: whatever happens to orders changes them and their stock, by group commit (`design.md` section 5).

Webhooks, polls, shipments, decisions, deadlines, returns and retries all end here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.commits import CommitRefused
from lastunit.domain.deciding import decide
from lastunit.domain.errors import Contention, LastunitError, NotFound, OutcomeUnknown, StoreUnavailable, Unwritable
from lastunit.domain.facts import Fact, Shipment
from lastunit.domain.groups import Group, ListingKey, pack
from lastunit.domain.levels import Level, LevelKey, Movement, after
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Change, Order, names_of, order_id, regrown
from lastunit.domain.snapshots import Snapshot
from lastunit.domain.world import Outcome, World
from lastunit.ports import Clock, Settings, StockBook

ORDERS_MAX = 90  # Leaves room for levels and listings among the 100 items of a transaction.
ROUNDS_MAX = 12  # Refusals in a row without any progress; with the pauses about 10 seconds.
UNKNOWN_MAX = 3  # Attempts at one write whose answers are lost.


@dataclass(frozen=True, slots=True)
class Incoming:
    """One fact about one order. `key` names the answer; `instant`: its teller waits and can be told no."""

    key: str
    fact: Fact
    instant: bool = False

    @property
    def channel(self) -> str:
        return self.fact.channel

    @property
    def order_id(self) -> str:
        return order_id(self.fact.channel, self.fact.external_id)


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of one notification, and the order as it now stands."""

    outcome: Outcome
    order: Order


Answers = dict[str, Changed | LastunitError]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said about one order in this batch, as at most one change, and the answers once it is written."""

    change: Change | None
    answers: Answers


@dataclass(slots=True)
class Knowledge:
    """What was read for a batch, kept true by what commits answer. `gone`: listings found not to exist."""

    channels: Mapping[str, Channel]
    locations: Sequence[Location]
    names: Mapping[str, Mapping[str, Alias]]
    items: Mapping[str, Sku]
    orders: dict[str, Order]
    levels: dict[LevelKey, Level]
    gone: set[ListingKey] = field(default_factory=set)

    def committed(self, group: Group) -> None:
        self.orders |= {change.after.order_id: change.after for change in group.changes}
        _move(self.levels, group.levels)

    def refused(self, refusal: CommitRefused) -> bool:
        """Learn what is stored instead. False: all of it was known, so the same plan would be refused again."""
        before = dict(self.orders), dict(self.levels), set(self.gone)
        for key, order in refusal.orders.items():
            self.orders.pop(key, None)
            if order is not None:
                self.orders[key] = order
        for level_key, level in refusal.levels.items():
            self.levels[level_key] = level or Level(*level_key)
        self.gone |= refusal.listings
        return (self.orders, self.levels, self.gone) != before


@dataclass(frozen=True, slots=True)
class ChangeOrders:
    """`pause(round)` waits between contended attempts, with full jitter. `new_id` makes commit ids."""

    book: StockBook
    settings: Settings
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[int], None]

    def __call__(self, incoming: Sequence[Incoming]) -> Answers:
        """An answer per `key`: Changed, or the error that kept it from being decided.

        With an error nothing was written, except that after OutcomeUnknown nobody knows: asking again tells.
        """
        answers, pending = Answers(), _by_order(incoming)
        try:
            channels = self._channels(incoming)
            homeless = [key for key, told in pending.items() if told[0].channel not in channels]
            for key in homeless:
                _fail([key], pending, answers, NotFound("channel", pending[key][0].channel))
            if pending:
                self._settle(pending, channels, answers)
        except StoreUnavailable as error:
            _fail(list(pending), pending, answers, error)
        return answers

    def preview(self, one: Incoming) -> Changed:
        """What this fact would come to now; nothing is written. Raises what it would be answered with instead."""
        channels = self._channels([one])
        if one.channel not in channels:
            raise NotFound("channel", one.channel)
        pending = {one.order_id: [one]}
        answer = _plan(pending, self._read(pending, channels), self.clock.now())[one.order_id].answers[one.key]
        if isinstance(answer, LastunitError):
            raise answer
        return answer

    def _settle(
        self, pending: dict[str, list[Incoming]], channels: Mapping[str, Channel], answers: Answers
    ) -> None:
        """Plan everything, write the first group, learn from the answer, until nothing is pending."""
        orders_max, idle_rounds = ORDERS_MAX, 0
        known = self._read(pending, channels)
        while pending:
            drafts = _plan(pending, known, self.clock.now())
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
            if isinstance(error, CommitRefused) and error.orders:
                known = self._read(pending, channels, known.gone)  # They may have come to hold other SKUs.
            if len(keys) == 1 and not taught and not contended:
                _fail(keys, pending, answers, error)  # Alone and still impossible: it is the poisoned one.
                idle_rounds = 0
                continue
            if contended or not taught:  # Fewer orders in one transaction help, or find the poisoned one.
                orders_max = max(1, len(keys) // 2)
                self.pause(idle_rounds)
            if idle_rounds >= ROUNDS_MAX:
                _fail(list(pending), pending, answers, Contention(f"{idle_rounds} attempts refused"))

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
        found = {name: self.settings.channel(name) for name in {one.channel for one in incoming}}
        return {name: channel for name, channel in found.items() if channel}

    def _read(
        self,
        pending: Mapping[str, Sequence[Incoming]],
        channels: Mapping[str, Channel],
        gone: Iterable[ListingKey] = (),
    ) -> Knowledge:
        orders = self.book.orders(pending)
        facts = [one.fact for many in pending.values() for one in many]
        names = {channel: self._resolve(channel, facts, orders.values()) for channel in channels}
        skus = {alias.sku for known in names.values() for alias in known.values()}
        items = self.book.items(skus)
        items |= self.book.items({part for item in items.values() for part in item.recipe} - items.keys())
        locations = self.settings.locations()
        stocked = {part for sku in skus & items.keys() for part in items[sku].parts}
        stocked |= {part for order in orders.values() for line in order.lines for part in line.parts}
        levels = self.book.levels((sku, place.name) for sku in stocked for place in locations)
        return Knowledge(channels, locations, _known(names, items), items, orders, levels, set(gone))

    def _resolve(self, channel: str, facts: Iterable[Fact], orders: Iterable[Order]) -> dict[str, Alias]:
        """What the channel's names stand for. A name that is no alias may be a SKU of ours as it stands."""
        told = {name for fact in facts if fact.channel == channel for name in _names(fact)}
        kept = {name for order in orders if order.channel == channel for name in names_of(order)}
        names = told | kept
        own = {name: Alias(name, name, name) for name in names}
        return own | {alias.name: alias for alias in self.settings.aliases(channel, names)}


def _names(fact: Fact) -> Iterable[str]:
    return (name for line in fact.lines for name in line.names) if isinstance(fact, Snapshot | Shipment) else ()


def _known(names: Mapping[str, Mapping[str, Alias]], items: Mapping[str, Sku]) -> dict[str, dict[str, Alias]]:
    """Names whose SKU exists with every component: others are unknown, and wait as exceptions."""
    return {
        channel: {
            name: alias
            for name, alias in known.items()
            if alias.sku in items and all(part in items for part in items[alias.sku].parts)
        }
        for channel, known in names.items()
    }


def _by_order(incoming: Iterable[Incoming]) -> dict[str, list[Incoming]]:
    orders: dict[str, list[Incoming]] = {}
    for one in incoming:
        orders.setdefault(one.order_id, []).append(one)
    return orders


def _plan(pending: Mapping[str, Sequence[Incoming]], known: Knowledge, now: datetime) -> dict[str, Draft]:
    """Decide order after order, each against what the ones before it left."""
    levels, drafts = dict(known.levels), dict[str, Draft]()
    for key, incoming in pending.items():
        drafts[key] = draft = _fold(known.orders.get(key), incoming, known, levels, now)
        _move(levels, draft.change.levels() if draft.change else {})
    return drafts


def _fold(
    before: Order | None,
    incoming: Sequence[Incoming],
    known: Knowledge,
    levels: Mapping[LevelKey, Level],
    now: datetime,
) -> Draft:
    """All that is said about one order, as one change: a transaction may hold its row only once."""
    order, outcomes, answers, left = before, dict[str, Outcome](), Answers(), dict(levels)
    states, back = list[State](), Counter[tuple[str, str]]()
    for one in incoming:
        world = _world(one.channel, known, left, now)
        try:
            outcomes[one.key], step = decide(order, one.fact, world, instant=one.instant)
        except LastunitError as error:
            answers[one.key] = error
            continue
        if step:
            _move(left, step.levels())
            back += regrown(order, step.after)
            order = step.after
            states.append(order.state)
    if order is not None:
        answers |= {key: Changed(outcome, order) for key, outcome in outcomes.items()}
    changed = order is not None and order != before
    through = tuple(states[:-1])
    return Draft(Change(before, order, through, back) if order is not None and changed else None, answers)


def _world(channel: str, known: Knowledge, levels: Mapping[LevelKey, Level], now: datetime) -> World:
    return World(
        known.channels[channel],
        known.locations,
        known.names[channel],
        known.items,
        lambda sku, location: levels.get((sku, location)) or Level(sku, location),
        now,
    )


def _move(levels: dict[LevelKey, Level], movements: Mapping[LevelKey, Movement]) -> None:
    for key, movement in movements.items():
        levels[key] = after(levels.get(key) or Level(*key), movement)


def _answer(
    drafts: Mapping[str, Draft], keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers
) -> None:
    for key in keys:
        answers |= drafts[key].answers
        del pending[key]


def _fail(keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers, error: LastunitError) -> None:
    for key in keys:
        answers |= {one.key: error for one in pending.pop(key)}
