"""Returns: announced, received, inspected. Only what is found sellable becomes stock, where it was received."""

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.facts import Fact, Retry, ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import ReturnState
from lastunit.domain.returning import RETURNS_MAX
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import PICKING, STORAGE, Life, parcel, shelf, voided

Found = dict[str, tuple[int, int, int]]


def announced(units: int = 3, return_id: str = "r1", line_id: str = "1") -> ReturnAnnounced:
    return ReturnAnnounced("web", "1", return_id, {line_id: units})


def received(location: str = "L", return_id: str = "r1") -> ReturnReceived:
    return ReturnReceived("web", "1", return_id, location)


def inspected(found: Found | None = None, bin: str | None = None, return_id: str = "r1") -> ReturnInspected:
    """Of 3 hats, unless said otherwise: 2 sellable, 1 damaged."""
    return ReturnInspected("web", "1", return_id, found or {"1": (2, 1, 0)}, bin)


def shipped(units: int = 5, sku: str = "hat") -> Life:
    """10 hats and 10 shirts at M, none at L; an order has left."""
    stock = {("hat", "M"): shelf("hat", "M", picking=10), ("shirt", "M"): shelf("shirt", "M", picking=10)}
    stock |= {("hat", "L"): shelf("hat", "L"), ("shirt", "L"): shelf("shirt", "L")}
    items = {"hat": Sku("hat"), "shirt": Sku("shirt"), "set": Sku("set", recipe={"shirt": 2, "hat": 1})}
    here = Life(stock, items, Channel("web", "generic"))
    here.tell(sold({sku: units}), parcel({sku: units}))
    return here


def test_only_inspected_and_sellable_units_become_stock_where_they_were_received() -> None:
    """Complaint 16."""
    here = shipped()

    before = [(here.tell(fact), here.stock("hat", "L")) for fact in (announced(), received())]
    here.tell(inspected())

    assert [(Outcome.UPDATED, (0, 0, 0))] * 2 == before
    assert ((2, 0, 2), (5, 0, 5)) == (here.stock("hat", "L"), here.stock("hat", "M"))


def test_sellable_units_go_into_the_bin_that_is_named() -> None:
    here = shipped()

    here.tell(announced(), received(), inspected(bin=STORAGE))

    assert {PICKING: 0, STORAGE: 2, "": 0} == here.bins("hat", "L")


def test_without_a_bin_they_are_unplaced() -> None:
    here = shipped()

    here.tell(announced(), received(), inspected())

    assert {PICKING: 0, STORAGE: 0, "": 2} == here.bins("hat", "L")


def test_a_kit_comes_back_by_its_components() -> None:
    here = shipped(2, "set")

    here.tell(announced(1), received(), inspected({"1": (1, 0, 0)}))

    assert ((1, 0, 1), (2, 0, 2)) == (here.stock("hat", "L"), here.stock("shirt", "L"))


@pytest.mark.parametrize("found", [(0, 3, 0), (0, 0, 3), (0, 1, 2)])
def test_damaged_and_missing_units_never_become_stock(found: tuple[int, int, int]) -> None:
    here = shipped()

    here.tell(announced(), received(), inspected({"1": found}))

    assert (0, 0, 0) == here.stock("hat", "L")


def test_a_return_does_not_open_the_order_again() -> None:
    here = shipped()

    here.tell(announced(), received(), inspected())

    assert (State.SHIPPED, ReturnState.INSPECTED) == (here.order().state, here.order().returns[0].state)


def test_goods_of_a_cancelled_order_come_back_by_a_return_alone() -> None:
    here = shipped()
    here.tell(cancelled())

    here.tell(announced(5), received("M"), inspected({"1": (5, 0, 0)}, bin=PICKING))

    assert (10, 0, 10) == here.stock("hat")


# Each step once


@pytest.mark.parametrize("again", [announced(), received(), inspected()])
def test_each_step_told_again_changes_nothing(again: Fact) -> None:
    here = shipped()
    here.tell(announced(), received(), inspected())

    assert (Outcome.DUPLICATE, (2, 0, 2)) == (here.tell(again), here.stock("hat", "L"))


@pytest.mark.parametrize(
    "other", [announced(2), received("M"), inspected({"1": (3, 0, 0)})], ids=["announced", "received", "inspected"]
)
def test_a_step_told_otherwise_the_second_time_is_a_conflict(other: Fact) -> None:
    here = shipped()
    here.tell(announced(), received(), inspected())

    with pytest.raises(Conflict):
        here.tell(other)


def test_nothing_is_inspected_before_it_was_received() -> None:
    here = shipped()
    here.tell(announced())

    with pytest.raises(Conflict, match="not been received"):
        here.tell(inspected())


@pytest.mark.parametrize("fact", [received(), inspected()])
def test_a_return_that_was_not_announced_does_not_exist(fact: Fact) -> None:
    with pytest.raises(NotFound, match="return 'r1'"):
        shipped().tell(fact)


def test_a_place_or_a_bin_that_does_not_exist_receives_nothing() -> None:
    here = shipped()
    here.tell(announced())

    with pytest.raises(NotFound, match="location 'Mars'"):
        here.tell(received("Mars"))
    here.tell(received())
    with pytest.raises(NotFound, match="bin 'B9'"):
        here.tell(inspected(bin="B9"))


def test_an_order_known_by_its_shipments_alone_takes_no_return_yet() -> None:
    here = shipped()
    here.tell(parcel({"hat": 1}, external_id="2"), Retry("web", "2"))

    with pytest.raises(Conflict, match="the order itself comes first"):
        here.tell(ReturnAnnounced("web", "2", "r1", {"hat": 1}))


# Quantities


@pytest.mark.parametrize("units", [6, 0, -1])
def test_more_than_was_shipped_or_less_than_one_is_no_return(units: int) -> None:
    with pytest.raises(InvalidInput, match=f"must be 1 to 5.*got {units}"):
        shipped().tell(announced(units))


def test_two_returns_together_hold_no_more_than_was_shipped() -> None:
    here = shipped()
    here.tell(announced(3))

    with pytest.raises(InvalidInput, match="must be 1 to 2"):
        here.tell(announced(3, "r2"))
    assert Outcome.UPDATED is here.tell(announced(2, "r2"))


def test_what_was_voided_was_not_shipped() -> None:
    here = shipped()
    here.tell(voided())

    with pytest.raises(InvalidInput):
        here.tell(announced(1))


@pytest.mark.parametrize("lines", [{}, {"7": 1}])
def test_a_return_names_lines_that_were_shipped(lines: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        shipped().tell(ReturnAnnounced("web", "1", "r1", lines))


@pytest.mark.parametrize(
    "found", [{"1": (2, 0, 0)}, {"1": (4, 0, 0)}, {"1": (4, -1, 0)}, {"1": (3, 0, 0), "2": (1, 0, 0)}]
)
def test_an_inspection_accounts_for_exactly_what_was_announced(found: Found) -> None:
    here = shipped()
    here.tell(announced(), received())

    with pytest.raises(InvalidInput, match="lines"):
        here.tell(inspected(found))
    assert (0, 0, 0) == here.stock("hat", "L")


def test_an_order_has_a_limited_number_of_returns() -> None:
    here = shipped(10)
    order = here.order()
    one = announced(1)
    here.tell(one)
    many = tuple(here.order().returns) * RETURNS_MAX
    here.orders[order.order_id] = type(order)(
        order.channel, order.external_id, order.state, order.revision, returns=many, rev=99
    )

    with pytest.raises(Conflict, match=f"at most {RETURNS_MAX}"):
        here.would(announced(1, "r2"))
