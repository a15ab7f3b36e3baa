"""The handler of the clocks: orders whose time is up, or nearly so, are put on the queue, and nothing else."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.expire_orders.handler import handler
from functions.process_orders.handler import handler as process_orders
from lastunit import bootstrap
from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import DecideRequest, PaymentReceived
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.use_cases.messages import DeadlineCheckMessage
from lastunit.use_cases.orders.change_orders import ChangeOrders, Incoming
from tests.support.aws.deployment import Deployment, context, deployed
from tests.support.clock import FakeClock
from tests.support.messages import content
from tests.support.orders.inputs import sold
from tests.support.unexpected import raise_again

EVENT = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}
DAY_MINUTES = 24 * 60
UNDECIDED, UNPAID = (
    content(DeadlineCheckMessage(channel="web", external_id=name)) for name in ("undecided", "unpaid")
)


@pytest.fixture
def shop(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """Five shirts on a channel that takes requests: a day to decide, then a day to pay."""
    with deployed(monkeypatch) as found:
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        channel = Channel(
            name="web",
            kind="generic",
            takes_requests=True,
            decision_minutes=DAY_MINUTES,
            payment_minutes=DAY_MINUTES,
        )
        bootstrap.hub().configure_channel.put_channel(channel)
        found.add_listing("shirt", "web")
        bootstrap.hub().adjust_stock.move(
            Adjustment(
                operation="opening", reason=AdjustmentReason.RECEIVE, sku="shirt", location="montreal", delta=5
            )
        )
        yield found


def request(external_id: str, minutes_left: int, *, accepted: bool = False) -> None:
    """An order that stock cannot cover, so long ago that its clock, of deciding or of paying, ends then."""
    ago = datetime.now(UTC) - timedelta(minutes=DAY_MINUTES - minutes_left)
    change = ChangeOrders(
        order_store=bootstrap.hub().order_store,
        settings=bootstrap.hub().settings,
        clock=FakeClock(ago),
        new_id=bootstrap.new_id,
        pause=bootstrap.pause,
        report_error=raise_again,
    )
    answered = [Incoming("order", sold({"shirt": 9}, external_id))]
    if accepted:
        answered.append(
            Incoming(
                "answer",
                DecideRequest(channel="web", external_id=external_id, accept=True, by="ann", lines={"1": 5}),
            )
        )
    change.apply(answered)


def run() -> None:
    handler(EVENT, context())


def process(ticks: Sequence[object]) -> Any:
    records = [
        {"messageId": str(at), "receiptHandle": "", "body": json.dumps(tick), "attributes": {}}
        for at, tick in enumerate(ticks)
    ]
    return process_orders({"Records": records}, context())


def order(shop: Deployment, external_id: str) -> Order:
    return shop.store.orders()[f"web:{external_id}"]


def test_orders_whose_time_is_up_or_nearly_so_are_looked_at_and_others_not(shop: Deployment) -> None:
    for external_id, minutes_left in (("over", -5), ("soon", 30), ("early", 90)):
        request(external_id, minutes_left)

    run()

    expected = [content(DeadlineCheckMessage(channel="web", external_id=name)) for name in ("over", "soon")]
    assert expected == sorted(shop.sent(shop.orders_url), key=lambda tick: str(tick["external_id"]))


def test_nothing_is_sent_when_no_clock_runs_out(shop: Deployment) -> None:
    request("early", 90)

    run()

    assert [] == shop.sent(shop.orders_url)


def test_more_orders_than_one_call_of_the_queue_takes_are_all_looked_at(shop: Deployment) -> None:
    names = {f"order-{number}" for number in range(23)}
    for name in names:
        request(name, -5)

    run()

    ticks = [tick["external_id"] for tick in shop.sent(shop.orders_url)]
    assert (23, names) == (len(ticks), set(ticks))


def test_a_request_nobody_decided_in_time_is_cancelled_once_though_the_run_is_doubled(shop: Deployment) -> None:
    request("undecided", -5)
    run()
    run()
    ticks = shop.sent(shop.orders_url)

    answers = [process([tick]) for tick in ticks]

    after = order(shop, "undecided")
    assert ([UNDECIDED] * 2, [{"batchItemFailures": []}] * 2) == (ticks, answers)
    assert (State.CANCELLED, "undecided_in_time", 2) == (after.state, after.reason, after.rev)


def test_an_unpaid_order_gives_its_units_back_once_though_the_run_is_doubled(shop: Deployment) -> None:
    request("unpaid", -5, accepted=True)
    held = order(shop, "unpaid").state, shop.store.levels()[LevelKey("shirt", "montreal")].available
    run()
    run()
    ticks = shop.sent(shop.orders_url)

    process(ticks)
    process(ticks)

    after = order(shop, "unpaid")
    assert ((State.AWAITING_PAYMENT, 0), [UNPAID] * 2) == (held, ticks)
    assert (State.CANCELLED, "unpaid_in_time", 5) == (
        after.state,
        after.reason,
        shop.store.levels()[LevelKey("shirt", "montreal")].available,
    )
    assert [] == shop.store.broken_promises()


def test_a_near_deadline_is_announced_once_though_every_run_finds_it(shop: Deployment) -> None:
    request("soon", 30)
    revisions = list[int]()
    for _ in range(3):
        run()
        process(shop.sent(shop.orders_url))
        revisions.append(order(shop, "soon").rev)

    assert (State.REQUESTED, True) == (order(shop, "soon").state, order(shop, "soon").reminded)
    assert [2, 2, 2] == revisions


def test_an_order_that_is_paid_before_its_deadline_check_keeps_its_units(shop: Deployment) -> None:
    request("unpaid", -5, accepted=True)
    run()
    ticks = shop.sent(shop.orders_url)
    bootstrap.hub().change_orders.apply([Incoming("paid", PaymentReceived("web", "unpaid"))])

    process(ticks)
    run()

    assert ([UNPAID], State.RESERVED) == (ticks, order(shop, "unpaid").state)
    assert [] == shop.sent(shop.orders_url)


def test_what_waits_for_units_is_offered_those_of_a_location_that_was_opened(shop: Deployment) -> None:
    bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1, blacked_out=True))
    bootstrap.hub().change_orders.apply(
        [
            Incoming("order", sold({"shirt": 5}, "late")),
            Incoming("answer", DecideRequest(channel="web", external_id="late", accept=True, by="ann")),
        ]
    )
    bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))

    run()
    process([message for message in shop.sent(shop.orders_url) if message["type"] == "stock_arrived"])

    assert 0 == shop.store.levels()[LevelKey("shirt", "montreal")].available
    assert () == order(shop, "late").backorders


def test_once_it_is_decided_a_clock_is_not_looked_at_again(shop: Deployment) -> None:
    request("undecided", -5)
    run()
    process(shop.sent(shop.orders_url))

    run()

    assert [] == shop.sent(shop.orders_url)
