"""The JSON API of an order after it is placed: requests, payment, shipments, returns, what waits for a person."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.write_ledger.handler import handler as write_ledger
from lastunit import bootstrap
from lastunit.use_cases.orders.change_orders import Incoming
from tests.support.api_client import STORE, ApiClient, opened, refused
from tests.support.aws.deployment import context
from tests.support.aws.streamed import StreamRecords
from tests.support.orders.inputs import sold
from tests.support.stock.levels import Stock

ORDER = "/orders/web:1"
REQUESTS = STORE | {"takes_requests": True, "payment_minutes": 60}


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiClient]:
    with opened(monkeypatch) as client:
        yield client


@pytest.fixture
def requested(api: ApiClient) -> ApiClient:
    """Eight shirts wanted and not paid, five there: a person must decide."""
    api.put("/channels/web", REQUESTS)
    assert 202 == api.order(8, status="created")[0]
    return api


@pytest.fixture
def ordered(api: ApiClient) -> ApiClient:
    """Four of the five shirts are reserved."""
    assert 201 == api.order(4)[0]
    return api


@pytest.fixture
def shipped(ordered: ApiClient) -> ApiClient:
    ship(ordered, 4)
    return ordered


def outcome(answer: tuple[int, dict[str, Any]]) -> tuple[int, str]:
    return answer[0], answer[1]["outcome"]


def imported(external_id: str, quantity: int) -> None:
    """As a webhook of the channel tells of it: nobody waits for an answer."""
    fact = sold({"shirt": quantity}, external_id)
    bootstrap.hub().change_orders.apply([Incoming("webhook", fact)])


def stock(api: ApiClient) -> Stock:
    level = api.level()
    return Stock(on_hand=level["on_hand"], reserved=level["reserved"], available=level["available"])


def decide(api: ApiClient, *, accept: bool = True, by: str = "ann", **fields: object) -> Any:
    return api.post(f"{ORDER}/decision", {"accept": accept, "by": by} | fields)


def ship(api: ApiClient, quantity: object, shipment_id: str = "s1", path: str = ORDER, **fields: object) -> Any:
    lines = [{"line_id": "1", "quantity": quantity}]
    return api.post(f"{path}/shipments", {"shipment_id": shipment_id, "lines": lines} | fields)


def announce(api: ApiClient, quantity: object, return_id: str = "r1", line_id: str = "1") -> Any:
    return api.post(f"{ORDER}/returns", {"return_id": return_id, "lines": {line_id: quantity}})


def receive(api: ApiClient, location: str = "montreal") -> Any:
    return api.post(f"{ORDER}/returns/r1/receipt", {"location": location})


def inspect(api: ApiClient, **found: float) -> Any:
    return api.post(f"{ORDER}/returns/r1/inspection", {"lines": {"1": found}})


# Requests


def test_an_accepted_request_reserves_what_exists_and_promises_the_rest(requested: ApiClient) -> None:
    before = stock(requested)

    status, answer = decide(requested)

    assert Stock(on_hand=5, reserved=0, available=5) == before
    assert 200 == status
    assert Stock(on_hand=5, reserved=5, available=0) == stock(requested)
    assert [3] == [one["quantity"] for one in answer["order"]["backorders"]]
    assert ("ann", True) == (
        answer["order"]["request_decision"]["by"],
        answer["order"]["request_decision"]["accepted"],
    )
    assert answer["order"]["pay_by"]


def test_a_request_of_what_never_had_stock_is_accepted_as_being_there(requested: ApiClient) -> None:
    """It comes in with the decision, and a SKU with stock can no longer become a kit."""
    requested.put("/skus/coat", {})
    requested.order(2, "2", "coat", status="created")
    body = {"accept": True, "by": "ann", "supply": "on_hand", "location": "montreal"}

    answers = [requested.post("/orders/web:2/decision", body) for _ in range(2)]

    assert [(200, "awaiting_payment"), (200, "duplicate")] == [outcome(answer) for answer in answers]
    (level,) = requested.get("/skus/coat")[1]["levels"]
    assert (2, 2, 0) == (level["on_hand"], level["reserved"], level["available"])
    assert 409 == requested.put("/skus/coat", {"recipe": {"shirt": 1}})[0]


def test_a_declined_request_is_cancelled_and_takes_nothing(requested: ApiClient) -> None:
    status, answer = decide(requested, accept=False)

    assert (200, "cancelled", "declined") == (status, answer["outcome"], answer["order"]["reason"])
    assert Stock(on_hand=5, reserved=0, available=5) == stock(requested)


def test_a_part_of_a_line_can_be_accepted(requested: ApiClient) -> None:
    status, answer = decide(requested, lines={"1": 2})

    assert 200 == status
    assert 6 == answer["order"]["lines"][0]["declined"]
    assert Stock(on_hand=5, reserved=2, available=3) == stock(requested)


@pytest.mark.parametrize(
    ("lines", "field"),
    [({"1": 9}, "lines.1"), ({"2": 1}, "lines"), ({"1": -1}, "lines.1"), ({"1": 1.5}, "lines.1")],
)
def test_more_than_was_asked_for_or_no_line_of_it_cannot_be_accepted(
    requested: ApiClient, lines: dict[str, object], field: str
) -> None:
    answer = decide(requested, lines=lines)

    assert (422, field) == refused(answer)
    assert Stock(on_hand=5, reserved=0, available=5) == stock(requested)


def test_a_preview_shows_what_a_decision_comes_to_and_writes_nothing(requested: ApiClient) -> None:
    before = requested.get(ORDER)

    previews = [decide(requested, accept=accept, preview=True) for accept in (True, False)]

    assert before == requested.get(ORDER)
    assert Stock(on_hand=5, reserved=0, available=5) == stock(requested)
    assert decide(requested)[1]["outcome"] == previews[0][1]["outcome"]
    assert (200, "cancelled") == outcome(previews[1])


def test_the_same_decision_again_is_a_repeat(requested: ApiClient) -> None:
    first, again = decide(requested), decide(requested)

    assert (200, "duplicate") == outcome(again)
    assert Stock(on_hand=5, reserved=5, available=0) == stock(requested)
    assert first[1]["order"]["request_decision"] == again[1]["order"]["request_decision"]


@pytest.mark.parametrize("preview", [False, True])
def test_a_second_decision_learns_the_state_and_who_decided(requested: ApiClient, preview: bool) -> None:
    accepted = decide(requested)[1]["order"]

    status, answer = decide(requested, accept=False, by="bob", preview=preview)

    told = answer["state"], answer["decided_by"], answer["decided_at"]
    assert (accepted["state"], "ann", accepted["request_decision"]["at"]) == told
    assert 409 == status
    assert Stock(on_hand=5, reserved=5, available=0) == stock(requested)


def test_an_order_that_never_was_a_request_awaits_no_decision(ordered: ApiClient) -> None:
    status, answer = decide(ordered, accept=False)

    assert (409, "reserved", False) == (status, answer["state"], "decided_by" in answer)


def test_no_step_can_be_taken_on_an_order_that_is_not_known(api: ApiClient) -> None:
    bodies = {
        "decision": {"accept": True, "by": "ann"},
        "payment": None,
        "retry": None,
        "confirm": None,
        "returns": {"return_id": "r1", "lines": {"1": 1}},
        "returns/r1/receipt": {"location": "montreal"},
        "returns/r1/inspection": {"lines": {"1": {"sellable": 1}}},
    }

    answers = {step: refused(api.post(f"{ORDER}/{step}", body)) for step, body in bodies.items()}

    assert dict.fromkeys(bodies, (404, "order")) == answers


# Payment


def test_a_paid_request_is_ready_to_ship_and_paying_again_changes_nothing(requested: ApiClient) -> None:
    accepted = decide(requested, lines={"1": 5})

    first, again = (requested.post(f"{ORDER}/payment") for _ in range(2))

    expected = [(200, "awaiting_payment"), (200, "reserved"), (200, "duplicate")]
    assert expected == [outcome(one) for one in (accepted, first, again)]
    assert (True, None) == (again[1]["order"]["paid"], again[1]["order"]["pay_by"])


# Shipments


def test_two_shipments_take_the_whole_order_and_each_counts_once(ordered: ApiClient) -> None:
    answers = [ship(ordered, *parcel) for parcel in ((3, "s1"), (3, "s1"), (1, "s2"), (3, "s1"))]

    expected = [(200, "partly_shipped"), (200, "duplicate"), (200, "shipped"), (200, "duplicate")]
    assert expected == [outcome(answer) for answer in answers]
    assert Stock(on_hand=1, reserved=0, available=1) == stock(ordered)


def test_a_shipment_may_name_a_sku_instead_of_a_line(ordered: ApiClient) -> None:
    answer = ship(ordered, 1, lines=[{"sku": "shirt", "quantity": 4}])

    assert (200, "shipped") == outcome(answer)
    assert Stock(on_hand=1, reserved=0, available=1) == stock(ordered)


def test_a_voided_shipment_gives_its_units_back_once(shipped: ApiClient) -> None:
    answers = [shipped.post(f"{ORDER}/shipments/s1/void") for _ in range(2)]

    assert [(200, "reserved"), (200, "duplicate")] == [outcome(answer) for answer in answers]
    assert Stock(on_hand=5, reserved=4, available=1) == stock(shipped)


def test_a_shipment_of_an_unknown_order_waits_for_it(api: ApiClient) -> None:
    early = ship(api, 4)
    waiting = api.get("/review/exception")[1]

    order = api.order(4)

    assert ((200, "exception"), ["shipment_before_order"]) == (
        outcome(early),
        [item["order"]["reason"] for item in waiting],
    )
    assert "shipped" == order[1]["order"]["state"]
    assert Stock(on_hand=1, reserved=0, available=1) == stock(api)


def test_a_shipment_of_an_impossible_number_breaks_a_rule(ordered: ApiClient) -> None:
    numbers = "0", "-1", "1.5", "2.0", "1000001", "9" * 40
    body = '{"shipment_id": "s1", "lines": [{"line_id": "1", "quantity": %s}]}'

    answers = {number: refused(ordered.post(f"{ORDER}/shipments", body % number)) for number in numbers}
    no_json = [ordered.post(f"{ORDER}/shipments", body % number)[0] for number in ("1e400", "NaN")]

    assert (dict.fromkeys(numbers, (422, "lines[0].quantity")), [400, 400]) == (answers, no_json)
    assert Stock(on_hand=5, reserved=4, available=1) == stock(ordered)


def test_a_shipment_of_no_number_at_all_is_malformed(ordered: ApiClient) -> None:
    line: dict[str, object] = {"line_id": "1", "quantity": 1}
    bad: dict[str, list[Any]] = {
        "body.lines[0].quantity": [[line | {"quantity": wrong}] for wrong in ("1", True, None)]
        + [[{"line_id": "1"}]],
        "body.lines[0].colour": [[line | {"colour": "red"}]],
        "body.lines[1].quantity": [[line | {"quantity": 0}, {"line_id": "1"}]],
        "body.lines": [[]],
    }

    answers = {field: [ship(ordered, 1, lines=lines) for lines in many] for field, many in bad.items()}

    for field, many in answers.items():
        assert [(400, True)] * len(many) == [(status, field in fields(answer)) for status, answer in many]
    assert Stock(on_hand=5, reserved=4, available=1) == stock(ordered)


def fields(answer: dict[str, Any]) -> list[str]:
    return [one["field"] for one in answer["fields"]]


def test_a_shipped_line_that_names_neither_line_nor_sku_is_malformed(ordered: ApiClient) -> None:
    assert (400, "shipment.lines") == refused(ship(ordered, 1, lines=[{"quantity": 1}]))


# Returns


def test_only_sellable_units_of_a_return_become_stock(shipped: ApiClient) -> None:
    steps = [announce(shipped, 3), receive(shipped)]
    before = stock(shipped)

    inspected = inspect(shipped, sellable=1, damaged=1, missing=1)

    assert [(200, "updated")] * 3 == [outcome(answer) for answer in (*steps, inspected)]
    assert Stock(on_hand=1, reserved=0, available=1) == before
    assert Stock(on_hand=2, reserved=0, available=2) == stock(shipped)


def test_a_return_is_put_where_it_is_sent(shipped: ApiClient) -> None:
    shipped.put("/skus/shirt/levels/montreal/bins/a", {"kind": "picking"})
    announce(shipped, 2)
    receive(shipped)
    body = {"lines": {"1": {"sellable": 2}}}

    nowhere, there = (shipped.post(f"{ORDER}/returns/r1/inspection", body | {"bin": name}) for name in ("b", "a"))

    assert ((422, "bin"), 200) == (refused(nowhere), there[0])
    assert (3, 2) == (shipped.level()["on_hand"], shipped.level()["bins"]["a"]["on_hand"])


def test_each_step_of_a_return_counts_once(shipped: ApiClient) -> None:
    answers = [outcome(announce(shipped, 2)) for _ in range(2)]
    answers += [outcome(receive(shipped)) for _ in range(2)]
    answers += [outcome(inspect(shipped, sellable=2)) for _ in range(2)]

    assert [(200, "updated"), (200, "duplicate")] * 3 == answers
    assert Stock(on_hand=3, reserved=0, available=3) == stock(shipped)


def test_a_step_of_a_return_cannot_be_taken_otherwise_a_second_time(shipped: ApiClient) -> None:
    shipped.put("/locations/laval", {"rank": 2})
    announce(shipped, 2)
    early = inspect(shipped, sellable=2)
    receive(shipped)
    inspect(shipped, sellable=2)

    others = announce(shipped, 1), receive(shipped, "laval"), inspect(shipped, damaged=2)

    assert (409, "announced") == (early[0], early[1]["state"])
    assert [(409, "inspected")] * 3 == [(status, answer["state"]) for status, answer in others]
    assert Stock(on_hand=3, reserved=0, available=3) == stock(shipped)


def test_a_return_comes_in_several_parcels_and_is_corrected(shipped: ApiClient) -> None:
    announce(shipped, 3)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("receipt", {"location": "montreal", "arrival_id": "p1", "lines": {"1": 1}}),
        ("inspection", {"arrival_id": "p1", "lines": {"1": {"sellable": 1}}}),
        ("receipt", {"location": "montreal", "arrival_id": "p2"}),
        ("inspection", {"arrival_id": "p2", "lines": {"1": {"sellable": 1, "missing": 1}}}),
        ("inspection", {"arrival_id": "p2", "lines": {"1": {"damaged": 1, "missing": 1}}, "correction": "c1"}),
    ]

    answers = [outcome(shipped.post(f"{ORDER}/returns/r1/{step}", body)) for step, body in [*steps, steps[-1]]]

    assert [*[(200, "updated")] * 5, (200, "duplicate")] == answers
    assert Stock(on_hand=2, reserved=0, available=2) == stock(shipped)
    (back,) = shipped.get(ORDER)[1]["returns"]
    assert (["p1", "p2"], ["c1"]) == ([one["arrival_id"] for one in back["arrivals"]], back["corrections"])
    assert {"sellable": 1, "damaged": 1, "missing": 1, "components": {}} == back["inspection"]["1"]


def test_a_kit_comes_back_by_its_components(shipped: ApiClient) -> None:
    components = {"shirt": {"sellable": 2}, "hat": {"damaged": 1}}
    announce(shipped, 1)
    receive(shipped)

    answer = shipped.post(f"{ORDER}/returns/r1/inspection", {"lines": {"1": {"components": components}}})

    assert (422, "lines.1.components.hat") == refused(answer)


def test_more_than_was_shipped_or_an_impossible_number_cannot_come_back(shipped: ApiClient) -> None:
    answers = [refused(announce(shipped, quantity)) for quantity in (5, 0, -1, 1.5, 10**30)]

    assert ([(422, "lines.1")] * 5, []) == (answers, shipped.get(ORDER)[1]["returns"])


def test_nothing_comes_back_that_has_not_left_or_is_on_its_way_back(shipped: ApiClient) -> None:
    announce(shipped, 3)

    assert [(422, "lines.1"), (422, "lines.9")] == [
        refused(announce(shipped, 2, "r2", line_id)) for line_id in ("1", "9")
    ]


def test_a_return_of_no_number_at_all_is_malformed(shipped: ApiClient) -> None:
    answers = [announce(shipped, quantity) for quantity in ("1", True, None)]

    assert [(400, ["body.lines.1"])] * 3 == [(status, fields(answer)) for status, answer in answers]


def test_an_inspection_accounts_for_every_unit(shipped: ApiClient) -> None:
    announce(shipped, 2)
    receive(shipped)

    few, many = inspect(shipped, sellable=1), inspect(shipped, sellable=3)
    negative, fractional = inspect(shipped, sellable=3, missing=-1), inspect(shipped, sellable=1.5, damaged=1)

    assert [(422, "lines.1")] * 2 == [refused(few), refused(many)]
    assert [(422, "lines.1.missing"), (422, "lines.1.sellable")] == [refused(negative), refused(fractional)]
    assert Stock(on_hand=1, reserved=0, available=1) == stock(shipped)


def test_a_return_that_was_announced_is_received_at_a_location_that_exists(shipped: ApiClient) -> None:
    unknown = [refused(receive(shipped)), refused(inspect(shipped, sellable=1))]
    announce(shipped, 1)

    assert ([(404, "return")] * 2, (422, "location")) == (unknown, refused(receive(shipped, "moon")))


# Second attempts, and what waits for a person


def test_a_shipment_whose_order_never_comes_is_booked_when_it_is_tried_again(api: ApiClient) -> None:
    lines = [{"sku": "shirt", "quantity": 2}]
    ship(api, 2, lines=lines)

    first, again = (api.post(f"{ORDER}/retry") for _ in range(2))

    assert [(200, "shipped"), (200, "duplicate")] == [outcome(first), outcome(again)]
    assert Stock(on_hand=3, reserved=0, available=3) == stock(api)
    assert (200, []) == api.get("/review/exception")


def test_an_exception_is_tried_again_once_its_cause_is_mended(ordered: ApiClient) -> None:
    stuck = ship(ordered, 7)
    ordered.adjust(operation="found", quantity=2)

    retried, confirmed = ordered.post(f"{ORDER}/retry"), ordered.post(f"{ORDER}/shipments/s1/confirm")

    assert ((200, "exception"), "shipped_beyond_order") == (outcome(stuck), stuck[1]["order"]["reason"])
    assert [(200, "exception"), (200, "shipped")] == [outcome(retried), outcome(confirmed)]
    assert Stock(on_hand=0, reserved=0, available=0) == stock(ordered)


def test_an_order_recorded_while_import_was_off_is_applied_when_it_is_confirmed(api: ApiClient) -> None:
    api.put("/channels/web", STORE | {"import_orders": False})
    imported("1", 2)
    before = api.get(ORDER)[1]["state"], stock(api)
    api.put("/channels/web", STORE)

    first, again = (api.post(f"{ORDER}/confirm") for _ in range(2))

    assert ("recorded", Stock(on_hand=5, reserved=0, available=5)) == before
    assert [(200, "reserved"), (200, "duplicate")] == [outcome(first), outcome(again)]
    assert Stock(on_hand=5, reserved=2, available=3) == stock(api)


def test_orders_that_wait_are_listed_by_what_they_wait_for(api: ApiClient) -> None:
    api.put("/channels/web", REQUESTS)
    api.order(9, "asks")
    ship(api, 1, path="/orders/web:early")
    api.put("/channels/web", STORE | {"import_orders": False})
    imported("off", 1)

    listed = {kind: api.get(f"/review/{kind}") for kind in ("recorded", "requested", "exception")}

    expected = {"recorded": ["web:off"], "requested": ["web:asks"], "exception": ["web:early"]}
    assert expected == {kind: [item["order"]["order_id"] for item in items] for kind, (_, items) in listed.items()}
    assert all(status == 200 and items[0]["waiting_since"] for status, items in listed.values())


def test_a_picking_bin_that_holds_too_little_waits_for_units(api: ApiClient) -> None:
    api.put("/skus/shirt/levels/montreal/bins/a", {"kind": "picking", "mark": 2})
    write_ledger({"Records": [StreamRecords(api.deployment.store).level("shirt", "montreal")]}, context())

    status, [task] = api.get("/review/replenish")

    wanted = {"sku": "shirt", "location": "montreal", "quantity": 2, "put_into": "a", "kind": "below_mark"}
    assert (200, wanted) == (status, {name: task[name] for name in wanted})
