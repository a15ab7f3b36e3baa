"""What the simulator calls a sold unit that is shown again."""

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.simulate.checks import Violation, Watch
from tests.simulate.history import History
from tests.simulate.model import Facts
from tests.simulate.spare import check_spare
from tests.simulate.store import Write
from tests.simulate.town import Sale

SALE = Sale("web", "1", {"shirt": 1})


def order(state: str) -> Write:
    row: dict[str, Any] = {"pk": {"S": "ORDER#web#1"}, "sk": {"S": "ORDER"}, "state": {"S": state}}
    return Write("OrdersTable", {"pk": row["pk"], "sk": row["sk"]}, None, row)


def told(states: Sequence[str], shown: int, *, escrow: bool = False) -> str | None:
    """What is wrong with so many of 5 shirts shown, after the order for one of them was in these states."""
    watch = Watch(on_hand=Counter({"shirt": 5}))
    for state in states:
        watch([order(state)])
    town = SimpleNamespace(markets={"web": SimpleNamespace(shelves={"shirt": shown})})
    shape, books = SimpleNamespace(buffer=0), SimpleNamespace(uncounted=list)
    history = SimpleNamespace(watch=watch, town=town, shape=shape, books=books, is_escrow=escrow)
    try:
        check_spare(cast(History, history), Facts([SALE], {}, {"shirt": {"shirt": 1}}))
    except Violation as violation:
        return violation.promise
    return None


@pytest.mark.parametrize("states", [(), ("reserved",), ("exception",)])
def test_a_unit_that_was_sold_must_not_be_shown(states: Sequence[str]) -> None:
    assert (None, "6") == (told(states, 4), told(states, 5))


@pytest.mark.parametrize("states", [("requested",), ("requested", "reserved")])
def test_a_unit_that_a_request_waits_for_may_be_shown_outside_escrow(states: Sequence[str]) -> None:
    """A request takes nothing from what is available; a number computed before it was granted is told later."""
    assert (None, "6") == (told(states, 5), told(states, 6))


def test_a_unit_that_a_request_waits_for_must_not_be_shown_in_escrow() -> None:
    assert (None, "7") == (told(["requested"], 4, escrow=True), told(["requested"], 5, escrow=True))
