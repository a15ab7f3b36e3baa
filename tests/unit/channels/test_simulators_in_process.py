"""The simulated marketplaces within one thread: by a virtual clock, from one seed, and as over HTTP."""

import threading
from datetime import timedelta

import pytest

from lastunit.domain.errors import BadSignature, ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Shown, Target
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.ports.system import HttpResponse
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.channels.shipstation.simulator import LIMITS, V1, V2
from tests.channels.shopify.simulator import Shopify
from tests.channels.story import (
    SELLING,
    life_of_a_seller,
    life_of_a_warehouse,
    lowered,
    opened,
    push,
    pushed,
    selling,
    shipping,
    target,
)
from tests.simulate.http import Call, MarketHttp
from tests.support.clock import NOON

sellers = pytest.mark.parametrize("kind", SELLING)
versions = pytest.mark.parametrize("version", [V1, V2])


@sellers
def test_a_sale_reaches_the_hub_by_webhooks_that_the_courier_carries(kind: str) -> None:
    session = selling(kind)

    order_id = session.market.sell({"TEE": 2, "MUG": 1})

    last = session.notifications()[-1]
    assert isinstance(last, OrderSnapshot)
    assert (order_id, [2, 1]) == (last.external_id, [line.quantity for line in last.lines])
    assert {"TEE": 8, "MUG": 3} == session.market.shelves


@sellers
def test_numbers_are_read_and_set(kind: str) -> None:
    session = selling(kind)

    answer = pushed(session, "TEE", 3)

    assert isinstance(answer, Shown)
    assert ({"TEE": 3, "MUG": 4}, 3) == (session.market.shelves, answer.quantity)


def test_numbers_are_adjusted_where_the_marketplace_takes_changes() -> None:
    session = selling("shopify")

    lowered(session, "TEE", 4)

    assert {"TEE": 6, "MUG": 4} == session.market.shelves


@sellers
def test_the_list_of_orders_reports_sales_and_parcels(kind: str) -> None:
    session = selling(kind)
    order_id = session.market.sell({"TEE": 2})
    session.market.ship(order_id, {"TEE": 1})
    session.pass_minutes(1)

    page = session.page()

    assert [(OrderSnapshot, order_id), (ShipmentNotice, order_id)] == [
        (type(one), one.external_id) for one in page.events
    ]
    assert page.latest is not None
    assert NOON <= page.latest < session.clock.time


@sellers
def test_a_parcel_reaches_the_hub(kind: str) -> None:
    session = selling(kind)
    order_id = session.market.sell({"TEE": 2})
    session.notifications()

    session.market.ship(order_id, {"TEE": 1})

    parcels = [one for one in session.notifications() if isinstance(one, ShipmentNotice)]
    assert [[1]] == [[line.quantity for line in one.lines] for one in parcels]


@versions
def test_a_parcel_of_a_warehouse_reaches_the_hub(version: str) -> None:
    session = shipping(version)

    parcel = session.market.ship("order-1", {"L1": ("TEE", 2)})

    (shipment,) = session.notifications()
    assert isinstance(shipment, ShipmentNotice)
    assert ("shopify", "order-1", parcel) == (shipment.channel, shipment.external_id, shipment.shipment_id)


@versions
def test_a_voided_parcel_is_found_in_the_warehouses_lists(version: str) -> None:
    session = shipping(version)
    parcel = session.market.ship("order-1", {"L1": ("TEE", 2)})
    session.pass_minutes(1)

    session.market.void(parcel)

    reported = [one for one in session.page().events if isinstance(one, ShipmentNotice)]
    assert {parcel} == {one.shipment_id for one in reported if one.voided}


@sellers
def test_one_seed_and_one_clock_are_one_history_to_the_byte(kind: str) -> None:
    first, second, other = (life_of_a_seller(selling(kind, seed)) for seed in (7, 7, 8))

    assert first == second
    assert first != other


@versions
def test_one_seed_and_one_clock_are_one_history_of_a_warehouse(version: str) -> None:
    first, second = (life_of_a_warehouse(shipping(version, 7)) for _ in range(2))

    assert first == second


@sellers
def test_no_thread_is_started_in_process(kind: str) -> None:
    before = set(threading.enumerate())

    life_of_a_seller(selling(kind))

    assert before == set(threading.enumerate())


def test_addresses_are_read_as_a_server_reads_them() -> None:
    market = selling("generic").market

    found, missing = (market.respond("GET", f"/api/inventory{slash}levels", {})[0] for slash in ("%2F", "-"))

    assert (401, 404) == (found, missing)


@sellers
def test_what_the_marketplace_remembers_is_dated_by_the_virtual_clock(kind: str) -> None:
    session = selling(kind)
    session.pass_minutes(60)

    pushed(session, "TEE", 3)

    at = (NOON + timedelta(hours=1)).timestamp()
    assert ({at}, at) == ({call.at for call in session.market.calls}, session.market.history[-1].at)


def test_a_delivery_is_signed_anew_whenever_the_courier_asks() -> None:
    session = selling("generic")
    session.market.sell({"TEE": 1})
    make = session.sent[0]
    early = make()
    session.pass_minutes(6)

    late = make()

    with pytest.raises(BadSignature):
        session.api.verify(session.arriving(early))
    session.api.verify(session.arriving(late))
    assert (early.headers["webhook-id"], early.body) == (late.headers["webhook-id"], late.body)


def test_what_goes_wrong_with_deliveries_is_the_couriers_business() -> None:
    session = selling("generic")
    session.market.misbehaviour = Misbehaviour(dropped=1.0, duplicated=1.0)

    session.market.sell({"TEE": 1})

    assert 2 == len(session.sent)


def test_a_store_refuses_what_was_signed_by_a_clock_too_far_from_its_own() -> None:
    session = selling("generic")
    session.hub_clock.pass_minutes(6)

    with pytest.raises(ChannelUnavailable, match="401"):
        session.api.read([target(session, "TEE")])


@sellers
def test_a_throttle_is_reported_in_the_marketplaces_own_form(kind: str) -> None:
    session = selling(kind)
    session.api.read([target(session, "TEE")])
    session.market.misbehaviour = Misbehaviour(throttled=1.0)

    with pytest.raises(Throttled):
        session.api.read([target(session, "TEE")])


@sellers
def test_a_broken_marketplace_applies_nothing(kind: str) -> None:
    session = selling(kind)
    lowering = push(session, "TEE", 3)
    session.market.misbehaviour = Misbehaviour(broken=1.0)

    with pytest.raises(ChannelUnavailable):
        session.api.write([lowering])
    assert 10 == session.market.shelves["TEE"]


def test_a_lost_answer_is_of_a_call_that_took_effect() -> None:
    session = selling("shopify")
    session.market.misbehaviour = Misbehaviour(lost=1.0)

    with pytest.raises(OutcomeUnknown):
        lowered(session, "TEE", 4)
    assert 6 == session.market.shelves["TEE"]


def test_shopifys_points_come_back_by_the_virtual_clock() -> None:
    session = selling("shopify")
    assert isinstance(session.market, Shopify)
    session.market.admin.points_maximum = 10.0
    targets = [target(session, "TEE")]
    with pytest.raises(Throttled):
        [session.api.read(targets) for _ in range(10)]

    session.pass_minutes(1)

    assert [Shown(10)] == session.api.read(targets)


def test_the_limit_of_a_minute_is_one_of_the_virtual_clock() -> None:
    session = shipping(V1)
    for _ in range(LIMITS[V1] // 2):
        session.page()
    with pytest.raises(Throttled):
        session.page()

    session.pass_minutes(1)

    assert () == session.page().events


@pytest.mark.parametrize("url", ["https://nobody.example/api", "http://store.example/api"])
def test_a_host_that_is_not_there_is_not_reached(url: str) -> None:
    market = selling("generic").market
    http = MarketHttp({"store.example": market}, lambda host, call: call())

    with pytest.raises(NotSent):
        http.request("GET", url, headers={})
    assert [] == market.calls


def test_faults_happen_around_a_call() -> None:
    session, hosts = selling("generic"), list[str]()

    def twice_and_refused(host: str, call: Call) -> HttpResponse:
        hosts.append(host)
        call()
        call()
        return HttpResponse(503, {}, b"")

    answer = MarketHttp({"store.example": session.market}, twice_and_refused).request(
        "GET", "https://store.example/api/orders", headers={}
    )

    assert (503, ["store.example"], 2) == (answer.status, hosts, len(session.market.calls))


def test_a_second_store_may_be_at_another_host() -> None:
    session = opened("generic", GenericStore, host="second.example")
    session.market.list_item("TEE", 10)

    answers = session.api.read([Target("TEE")])

    assert [Shown(10, "1")] == answers
