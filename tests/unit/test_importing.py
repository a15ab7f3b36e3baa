"""An imported order: its SKUs are checked, a place is assigned that can be seen, and stock is deducted there."""

from lastunit.domain.catalogue import Alias, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Retry
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.routing import Policy
from tests.fakes import sold
from tests.life import Life, shelf


def shop() -> Life:
    """M is the first choice, L the second. A cap is a hat under another SKU."""
    levels = [
        shelf("hat", "M", picking=1),
        shelf("hat", "L", picking=5),
        shelf("shirt", "M", picking=4),
        shelf("shirt", "L", picking=9),
    ]
    items = {"hat": Sku("hat"), "shirt": Sku("shirt"), "cap": Sku("cap", recipe={"hat": 1})}
    channel = Channel("web", "generic", Policy.PRIORITY)
    return Life({(level.sku, level.location): level for level in levels}, items, channel)


def places(here: Life) -> list[tuple[str, str, int]]:
    return [(held.sku, held.location, held.quantity) for held in here.order().allocations]


def test_the_first_choice_with_the_units_is_assigned_and_deducted() -> None:
    """Rules 1.2-6 and 1.2-9: although the second choice has more."""
    here = shop()

    here.tell(sold({"shirt": 3}))

    assert ([("shirt", "M", 3)], (4, 3, 1)) == (places(here), here.stock("shirt", "M"))


def test_having_some_of_a_line_is_not_having_it() -> None:
    """Rule 1.2-10: an order of 3; the first choice has 1, the second 5."""
    here = shop()

    here.tell(sold({"hat": 3}))

    assert [("hat", "L", 3)] == places(here)


def test_each_line_has_its_own_place() -> None:
    """Rule 1.2-12."""
    here = shop()

    here.tell(sold({"hat": 3, "shirt": 3}))

    assert [("hat", "L", 3), ("shirt", "M", 3)] == places(here)


def test_the_place_and_what_was_seen_there_can_be_looked_up_at_any_time() -> None:
    """Rule 1.2-7, and field bug 18."""
    here = shop()

    here.tell(sold({"hat": 3}))

    decision = here.order().decision
    assert decision is not None
    assert ("priority", ("M", "L"), {"hat": {"M": 1, "L": 5}}) == (
        decision.policy,
        decision.candidates,
        decision.saw,
    )
    assert "priority: highest rank with enough" == here.order().allocations[0].rule


def test_another_sku_for_the_same_goods_takes_them_through_its_kit() -> None:
    """Rule 1.2-3."""
    here = shop()

    here.tell(sold({"cap": 1}))

    assert (1, 1, 0) == here.stock("hat", "M")


def test_an_unknown_sku_keeps_the_whole_order_until_its_alias_is_known() -> None:
    """Rule 1.2-15, and complaint 10."""
    here = shop()
    here.tell(sold({"shirt": 2, "TSHIRT": 1}))
    waiting = here.order().state, here.order().reason, here.stock("shirt", "M")

    here.names["TSHIRT"] = Alias("TSHIRT", "shirt", "shirt")
    here.tell(Retry("web", "1"))

    assert (State.EXCEPTION, Reason.UNKNOWN_SKU, (4, 0, 4)) == waiting
    assert (State.RESERVED, (4, 3, 1)) == (here.order().state, here.stock("shirt", "M"))
