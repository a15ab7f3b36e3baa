"""What the recorder makes of the answers of the ports; and books with planted bugs, seen through it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lastunit.container import Hub
from lastunit.domain.errors import Conflict, Contention, LastunitError, NotFound, OutcomeUnknown
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, Operation, Place, Transfer
from tests.linear.checker import Call
from tests.linear.levels import LevelChange, LevelState, Op, Seen, adjust, check, reserve
from tests.linear.recorder import RecordedMovements, RecordedOrderStore, Recorder, stock_of
from tests.simulate.cloud import RESOURCES
from tests.support.clock import NOON, FakeClock
from tests.support.killed import WorkerKilled
from tests.support.orders.commits import SHIRT, new, order
from tests.support.orders.order_shop import OrderShop
from tests.support.orders.order_store import FakeOrderStore, Mishap
from tests.support.parallel import in_turn
from tests.support.stock.levels import level_in_bins, stocked
from tests.support.unexpected import raise_again

HAT: LevelKey = LevelKey("hat", "M")
FIVE = LevelState(on_hand=5, available=5, unplaced=5)
ADJUSTED = Adjustment(operation="a1", reason=AdjustmentReason.CORRECT, sku="shirt", location="M", delta=-4)


@dataclass(slots=True)
class Answers:
    """Movements that answer as they are told to."""

    answers: list[bool | LastunitError]

    def move(self, operation: Operation, at: datetime) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, LastunitError):
            raise answer
        return answer

    def put_bin(self, sku: str, location: str, bin: Bin) -> None:
        raise NotImplementedError


def five(*mishaps: Mishap | None) -> FakeOrderStore:
    """Five shirts and a hat."""
    order_store = OrderShop({SHIRT: 5, HAT: 1}).order_store
    order_store.mishaps += mishaps
    return order_store


def commit(recorder: Recorder, order_store: FakeOrderStore, *groups: CommitGroup, commit_id: str = "c1") -> None:
    """Whatever it is answered."""
    for group in groups:
        with suppress(LastunitError, WorkerKilled):
            recorder.order_store(order_store).commit(commit_id, group, NOON)


def move(recorder: Recorder, *answers: bool | LastunitError, operation: Operation = ADJUSTED) -> None:
    movements = recorder.movements(Answers(list(answers)))
    for _ in answers:
        with suppress(LastunitError):
            movements.move(operation, NOON)


def killed() -> None:
    raise WorkerKilled


def test_a_commit_is_one_call_of_every_level_that_it_touches() -> None:
    recorder = Recorder()

    commit(recorder, five(), new(order("1", 2), order("2", 1, "hat")))

    assert {
        SHIRT: [Call(reserve(2), 1, 2, "commit c1")],
        HAT: [Call(reserve(1), 1, 2, "commit c1")],
    } == recorder.history()


def test_a_commit_asked_again_is_one_call_from_the_first_asking_to_the_answer() -> None:
    recorder, wanted = Recorder(), new(order("1", 2))

    commit(recorder, five(Mishap.LOST_AFTER), wanted, wanted)

    assert {SHIRT: [Call(reserve(2), 1, 3, "commit c1")]} == recorder.history()


def test_a_commit_that_nobody_ever_answered_stays_open() -> None:
    recorder, wanted = Recorder(), new(order("1", 2))

    commit(recorder, five(Mishap.LOST_BEFORE, Mishap.LOST_AFTER), wanted, wanted)

    assert {SHIRT: [Call(reserve(2), 1, None, "commit c1")]} == recorder.history()


def test_the_commit_of_a_worker_that_was_killed_stays_open() -> None:
    recorder, order_store = Recorder(), five()
    order_store.rivals.append(killed)

    commit(recorder, order_store, new(order("1", 2)))

    assert {SHIRT: [Call(reserve(2), 1, None, "commit c1")]} == recorder.history()


def test_a_refusal_shows_the_levels_that_refused_and_says_nothing_of_the_others() -> None:
    recorder = Recorder()

    commit(recorder, five(), new(order("1", 2), order("2", 3, "hat")))

    seen = Seen(LevelState(1, 0, 1, 1).numbers, reserve(3))
    assert {HAT: [Call(seen, 1, 3, "commit c1")]} == recorder.history()


def test_a_refusal_for_want_of_a_level_shows_a_level_that_holds_nothing() -> None:
    recorder = Recorder()

    commit(recorder, five(), new(order("1", 2, location="L")))

    assert {("shirt", "L"): [Call(Seen(LevelState().numbers, reserve(2)), 1, 3, "commit c1")]} == recorder.history()


def test_a_contended_commit_says_nothing() -> None:
    recorder = Recorder()

    commit(recorder, five(Mishap.CONFLICT), new(order("1", 2)))

    assert {} == recorder.history()


def test_a_commit_refused_after_an_answer_was_lost_may_have_taken_effect_the_first_time() -> None:
    recorder, wanted = Recorder(), new(order("1", 6))

    commit(recorder, five(Mishap.LOST_BEFORE), wanted, wanted)

    refused = Call[Op](Seen(FIVE.numbers, reserve(6)), 2, 4, "commit c1")
    assert {SHIRT: [refused, Call(reserve(6), 1, None, "commit c1")]} == recorder.history()


def test_a_read_shows_what_is_there_and_what_is_not() -> None:
    recorder = Recorder()

    recorder.order_store(five()).levels(iter([SHIRT, LevelKey("shirt", "L")]))

    assert {
        SHIRT: [Call(Seen(FIVE.numbers), 1, 2, "levels")],
        ("shirt", "L"): [Call(Seen(LevelState().numbers), 1, 3, "levels")],
    } == recorder.history()


def test_units_in_bins_are_seen_bin_by_bin() -> None:
    level = level_in_bins("shirt", "M", 2, picking=3)

    assert LevelState(5, 0, 5, 2, 0, frozenset({("P", 3)})) == stock_of(level)


def test_a_movement_that_was_done_before_took_effect_before_its_first_good_answer() -> None:
    recorder = Recorder()

    move(recorder, OutcomeUnknown("lost"), False, False)

    assert {SHIRT: [Call(adjust(-4), 1, 3, "operation a1")]} == recorder.history()


@pytest.mark.parametrize(
    "answer", [Contention("busy"), NotFound("bin", "P"), Conflict("used for another act")], ids=repr
)
def test_a_movement_that_was_not_done_says_nothing_of_the_level(answer: LastunitError) -> None:
    recorder = Recorder()

    move(recorder, answer)

    assert {} == recorder.history()


def test_a_movement_refused_for_want_of_units_shows_what_its_refusal_reports() -> None:
    recorder = Recorder()

    move(recorder, Conflict("promised to orders", available=3, reserved=2, wanted=4))

    seen = Seen((("available", 3), ("reserved", 2)), adjust(-4))
    assert {SHIRT: [Call(seen, 1, 3, "operation a1")]} == recorder.history()


@pytest.mark.parametrize(
    ("source", "destination", "taken"),
    [
        (Place("M"), Place("L", "P"), adjust(-4)),
        (Place("M", "P"), Place("M", "S"), LevelChange(bins=frozenset({("P", -4), ("S", 4)}), by_hand=True)),
        (Place("M"), Place("M", "S"), LevelChange(bins=frozenset({("S", 4)}), by_hand=True)),
    ],
    ids=["to another location", "from bin to bin", "into a bin"],
)
def test_a_refused_transfer_lacked_units_where_it_takes_them(
    source: Place, destination: Place, taken: LevelChange
) -> None:
    recorder, short = Recorder(), Conflict("too few", on_hand=1, wanted=4)

    move(
        recorder,
        short,
        operation=Transfer(operation="t1", sku="shirt", quantity=4, source=source, destination=destination),
    )

    assert {SHIRT: [Call(Seen((), taken), 1, 3, "operation t1")]} == recorder.history()


def test_a_hub_is_listened_to_at_both_its_ports_of_stock() -> None:
    aws: Any = SimpleNamespace(dynamodb=None)
    nothing: Any = None
    unwired = Hub(
        aws=aws,
        resources=RESOURCES,
        http=nothing,
        clock=FakeClock(),
        new_id=str,
        pause=print,
        sleep=print,
        run_parallel=in_turn,
        report_error=raise_again,
    )

    hub = Recorder().listen(unwired)

    heard = hub.change_orders.order_store, hub.process_orders.order_store, hub.adjust_stock.movements
    assert [RecordedOrderStore, RecordedOrderStore, RecordedMovements] == [type(part) for part in heard]


def nothing(order_store: FakeOrderStore) -> None:
    """As it should be."""


def forgets_what_it_was_asked(order_store: FakeOrderStore) -> None:
    """The bug: what is asked again is done again."""
    order_store.rows.clear()


def writes_over_what_others_wrote(order_store: FakeOrderStore) -> None:
    """The bug: a write computed from what was read long ago."""
    order_store.stock[SHIRT] = stocked("shirt", "M", 5)


@pytest.mark.parametrize(
    ("bug", "found"), [(nothing, 0), (forgets_what_it_was_asked, 1), (writes_over_what_others_wrote, 1)]
)
def test_a_book_with_a_bug_is_found_out_through_its_port(bug: Callable[[FakeOrderStore], None], found: int) -> None:
    recorder, order_store = Recorder(), five(None, Mishap.LOST_AFTER)
    order_store.rivals = [*[lambda: None] * 2, lambda: bug(order_store)]

    commit(recorder, order_store, new(order("1", 2)), commit_id="c1")
    commit(recorder, order_store, *[new(order("2", 1))] * 2, commit_id="c2")
    recorder.order_store(order_store).levels([SHIRT])

    assert found == len(check(recorder.history(), {SHIRT: FIVE}))
