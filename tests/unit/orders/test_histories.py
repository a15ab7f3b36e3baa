"""Random lives of orders: whatever is told, repeated and reordered, the promises hold after every step."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from lastunit.domain.channel import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import (
    ConfirmOrder,
    DeadlineCheck,
    DecideRequest,
    OrderInput,
    PaymentReceived,
    RetryOrder,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
    ShipmentNotice,
    StockArrived,
)
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.revisions import FINGERPRINTS_MAX
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import open_lines, shipped
from lastunit.domain.stock.catalogue import Sku, Supply
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Place, Transfer
from lastunit.domain.stock.routing import Policy
from tests.support.orders.inputs import cancelled, shipment_notice, voided
from tests.support.orders.order_scenario import CommitConditionFailed, OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, level_in_bins

HISTORIES, STEPS = 2000, 20
ITEMS = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe={"hat": 1, "shirt": 2})}
TRIGGERS = (StockArrived, ConfirmOrder, RetryOrder, DeadlineCheck)
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
        name="web",
        kind="generic",
        policy=tuple(Policy)[flags % 3],
        takes_requests=bool(flags & 4),
        import_orders=flags & 280 != 280,
        escalate_undecided=bool(flags & 32),
        retry_requests_on_restock=bool(flags & 64),
        holds_covered_lines=flags % 7 < 3,
        decision_minutes=120,
        payment_minutes=120 if flags % 5 else None,
    )


def snapshot(
    key: str, revision: str, told: list[tuple[str, int]], paid: bool | None, place: str | None
) -> OrderSnapshot:
    """A line id is never used for another SKU."""
    count, found = Counter[str](), list[SnapshotLine]()
    for name, quantity in told:
        count[name] += 1
        found.append(SnapshotLine(f"{name} {count[name]}", (name,), quantity))
    return OrderSnapshot(
        channel="web", external_id=key, revision=revision, lines=tuple(found), location=place, paid=paid
    )


seen = Counter[str]()


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shop = OrderScenario({}, {}, channel(0))
        self.told = list[OrderInput]()

    @initialize(flags=st.integers(0, 511), hats=st.integers(0, 9), shirts=st.integers(0, 9), told=lines)
    def open(self, flags: int, hats: int, shirts: int, told: list[tuple[str, int]]) -> None:
        stock = {
            LevelKey("hat", "M"): level_in_bins("hat", "M", picking=hats, storage=3),
            LevelKey("shirt", "M"): level_in_bins("shirt", "M", 2, picking=shirts),
            LevelKey("hat", "L"): level_in_bins("hat", "L", picking=2),
            LevelKey("shirt", "L"): level_in_bins("shirt", "L", storage=shirts),
        }
        self.shop = OrderScenario(stock, ITEMS, channel(flags))
        if flags < 448:  # Else whatever comes first comes before its order.
            self.tell(snapshot("1", "1", told, None, None))

    def tell(self, order_input: OrderInput, *, instant: bool = False) -> None:
        if isinstance(order_input, OrderSnapshot) and self.is_forgotten_later(order_input):
            return
        try:
            outcome = self.shop.apply(order_input, instant=instant)
        except LastunitError:
            return  # A person's impossible wish. Nothing was written.
        if isinstance(order_input, ShipmentNotice) and order_input.voided and outcome is Outcome.EXCEPTION:
            return  # A void of goods that are on their way back: a person judges it, so far it is not taken.
        self.told.append(order_input)
        self.repeat_everything()

    def is_forgotten_later(self, snapshot: OrderSnapshot) -> bool:
        """An order remembers no more than so many contents of one revision, and takes an older one for new."""
        contents = {
            one.fingerprint
            for one in self.told
            if isinstance(one, OrderSnapshot)
            and (one.external_id, one.revision) == (snapshot.external_id, snapshot.revision)
        }
        return len(contents) == FINGERPRINTS_MAX and snapshot.fingerprint not in contents

    def repeat_everything(self) -> None:
        """Promise 3: whatever was told before and is told again moves no unit."""
        latest = self.told[-1]
        for order_input in self.told:
            if not isinstance(order_input, TRIGGERS) or order_input is latest:
                self.moves_nothing(order_input)

    def moves_nothing(self, order_input: OrderInput) -> None:
        order = self.order(order_input.external_id)
        if isinstance(order_input, DecideRequest) and order and order.state is State.REQUESTED:
            return  # An edit has turned it into another request.
        try:
            change = self.shop.preview(order_input).change
        except LastunitError:
            return
        assert {} == (change.levels() if change else {}), f"told again: {order_input}"

    def order(self, key: str) -> Order | None:
        return self.shop.orders.get(f"web:{key}")

    def any_in(self, *states: State) -> bool:
        return any(order.state in states for order in self.shop.orders.values())

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
            self.tell(
                OrderSnapshot(
                    channel="web",
                    external_id=key,
                    revision=revision,
                    lines=(edited, *rest),
                    location=place,
                    paid=order.paid,
                )
            )

    @rule(key=orders, quantity=st.integers(1, 6))
    def an_instant_order(self, key: str, quantity: int) -> None:
        self.tell(snapshot(key, "1", [("set", quantity)], None, None), instant=True)

    @rule(key=orders, revision=revisions, really=rarely)
    def a_cancel(self, key: str, revision: str, really: bool) -> None:
        if really:
            self.tell(cancelled(key, revision=revision))

    @rule(key=orders, shipment=parcels, name=names, quantity=st.integers(1, 4), place=places)
    def a_shipment(self, key: str, shipment: str, name: str, quantity: int, place: str | None) -> None:
        self.tell(shipment_notice({name: quantity}, shipment_id=shipment, external_id=key, location=place))

    @rule(key=orders, shipment=parcels, whole=st.booleans(), place=places)
    def what_is_ordered_leaves(self, key: str, shipment: str, whole: bool, place: str | None) -> None:
        order = self.order(key)
        left = {line.names[0]: units for line, units in open_lines(order) if units} if order else {}
        if left:
            self.tell(
                shipment_notice(
                    left if whole else dict([left.popitem()]), shipment_id=shipment, external_id=key, location=place
                )
            )

    @rule(key=orders, shipment=parcels)
    def a_void(self, key: str, shipment: str) -> None:
        self.tell(voided(shipment, key))

    @precondition(lambda self: self.any_in(State.REQUESTED))
    @rule(
        key=orders,
        yes=st.sampled_from([True, True, False]),
        by=st.sampled_from(["Ann", "Bob"]),
        part=st.integers(0, 3),
        supply=st.sampled_from([None, None, *Supply]),
    )
    def an_answer(self, key: str, yes: bool, by: str, part: int, supply: Supply | None) -> None:
        order = self.order(key)
        first = order.lines[:1] if order and part else ()
        self.tell(
            DecideRequest(
                channel="web",
                external_id=key,
                accept=yes,
                by=by,
                lines={line.line_id: min(part, line.quantity) for line in first},
                supply=supply,
            )
        )

    @precondition(lambda self: self.any_in(State.EXCEPTION, State.RECORDED))
    @rule(key=orders)
    def a_person_looks(self, key: str) -> None:
        self.tell(RetryOrder("web", key))
        self.tell(ConfirmOrder("web", key))

    @rule(key=orders)
    def a_payment(self, key: str) -> None:
        self.tell(PaymentReceived("web", key))

    @rule(minutes=st.sampled_from([1, 60, 121]))
    def time_passes(self, minutes: int) -> None:
        self.shop.wait(minutes)
        for key in ("1", "2"):
            self.tell(DeadlineCheck("web", key))

    @rule(
        sku=st.sampled_from(["hat", "shirt"]),
        place=st.sampled_from(["M", "L"]),
        quantity=st.sampled_from([-4, -1, 1, 3, 6]),
        bin=st.sampled_from([PICKING, None]),
    )
    def units_come_or_go(self, sku: str, place: str, quantity: int, bin: str | None) -> None:
        self.move(
            Adjustment(
                operation="a", reason=AdjustmentReason.CORRECT, sku=sku, location=place, delta=quantity, bin=bin
            )
        )
        for key in ("1", "2"):
            self.tell(StockArrived("web", key))

    @rule(sku=st.sampled_from(["hat", "shirt"]), quantity=st.integers(1, 4))
    def somebody_replenishes(self, sku: str, quantity: int) -> None:
        self.move(
            Transfer(
                operation="t",
                sku=sku,
                quantity=quantity,
                source=Place("M", STORAGE),
                destination=Place("M", PICKING),
            )
        )

    def move(self, operation: Adjustment | Transfer) -> None:
        try:
            self.shop.adjust(operation)
        except CommitConditionFailed:
            return  # So many units are not there.

    @rule(key=orders, name=st.sampled_from(["r1", "r2"]), quantity=st.integers(1, 3), step=st.integers(0, 3))
    def goods_come_back(self, key: str, name: str, quantity: int, step: int) -> None:
        order = self.order(key)
        line_id = next(iter(sorted(+shipped(order))), "") if order else ""
        if not line_id:
            return
        self.tell(ReturnAnnounced(channel="web", external_id=key, return_id=name, lines={line_id: quantity}))
        if step:
            self.tell(ReturnReceived(channel="web", external_id=key, return_id=name, location="L"))
        if step > 1:
            self.tell(
                ReturnInspected(
                    channel="web",
                    external_id=key,
                    return_id=name,
                    lines={line_id: (quantity - step // 3, step // 3, 0)},
                    bin=PICKING,
                )
            )

    @rule(
        key=orders,
        name=st.sampled_from(["r1", "r2"]),
        arrival=st.sampled_from(["", "p1", "p2"]),
        correction=st.sampled_from(["", "", "c1", "c2", "c3"]),
        found=st.lists(st.integers(0, 2), min_size=3, max_size=3),
        place=st.sampled_from(["M", "L"]),
    )
    def goods_come_back_in_parts_and_are_corrected(
        self, key: str, name: str, arrival: str, correction: str, found: list[int], place: str
    ) -> None:
        order = self.order(key)
        back = next((one for one in order.returns if one.return_id == name), None) if order else None
        if order is None or back is None or not back.lines:
            return
        line_id = next(iter(back.lines))
        of: dict[str, Any] = {"channel": "web", "external_id": key, "return_id": name}
        if correction:
            self.tell(ReturnAnnounced(**of, lines={line_id: sum(found)}, correction=f"a{correction}"))
        self.tell(ReturnReceived(**of, location=place, arrival_id=arrival, lines={line_id: max(1, sum(found))}))
        units = (found[0], found[1], found[2])
        parts = next(line.parts for line in order.lines if line.line_id == line_id)
        is_kit = len(parts) > 1 and found[0] == 1
        told = ReturnInspected(**of, lines={line_id: units}, arrival_id=arrival, correction=correction, bin=PICKING)
        if is_kit:
            kit = {sku: (each * sum(found) - found[1], found[1], 0) for sku, each in parts.items()}
            told = replace(told, lines={}, components={line_id: kit})
        self.tell(told)

    @precondition(lambda self: self.told)
    @rule(number=st.integers(0, 99))
    def something_old_is_told_again(self, number: int) -> None:
        order_input = self.told[number % len(self.told)]
        if not isinstance(order_input, TRIGGERS):
            self.moves_nothing(order_input)
            self.tell(order_input)

    @rule(really=rarely)
    def import_is_switched(self, really: bool) -> None:
        if really:
            self.shop.switch_import(imports=not self.shop.channel.import_orders)

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
