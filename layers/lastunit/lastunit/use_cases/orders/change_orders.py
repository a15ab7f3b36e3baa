"""Use case: whatever happens to orders changes them and their stock, by group commit (docs/design.md section 5).

Webhooks, polls, shipments, decisions, deadlines, returns and retries all end here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Contention, LastunitError, NotFound, OutcomeUnknown, Unwritable
from lastunit.domain.keys import LevelKey, ListingKey, OrderKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.channel_counts import restocked_by_channel
from lastunit.domain.orders.commit_groups import CommitGroup, CommitRefused, pack
from lastunit.domain.orders.context import DecisionContext, Outcome
from lastunit.domain.orders.decide import decide
from lastunit.domain.orders.inbound import OrderInput, ShipmentNotice
from lastunit.domain.orders.order import Order, names_of
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.domain.stock.levels import Level, Movement, level_after
from lastunit.ports.orders import OrderStore
from lastunit.ports.settings import Settings
from lastunit.ports.system import Clock, ReportError
from lastunit.use_cases.unexpected import contained

ORDERS_MAX = 90  # Leaves room for levels and listings among the 100 items of a transaction.
ROUNDS_MAX = 12  # Refusals in a row without any progress; with the pauses about 10 seconds.
UNKNOWN_MAX = 3  # Attempts at one write whose answers are lost.


@dataclass(frozen=True, slots=True)
class Incoming:
    """One input about one order. `key` names the answer; `instant`: the caller waits for it and may be refused."""

    key: str
    order_input: OrderInput
    instant: bool = False

    @property
    def channel(self) -> str:
        return self.order_input.channel

    @property
    def order_id(self) -> str:
        return str(OrderKey(self.order_input.channel, self.order_input.external_id))


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What one input came to, and the order as it now stands."""

    outcome: Outcome
    order: Order


Answers = dict[str, ChangeResult | LastunitError]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """All inputs about one order in this batch, as at most one change, and the answers once it is written."""

    change: OrderChange | None
    answers: Answers


@dataclass(slots=True, kw_only=True)
class BatchState:
    """What was read for a batch, kept true by what commits answer. `gone`: listings found not to exist."""

    channels: Mapping[str, Channel]
    locations: Sequence[Location]
    names: Mapping[str, Mapping[str, Alias]]
    items: Mapping[str, Sku]
    orders: dict[str, Order]
    levels: dict[LevelKey, Level]
    gone: set[ListingKey] = field(default_factory=set)

    def committed(self, group: CommitGroup) -> None:
        self.orders |= {change.after.order_id: change.after for change in group.changes}
        _move(self.levels, group.levels)

    def refused(self, refusal: CommitRefused) -> bool:
        """Learn what is stored instead. False: all of it was known, so the same plan would be refused again."""
        before = dict(self.orders), dict(self.levels), set(self.gone)
        for key, order in refusal.orders.items():
            self.orders.pop(key, None)
            if order is not None:
                self.orders[key] = order
        for (sku, location), level in refusal.levels.items():
            self.levels[LevelKey(sku, location)] = level or Level(sku=sku, location=location)
        self.gone |= refusal.listings
        return (self.orders, self.levels, self.gone) != before


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrders:
    """`pause(round)` waits between contended attempts, with full jitter. `new_id` makes commit ids."""

    order_store: OrderStore
    settings: Settings
    clock: Clock
    new_id: Callable[[], str]
    pause: Callable[[int], None]
    report_error: ReportError

    def apply(self, incoming: Sequence[Incoming]) -> Answers:
        """An answer per `key`: a ChangeResult, or the error that kept the input from being decided.

        With an error nothing was written; after OutcomeUnknown it may have been, and the same input again tells.
        """
        answers = Answers()
        self._apply(_by_order(incoming), answers)
        return answers

    def _apply(self, pending: dict[str, list[Incoming]], answers: Answers) -> None:
        """An error that nobody expected is found by halving: only the order it concerns is answered with it."""
        try:
            channels = self._channels(one for many in pending.values() for one in many)
            unknown_channel = [key for key, incoming in pending.items() if incoming[0].channel not in channels]
            for key in unknown_channel:
                _fail([key], pending, answers, NotFound("channel", pending[key][0].channel))
            if pending:
                self._settle(pending, channels, answers)
        except LastunitError as error:
            _fail(list(pending), pending, answers, error)
        except Exception as error:
            if len(pending) > 1:
                for half in _halves(pending):
                    self._apply(half, answers)
            else:
                _fail(list(pending), pending, answers, contained(error, self.report_error))

    def preview(self, one: Incoming) -> ChangeResult:
        """What this input would come to now; nothing is written. Raises what it would be answered with instead."""
        channels = self._channels([one])
        if one.channel not in channels:
            raise NotFound("channel", one.channel)
        pending = {one.order_id: [one]}
        answer = self._plan(pending, self._read(pending, channels))[one.order_id].answers[one.key]
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
            drafts = self._plan(pending, known)
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

    def _plan(self, pending: Mapping[str, Sequence[Incoming]], known: BatchState) -> dict[str, PlannedChange]:
        """Decide order after order, each against what the ones before it left."""
        levels, drafts, now = dict(known.levels), dict[str, PlannedChange](), self.clock.now()
        for key, incoming in pending.items():
            drafts[key] = draft = self._fold(known.orders.get(key), incoming, known, levels, now)
            _move(levels, draft.change.levels() if draft.change else {})
        return drafts

    def _fold(
        self,
        before: Order | None,
        incoming: Sequence[Incoming],
        known: BatchState,
        levels: Mapping[LevelKey, Level],
        now: datetime,
    ) -> PlannedChange:
        """All inputs about one order, as one change: a transaction may hold its row only once."""
        order, outcomes, answers, left = before, dict[str, Outcome](), Answers(), dict(levels)
        states, back = list[State](), Counter[tuple[str, str]]()
        for one in incoming:
            try:
                decided = decide(
                    order, one.order_input, _context(one.channel, known, left, now), instant=one.instant
                )
                if decided.change:
                    _move(left, decided.change.levels())
                    back += restocked_by_channel(order, decided.change.after)
                    order = decided.change.after
                    states.append(order.state)
            except Exception as error:
                answers[one.key] = contained(error, self.report_error)
            else:
                outcomes[one.key] = decided.outcome
        if order is not None:
            answers |= {key: ChangeResult(outcome, order) for key, outcome in outcomes.items()}
        changed = order is not None and order != before
        through = tuple(states[:-1])
        return PlannedChange(
            OrderChange(before=before, after=order, through=through, restocked_by_channel=back)
            if order is not None and changed
            else None,
            answers,
        )

    def _write(self, group: CommitGroup) -> LastunitError | None:
        """None: written. An unknown outcome is asked again under the same id, which can only succeed once."""
        commit_id = self.new_id()
        error: LastunitError | None = None
        for _ in range(UNKNOWN_MAX):
            try:
                self.order_store.commit(commit_id, group, self.clock.now())
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
    ) -> BatchState:
        orders = self.order_store.orders(pending)
        order_inputs = [one.order_input for many in pending.values() for one in many]
        names = {channel: self._resolve(channel, order_inputs, orders.values()) for channel in channels}
        skus = {alias.sku for known in names.values() for alias in known.values()}
        items = self.order_store.items(skus)
        items |= self.order_store.items({part for item in items.values() for part in item.recipe} - items.keys())
        locations = self.settings.locations()
        stocked = {part for sku in skus & items.keys() for part in items[sku].parts}
        stocked |= {part for order in orders.values() for line in order.lines for part in line.parts}
        levels = self.order_store.levels(LevelKey(sku, place.name) for sku in stocked for place in locations)
        return BatchState(
            channels=channels,
            locations=locations,
            names=_known(names, items),
            items=items,
            orders=orders,
            levels=levels,
            gone=set(gone),
        )

    def _resolve(
        self, channel: str, order_inputs: Iterable[OrderInput], orders: Iterable[Order]
    ) -> dict[str, Alias]:
        """What the channel's names stand for. A name that is no alias may be a SKU of ours as it stands."""
        named = {
            name for order_input in order_inputs if order_input.channel == channel for name in _names(order_input)
        }
        kept = {name for order in orders if order.channel == channel for name in names_of(order)}
        names = named | kept
        own = {name: Alias(name, name, name) for name in names}
        return own | {alias.name: alias for alias in self.settings.aliases(channel, names)}


def _names(order_input: OrderInput) -> Iterable[str]:
    return (
        (name for line in order_input.lines for name in line.names)
        if isinstance(order_input, OrderSnapshot | ShipmentNotice)
        else ()
    )


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


def _context(channel: str, known: BatchState, levels: Mapping[LevelKey, Level], now: datetime) -> DecisionContext:
    return DecisionContext(
        channel=known.channels[channel],
        locations=known.locations,
        names=known.names[channel],
        items=known.items,
        level=lambda sku, location: levels.get(LevelKey(sku, location)) or Level(sku=sku, location=location),
        now=now,
    )


def _move(levels: dict[LevelKey, Level], movements: Mapping[LevelKey, Movement]) -> None:
    """All of them, or none where one is impossible."""
    levels |= {
        key: level_after(levels.get(key) or Level(sku=key.sku, location=key.location), movement)
        for key, movement in movements.items()
    }


def _halves(pending: Mapping[str, list[Incoming]]) -> Iterable[dict[str, list[Incoming]]]:
    many = list(pending.items())
    middle = len(many) // 2
    return dict(many[:middle]), dict(many[middle:])


def _answer(
    drafts: Mapping[str, PlannedChange], keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers
) -> None:
    for key in keys:
        answers |= drafts[key].answers
        del pending[key]


def _fail(keys: Iterable[str], pending: dict[str, list[Incoming]], answers: Answers, error: LastunitError) -> None:
    for key in keys:
        answers |= {one.key: error for one in pending.pop(key)}
