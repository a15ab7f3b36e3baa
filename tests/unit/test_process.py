"""Messages of the orders queue: each ends as an order, as an exception, or back on the queue, alone."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from lastunit.domain.channels import Channel
from lastunit.domain.errors import (
    ChannelUnavailable,
    InvalidInput,
    LastunitError,
    NotSent,
    OutcomeUnknown,
    StoreUnavailable,
    Throttled,
    UnreadableOrder,
)
from lastunit.domain.exceptions import ExceptionRecord, Kind
from lastunit.domain.facts import Answer as Accepted
from lastunit.domain.facts import Told
from lastunit.domain.lifecycle import State
from lastunit.domain.snapshots import Notification, Snapshot
from lastunit.process import SILENCES_MAX, Answer, Handled, Message, ProcessOrders, Recorded, outcome_name, settled
from tests.fakes import NOON, FixedClock, Shop, one_after_another, sold, stocked
from tests.pushing import FakeChannel


@dataclass(slots=True)
class TellingChannel(FakeChannel):
    """`tells` maps an order id to what becomes of asking for it; anything else is one shirt."""

    tells: dict[str, Snapshot | LastunitError | None] = field(default_factory=dict)
    asked: "Counter[str]" = field(default_factory=Counter)

    def facts(self, notification: Notification) -> list[Told]:
        self.asked[notification.order_id] += 1
        found = self.tells.get(notification.order_id, sold({"shirt": 1}, notification.order_id))
        if isinstance(found, LastunitError):
            raise found
        return [found] if found else []


@dataclass(slots=True)
class FakeExceptions:
    records: dict[str, ExceptionRecord] = field(default_factory=dict)
    deaf: bool = False

    def record(self, exception: ExceptionRecord) -> None:
        if self.deaf:
            raise StoreUnavailable("no answer")
        self.records.setdefault(exception.exception_id, exception)

    def resolve(self, exception_id: str, by: str, at: str, *, tried_again: bool) -> Mapping[str, object]:
        raise NotImplementedError


@dataclass(slots=True)
class Desk:
    shop: Shop = field(default_factory=lambda: Shop({("shirt", "M"): 50}))
    channel: TellingChannel = field(default_factory=TellingChannel)
    exceptions: FakeExceptions = field(default_factory=FakeExceptions)

    def process(self, *bodies: str) -> list[Answer]:
        use_case = ProcessOrders(
            self.shop.settings,
            lambda _: self.channel,
            self.shop.book,
            self.shop.change_orders,
            self.exceptions,
            FixedClock(),
            one_after_another,
        )
        answers = use_case([Message(str(at), body) for at, body in enumerate(bodies)])
        return [answers[str(at)] for at in range(len(bodies))]


def message(order_id: str = "1", event_id: str = "e", channel: str = "web") -> str:
    content = {"channel": channel, "event_id": event_id, "order_id": order_id, "topic": "order.created"}
    return json.dumps(content | {"payload": {"lines": "?"}})


def compact(body: str) -> str:
    return json.dumps(json.loads(body), separators=(",", ":"))


def retry(order_id: str) -> str:
    return json.dumps({"channel": "web", "retry": order_id})


def told(answers: list[Answer]) -> list[str]:
    return [outcome_name(answer) for answer in answers]


def test_notifications_become_reservations() -> None:
    desk = Desk()

    answers = desk.process(message("1"), message("2"), message("1"))

    assert ["reserved", "reserved", "duplicate"] == told(answers)
    assert {("shirt", "M"): 48} == desk.shop.left()


def test_a_notification_that_asks_for_nothing_is_settled() -> None:
    desk = Desk(channel=TellingChannel(tells={"1": None}))

    answers = desk.process(message("1"))

    assert ([Handled()], True) == (answers, settled(answers[0]))


def test_an_order_that_cannot_be_read_becomes_one_exception_with_its_payload() -> None:
    desk = Desk(channel=TellingChannel(tells={"1": UnreadableOrder("lines", "is no list")}))

    first, again = desk.process(message("1"), message("1"))

    assert isinstance(first, Recorded)
    assert (first, True) == (again, settled(first))
    expected = ExceptionRecord(
        first.exception_id,
        Kind.UNREADABLE_ORDER,
        "web",
        "lines: is no list",
        NOON.isoformat(),
        compact(message("1")),
    )
    assert {first.exception_id: expected} == desk.exceptions.records


def test_an_exception_that_cannot_be_kept_now_comes_again_and_keeps_no_other_from_its_answer() -> None:
    desk = Desk(channel=TellingChannel(tells={"1": UnreadableOrder("lines", "is no list")}))
    desk.exceptions.deaf = True

    answers = desk.process(message("1"), message("2"))

    assert [(False, "storeunavailable"), (True, "reserved")] == [
        (settled(answer), outcome_name(answer)) for answer in answers
    ]


def test_two_unreadable_events_are_two_exceptions() -> None:
    desk = Desk(channel=TellingChannel(tells={"1": UnreadableOrder("lines", "is no list")}))

    desk.process(message("1", "e1"), message("1", "e2"))

    assert 2 == len(desk.exceptions.records)


def test_an_order_of_a_channel_that_is_gone_becomes_an_exception() -> None:
    desk = Desk()

    answers = desk.process(message(channel="closed"))

    kinds = [(record.kind, record.channel) for record in desk.exceptions.records.values()]
    assert (["recorded"], [(Kind.UNKNOWN_CHANNEL, "closed")]) == (told(answers), kinds)


@pytest.mark.parametrize(
    "error", [ChannelUnavailable("500"), OutcomeUnknown("slow"), NotSent("down"), Throttled(3)]
)
def test_an_order_that_cannot_be_fetched_stays_on_the_queue_and_fails_nobody_else(error: LastunitError) -> None:
    desk = Desk(channel=TellingChannel(tells={"2": error}))

    answers = desk.process(message("1"), message("2"), message("3"))

    assert ["reserved", type(error).__name__.lower(), "reserved"] == told(answers)
    assert [True, False, True] == [settled(answer) for answer in answers]
    assert {} == desk.exceptions.records


def test_a_channel_that_does_not_answer_costs_a_batch_only_a_few_waits() -> None:
    silent = {str(number): OutcomeUnknown("slow") for number in range(90)}
    desk = Desk(channel=TellingChannel(tells=dict(silent)))

    answers = desk.process(*map(message, silent))

    assert not any(settled(answer) for answer in answers)
    assert SILENCES_MAX <= sum(desk.channel.asked.values()) <= SILENCES_MAX + 8


def test_a_channel_that_refuses_single_orders_is_asked_for_every_one() -> None:
    refused = {str(number): ChannelUnavailable("500") for number in range(20)}
    desk = Desk(channel=TellingChannel(tells=dict(refused)))

    desk.process(*map(message, refused))

    assert 20 == sum(desk.channel.asked.values())


@pytest.mark.parametrize("body", ["not JSON", "[]", "{}", '"retry"', '{"channel": "web"}', '{"retry": "1"}'])
def test_a_message_nobody_wrote_goes_to_the_dead_letters_alone(body: str) -> None:
    desk = Desk()

    strange, usual = desk.process(body, message("1"))

    assert isinstance(strange, InvalidInput)
    assert (False, ["reserved"]) == (settled(strange), told([usual]))


def test_a_retry_applies_what_the_channel_said_last() -> None:
    desk = Desk()
    desk.channel.tells = {"1": sold({"tee": 2}, "1")}
    desk.process(message("1"))
    assert State.EXCEPTION is desk.shop.order("1").state
    desk.shop.book.skus["tee"] = replace(desk.shop.book.skus["shirt"], sku="tee")
    desk.shop.book.stock["tee", "M"] = replace(desk.shop.book.stock["shirt", "M"], sku="tee")

    answers = desk.process(retry("1"))

    assert (["reserved"], 48) == (told(answers), desk.shop.left()["tee", "M"])


def test_a_retry_of_an_order_that_waits_no_more_changes_nothing() -> None:
    desk = Desk()
    desk.process(message("1"))

    answers = desk.process(retry("1"), retry("unheard-of"))

    assert (["duplicate", "ignored"], {("shirt", "M"): 49}) == (told(answers), desk.shop.left())


def test_a_cancel_before_its_order_does_not_stop_a_retry_of_others() -> None:
    desk = Desk()
    desk.channel.tells = {"1": Snapshot("web", "1", "1", (), cancelled=True)}
    desk.process(message("1"))

    answers = desk.process(retry("1"), message("2"))

    assert ["duplicate", "reserved"] == told(answers)


def test_the_channel_of_an_order_is_looked_up_by_its_own_name() -> None:
    shop = Shop({("shirt", "M"): 5}, channel=Channel("store", "generic"))
    desk = Desk(shop, TellingChannel(tells={"1": sold({"shirt": 1}, "1", channel="store")}))

    answers = desk.process(message("1", channel="store"))

    assert ["reserved"] == told(answers)


def test_units_that_came_go_to_promises_before_requests() -> None:
    shop = Shop({("shirt", "M"): 0}, channel=Channel("web", "generic", reevaluates=True))
    desk = Desk(shop)
    desk.channel.tells = {number: sold({"shirt": 1}, number) for number in ("1", "2")}
    desk.process(message("1"), message("2"))
    shop.tell(Accepted("web", "2", True, "sam"))
    shop.book.stock["shirt", "M"] = stocked("shirt", "M", 1)

    desk.process(json.dumps({"arrived": "shirt"}))

    assert (State.REQUESTED, State.RESERVED) == (shop.order("1").state, shop.order("2").state)
