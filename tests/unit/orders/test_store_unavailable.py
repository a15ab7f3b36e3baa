"""When our own tables do not answer: everything comes again, and what was done before stays done."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.order import Order
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import OrderShop
from tests.support.orders.order_store import FakeOrderStore


@dataclass(slots=True)
class UnavailableOrderStore:
    """Its orders cannot be read; everything else is the book's."""

    order_store: FakeOrderStore

    def __getattr__(self, name: str) -> object:
        return getattr(self.book, name)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        raise StoreUnavailable("no answer")


def test_a_batch_that_cannot_be_read_is_answered_as_a_whole_and_changes_nothing() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5})
    change = shop.change_orders
    deaf = replace(change, order_store=UnavailableOrderStore(shop.order_store))  # type: ignore[arg-type]

    answers = deaf.apply([Incoming("a", sold({"shirt": 1}, "1")), Incoming("b", sold({"shirt": 1}, "2"))])

    assert ["StoreUnavailable"] * 2 == [type(answer).__name__ for answer in answers.values()]
    assert {("shirt", "M"): 5} == shop.available()
