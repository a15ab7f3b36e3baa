"""Returns in several parcels, returns that were said wrongly, kits of which one component is broken."""

from dataclasses import replace
from typing import Any

import pytest

from lastunit.domain.errors import Conflict, InvalidInput, LastunitError, NotFound
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import OrderInput, ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.orders.order import Condition, Inspection, Return, ReturnState
from lastunit.domain.orders.snapshot import SnapshotLine
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from tests.support.orders.inputs import sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, Stock
from tests.unit.orders.test_returns import shipped

OF: dict[str, Any] = {"channel": "web", "external_id": "1", "return_id": "r1"}


def announced(units: int = 3, correction: str = "") -> ReturnAnnounced:
    return ReturnAnnounced(**OF, lines={"1": units}, correction=correction)


def received(
    arrival_id: str = "", units: int | None = None, location: str = "L", correction: str = ""
) -> ReturnReceived:
    lines = None if units is None else {"1": units}
    return ReturnReceived(**OF, arrival_id=arrival_id, lines=lines, location=location, correction=correction)


def inspected(
    arrival_id: str, found: tuple[int, int, int], correction: str = "", bin: str | None = None
) -> ReturnInspected:
    return ReturnInspected(**OF, arrival_id=arrival_id, lines={"1": found}, correction=correction, bin=bin)


def back(shop: OrderScenario) -> Return:
    (one,) = shop.order().returns
    return one


def there(units: int) -> Stock:
    return Stock(on_hand=units, reserved=0, available=units)


def damage(location: str, units: int, bin: str | None = None) -> Adjustment:
    return Adjustment(
        operation="a", reason=AdjustmentReason.DAMAGE, sku="hat", location=location, delta=-units, bin=bin
    )


# In several parcels


def test_each_parcel_is_restocked_when_it_was_inspected() -> None:
    shop = shipped()
    shop.apply(announced(), received("p1", 2), inspected("p1", (2, 0, 0)))
    first = (back(shop).state, shop.stock("hat", "L"))

    shop.apply(received("p2", location="M"), inspected("p2", (1, 0, 0)))

    assert (ReturnState.RECEIVED, there(2)) == first
    assert (ReturnState.INSPECTED, there(2)) == (back(shop).state, shop.stock("hat", "L"))
    assert there(6) == shop.stock("hat", "M")


def test_parcels_may_be_inspected_in_another_order_than_they_came_in() -> None:
    shop = shipped()

    shop.apply(announced(), received("p1", 2), received("p2"), inspected("p2", (1, 0, 0)))
    shop.apply(inspected("p1", (0, 2, 0)))

    assert (ReturnState.INSPECTED, {"1": Inspection(1, 2, 0)}) == (back(shop).state, back(shop).found)
    assert there(1) == shop.stock("hat", "L")


STEPS = (
    announced(),
    received("p1", 2),
    inspected("p1", (1, 1, 0)),
    received("p2"),
    inspected("p2", (0, 0, 1)),
    received("p3"),
    inspected("p3", (1, 0, 0)),
)


@pytest.mark.parametrize("again", STEPS)
def test_each_step_of_each_parcel_reported_again_changes_nothing(again: OrderInput) -> None:
    shop = shipped()
    shop.apply(*STEPS)

    assert Outcome.DUPLICATE == shop.apply(again)
    assert there(2) == shop.stock("hat", "L")


@pytest.mark.parametrize(
    "other", [received("p1", 1), received("p1", 2, "M"), received("p9"), inspected("p1", (2, 0, 0))]
)
def test_a_parcel_reported_otherwise_the_second_time_is_a_conflict(other: OrderInput) -> None:
    shop = shipped()
    shop.apply(*STEPS)

    with pytest.raises(Conflict):
        shop.apply(other)


@pytest.mark.parametrize("units", [0, 2, 3])
def test_a_parcel_holds_no_more_than_is_still_due(units: int) -> None:
    shop = shipped()
    shop.apply(announced(), received("p1", 2))

    with pytest.raises(InvalidInput, match=r"lines\.1.*must be 1 to 1"):
        shop.apply(received("p2", units))


def test_a_parcel_that_has_not_come_is_not_inspected() -> None:
    shop = shipped()
    shop.apply(announced(), received("p1", 2))

    with pytest.raises(Conflict, match="not been received") as caught:
        shop.apply(inspected("", (3, 0, 0)))
    assert "p1" == caught.value.details["arrivals"]


def test_what_was_missing_turns_up_in_a_later_parcel() -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (2, 0, 1)))

    shop.apply(received("late", location="M"), inspected("late", (1, 0, 0), bin=PICKING))

    assert (ReturnState.INSPECTED, {"1": Inspection(3, 0, 0)}) == (back(shop).state, back(shop).found)
    assert (there(2), there(6)) == (shop.stock("hat", "L"), shop.stock("hat", "M"))


def test_no_more_turns_up_than_was_missing() -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (2, 0, 1)))

    with pytest.raises(InvalidInput, match="must be 1 to 1"):
        shop.apply(received("late", 2))
    shop.apply(received("late"))
    with pytest.raises(InvalidInput, match="came in a later parcel"):
        shop.apply(inspected("", (3, 0, 0), "c1"))
    assert there(2) == shop.stock("hat", "L")


# Corrected


def test_an_announcement_is_corrected_as_long_as_no_more_arrived() -> None:
    shop = shipped()
    shop.apply(announced(5), announced(2, "c1"), received("p1", 1), announced(4, "c2"))

    with pytest.raises(InvalidInput, match="1 arrived already"):
        shop.apply(announced(0, "c3"))
    shop.apply(received("p2"), inspected("p1", (1, 0, 0)), inspected("p2", (3, 0, 0)))

    assert ({"1": 4}, there(4)) == (back(shop).lines, shop.stock("hat", "L"))


def test_a_return_announced_by_mistake_is_taken_out_and_leaves_room_for_others() -> None:
    shop = shipped()
    shop.apply(announced(5), announced(0, "c1"))

    outcome = shop.apply(ReturnAnnounced(channel="web", external_id="1", return_id="r2", lines={"1": 5}))

    mistaken = shop.order().returns[0]
    assert (Outcome.UPDATED, {}, ReturnState.INSPECTED) == (outcome, mistaken.lines, mistaken.state)


@pytest.mark.parametrize("units", [6, -1])
def test_no_correction_announces_more_than_was_shipped(units: int) -> None:
    shop = shipped()
    shop.apply(announced(3))

    with pytest.raises(InvalidInput, match="must be 0 to 5"):
        shop.apply(announced(units, "c1"))


def test_a_receipt_is_corrected_until_it_was_inspected() -> None:
    shop = shipped()
    shop.apply(announced(), received("p1", 3), received("p1", 2, "M", "c1"), inspected("p1", (2, 0, 0)))

    with pytest.raises(Conflict, match="correct the inspection"):
        shop.apply(received("p1", 1, "M", "c2"))
    assert (ReturnState.RECEIVED, there(7)) == (back(shop).state, shop.stock("hat", "M"))
    assert there(0) == shop.stock("hat", "L")


@pytest.mark.parametrize(("found", "units"), [((1, 2, 0), 1), ((3, 0, 0), 3), ((0, 0, 3), 0)])
def test_an_inspection_is_corrected_by_the_difference(found: tuple[int, int, int], units: int) -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (2, 1, 0)))

    shop.apply(inspected("", found, "c1"))

    assert ({"1": Inspection(*found)}, there(units)) == (back(shop).found, shop.stock("hat", "L"))
    entries = [entry.on_hand for key, many in shop.ledger.items() if key.location == "L" for entry in many]
    assert [2, units - 2] == entries


def test_a_corrected_inspection_may_name_another_bin() -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (2, 1, 0), bin=PICKING))

    shop.apply(inspected("", (2, 1, 0), "c1", bin=STORAGE))

    assert {PICKING: 0, STORAGE: 2, "": 0} == shop.bins("hat", "L")


def test_each_correction_counts_once_however_late_it_is_repeated() -> None:
    shop = shipped()
    first, second = inspected("", (3, 0, 0), "c1"), inspected("", (0, 3, 0), "c2")
    shop.apply(announced(), received(), inspected("", (2, 1, 0)), first, second)

    assert Outcome.DUPLICATE == shop.apply(first)
    assert there(0) == shop.stock("hat", "L")


def test_the_id_of_a_correction_stands_for_one_correction() -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (2, 1, 0)), inspected("", (3, 0, 0), "c1"))

    with pytest.raises(Conflict, match="used for another"):
        shop.apply(inspected("", (0, 3, 0), "c1"))


def test_a_correction_takes_nothing_back_that_is_gone() -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected("", (3, 0, 0)))
    shop.adjust(damage("L", 2))

    with pytest.raises(Conflict, match="1 are left"):
        shop.apply(inspected("", (0, 3, 0), "c1"))
    assert there(1) == shop.stock("hat", "L")


def test_a_correction_takes_nothing_out_of_a_bin_that_holds_too_few() -> None:
    shop = shipped()
    shop.apply(announced(), received(location="M"), inspected("", (3, 0, 0), bin=STORAGE))
    shop.adjust(damage("M", 2, STORAGE))

    with pytest.raises(Conflict, match="holds too few"):
        shop.apply(inspected("", (0, 3, 0), "c1"))


def test_only_a_known_return_is_corrected() -> None:
    with pytest.raises(NotFound):
        shipped().apply(announced(3, "c1"))


# Kits


def kit(correction: str = "", **components: tuple[int, int, int]) -> ReturnInspected:
    return ReturnInspected(**OF, lines={}, components={"1": components}, correction=correction)


def test_a_kit_is_inspected_by_its_components() -> None:
    """A set is 1 hat and 2 shirts: of two sets one shirt is broken."""
    shop = shipped(3, "set")
    shop.apply(announced(2), received())

    shop.apply(kit(hat=(2, 0, 0), shirt=(3, 1, 0)))

    assert (there(2), there(3)) == (shop.stock("hat", "L"), shop.stock("shirt", "L"))
    expected = Inspection(components={"hat": Condition(2), "shirt": Condition(3, 1)})
    assert (ReturnState.INSPECTED, {"1": expected}) == (back(shop).state, back(shop).found)


def test_a_component_that_was_missing_turns_up_by_a_correction() -> None:
    shop = shipped(3, "set")
    shop.apply(announced(1), received(), kit(hat=(1, 0, 0), shirt=(1, 0, 1)))

    shop.apply(kit("c1", hat=(1, 0, 0), shirt=(2, 0, 0)))

    assert (there(1), there(2)) == (shop.stock("hat", "L"), shop.stock("shirt", "L"))


BOTH = ReturnInspected(**OF, lines={"1": (2, 0, 0)}, components={"1": {"hat": (2, 0, 0), "shirt": (4, 0, 0)}})


@pytest.mark.parametrize(
    "wrong",
    [
        kit(hat=(2, 0, 0)),
        kit(hat=(2, 0, 0), shirt=(2, 0, 0)),
        kit(hat=(2, 0, 0), shirt=(5, -1, 0)),
        kit(hat=(2, 0, 0), shirt=(4, 0, 0), coat=(1, 0, 0)),
        BOTH,
    ],
)
def test_the_components_account_for_exactly_what_is_in_the_kits(wrong: ReturnInspected) -> None:
    shop = shipped(3, "set")
    shop.apply(announced(2), received())

    with pytest.raises(InvalidInput, match=r"lines\.1"):
        shop.apply(wrong)
    assert there(0) == shop.stock("hat", "L")


# Lines that need no stock


def with_tip() -> OrderScenario:
    shop = shipped()
    whole = sold({"hat": 5}, revision="2")
    shop.apply(replace(whole, lines=(*whole.lines, SnapshotLine("t", ("tip",), 1, no_stock=True))))
    return shop


def test_a_return_leaves_out_lines_that_need_no_stock() -> None:
    shop = with_tip()

    shop.apply(
        ReturnAnnounced(**OF, lines={"1": 3, "t": 1}),
        ReturnReceived(**OF, location="L", lines={"1": 3, "t": 1}),
        ReturnInspected(**OF, lines={"1": (3, 0, 0), "t": (1, 0, 0)}),
    )

    assert (ReturnState.INSPECTED, {"1": 3}) == (back(shop).state, back(shop).lines)
    assert there(3) == shop.stock("hat", "L")


def test_a_return_of_nothing_else_is_done_at_once() -> None:
    shop = with_tip()
    steps = (
        ReturnAnnounced(**OF, lines={"t": 1}),
        ReturnReceived(**OF, location="L"),
        ReturnInspected(**OF, lines={"t": (1, 0, 0)}),
    )

    outcomes = [shop.apply(step) for step in steps]

    assert [Outcome.UPDATED, Outcome.DUPLICATE, Outcome.DUPLICATE] == outcomes
    assert ReturnState.INSPECTED is back(shop).state


def test_a_refused_step_changes_nothing() -> None:
    shop = shipped()
    shop.apply(announced(), received("p1", 2))
    before = shop.order()

    for wrong in (
        received("p2", 9),
        inspected("p1", (9, 0, 0)),
        announced(9, "c1"),
        received("p1", 9, "L", "c1"),
    ):
        with pytest.raises(LastunitError):
            shop.apply(wrong)

    assert before == shop.order()
