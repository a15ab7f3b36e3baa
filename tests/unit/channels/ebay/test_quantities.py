"""Quantities told to eBay, without a network."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from lastunit.channels.ebay import KIND
from lastunit.channels.ebay.api import Api
from lastunit.channels.shared.bisect import CALLS_MAX
from lastunit.channels.shared.retry_after import pause_seconds
from lastunit.domain.channel import Channel
from lastunit.domain.errors import (
    ChannelUnavailable,
    MissingCapability,
    NotSent,
    OutcomeUnknown,
    Throttled,
)
from lastunit.domain.listings.push_protocol import Failure, Push, Refused, Shown, Target
from lastunit.ports.channel import Capability, QuantityAdjuster
from lastunit.ports.system import HttpResponse
from tests.channels.ebay.fakes import NOW, SECRET, URL, EbayRequest, api
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn


def push(name: str, quantity: int = 7, **refs: str) -> Push:
    return Push(target=Target(name, refs), quantity=quantity, key=f"{name}-1")


def row(sku: str, status: int = 200, *error_ids: int, **more: object) -> dict[str, Any]:
    return {"sku": sku, "statusCode": status, "errors": [{"errorId": number} for number in error_ids], **more}


def write(pushes: list[Push], *rows: dict[str, Any], status: int = 207) -> tuple[list[object], list[EbayRequest]]:
    ebay, http = api(lambda call: (status, {"responses": list(rows)}))
    answers = ebay.write(pushes)
    return list(answers), http.asked


def failures(answers: list[object]) -> list[object]:
    return [answer.failure if isinstance(answer, Refused) else answer for answer in answers]


def test_a_push_sets_the_pool_the_place_and_the_offer() -> None:
    offered = push("TEE-RED-M", 7, offer_id="36445435465", merchant_location_key="wh-1")

    answers, asked = write([offered, push("CAP", 0)], row("CAP"), row("TEE-RED-M"), row("TEE-RED-M", offerId="3"))

    assert answers == [Shown(7), Shown(0)]
    place = {"merchantLocationKey": "wh-1", "quantity": 7}
    assert asked[0].content["requests"] == [
        {
            "sku": "TEE-RED-M",
            "shipToLocationAvailability": {"quantity": 7, "availabilityDistributions": [place]},
            "offers": [{"offerId": "36445435465", "availableQuantity": 7}],
        },
        {"sku": "CAP", "shipToLocationAvailability": {"quantity": 0}},
    ]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (row("A", 404), Failure.GONE),
        (row("A", 400, 25710), Failure.GONE),
        (row("A", 400, 25702), Failure.GONE),
        (row("A", 400, 25713), Failure.GONE),
        (row("A", 500), Failure.TRANSIENT),
        (row("A", 429), Failure.THROTTLED),
        (row("A", 400, 2001), Failure.THROTTLED),
        (row("A", 500, 2001), Failure.THROTTLED),
        (row("A", 400, 21919165), Failure.THROTTLED),
        (row("A", 400, 25025), Failure.TRANSIENT),
        (row("A", 400, 25709), Failure.INVALID),
        (row("A", 400, 25002), Failure.INVALID),
    ],
)
def test_a_refused_listing_says_why_and_leaves_the_others(answer: dict[str, Any], failure: Failure) -> None:
    answers, _ = write([push("A"), push("B")], row("B"), answer)

    assert failures(answers) == [failure, Shown(7)]


def test_a_pool_that_was_set_while_its_offer_was_refused_is_refused() -> None:
    answers, _ = write([push("A", offer_id="1")], row("A"), row("A", 400, 25709, offerId="1"))

    assert failures(answers) == [Failure.INVALID]


@pytest.mark.parametrize(
    "unsendable", [push("x" * 51), push(""), push("A", offer_id="one"), push("A", warehouse="1")]
)
def test_a_push_that_ebay_would_refuse_is_not_sent(unsendable: Push) -> None:
    answers, asked = write([unsendable, push("B")], row("B"))

    assert failures(answers) == [Failure.INVALID, Shown(7)]
    assert len(asked[0].content["requests"]) == 1


def test_two_listings_of_one_sku_go_in_two_calls() -> None:
    answers, asked = write([push("A", offer_id="1"), push("A", 3, offer_id="2")], row("A"))

    assert answers == [Shown(7), Shown(3)]
    assert [len(call.content["requests"]) for call in asked] == [1, 1]


def test_a_listing_revised_too_often_today_is_named_where_its_whole_call_fails() -> None:
    def answer(call: EbayRequest) -> tuple[int, object]:
        skus = [request["sku"] for request in call.content["requests"]]
        if "SPENT" in skus:
            return 400, {"errors": [{"errorId": 21919165}]}
        return 200, {"responses": [row(sku) for sku in skus]}

    ebay, _ = api(answer)

    answers = ebay.write([push("A"), push("SPENT"), push("B")])

    assert failures(list(answers)) == [Shown(7), Failure.THROTTLED, Shown(7)]


def test_ebay_takes_no_deltas_and_counts_the_revisions_of_a_day() -> None:
    ebay, http = api()

    with pytest.raises(MissingCapability, match="takes no deltas; push whole numbers"):
        KIND.require(Capability.ADJUSTMENTS)

    assert (isinstance(ebay, QuantityAdjuster), ebay.limits.daily_revisions, http.asked) == (False, 250, [])


def test_nothing_to_push_asks_nothing() -> None:
    answers, asked = write([])

    assert (answers, asked) == ([], [])


def test_a_listing_that_the_answer_leaves_out_is_read_back() -> None:
    stocked = {"availability": {"shipToLocationAvailability": {"quantity": 5}}}
    written, read = {"responses": [row("B")]}, {"responses": [row("A", inventoryItem=stocked)]}
    ebay, _ = api(lambda call: (200, read if call.path.endswith("get_inventory_item") else written))

    answers = ebay.write([push("A"), push("B")])

    assert answers == [Shown(5), Shown(7)]


@pytest.mark.parametrize("status", [200, 429, 500])
def test_a_listing_that_cannot_be_read_back_leaves_the_outcome_unknown(status: int) -> None:
    ebay, _ = api(lambda call: (status if "get_inventory" in call.path else 200, {"responses": [row("B")]}))

    with pytest.raises(OutcomeUnknown):
        ebay.write([push("A"), push("B")])


def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown() -> None:
    ebay, _ = api(lambda call: (200, b"<html>"))

    with pytest.raises(OutcomeUnknown):
        ebay.write([push("A")])


def all_or_nothing(poison: set[str], names: bool) -> Callable[[EbayRequest], tuple[int, object]]:
    def answer(call: EbayRequest) -> tuple[int, object]:
        skus = [request["sku"] for request in call.content["requests"]]
        culprits = [sku for sku in skus if sku in poison]
        if culprits:
            parameters = [{"name": "additionalInfo", "value": sku} for sku in culprits if names]
            return 400, {"errors": [{"errorId": 25759, "message": "no", "parameters": parameters}]}
        return 200, {"responses": [row(sku) for sku in skus]}

    return answer


@pytest.mark.parametrize(("names", "calls"), [(True, 3), (False, 11)])
def test_one_listing_that_fails_its_whole_call_is_isolated(names: bool, calls: int) -> None:
    ebay, http = api(all_or_nothing({"S3"}, names))

    answers = ebay.write([push(f"S{number}") for number in range(25)])

    expected = [Failure.INVALID if number == 3 else Shown(7) for number in range(25)]
    assert failures(list(answers)) == expected
    assert len(http.asked) <= calls


def test_a_listing_is_not_convicted_by_being_named_in_anothers_error() -> None:
    """A quantity in the error's parameters may read like a SKU."""

    def answer(call: EbayRequest) -> tuple[int, object]:
        skus = [request["sku"] for request in call.content["requests"]]
        if "BAD" in skus:
            return 400, {"errors": [{"errorId": 25709, "parameters": [{"name": "quantity", "value": "7"}]}]}
        return 200, {"responses": [row(sku) for sku in skus]}

    ebay, _ = api(answer)

    answers = ebay.write([push("7"), push("BAD"), push("C")])

    assert failures(list(answers)) == [Shown(7), Failure.INVALID, Shown(7)]


def test_isolating_many_culprits_ends_after_a_bounded_number_of_calls() -> None:
    ebay, http = api(all_or_nothing({f"S{number}" for number in range(25)}, False))

    answers = ebay.write([push(f"S{number}") for number in range(25)])

    assert len(http.asked) == CALLS_MAX
    assert set(failures(list(answers))) == {Failure.INVALID, Failure.THROTTLED}


def failing_on_second_call(second: Callable[[], tuple[int, object]]) -> Callable[[EbayRequest], tuple[int, object]]:
    calls: list[EbayRequest] = []

    def answer(call: EbayRequest) -> tuple[int, object]:
        calls.append(call)
        return second() if len(calls) > 1 else (200, {"responses": [row("A")]})

    return answer


def test_a_pause_between_two_calls_keeps_what_was_acknowledged() -> None:
    ebay, _ = api(failing_on_second_call(lambda: (429, {})))

    answers = ebay.write([push("A", offer_id="1"), push("A", offer_id="2")])

    assert failures(list(answers)) == [Shown(7), Failure.THROTTLED]


def test_an_error_after_part_was_applied_keeps_what_was_acknowledged_and_leaves_the_rest_open() -> None:
    ebay, _ = api(failing_on_second_call(lambda: (500, {})))

    answers = ebay.write([push("A", offer_id="1"), push("A", offer_id="2")])

    assert failures(list(answers)) == [Shown(7), Failure.TRANSIENT]


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (429, {}, Throttled),
        (400, {"errors": [{"errorId": 2001, "domain": "ACCESS"}]}, Throttled),
        (500, {}, ChannelUnavailable),
        (503, b"<html>", ChannelUnavailable),
    ],
)
def test_the_trouble_of_a_whole_call_is_raised(status: int, content: object, error: type[Exception]) -> None:
    ebay, _ = api(lambda call: (status, content))

    with pytest.raises(error):
        ebay.write([push("A")])


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_renewed_once(status: int) -> None:
    ebay, http = api(lambda call: (status, {}))

    with pytest.raises(ChannelUnavailable, match="scopes"):
        ebay.write([push("A")])

    assert (http.tokens, len(http.asked)) == (2, 2)


def test_a_token_serves_until_shortly_before_it_expires() -> None:
    clock = FakeClock()
    ebay, http = api(lambda call: (200, {"responses": [row("A")]}), clock)

    ebay.write([push("A")])
    clock.time += timedelta(seconds=7200 - 121)
    ebay.write([push("A")])
    within = http.tokens
    clock.time += timedelta(seconds=2)
    ebay.write([push("A")])

    assert (within, http.tokens) == (1, 2)


def test_what_waits_for_a_token_that_never_came_was_not_sent() -> None:
    class Silent:
        run_parallel = staticmethod(in_turn)

        def request(
            self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
        ) -> HttpResponse:
            raise OutcomeUnknown("no answer")

    channel = Channel(name="ebay-us", kind="ebay", connection={"webhook_url": URL})

    with pytest.raises(NotSent):
        Api(channel, SECRET, Silent(), FakeClock(), {}).write([push("A")])


def test_reading_gives_what_the_pool_holds() -> None:
    stocked = {"availability": {"shipToLocationAvailability": {"quantity": 5}}}
    rows = [row("A", inventoryItem=stocked), row("B", 404, 25710), row("C", inventoryItem={})]
    ebay, _ = api(lambda call: (207, {"responses": rows}))

    answers = ebay.read([Target("A"), Target("B"), Target("C"), Target("D")])

    assert failures(list(answers)) == [Shown(5), Failure.GONE, Failure.NOT_STOCKED, Failure.TRANSIENT]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1.0),
        ("7", 7.0),
        ("0.5", 0.5),
        ("99999", 900.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        ("soon", 1.0),
        ("nan", 1.0),
        ("Sat, 21 Nov 99999999999999999999 12:00:30 GMT", 1.0),
        ("-5", 1.0),
    ],
)
def test_a_pause_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float) -> None:
    assert pause_seconds(header, NOW) == seconds
