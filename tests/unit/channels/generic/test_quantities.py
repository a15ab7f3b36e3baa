"""The generic channel's pushes without sockets: what is asked, and what a store may answer."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from lastunit.channels.generic.api import Api
from lastunit.channels.shared.bisect import CALLS_MAX
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Push, Refused, Shown, Target
from lastunit.ports.system import HttpResponse
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn

NOW = datetime(2021, 2, 25, 15, 2, 10, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@dataclass(frozen=True, slots=True)
class SentRequest:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def items(self) -> list[dict[str, Any]]:
        content: dict[str, list[dict[str, Any]]] = json.loads(self.body or b"{}")
        return content["items"]


@dataclass(slots=True)
class ScriptedStoreHttp:
    """Gives the scripted answers one after the other; an exception is raised."""

    run_parallel = staticmethod(in_turn)
    script: list[HttpResponse | Exception] = field(default_factory=list)
    sent: list[SentRequest] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        self.sent.append(SentRequest(method, url, headers, body))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(slots=True)
class AllOrNothingHttp:
    """A store that breaks the contract: one poisoned SKU and the whole batch is answered 400."""

    run_parallel = staticmethod(in_turn)
    poisoned: set[str]
    calls: int = 0

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        self.calls += 1
        skus = [item["sku"] for item in json.loads(body or b"{}")["items"]]
        if self.poisoned & set(skus):
            return HttpResponse(400, {}, b"bad request")
        return results(*({"sku": sku, "status": "ok", "version": 2} for sku in skus))


def results(*content: object) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps({"results": content}).encode())


def api(http: ScriptedStoreHttp | AllOrNothingHttp) -> Api:
    channel = Channel(name="shop", kind="generic", connection={"base_url": "https://store.example/api/"})
    return Api(channel, {"webhook_secrets": [SECRET], "push_secret": SECRET}, http, FakeClock(NOW), {})


def push(name: str = "TEE", quantity: int = 5, version: str | None = "17", key: str = "k1") -> Push:
    return Push(target=Target(name), quantity=quantity, key=key, version=version)


class TestWrite:
    def test_a_push_is_compare_and_set_with_the_known_version(self) -> None:
        http = ScriptedStoreHttp([results({"sku": "TEE", "location": "main", "status": "ok", "version": 18})])

        answers = api(http).write([push()])

        assert [Shown(5, "18")] == answers
        assert [{"sku": "TEE", "location": "main", "quantity": 5, "if_version": 17}] == http.sent[0].items
        assert ("PUT", "https://store.example/api/inventory/levels") == (http.sent[0].method, http.sent[0].url)

    def test_an_unknown_version_is_left_out_and_a_location_can_be_overridden(self) -> None:
        http = ScriptedStoreHttp([results({"sku": "TEE", "location": "outlet", "status": "ok", "version": 1})])

        answers = api(http).write([Push(target=Target("TEE", {"location": "outlet"}), quantity=5, key="k1")])

        assert [Shown(5, "1")] == answers
        assert [{"sku": "TEE", "location": "outlet", "quantity": 5}] == http.sent[0].items

    def test_no_pushes_are_no_call(self) -> None:
        assert [] == api(ScriptedStoreHttp()).write([])

    def test_each_listing_gets_its_own_answer_in_the_order_asked(self) -> None:
        http = ScriptedStoreHttp(
            [
                results(
                    {"sku": "E", "status": "teapot"},
                    {"sku": "D", "status": "not_stocked"},
                    {"sku": "I", "status": "throttled"},
                    {"sku": "C", "status": "invalid", "message": "frozen for the audit" * 99},
                    {"sku": "B", "status": "not_found"},
                    {"sku": "A", "status": "conflict", "current": {"quantity": 6, "version": 18}},
                    {"sku": "G", "status": "ok"},
                    {"sku": "H", "version": 18},
                    "noise",
                    {"sku": ["A"], "status": "ok"},
                    {"sku": "A", "location": ["main"], "status": "ok"},
                )
            ]
        )

        answers = api(http).write([push(name) for name in "ABCDEFGHI"])

        expected: list[ListingResult] = [
            Refused(Failure.STALE, "the store answered conflict", Shown(6, "18")),
            Refused(Failure.GONE, "the store answered not_found"),
            Refused(Failure.INVALID, "frozen for the audit" * 10),
            Refused(Failure.NOT_STOCKED, "the store answered not_stocked"),
            Refused(Failure.TRANSIENT, "the store answered teapot"),
            Refused(Failure.TRANSIENT, "the store's answer lacks this SKU"),
            Refused(Failure.TRANSIENT, "the store's answer cannot be read: version: Field required"),
            Refused(Failure.TRANSIENT, "the store answered no status"),
            Refused(Failure.THROTTLED, "the store answered throttled"),
        ]
        assert expected == answers

    def test_the_idempotency_key_is_the_same_for_the_same_attempt_only(self) -> None:
        http = ScriptedStoreHttp([results()] * 4)
        shop = api(http)

        for attempt in (push(), push(), push(version="18"), push(key="k2")):
            shop.write([attempt])

        keys = [sent.headers["Idempotency-Key"] for sent in http.sent]
        assert keys[0] == keys[1]
        assert 3 == len(set(keys))
        assert keys == [sent.headers["webhook-id"] for sent in http.sent]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("7", 7.0),
            ("0.5", 0.5),
            ("99999", 900.0),
            ("Thu, 25 Feb 2021 15:02:20 GMT", 10.0),
            ("Thu, 25 Feb 2021 15:02:20 -0000", 10.0),
            ("Thu, 25 Feb 2021 15:00:00 GMT", 0.0),
            ("Thu, 25 Feb 2031 15:00:00 GMT", 900.0),
            ("Thu, 25 Feb 99999999999999999999 15:00:00 GMT", 1.0),
            ("nan", 1.0),
            ("-5", 1.0),
            ("", 1.0),
        ],
    )
    def test_a_throttled_call_asks_for_the_pause_the_store_wishes(self, header: str, seconds: float) -> None:
        http = ScriptedStoreHttp([HttpResponse(429, {"retry-after": header}, b"")])

        with pytest.raises(Throttled) as pause:
            api(http).write([push()])

        assert seconds == pause.value.retry_after_seconds

    @pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 503])
    def test_a_store_that_cannot_serve_is_unavailable(self, status: int) -> None:
        with pytest.raises(ChannelUnavailable, match=str(status)):
            api(ScriptedStoreHttp([HttpResponse(status, {}, b"")])).write([push()])

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"results": {}}'])
    def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(self, body: bytes) -> None:
        with pytest.raises(OutcomeUnknown):
            api(ScriptedStoreHttp([HttpResponse(200, {}, body)])).write([push()])

    @pytest.mark.parametrize("position", [0, 50, 99])
    def test_one_listing_that_makes_a_store_refuse_the_batch_is_isolated(self, position: int) -> None:
        http = AllOrNothingHttp({f"S{position}"})

        answers = api(http).write([push(f"S{number}") for number in range(100)])

        expected: list[ListingResult] = [Shown(5, "2")] * 100
        expected[position] = Refused(Failure.INVALID, "the store answered 400")
        assert expected == answers

    def test_isolating_many_refused_listings_is_bounded_and_still_finds_one(self) -> None:
        http = AllOrNothingHttp({f"S{number}" for number in range(0, 100, 3)})

        answers = api(http).write([push(f"S{number}") for number in range(100)])

        found = [answer.failure for answer in answers if isinstance(answer, Refused)]
        assert CALLS_MAX == http.calls
        assert {Failure.INVALID, Failure.THROTTLED} == set(found)

    @pytest.mark.parametrize(
        ("trouble", "failure"),
        [
            (NotSent("no route"), Failure.THROTTLED),
            (HttpResponse(429, {}, b""), Failure.THROTTLED),
            (HttpResponse(503, {}, b""), Failure.TRANSIENT),
            (OutcomeUnknown("no answer"), Failure.TRANSIENT),
        ],
    )
    def test_trouble_after_a_part_was_applied_keeps_that_part_and_says_whether_the_rest_is_open(
        self, trouble: HttpResponse | Exception, failure: Failure
    ) -> None:
        applied = results({"sku": "A", "status": "ok", "version": 2})
        http = ScriptedStoreHttp([HttpResponse(400, {}, b""), applied, trouble])

        first, second = api(http).write([push("A"), push("B")])

        assert (Shown(5, "2"), True) == (first, isinstance(second, Refused) and second.failure is failure)


class TestRead:
    def test_what_the_store_shows_comes_back_in_the_order_asked(self) -> None:
        http = ScriptedStoreHttp(
            [
                results(
                    {"sku": "B", "status": "not_found"},
                    {"sku": "A", "location": "outlet", "quantity": 1, "version": 3},
                    {"sku": "A", "location": "main", "quantity": 4, "version": 9},
                    {"sku": "D", "location": "main", "quantity": -4, "version": 9},
                )
            ]
        )

        answers = api(http).read([Target("A"), Target("B"), Target("C"), Target("D")])

        assert Shown(4, "9") == answers[0]
        assert [Failure.GONE, Failure.TRANSIENT, Failure.TRANSIENT] == [
            answer.failure for answer in answers if isinstance(answer, Refused)
        ]

    def test_names_are_escaped_and_long_lists_are_asked_in_several_calls(self) -> None:
        names = [f"{number}&é{'x' * 190}" for number in range(60)]
        http = ScriptedStoreHttp([results()] * 60)

        api(http).read([Target(name) for name in names])

        assert 60 == sum(sent.url.count("sku=") for sent in http.sent)
        assert "sku=0%26%C3%A9x" in http.sent[0].url
        assert max(len(sent.url) for sent in http.sent) < 4100
        assert 4 == len(http.sent)

    @pytest.mark.parametrize("status", [200, 400, 404])
    def test_an_answer_without_results_means_the_store_is_unavailable(self, status: int) -> None:
        with pytest.raises(ChannelUnavailable, match=str(status)):
            api(ScriptedStoreHttp([HttpResponse(status, {}, b"{}")])).read([Target("A")])
