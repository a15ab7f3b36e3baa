"""The simulated marketplaces within one thread: by a virtual clock, from one seed, and as over HTTP."""

import threading
from datetime import timedelta

import pytest

from lastunit.channel_ports import HttpResponse
from lastunit.domain.errors import BadSignature, ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.facts import Shipment
from lastunit.domain.pushes import Shown, Target
from lastunit.domain.snapshots import Snapshot
from tests.channels.generic import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.channels.shipstation import LIMITS, V1, V2
from tests.channels.shopify import Shopify
from tests.channels.story import (
    SELLERS,
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
from tests.fakes import NOON
from tests.simulate.http import Call, MarketHttp

sellers = pytest.mark.parametrize("kind", SELLERS)
versions = pytest.mark.parametrize("version", [V1, V2])


@sellers
def test_a_sale_reaches_the_hub_by_webhooks_that_the_courier_carries(kind: str) -> None:
    desk = selling(kind)

    order_id = desk.market.sell({"TEE": 2, "MUG": 1})

    last = desk.heard()[-1]
    assert isinstance(last, Snapshot)
    assert (order_id, [2, 1]) == (last.external_id, [line.quantity for line in last.lines])
    assert {"TEE": 8, "MUG": 3} == desk.market.shelves


@sellers
def test_numbers_are_read_and_set(kind: str) -> None:
    desk = selling(kind)

    answer = pushed(desk, "TEE", 3)

    assert isinstance(answer, Shown)
    assert ({"TEE": 3, "MUG": 4}, 3) == (desk.market.shelves, answer.quantity)


def test_numbers_are_adjusted_where_the_marketplace_takes_changes() -> None:
    desk = selling("shopify")

    lowered(desk, "TEE", 4)

    assert {"TEE": 6, "MUG": 4} == desk.market.shelves


@sellers
def test_the_list_of_orders_tells_sales_and_parcels(kind: str) -> None:
    desk = selling(kind)
    order_id = desk.market.sell({"TEE": 2})
    desk.market.ship(order_id, {"TEE": 1})
    desk.pass_minutes(1)

    page = desk.page()

    assert [(Snapshot, order_id), (Shipment, order_id)] == [(type(one), one.external_id) for one in page.told]
    assert page.latest is not None
    assert NOON <= page.latest < desk.clock.at


@sellers
def test_a_parcel_reaches_the_hub(kind: str) -> None:
    desk = selling(kind)
    order_id = desk.market.sell({"TEE": 2})
    desk.heard()

    desk.market.ship(order_id, {"TEE": 1})

    parcels = [one for one in desk.heard() if isinstance(one, Shipment)]
    assert [[1]] == [[line.quantity for line in one.lines] for one in parcels]


@versions
def test_a_parcel_of_a_warehouse_reaches_the_hub(version: str) -> None:
    desk = shipping(version)

    parcel = desk.market.ship("order-1", {"L1": ("TEE", 2)})

    (shipment,) = desk.heard()
    assert isinstance(shipment, Shipment)
    assert ("shopify", "order-1", parcel) == (shipment.channel, shipment.external_id, shipment.shipment_id)


@versions
def test_a_voided_parcel_is_found_in_the_warehouses_lists(version: str) -> None:
    desk = shipping(version)
    parcel = desk.market.ship("order-1", {"L1": ("TEE", 2)})
    desk.pass_minutes(1)

    desk.market.void(parcel)

    told = [one for one in desk.page().told if isinstance(one, Shipment)]
    assert {parcel} == {one.shipment_id for one in told if one.voided}


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
    desk = selling(kind)
    desk.pass_minutes(60)

    pushed(desk, "TEE", 3)

    at = (NOON + timedelta(hours=1)).timestamp()
    assert ({at}, at) == ({call.at for call in desk.market.calls}, desk.market.history[-1].at)


def test_a_delivery_is_signed_anew_whenever_the_courier_asks() -> None:
    desk = selling("generic")
    desk.market.sell({"TEE": 1})
    make = desk.sent[0]
    early = make()
    desk.pass_minutes(6)

    late = make()

    with pytest.raises(BadSignature):
        desk.api.verify(desk.arriving(early))
    desk.api.verify(desk.arriving(late))
    assert (early.headers["webhook-id"], early.body) == (late.headers["webhook-id"], late.body)


def test_what_goes_wrong_with_deliveries_is_the_couriers_business() -> None:
    desk = selling("generic")
    desk.market.misbehaviour = Misbehaviour(dropped=1.0, duplicated=1.0)

    desk.market.sell({"TEE": 1})

    assert 2 == len(desk.sent)


def test_a_store_refuses_what_was_signed_by_a_clock_too_far_from_its_own() -> None:
    desk = selling("generic")
    desk.hub_clock.pass_minutes(6)

    with pytest.raises(ChannelUnavailable, match="401"):
        desk.api.read([target(desk, "TEE")])


@sellers
def test_a_throttle_is_told_in_the_marketplaces_own_form(kind: str) -> None:
    desk = selling(kind)
    desk.api.read([target(desk, "TEE")])
    desk.market.misbehaviour = Misbehaviour(throttled=1.0)

    with pytest.raises(Throttled):
        desk.api.read([target(desk, "TEE")])


@sellers
def test_a_broken_marketplace_applies_nothing(kind: str) -> None:
    desk = selling(kind)
    lowering = push(desk, "TEE", 3)
    desk.market.misbehaviour = Misbehaviour(broken=1.0)

    with pytest.raises(ChannelUnavailable):
        desk.api.write([lowering])
    assert 10 == desk.market.shelves["TEE"]


def test_a_lost_answer_is_of_a_call_that_took_effect() -> None:
    desk = selling("shopify")
    desk.market.misbehaviour = Misbehaviour(lost=1.0)

    with pytest.raises(OutcomeUnknown):
        lowered(desk, "TEE", 4)
    assert 6 == desk.market.shelves["TEE"]


def test_shopifys_points_come_back_by_the_virtual_clock() -> None:
    desk = selling("shopify")
    assert isinstance(desk.market, Shopify)
    desk.market.admin.points_maximum = 10.0
    targets = [target(desk, "TEE")]
    with pytest.raises(Throttled):
        [desk.api.read(targets) for _ in range(10)]

    desk.pass_minutes(1)

    assert [Shown(10)] == desk.api.read(targets)


def test_the_limit_of_a_minute_is_one_of_the_virtual_clock() -> None:
    desk = shipping(V1)
    for _ in range(LIMITS[V1] // 2):
        desk.page()
    with pytest.raises(Throttled):
        desk.page()

    desk.pass_minutes(1)

    assert () == desk.page().told


@pytest.mark.parametrize("url", ["https://nobody.example/api", "http://store.example/api"])
def test_a_host_that_is_not_there_is_not_reached(url: str) -> None:
    market = selling("generic").market
    http = MarketHttp({"store.example": market}, lambda host, call: call())

    with pytest.raises(NotSent):
        http.request("GET", url, headers={})
    assert [] == market.calls


def test_faults_happen_around_a_call() -> None:
    desk, hosts = selling("generic"), list[str]()

    def twice_and_refused(host: str, call: Call) -> HttpResponse:
        hosts.append(host)
        call()
        call()
        return HttpResponse(503, {}, b"")

    answer = MarketHttp({"store.example": desk.market}, twice_and_refused).request(
        "GET", "https://store.example/api/orders", headers={}
    )

    assert (503, ["store.example"], 2) == (answer.status, hosts, len(desk.market.calls))


def test_a_second_store_may_be_at_another_host() -> None:
    desk = opened("generic", GenericStore, host="second.example")
    desk.market.list_item("TEE", 10)

    answers = desk.api.read([Target("TEE")])

    assert [Shown(10, "1")] == answers
