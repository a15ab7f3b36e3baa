"""Import switched off: orders are known and deduct nothing. Switched on: a person says which are applied."""

import pytest

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Confirm, Fact, Payment, Retry
from lastunit.domain.levels import Adjustment, Place, Transfer
from lastunit.domain.levels import Reason as Cause
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.world import Outcome
from tests.fakes import cancelled, sold
from tests.life import PICKING, STORAGE, Life, parcel, shelf, voided

CONFIRM = Confirm("web", "1")


def shop(*, imports: bool = False, units: int = 10) -> Life:
    channel = Channel("web", "generic", imports=imports)
    return Life({("hat", "M"): shelf("hat", "M", picking=units)}, {"hat": Sku("hat")}, channel)


def test_an_imported_order_is_deducted_by_the_hub() -> None:
    """Rule 1.2-1."""
    here = shop(imports=True)

    here.tell(sold({"hat": 4}))

    assert (State.RESERVED, (10, 4, 6)) == (here.order().state, here.stock("hat"))


def test_with_import_off_an_order_is_recorded_says_why_and_deducts_nothing() -> None:
    """Rules 1.2-4 and 1.2-5."""
    here = shop()

    outcome = here.tell(sold({"hat": 4}))

    assert (Outcome.RECORDED, Reason.IMPORT_OFF, (10, 0, 10)) == (outcome, here.order().reason, here.stock("hat"))
    assert here.now.isoformat() == here.order().waiting_since


def test_with_import_off_stock_can_still_be_changed_by_hand() -> None:
    """Rules 1.2-5 and 1.2-8: then quantities come from another source."""
    here = shop()
    here.tell(sold({"hat": 4}))

    here.adjust(Adjustment("a1", Cause.CORRECT, "hat", "M", -4, PICKING))
    here.adjust(Transfer("t1", "hat", 1, Place("M", PICKING), Place("M", STORAGE)))

    assert ((6, 0, 6), {PICKING: 5, STORAGE: 1, "": 0}) == (here.stock("hat"), here.bins("hat"))


def test_edits_and_repeats_keep_it_recorded() -> None:
    here = shop()

    outcomes = [here.tell(sold({"hat": units}, revision=rev)) for units, rev in ((4, "1"), (4, "1"), (5, "2"))]

    assert ([Outcome.RECORDED, Outcome.DUPLICATE, Outcome.RECORDED], (10, 0, 10)) == (outcomes, here.stock("hat"))


def test_a_recorded_order_that_is_cancelled_gives_nothing_back() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), cancelled())

    assert (State.CANCELLED, (10, 0, 10)) == (here.order().state, here.stock("hat"))


def test_switched_on_again_what_was_recorded_waits_for_a_confirmation() -> None:
    """Rule 1.2-14: also when the channel tells of the order again or changes it."""
    here = shop()
    here.tell(sold({"hat": 4}))
    here.switch(imports=True)

    here.tell(sold({"hat": 4}), sold({"hat": 5}, revision="2"))
    waiting = here.order().state, here.stock("hat")
    outcome = here.tell(CONFIRM)

    assert ((State.RECORDED, (10, 0, 10)), Outcome.RESERVED) == (waiting, outcome)
    assert (10, 5, 5) == here.stock("hat")


def test_a_confirmation_counts_once() -> None:
    """Rule 1.2-14."""
    here = shop()

    here.tell(sold({"hat": 4}), CONFIRM)

    assert (Outcome.DUPLICATE, (10, 4, 6)) == (here.tell(CONFIRM), here.stock("hat"))


def test_what_cannot_be_covered_when_it_is_confirmed_becomes_a_request() -> None:
    here = shop(units=3)

    here.tell(sold({"hat": 4}), CONFIRM)

    assert (State.REQUESTED, (3, 0, 3)) == (here.order().state, here.stock("hat"))


@pytest.mark.parametrize("first", [True, False], ids=["shipment first", "order first"])
def test_a_shipment_with_import_off_deducts_nothing_until_its_order_is_confirmed(*, first: bool) -> None:
    """Promise 3: in whatever order they come."""
    here = shop()
    facts: list[Fact] = [sold({"hat": 4}), parcel({"hat": 3})]

    here.tell(*reversed(facts) if first else facts)
    waiting = here.order().state, here.stock("hat")
    here.tell(CONFIRM)

    assert ((State.RECORDED, (10, 0, 10)), (7, 1, 6)) == (waiting, here.stock("hat"))
    assert State.PARTLY_SHIPPED is here.order().state


def test_a_shipment_voided_with_import_off_never_leaves() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), parcel({"hat": 3}), voided(), CONFIRM)

    assert (State.RESERVED, (10, 4, 6)) == (here.order().state, here.stock("hat"))


def test_a_recorded_order_may_be_paid_and_then_confirmed() -> None:
    here = shop()

    here.tell(sold({"hat": 4}), Payment("web", "1"), CONFIRM)

    assert (State.RESERVED, True) == (here.order().state, here.order().paid)


def test_a_retry_confirms_nothing() -> None:
    here = shop()

    here.tell(sold({"hat": 4}))

    assert (Outcome.DUPLICATE, State.RECORDED) == (here.tell(Retry("web", "1")), here.order().state)


def test_an_order_that_was_reserved_before_the_switch_stays_reserved_and_can_be_changed() -> None:
    here = shop(imports=True)
    here.tell(sold({"hat": 4}))
    here.switch(imports=False)

    here.tell(sold({"hat": 5}, revision="2"))

    assert (State.RESERVED, (10, 5, 5)) == (here.order().state, here.stock("hat"))


def test_an_exception_whose_units_have_left_is_not_turned_into_a_mere_record() -> None:
    here = shop(imports=True)
    here.tell(sold({"hat": 2, "mystery": 1}), parcel({"hat": 2}))
    here.switch(imports=False)

    here.tell(sold({"hat": 3, "mystery": 1}, revision="2"))

    assert (State.EXCEPTION, (8, 0, 8)) == (here.order().state, here.stock("hat"))


def test_the_own_store_that_waits_for_an_answer_is_no_import() -> None:
    here = shop()

    outcome = here.tell(sold({"hat": 4}), instant=True)

    assert (Outcome.RESERVED, (10, 4, 6)) == (outcome, here.stock("hat"))
