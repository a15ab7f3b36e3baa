"""What the simulator calls a sold unit that is shown again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.simulate.history import History
from tests.simulate.invariants.checks import Violation, Watch
from tests.simulate.invariants.respent_units import check_respent_units
from tests.simulate.model import Facts
from tests.simulate.shop_world import Sale
from tests.simulate.store import Write

SALE = Sale("web", "1", {"shirt": 2})


def order(state: str) -> Write:
    row: dict[str, Any] = {"pk": {"S": "ORDER#web#1"}, "sk": {"S": "ORDER"}, "state": {"S": state}}
    if state == "requested":
        line = {"line_id": {"S": "1"}, "quantity": {"N": "2"}, "parts": {"M": {"shirt": {"N": "1"}}}}
        row["lines"] = {"L": [{"M": line}]}
    return Write("OrdersTable", {"pk": row["pk"], "sk": row["sk"]}, None, row)


def told(states: Sequence[str], shown: int, *, sale: Sale = SALE, escrow: bool = False) -> str | None:
    """What is wrong with so many of 5 shirts shown, after the order for two of them was in these states."""
    watch = Watch(on_hand=Counter({"shirt": 5}))
    for state in states:
        watch([order(state)])
    shop_world = SimpleNamespace(markets={"web": SimpleNamespace(shelves={"shirt": shown})})
    scenario, push_invariant = SimpleNamespace(buffer=0), SimpleNamespace(uncounted=list)
    history = SimpleNamespace(
        watch=watch, shop_world=shop_world, scenario=scenario, push_invariant=push_invariant, is_escrow=escrow
    )
    try:
        check_respent_units(cast(History, history), Facts([sale], {}, {"shirt": {"shirt": 1}}))
    except Violation as violation:
        return violation.promise
    return None


@pytest.mark.parametrize("states", [(), ("reserved",), ("exception",)])
def test_a_unit_that_was_sold_must_not_be_shown(states: Sequence[str]) -> None:
    assert (None, "6") == (told(states, 3), told(states, 4))


@pytest.mark.parametrize("states", [("requested",), ("requested", "reserved")])
def test_a_unit_that_a_request_waits_for_may_be_shown_outside_escrow(states: Sequence[str]) -> None:
    """A request takes nothing from what is available; a number computed before it was granted is told later."""
    assert (None, "6") == (told(states, 5), told(states, 6))


def test_units_of_a_cancelled_request_that_the_channel_restocks_add_to_what_was_pushed() -> None:
    cancelled = replace(SALE, cancelled=True)

    shown_twice = told(["requested"], 7, sale=cancelled), told(["requested"], 8, sale=cancelled)

    assert (None, "6") == shown_twice


def test_units_edited_out_of_a_request_that_the_channel_restocks_add_to_what_was_pushed() -> None:
    edited = replace(SALE, lines={"shirt": 1})

    shown_twice = told(["requested"], 6, sale=edited), told(["requested"], 7, sale=edited)

    assert (None, "6") == shown_twice


@pytest.mark.parametrize("states", [(), ("reserved",)])
def test_what_a_cancelled_order_that_was_no_request_had_is_there_only_once(states: Sequence[str]) -> None:
    cancelled = replace(SALE, cancelled=True)

    assert (None, "6") == (told(states, 5, sale=cancelled), told(states, 6, sale=cancelled))


def test_what_a_cancelled_request_asked_for_is_there_only_once_in_escrow() -> None:
    cancelled = replace(SALE, cancelled=True)

    shown_once = told(["requested"], 5, sale=cancelled, escrow=True)
    shown_twice = told(["requested"], 6, sale=cancelled, escrow=True)

    assert (None, "7") == (shown_once, shown_twice)


def test_a_unit_that_a_request_waits_for_must_not_be_shown_in_escrow() -> None:
    assert (None, "7") == (told(["requested"], 3, escrow=True), told(["requested"], 4, escrow=True))
