"""Shopify's deltas: what is sent for each, and what every kind of answer means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastunit.channels.shopify.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import ChannelUnavailable, LastunitError, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Delta, Failure, Form, Refused, Shown, Target
from lastunit.ports.channel import QuantityAdjuster
from lastunit.ports.system import HttpResponse
from tests.channels.shopify.fakes import REFS, answer, failures, raised_by, scripted_api, user_error
from tests.support.parallel import in_turn


def delta(units: int = 3, key: str = "key-1", refs: Mapping[str, str] = REFS) -> Delta:
    return Delta(Target("TEE", refs), units, key)


def payload(*errors: dict[str, Any], number: int | None = 8) -> dict[str, Any]:
    changes = [{"name": "on_hand", "quantityAfterChange": 99}, {"name": "available", "quantityAfterChange": number}]
    return {"inventoryAdjustmentGroup": None if errors else {"changes": changes}, "userErrors": list(errors)}


def adjusted(*payloads: object, errors: list[dict[str, Any]] | None = None) -> HttpResponse:
    data = {f"a{n}": one for n, one in enumerate(payloads)}
    return answer({"data": data} | ({"errors": errors} if errors else {}))


def error_at(alias: str, code: str) -> dict[str, Any]:
    return {"message": "m", "path": [alias], "extensions": {"code": code}}


def sent_keys(*deltas: Delta) -> list[str]:
    api, http = scripted_api(adjusted(*[payload()] * len(deltas)))
    api.adjust(list(deltas))
    return [http.bodies[0]["variables"][f"key{n}"] for n in range(len(deltas))]


def test_shopify_takes_swaps_and_deltas_within_half_of_the_standard_plan() -> None:
    api, _ = scripted_api()

    assert (Form.SWAP, True, 250) == (api.form, isinstance(api, QuantityAdjuster), api.batch_max)
    assert api.limits.calls_per_second * 12 <= 100 / 2
    assert api.limits.burst * 12 <= 2000 / 2


def test_a_delta_says_openly_that_any_number_may_be_there() -> None:
    api, http = scripted_api(adjusted(payload()))

    answers = api.adjust([delta()])

    change = {
        "inventoryItemId": REFS["inventory_item_id"],
        "locationId": REFS["location_id"],
        "delta": 3,
        "changeFromQuantity": None,
    }
    assert [Shown(8)] == answers
    assert [change] == http.bodies[0]["variables"]["input0"]["changes"]
    assert "available" == http.bodies[0]["variables"]["input0"]["name"]


def test_the_key_of_a_delta_depends_on_nothing_but_its_own() -> None:
    alone = sent_keys(delta())
    in_company = sent_keys(delta(key="key-2"), delta(), delta(key="key-3"))
    other_units = sent_keys(delta(4))

    assert alone == [in_company[1]] == other_units
    assert 3 == len(set(in_company))


def test_after_a_failed_attempt_the_same_keys_follow_each_other_every_time() -> None:
    failed_before = adjusted(payload(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")))

    tried = []
    for _ in range(2):
        api, http = scripted_api(failed_before, failed_before, adjusted(payload()))
        assert [Shown(8)] == api.adjust([delta()])
        tried.append([body["variables"]["key0"] for body in http.bodies])

    assert tried[0] == tried[1]
    assert 3 == len(set(tried[0]))


def test_attempts_are_bounded() -> None:
    api, http = scripted_api(adjusted(payload(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"))))

    answers = api.adjust([delta()])

    assert [Failure.THROTTLED] == failures(answers)
    assert 20 == len(http.bodies)


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("INVALID_INVENTORY_ITEM", Failure.GONE),
        ("INVALID_LOCATION", Failure.NOT_STOCKED),
        ("ITEM_NOT_STOCKED_AT_LOCATION", Failure.NOT_STOCKED),
        ("SERVICE_UNAVAILABLE", Failure.TRANSIENT),
        ("ADJUST_QUANTITIES_FAILED", Failure.TRANSIENT),
        ("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", Failure.INVALID),
        ("INVALID_QUANTITY_TOO_HIGH", Failure.INVALID),
        ("NON_MUTABLE_INVENTORY_ITEM", Failure.INVALID),
        (None, Failure.INVALID),
    ],
)
def test_a_user_error_refuses_its_own_delta_only(code: str | None, failure: Failure) -> None:
    api, _ = scripted_api(adjusted(payload(user_error(code)), payload()))

    answers = api.adjust([delta(), delta(key="key-2")])

    assert [Refused(failure, f"{code}: said Shopify"), Shown(8)] == answers


@pytest.mark.parametrize(
    ("code", "failure"),
    [("INTERNAL_SERVER_ERROR", Failure.TRANSIENT), ("THROTTLED", Failure.THROTTLED)],
)
def test_an_error_at_one_delta_leaves_the_others_their_answers(code: str, failure: Failure) -> None:
    api, _ = scripted_api(adjusted(payload(), None, errors=[error_at("a1", code)]))

    answers = api.adjust([delta(), delta(key="key-2")])

    assert [None, failure] == failures(answers)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({}, 429), Throttled),
        (answer({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}), Throttled),
        (adjusted(None, errors=[error_at("a0", "THROTTLED")]), Throttled),
        (adjusted(None, errors=[error_at("a0", "ACCESS_DENIED")]), ChannelUnavailable),
        (answer({"data": None, "errors": [{"message": "m", "path": None}]}), ChannelUnavailable),
        (answer({}, 500), ChannelUnavailable),
        (adjusted(None), OutcomeUnknown),
        (adjusted({"userErrors": None}), OutcomeUnknown),
        (answer({}), OutcomeUnknown),
        (HttpResponse(200, {}, b"<html>"), OutcomeUnknown),
        (adjusted(payload(user_error("IDEMPOTENCY_CONCURRENT_REQUEST"))), OutcomeUnknown),
    ],
)
def test_what_leaves_no_delta_an_answer_is_raised(response: HttpResponse, kind: type[LastunitError]) -> None:
    api, _ = scripted_api(response)

    assert kind is type(raised_by(lambda: api.adjust([delta()])))


@pytest.mark.parametrize(
    "odd", [delta(10**9 + 1), delta(-(2**31)), delta(refs={}), delta(refs={"location_id": "7"})]
)
def test_what_would_fail_the_whole_request_is_refused_before_it_is_sent(odd: Delta) -> None:
    api, http = scripted_api(adjusted(payload()))

    answers = api.adjust([odd, delta()])

    assert [Failure.INVALID, None] == failures(answers)
    assert "key1" not in http.bodies[0]["variables"]


def test_nothing_is_sent_for_nothing() -> None:
    api, http = scripted_api()

    assert [] == api.adjust([])
    assert [] == http.bodies


@dataclass(slots=True)
class SlowShop:
    """Every request takes two seconds of the clock it carries."""

    run_parallel = staticmethod(in_turn)
    now_: datetime = datetime(2026, 8, 1, 12, tzinfo=UTC)
    requests: list[bytes] = field(default_factory=list)

    def now(self) -> datetime:
        return self.now_

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        self.now_ += timedelta(seconds=2)
        self.requests.append(body or b"")
        return adjusted(*[payload()] * 10)


def test_no_request_is_begun_when_time_is_up() -> None:
    connection = {"shop_url": "https://shop.example", "shop_domain": "shop.example"}
    slow = SlowShop()
    channel = Channel(name="shop", kind="shopify", connection=connection)
    api = Api(channel, {"webhook_secrets": ["s"], "access_token": "t"}, slow, slow, {})

    answers = api.adjust([delta(key=f"key-{n}") for n in range(50)])

    assert [None] * 30 + [Failure.THROTTLED] * 20 == failures(answers)
    assert 3 == len(slow.requests)
