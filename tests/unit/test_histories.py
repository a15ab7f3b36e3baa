"""Random lives of orders: whatever is told, repeated and reordered, the promises hold after every step."""

from collections import Counter
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.facts import (
    Answer,
    Arrival,
    Confirm,
    Fact,
    Payment,
    Retry,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
    Shipment,
    Tick,
)
from lastunit.domain.levels import Adjustment, Place, Reason, Transfer
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Order, open_lines, shipped
from lastunit.domain.routing import Policy
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.domain.world import Outcome
from tests.fakes import cancelled
from tests.life import PICKING, STORAGE, Life, Refused, parcel, shelf, voided

HISTORIES, STEPS = 2000, 20
ITEMS = {"hat": Sku("hat"), "shirt": Sku("shirt"), "set": Sku("set", recipe={"hat": 1, "shirt": 2})}
TRIGGERS = (Arrival, Confirm, Retry, Tick)
"""They say "look again": the same words may rightly mean more once something else has happened."""

# Whole histories lie in what usually happens; what is listed once is rare.
orders, revisions = st.sampled_from(["1", "1", "1", "2"]), st.sampled_from(["1", "2", "3", "4"])
names, places = st.sampled_from([*[*ITEMS] * 8, "mystery"]), st.sampled_from([None, None, "M", "L"])
quantities, parcels = st.sampled_from([1, 1, 2, 2, 3, 4, 6, 9, 0]), st.sampled_from(["s1", "s2", "s3"])
lines = st.lists(st.tuples(names, quantities), min_size=1, max_size=3)
rarely = st.sampled_from([False] * 9 + [True])


def channel(flags: int) -> Channel:
    """One bit per setting."""
    return Channel(
        "web",
        "generic",
        tuple(Policy)[flags % 3],
        takes_requests=bool(flags & 4),
        imports=flags & 280 != 280,
        escalates=bool(flags & 32),
        reevaluates=bool(flags & 64),
        decision_minutes=120,
        payment_minutes=120 if flags % 5 else None,
    )


def snapshot(
    key: str, revision: str, told: list[tuple[str, int]], paid: bool | None, place: str | None
) -> Snapshot:
    """A line id is never used for another SKU."""
    count, found = Counter[str](), list[SnapshotLine]()
    for name, quantity in told:
        count[name] += 1
        found.append(SnapshotLine(f"{name} {count[name]}", (name,), quantity))
    return Snapshot("web", key, revision, tuple(found), location=place, paid=paid)


seen = Counter[str]()


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.here = Life({}, {}, channel(0))
        self.told = list[Fact]()

    @initialize(flags=st.integers(0, 511), hats=st.integers(0, 9), shirts=st.integers(0, 9), told=lines)
    def open(self, flags: int, hats: int, shirts: int, told: list[tuple[str, int]]) -> None:
        stock = {
            ("hat", "M"): shelf("hat", "M", picking=hats, storage=3),
            ("shirt", "M"): shelf("shirt", "M", 2, picking=shirts),
            ("hat", "L"): shelf("hat", "L", picking=2),
            ("shirt", "L"): shelf("shirt", "L", storage=shirts),
        }
        self.here = Life(stock, ITEMS, channel(flags))
        if flags < 448:  # Else whatever comes first comes before its order.
            self.tell(snapshot("1", "1", told, None, None))

    def tell(self, fact: Fact, *, instant: bool = False) -> None:
        try:
            outcome = self.here.tell(fact, instant=instant)
        except LastunitError:
            return  # A person's impossible wish. Nothing was written.
        if isinstance(fact, Shipment) and fact.voided and outcome is Outcome.EXCEPTION:
            return  # A void of goods that are on their way back: a person judges it, so far it is not taken.
        self.told.append(fact)
        self.repeat_everything()

    def repeat_everything(self) -> None:
        """Promise 3: whatever was told before and is told again moves no unit."""
        latest = self.told[-1]
        for fact in self.told:
            if not isinstance(fact, TRIGGERS) or fact is latest:
                self.moves_nothing(fact)

    def moves_nothing(self, fact: Fact) -> None:
        order = self.order(fact.external_id)
        if isinstance(fact, Answer) and order and order.state is State.REQUESTED:
            return  # An edit has turned it into another request.
        try:
            _, change = self.here.would(fact)
        except LastunitError:
            return
        assert {} == (change.levels() if change else {}), f"told again: {fact}"

    def order(self, key: str) -> Order | None:
        return self.here.orders.get(f"web:{key}")

    def any_in(self, *states: State) -> bool:
        return any(order.state in states for order in self.here.orders.values())

    @rule(key=orders, revision=revisions, told=lines, paid=st.sampled_from([None, False, True]), place=places)
    def an_order(
        self, key: str, revision: str, told: list[tuple[str, int]], paid: bool | None, place: str | None
    ) -> None:
        self.tell(snapshot(key, revision, told, paid, place))

    @rule(key=orders, quantity=st.sampled_from([-1, 1, 4]), place=places)
    def an_edit_of_one_line(self, key: str, quantity: int, place: str | None) -> None:
        """The order as it is, but for the quantity of its first line."""
        order = self.order(key)
        if order and order.lines and order.revision:
            first, *rest = [SnapshotLine(line.line_id, line.names, line.quantity) for line in order.lines]
            edited = SnapshotLine(first.line_id, first.names, max(0, first.quantity + quantity))
            revision = str(int(order.revision) + 1)
            self.tell(Snapshot("web", key, revision, (edited, *rest), location=place, paid=order.paid))

    @rule(key=orders, quantity=st.integers(1, 6))
    def an_instant_order(self, key: str, quantity: int) -> None:
        self.tell(snapshot(key, "1", [("set", quantity)], None, None), instant=True)

    @rule(key=orders, revision=revisions, really=rarely)
    def a_cancel(self, key: str, revision: str, really: bool) -> None:
        if really:
            self.tell(cancelled(key, revision=revision))

    @rule(key=orders, shipment=parcels, name=names, quantity=st.integers(1, 4), place=places)
    def a_shipment(self, key: str, shipment: str, name: str, quantity: int, place: str | None) -> None:
        self.tell(parcel({name: quantity}, shipment, key, place))

    @rule(key=orders, shipment=parcels, whole=st.booleans(), place=places)
    def what_is_ordered_leaves(self, key: str, shipment: str, whole: bool, place: str | None) -> None:
        order = self.order(key)
        left = {line.names[0]: units for line, units in open_lines(order) if units} if order else {}
        if left:
            self.tell(parcel(left if whole else dict([left.popitem()]), shipment, key, place))

    @rule(key=orders, shipment=parcels)
    def a_void(self, key: str, shipment: str) -> None:
        self.tell(voided(shipment, key))

    @precondition(lambda self: self.any_in(State.REQUESTED))
    @rule(
        key=orders,
        yes=st.sampled_from([True, True, False]),
        by=st.sampled_from(["Ann", "Bob"]),
        part=st.integers(0, 3),
    )
    def an_answer(self, key: str, yes: bool, by: str, part: int) -> None:
        order = self.order(key)
        first = order.lines[:1] if order and part else ()
        self.tell(Answer("web", key, yes, by, {line.line_id: min(part, line.quantity) for line in first}))

    @precondition(lambda self: self.any_in(State.EXCEPTION, State.RECORDED))
    @rule(key=orders)
    def a_person_looks(self, key: str) -> None:
        self.tell(Retry("web", key))
        self.tell(Confirm("web", key))

    @rule(key=orders)
    def a_payment(self, key: str) -> None:
        self.tell(Payment("web", key))

    @rule(minutes=st.sampled_from([1, 60, 121]))
    def time_passes(self, minutes: int) -> None:
        self.here.wait(minutes)
        for key in ("1", "2"):
            self.tell(Tick("web", key))

    @rule(
        sku=st.sampled_from(["hat", "shirt"]),
        place=st.sampled_from(["M", "L"]),
        quantity=st.sampled_from([-4, -1, 1, 3, 6]),
        bin=st.sampled_from([PICKING, None]),
    )
    def units_come_or_go(self, sku: str, place: str, quantity: int, bin: str | None) -> None:
        self.move(Adjustment("a", Reason.CORRECT, sku, place, quantity, bin))
        for key in ("1", "2"):
            self.tell(Arrival("web", key))

    @rule(sku=st.sampled_from(["hat", "shirt"]), quantity=st.integers(1, 4))
    def somebody_replenishes(self, sku: str, quantity: int) -> None:
        self.move(Transfer("t", sku, quantity, Place("M", STORAGE), Place("M", PICKING)))

    def move(self, operation: Adjustment | Transfer) -> None:
        try:
            self.here.adjust(operation)
        except Refused:
            return  # So many units are not there.

    @rule(key=orders, name=st.sampled_from(["r1", "r2"]), quantity=st.integers(1, 3), step=st.integers(0, 3))
    def goods_come_back(self, key: str, name: str, quantity: int, step: int) -> None:
        order = self.order(key)
        line_id = next(iter(sorted(+shipped(order))), "") if order else ""
        if not line_id:
            return
        self.tell(ReturnAnnounced("web", key, name, {line_id: quantity}))
        if step:
            self.tell(ReturnReceived("web", key, name, "L"))
        if step > 1:
            self.tell(ReturnInspected("web", key, name, {line_id: (quantity - step // 3, step // 3, 0)}, PICKING))

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 99))
    def something_old_is_told_again(self, number: int) -> None:
        fact = self.told[number % len(self.told)]
        if not isinstance(fact, TRIGGERS):
            self.moves_nothing(fact)
            self.tell(fact)

    @rule(really=rarely)
    def import_is_switched(self, really: bool) -> None:
        if really:
            self.here.switch(imports=not self.here.channel.imports)

    def teardown(self) -> None:
        seen["histories"] += 1
        seen["facts"] += len(self.told)


def test_the_promises_hold_after_every_step_of_any_history(record_property: Callable[[str, object], None]) -> None:
    """Promises 1, 2, 3, 4 and 8, over random, duplicated and reordered facts."""
    once = settings(
        max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None
    )
    seen.clear()

    run_state_machine_as_test(Histories, settings=once)

    record_property("summary", f"{seen['histories']} histories of orders, {seen['facts']} facts told")
    assert seen["histories"] >= HISTORIES
