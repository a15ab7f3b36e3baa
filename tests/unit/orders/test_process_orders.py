"""Messages of the orders queue: each ends as an order, as an exception, or back on the queue, alone."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    ChannelUnavailable,
    ForbiddenAddress,
    InvalidInput,
    LastunitError,
    NotSent,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
    UnreadableOrder,
)
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.domain.orders.inbound import DecideRequest as Accepted
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot
from lastunit.domain.orders.states import State
from lastunit.domain.review import ExceptionKind, ExceptionRecord
from lastunit.domain.stock.catalogue import Alias, Location
from lastunit.ports.channel import OrdersPage
from lastunit.ports.settings import Settings
from lastunit.use_cases.messages import NotificationMessage, RetryOrderMessage, StockArrivedMessage
from lastunit.use_cases.orders.process_orders import (
    CONSECUTIVE_FAILURES_MAX,
    Handled,
    MessageResult,
    ProcessOrders,
    ReceivedMessage,
    RecordedException,
    outcome_name,
    settled,
)
from tests.support.clock import NOON, FakeClock
from tests.support.listings.pushing import FakeChannel
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import OrderShop
from tests.support.parallel import in_turn
from tests.support.stock.levels import stocked
from tests.support.unexpected import ReportedErrors


@dataclass(slots=True)
class FakeOrderSource(FakeChannel):
    """`tells` maps an order id to what becomes of asking for it; anything else is one shirt."""

    tells: dict[str, OrderSnapshot | Exception | None] = field(default_factory=dict)
    asked: "Counter[str]" = field(default_factory=Counter)

    def orders(self, notification: Notification) -> list[ChannelEvent]:
        self.asked[notification.order_id] += 1
        found = self.tells.get(notification.order_id, sold({"shirt": 1}, notification.order_id))
        if isinstance(found, Exception):
            raise found
        return [found] if found else []

    def orders_since(self, since: datetime, page: str | None) -> OrdersPage:
        raise AssertionError("only what a notification speaks of is asked for")


@dataclass(slots=True)
class RecordedExceptions:
    records: dict[str, ExceptionRecord] = field(default_factory=dict)
    error: Exception | None = None

    def record(self, exception: ExceptionRecord) -> None:
        if self.error:
            raise self.error
        self.records.setdefault(exception.exception_id, exception)

    def message(self, exception_id: str) -> str:
        raise NotImplementedError

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class CountedSettings:
    """The same settings; `read` lists the channels that were looked up."""

    settings: Settings
    read: list[str]

    def channel(self, name: str) -> Channel | None:
        self.read.append(name)
        return self.settings.channel(name)

    def channels(self) -> tuple[str, ...]:
        return self.settings.channels()

    def locations(self) -> tuple[Location, ...]:
        return self.settings.locations()

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        return self.settings.aliases(channel, names)


@dataclass(slots=True)
class OrderProcessing:
    shop: OrderShop = field(default_factory=lambda: OrderShop({LevelKey("shirt", "M"): 50}))
    channel: FakeOrderSource = field(default_factory=FakeOrderSource)
    exceptions: RecordedExceptions = field(default_factory=RecordedExceptions)

    @property
    def recorded(self) -> list[tuple[ExceptionKind, str]]:
        return [(one.kind, one.cause) for one in self.exceptions.records.values()]

    def process(self, *bodies: str, settings: Settings | None = None) -> list[MessageResult]:
        use_case = ProcessOrders(
            settings=settings or self.shop.settings,
            api=lambda _: self.channel,
            order_store=self.shop.order_store,
            change=replace(self.shop.change_orders, settings=settings or self.shop.settings),
            exceptions=self.exceptions,
            clock=FakeClock(),
            run_parallel=in_turn,
            report_error=self.shop.report_error,
        )
        answers = use_case.handle([ReceivedMessage(str(at), body) for at, body in enumerate(bodies)])
        return [answers[str(at)] for at in range(len(bodies))]


def message(order_id: str = "1", event_id: str = "e", channel: str = "web") -> str:
    return NotificationMessage(
        channel=channel, event_id=event_id, order_id=order_id, topic="order.created", payload={"lines": "?"}
    ).to_json()


def retry(order_id: str, channel: str = "web") -> str:
    return RetryOrderMessage(channel=channel, external_id=order_id).to_json()


def results(answers: list[MessageResult]) -> list[str]:
    return [outcome_name(answer) for answer in answers]


def test_notifications_become_reservations() -> None:
    processing = OrderProcessing()

    answers = processing.process(message("1"), message("2"), message("1"))

    assert ["reserved", "reserved", "duplicate"] == results(answers)
    assert {("shirt", "M"): 48} == processing.shop.available()


def test_a_notification_that_asks_for_nothing_is_settled() -> None:
    processing = OrderProcessing(channel=FakeOrderSource(tells={"1": None}))

    answers = processing.process(message("1"))

    assert ([Handled()], True) == (answers, settled(answers[0]))


def test_an_order_that_cannot_be_read_becomes_one_exception_with_its_payload() -> None:
    processing = OrderProcessing(channel=FakeOrderSource(tells={"1": UnreadableOrder("lines", "is no list")}))

    first, again = processing.process(message("1"), message("1"))

    assert isinstance(first, RecordedException)
    assert (first, True) == (again, settled(first))
    expected = ExceptionRecord(
        exception_id=first.exception_id,
        kind=ExceptionKind.UNREADABLE_ORDER,
        channel="web",
        cause="lines: is no list",
        at=NOON.isoformat(),
        payload=message("1"),
    )
    assert {first.exception_id: expected} == processing.exceptions.records


def test_an_exception_that_cannot_be_kept_now_comes_again_and_keeps_no_other_from_its_answer() -> None:
    processing = OrderProcessing(channel=FakeOrderSource(tells={"1": UnreadableOrder("lines", "is no list")}))
    processing.exceptions.error = StoreUnavailable("no answer")

    answers = processing.process(message("1"), message("2"))

    assert [(False, "storeunavailable"), (True, "reserved")] == [
        (settled(answer), outcome_name(answer)) for answer in answers
    ]


def test_two_unreadable_events_are_two_exceptions() -> None:
    processing = OrderProcessing(channel=FakeOrderSource(tells={"1": UnreadableOrder("lines", "is no list")}))

    processing.process(message("1", "e1"), message("1", "e2"))

    assert 2 == len(processing.exceptions.records)


def test_an_order_of_a_channel_that_is_gone_becomes_an_exception() -> None:
    processing = OrderProcessing()

    answers = processing.process(message(channel="closed"))

    kinds = [(record.kind, record.channel) for record in processing.exceptions.records.values()]
    assert (["exception_recorded"], [(ExceptionKind.UNKNOWN_CHANNEL, "closed")]) == (results(answers), kinds)


@pytest.mark.parametrize(
    "error", [ChannelUnavailable("500"), OutcomeUnknown("slow"), NotSent("down"), Throttled(3)]
)
def test_an_order_that_cannot_be_fetched_stays_on_the_queue_and_fails_nobody_else(error: LastunitError) -> None:
    processing = OrderProcessing(channel=FakeOrderSource(tells={"2": error}))

    answers = processing.process(message("1"), message("2"), message("3"))

    assert ["reserved", type(error).__name__.lower(), "reserved"] == results(answers)
    assert [True, False, True] == [settled(answer) for answer in answers]
    assert {} == processing.exceptions.records


def test_a_channel_that_does_not_answer_costs_a_batch_only_a_few_waits() -> None:
    silent = {str(number): OutcomeUnknown("slow") for number in range(90)}
    processing = OrderProcessing(channel=FakeOrderSource(tells=dict(silent)))

    answers = processing.process(*map(message, silent))

    assert not any(settled(answer) for answer in answers)
    assert CONSECUTIVE_FAILURES_MAX <= sum(processing.channel.asked.values()) <= CONSECUTIVE_FAILURES_MAX + 8


def test_a_channel_that_refuses_single_orders_is_asked_for_every_one() -> None:
    refused = {str(number): ChannelUnavailable("500") for number in range(20)}
    processing = OrderProcessing(channel=FakeOrderSource(tells=dict(refused)))

    processing.process(*map(message, refused))

    assert 20 == sum(processing.channel.asked.values())


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "{}",
        '"retry_order"',
        '{"channel": "web"}',
        '{"type": 7}',
        '{"type": "retry_order", "channel": "web"}',
        '{"type": "retry_order", "channel": "web", "external_id": 1}',
    ],
)
def test_a_message_nobody_wrote_goes_to_the_dead_letters_alone(body: str) -> None:
    processing = OrderProcessing()

    strange, usual = processing.process(body, message("1"))

    assert isinstance(strange, InvalidInput)
    assert (False, ["reserved"]) == (settled(strange), results([usual]))


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"of_a_newer_release","channel":"web","lines":[1]}',
        '{"type":"retry_order","channel":"web","external_id":"1","only_if":"x"}',
    ],
)
def test_a_message_of_another_release_is_kept_whole_for_a_person_and_stops_no_other(body: str) -> None:
    """So that a deployment that was rolled back loses nothing."""
    processing = OrderProcessing()

    strange, again, usual = processing.process(body, body, message("1"))

    kept = [(one.kind, one.channel, one.payload) for one in processing.exceptions.records.values()]
    assert (["exception_recorded"] * 2, True) == (results([strange, again]), settled(strange))
    assert ([(ExceptionKind.UNKNOWN_MESSAGE, "", body)], ["reserved"]) == (kept, results([usual]))


def test_retries_of_a_channel_that_is_gone_are_an_exception_each() -> None:
    processing = OrderProcessing()

    answers = processing.process(retry("1", "closed"), retry("2", "closed"))

    kept = {(one.kind, one.channel, one.payload) for one in processing.exceptions.records.values()}
    assert ["exception_recorded"] * 2 == results(answers)
    assert {(ExceptionKind.UNKNOWN_CHANNEL, "closed", retry(order_id, "closed")) for order_id in "12"} == kept


def test_an_address_that_is_forbidden_is_kept_without_what_the_notification_said() -> None:
    processing = OrderProcessing(
        channel=FakeOrderSource(tells={"1": ForbiddenAddress("address", "is not allowed")})
    )

    processing.process(message("1"))

    [kept] = processing.exceptions.records.values()
    assert (ExceptionKind.FORBIDDEN_ADDRESS, {}) == (kept.kind, json.loads(kept.payload)["payload"])


def test_a_channel_is_looked_up_once_for_a_batch() -> None:
    processing = OrderProcessing()
    settings = CountedSettings(processing.shop.settings, [])

    answers = processing.process(message("1"), message("2"), retry("1"), settings=settings)

    assert (["web"], ["reserved", "reserved", "duplicate"]) == (settings.read, results(answers))


def test_a_retry_applies_what_the_channel_said_last() -> None:
    processing = OrderProcessing()
    processing.channel.tells = {"1": sold({"tee": 2}, "1")}
    processing.process(message("1"))
    assert State.EXCEPTION is processing.shop.order("1").state
    processing.shop.order_store.skus["tee"] = replace(processing.shop.order_store.skus["shirt"], sku="tee")
    processing.shop.order_store.stock[LevelKey("tee", "M")] = replace(
        processing.shop.order_store.stock[LevelKey("shirt", "M")], sku="tee"
    )

    answers = processing.process(retry("1"))

    assert (["reserved"], 48) == (results(answers), processing.shop.available()[LevelKey("tee", "M")])


def test_a_retry_of_an_order_that_waits_no_more_changes_nothing() -> None:
    processing = OrderProcessing()
    processing.process(message("1"))

    answers = processing.process(retry("1"), retry("unheard-of"))

    assert (["duplicate", "ignored"], {("shirt", "M"): 49}) == (results(answers), processing.shop.available())


def test_a_cancel_before_its_order_does_not_stop_a_retry_of_others() -> None:
    processing = OrderProcessing()
    processing.channel.tells = {
        "1": OrderSnapshot(channel="web", external_id="1", revision="1", lines=(), cancelled=True)
    }
    processing.process(message("1"))

    answers = processing.process(retry("1"), message("2"))

    assert ["duplicate", "reserved"] == results(answers)


def test_the_channel_of_an_order_is_looked_up_by_its_own_name() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5}, channel=Channel(name="store", kind="generic"))
    processing = OrderProcessing(shop, FakeOrderSource(tells={"1": sold({"shirt": 1}, "1", channel="store")}))

    answers = processing.process(message("1", channel="store"))

    assert ["reserved"] == results(answers)


def test_units_that_came_go_to_promises_before_requests() -> None:
    shop = OrderShop(
        {LevelKey("shirt", "M"): 0}, channel=Channel(name="web", kind="generic", retry_requests_on_restock=True)
    )
    processing = OrderProcessing(shop)
    processing.channel.tells = {number: sold({"shirt": 1}, number) for number in ("1", "2")}
    processing.process(message("1"), message("2"))
    shop.apply(Accepted(channel="web", external_id="2", accept=True, by="sam"))
    shop.order_store.stock[LevelKey("shirt", "M")] = stocked("shirt", "M", 1)

    processing.process(StockArrivedMessage(sku="shirt").to_json())

    assert (State.REQUESTED, State.RESERVED) == (shop.order("1").state, shop.order("2").state)


def failing(**tells: OrderSnapshot | Exception | None) -> OrderProcessing:
    """With the errors that nobody expected reported, not raised."""
    processing = OrderProcessing(channel=FakeOrderSource(tells=tells))
    processing.shop.report_error = ReportedErrors()
    return processing


def test_a_message_that_the_hub_fails_over_is_an_exception_that_names_the_log_entry() -> None:
    processing = failing(bad=KeyError("quantity"))

    answers = processing.process(message("1"), message("bad"), message("2"))

    cause = "the hub failed over it (KeyError); its log entry is entry-1"
    assert ["reserved", "exception_recorded", "reserved"] == results(answers)
    assert [(ExceptionKind.UNEXPECTED_ERROR, cause)] == processing.recorded
    assert message("bad") == next(iter(processing.exceptions.records.values())).payload


def test_a_message_that_is_failed_over_again_is_the_same_exception() -> None:
    processing = failing(bad=KeyError("quantity"))

    processing.process(message("bad"))
    processing.process(message("bad"))

    assert 1 == len(processing.recorded)


def test_an_order_whose_decision_fails_is_an_exception() -> None:
    processing = failing(bad=sold({"shirt": 1}, "bad"))
    processing.shop.order_store.rows["web:bad"] = None  # type: ignore[assignment]  # A row that no release wrote.

    answers = processing.process(message("1"), message("bad"), message("2"))

    assert ["reserved", "exception_recorded", "reserved"] == results(answers)


def test_an_order_that_the_store_refuses_for_good_is_an_exception_and_no_dead_letter() -> None:
    processing = failing()
    processing.shop.order_store.unwritable = frozenset({"web:bad"})

    answers = processing.process(message("1"), message("bad"), message("2"))

    assert ["reserved", "exception_recorded", "reserved"] == results(answers)
    assert [ExceptionKind.UNWRITABLE_ORDER] == [kind for kind, _ in processing.recorded]


def test_an_exception_that_the_hub_fails_to_keep_comes_again_alone() -> None:
    processing = failing(bad=UnreadableOrder("lines", "is no list"))
    processing.exceptions.error = KeyError("row")

    answers = processing.process(message("1"), message("bad"), message("2"))

    assert ["reserved", "unexpectederror", "reserved"] == results(answers)
    assert [True, False, True] == [settled(answer) for answer in answers]


def test_an_exception_is_kept_without_a_message_that_no_row_can_hold() -> None:
    processing = failing(bad=UnreadableOrder("lines", "x" * 5000))
    body = NotificationMessage(
        channel="web", event_id="e", order_id="bad", topic="order.created", payload={"lines": "y" * 500_000}
    ).to_json()

    [answer] = processing.process(body)

    assert isinstance(answer, RecordedException)
    record = processing.exceptions.records[answer.exception_id]
    assert ("", 1000) == (record.payload, len(record.cause))
    assert record.cause.endswith("bytes is too large to be kept")
