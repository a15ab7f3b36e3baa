"""Announcements: each change once, under an id that stays, and nothing personal."""

import json
import re
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lastunit.adapters.eventbridge import BYTES_MAX
from lastunit.domain.events.business_events import LINES_MAX, TYPES, of_low_stock, of_order, of_task
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.orders.order import Line, RequestDecision
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin, BinKind, Level
from lastunit.domain.stock.replenishment import task_for
from tests.support.events.announced import (
    ANNOUNCED,
    AT,
    LATER,
    PARCEL,
    PARTLY,
    RECEIVED,
    REQUESTED,
    RESERVED,
    SOON,
    announcements_of,
    examples,
)

DOC = (Path(__file__).parents[3] / "docs" / "events.md").read_text()


def documented() -> dict[str, dict[str, Any]]:
    """Heading → the JSON example below it."""
    sections = re.findall(r"^### `([^`]+)`\n(.*?)```json\n(.*?)```", DOC, re.MULTILINE | re.DOTALL)
    return {type_: json.loads(example) for type_, _, example in sections}


def types(announcements: list[Any]) -> list[str]:
    return [one.type for one in announcements]


def test_every_type_is_documented_with_an_example_that_is_true() -> None:
    assert set(TYPES) == set(documented()) == set(examples())
    assert {type_: one.message() for type_, one in examples().items()} == documented()


@pytest.mark.parametrize("state", State)
def test_every_state_an_order_comes_to_is_announced(state: State) -> None:
    other = State.EXCEPTION if state is not State.EXCEPTION else State.RESERVED

    made = announcements_of(replace(RESERVED, state=other), replace(RESERVED, state=state))

    assert [f"order.{state}"] == types(made)
    assert (state, other) == (made[0].data["state"], made[0].data["before"])


def test_an_order_that_stays_in_its_state_is_no_news() -> None:
    assert [] == announcements_of(RESERVED, replace(RESERVED, revision="2", paid=True, location="laval"))


def test_a_cancelled_order_says_why() -> None:
    for reason in (OrderReason.CANCELLED_BY_CHANNEL, OrderReason.DECLINED, OrderReason.UNPAID_IN_TIME):
        made = announcements_of(RESERVED, replace(RESERVED, state=State.CANCELLED, reason=reason))

        assert [("order.cancelled", reason)] == [(one.type, one.data["reason"]) for one in made]


def test_a_request_says_what_is_short_and_until_when_to_decide() -> None:
    made = announcements_of(None, REQUESTED)

    assert ({"shirt": 2}, SOON) == (made[0].data["shortage"], made[0].data["decide_by"])


def test_a_parcel_is_announced_once_when_booked_and_once_when_voided() -> None:
    voided = replace(PARTLY, shipments=(replace(PARCEL, voided=True),), state=State.RESERVED)

    assert ["order.partly_shipped", "shipment.booked"] == types(announcements_of(RESERVED, PARTLY))
    assert ["order.reserved", "shipment.voided"] == types(announcements_of(PARTLY, voided))
    assert [] == announcements_of(voided, replace(voided, revision="3"))


def test_a_parcel_that_another_system_reports_as_well_is_announced_once() -> None:
    again = replace(PARCEL, shipment_id="f1", lines={}, picked=())

    assert [] == announcements_of(PARTLY, replace(PARTLY, shipments=(*PARTLY.shipments, again), revision="2"))


def test_a_parcel_that_is_voided_before_it_was_known_was_never_booked() -> None:
    assert ["shipment.voided"] == types(
        announcements_of(RESERVED, replace(RESERVED, shipments=(replace(PARCEL, voided=True),)))
    )


def test_each_step_of_a_return_is_announced_once() -> None:
    announced, received = replace(PARTLY, returns=(ANNOUNCED,)), replace(PARTLY, returns=(RECEIVED,))

    steps = ((PARTLY, announced), (announced, received), (received, received))
    made = [types(announcements_of(*step)) for step in steps]

    assert [["return.announced"], ["return.received"], []] == made


def test_two_returns_at_once_are_two_returns() -> None:
    second = replace(ANNOUNCED, return_id="R-2")

    made = announcements_of(PARTLY, replace(PARTLY, returns=(ANNOUNCED, second)))

    assert ["R-1", "R-2"] == [one.data["return_id"] for one in made]
    assert 2 == len({one.event_id for one in made})


def test_a_deadline_says_which_clock_runs_out_when() -> None:
    accepted = replace(RESERVED, state=State.AWAITING_PAYMENT, pay_by=datetime.fromisoformat(LATER))

    made = [
        *announcements_of(REQUESTED, replace(REQUESTED, reminded=True)),
        *announcements_of(accepted, replace(accepted, reminded=True)),
    ]

    assert ["request.deadline_near"] * 2 == types(made)
    assert [("decision", SOON), ("payment", LATER)] == [(one.data["clock"], one.data["due_at"]) for one in made]


def test_a_reminder_and_an_escalation_are_announced_once() -> None:
    reminded = replace(REQUESTED, reminded=True)
    escalated = replace(reminded, escalated=True, decide_by=None)

    assert ["request.escalated"] == types(announcements_of(reminded, escalated))
    assert [] == announcements_of(escalated, replace(escalated, revision="2"))


def test_the_same_write_announced_again_has_the_same_ids_and_another_write_has_others() -> None:
    def ids(rev: int, order_id: str = "1001") -> list[str]:
        after = replace(PARTLY, rev=rev, external_id=order_id)
        return [one.event_id for one in of_order(None, after, f"at {rev}")]

    assert ids(2) == ids(2)
    assert 6 == len({*ids(2), *ids(3), *ids(2, "1002")})


def test_an_id_fits_a_signature_of_standard_webhooks() -> None:
    """A dot in it could be taken for the end of the id."""
    odd = announcements_of(None, replace(RESERVED, external_id="ü 1.2\n" * 40))

    assert [True] == [re.fullmatch(r"evt_[0-9a-f]{32}", one.event_id) is not None for one in odd]


def test_no_name_is_published() -> None:
    """Who decided is in the order itself, for those who may look."""
    decided = replace(
        RESERVED,
        request_decision=RequestDecision(accepted=True, by="sam@store.example", at=datetime.fromisoformat(AT)),
        details={"note": "for Ms Tremblay"},
    )

    said = json.dumps([one.message() for one in announcements_of(REQUESTED, decided)])

    assert "sam" not in said
    assert "Tremblay" not in said


def test_a_line_of_an_unknown_sku_is_called_what_the_channel_calls_it() -> None:
    odd = replace(
        RESERVED, state=State.EXCEPTION, lines=(Line(line_id="9", names=("TEE-?", "variant:9"), quantity=2),)
    )

    assert [{"line_id": "9", "sku": "TEE-?", "quantity": 2}] == announcements_of(None, odd)[0].data["lines"]


def test_the_largest_order_fits_one_entry_of_the_bus() -> None:
    many = tuple(Line(line_id=f"{at:0>100}", names=("漢" * 500,), quantity=1_000_000) for at in range(500))
    took = tuple(replace(PARCEL.picked[0], sku="漢" * 64, location="x" * 32) for _ in range(500))
    parcel = replace(PARCEL, lines={line.line_id: 1 for line in many}, picked=took)

    made = announcements_of(None, replace(REQUESTED, lines=many, shipments=(parcel,)))

    assert {"order.requested", "shipment.booked"} == set(types(made))
    assert max(len(json.dumps(one.message())) for one in made) < BYTES_MAX / 2
    assert (LINES_MAX, 500 - LINES_MAX) == (len(made[0].data["lines"]), made[0].data["lines_left_out"])  # type: ignore[arg-type]


def shirts(units: int, mark: int | None) -> SkuView:
    levels = tuple(
        Level(sku="shirt", location=at, on_hand=part, reserved=0, available=part)
        for at, part in (("montreal", units - 1), ("laval", 1))
    )
    return SkuView(item=Sku(sku="shirt", low_stock=mark), levels=levels)


@pytest.mark.parametrize(("units", "mark", "is_told"), [(4, 5, True), (5, 5, False), (0, None, False)])
def test_stock_is_low_below_its_mark_at_all_locations_together(units: int, mark: int | None, is_told: bool) -> None:
    made = of_low_stock(shirts(units, mark), "laval 3", AT)

    assert ({"sku": "shirt", "available": 4, "low_stock": 5} if is_told else None) == (made.data if made else None)


def test_a_task_is_announced_when_it_opens_and_not_while_its_quantity_changes() -> None:
    bins = {
        "p-1": Bin(name="p-1", kind=BinKind.PICKING, on_hand=2, mark=5),
        "s-1": Bin(name="s-1", kind=BinKind.STORAGE, on_hand=10),
    }
    level = Level(
        sku="shirt", location="montreal", on_hand=12, reserved=0, available=12, unplaced=0, bins=bins, seq=7
    )
    todo = task_for(level)
    assert todo is not None

    opened = of_task(None, todo, 7, AT)

    assert opened is not None
    assert asdict(todo) == opened.data
    assert (None, None) == (of_task(todo, replace(todo, quantity=4), 8, AT), of_task(todo, None, 9, AT))
    assert opened == of_task(None, todo, 7, AT)
