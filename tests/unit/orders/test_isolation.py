"""An error that nobody expected ends the one order it concerns; its neighbours never hear of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lastunit.domain.errors import LastunitError, StoreUnavailable, UnexpectedError
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.orders.inbound import KnownOrderInput
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Level
from lastunit.use_cases.orders.change_orders import ChangeOrders, ChangeResult, Incoming
from tests.support.killed import WorkerKilled
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import OrderShop
from tests.support.orders.order_store import FakeOrderStore
from tests.support.unexpected import ReportedErrors

NEIGHBOURS = 9
SHIRT, BAD = LevelKey("shirt", "M"), LevelKey("bad", "M")
STEPS = ("orders", "items", "levels", "commit")


class Mistake(RuntimeError):
    """What nobody thought of."""


class UnknownInput(KnownOrderInput):
    """Nothing is decided about it."""


@dataclass(slots=True)
class FailingStore(FakeOrderStore):
    """Raises `error` in the `step`, whenever the order `bad`, or its SKU, takes part in it."""

    step: str = ""
    error: BaseException = field(default_factory=lambda: Mistake("bad"))

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        wanted = list(order_ids)
        self._fail("orders", "web:bad" in wanted)
        return FakeOrderStore.orders(self, wanted)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        wanted = list(skus)
        self._fail("items", "bad" in wanted)
        return FakeOrderStore.items(self, wanted)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        wanted = list(keys)
        self._fail("levels", BAD in wanted)
        return FakeOrderStore.levels(self, wanted)

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        self._fail("commit", any(change.after.external_id == "bad" for change in group.changes))
        FakeOrderStore.commit(self, commit_id, group, at)

    def _fail(self, step: str, is_bad: bool) -> None:
        if is_bad and step == self.step:
            raise self.error


@dataclass(slots=True)
class Batch:
    """`NEIGHBOURS` orders with a bad one in their middle."""

    step: str = ""
    error: BaseException = field(default_factory=lambda: Mistake("bad"))
    shop: OrderShop = field(
        default_factory=lambda: OrderShop({LevelKey("shirt", "M"): 50, LevelKey("bad", "M"): 9})
    )
    reported: ReportedErrors = field(default_factory=ReportedErrors)

    @property
    def change_orders(self) -> ChangeOrders:
        held = self.shop.order_store
        store = FailingStore(held.stock, held.skus, held.rows, held.sales, step=self.step, error=self.error)
        return replace(self.shop.change_orders, order_store=store, report_error=self.reported)

    def apply(self) -> Mapping[str, ChangeResult | LastunitError]:
        incoming = [Incoming(f"good-{at}", sold({"shirt": 1}, f"good-{at}")) for at in range(NEIGHBOURS)]
        incoming.insert(NEIGHBOURS // 2, Incoming("bad", sold({"bad": 1}, "bad")))
        return self.change_orders.apply(incoming)


@pytest.mark.parametrize("step", STEPS)
def test_an_order_that_a_step_fails_over_is_answered_alone(step: str) -> None:
    batch = Batch(step)

    answers = batch.apply()

    failed = {key: str(one) for key, one in answers.items() if isinstance(one, LastunitError)}
    assert {
        "bad": f"the hub failed over it (Mistake); its log entry is entry-{len(batch.reported.errors)}"
    } == failed
    assert 50 - NEIGHBOURS == batch.shop.available()[SHIRT]
    assert 1 == len(batch.reported.errors)


@pytest.mark.parametrize("step", STEPS)
def test_a_store_that_does_not_answer_is_nobodys_mistake(step: str) -> None:
    batch = Batch(step, StoreUnavailable("down"))

    answers = batch.apply()

    assert ({"StoreUnavailable"}, []) == ({type(one).__name__ for one in answers.values()}, batch.reported.errors)


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_is_killed_is_stopped_by_nothing(step: str) -> None:
    with pytest.raises(WorkerKilled):
        Batch(step, WorkerKilled()).apply()


def test_a_decision_that_fails_leaves_the_other_inputs_of_its_order_and_batch() -> None:
    batch = Batch()
    inputs = [sold({"shirt": 2}, "1"), UnknownInput("web", "1"), sold({"shirt": 3}, "1", revision="2")]
    inputs.append(sold({"shirt": 1}, "2"))

    answers = batch.change_orders.apply([Incoming(str(at), one) for at, one in enumerate(inputs)])  # type: ignore[arg-type]

    failed = {key for key, one in answers.items() if isinstance(one, UnexpectedError)}
    assert ({"1"}, 50 - 4) == (failed, batch.shop.available()[SHIRT])


def impossible(shop: OrderShop) -> None:
    """An order row whose reservation its level knows nothing of."""
    shop.apply(sold({"bad": 5}, "bad"))
    shop.order_store.stock[BAD] = replace(shop.order_store.stock[BAD], reserved=0)


def test_a_transition_that_cannot_be_is_the_matter_of_its_order() -> None:
    batch = Batch()
    impossible(batch.shop)
    incoming = [Incoming("bad", sold({"bad": 1}, "bad", revision="2")), Incoming("good", sold({"shirt": 1}, "2"))]

    answers = batch.change_orders.apply(incoming)

    assert [True, False] == [isinstance(answers[key], LastunitError) for key in ("bad", "good")]
