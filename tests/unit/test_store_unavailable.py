"""When our own tables do not answer: everything comes again, and what was done before stays done."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.change_orders import Incoming
from lastunit.domain.errors import StoreUnavailable
from lastunit.domain.orders import Order
from tests.fakes import FakeBook, Shop, sold


@dataclass(slots=True)
class DeafBook:
    """Its orders cannot be read; everything else is the book's."""

    book: FakeBook

    def __getattr__(self, name: str) -> object:
        return getattr(self.book, name)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        raise StoreUnavailable("no answer")


def test_a_batch_that_cannot_be_read_is_answered_as_a_whole_and_changes_nothing() -> None:
    shop = Shop({("shirt", "M"): 5})
    change = shop.change_orders
    deaf = type(change)(DeafBook(shop.book), change.settings, change.clock, change.new_id, change.pause)  # type: ignore[arg-type]

    answers = deaf([Incoming("a", sold({"shirt": 1}, "1")), Incoming("b", sold({"shirt": 1}, "2"))])

    assert ["StoreUnavailable"] * 2 == [type(answer).__name__ for answer in answers.values()]
    assert {("shirt", "M"): 5} == shop.left()
