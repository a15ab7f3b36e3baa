"""eBay's module against a simulated eBay over real HTTP: what it refuses, signs, throttles and counts itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from lastunit.channels.ebay.settings import Connection, Refs, Secret
from lastunit.domain.errors import BadSignature, ChannelUnavailable, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Push, Refused, Shown, Target
from lastunit.ports.channel import WebhookRequest
from tests.channels.ebay.fakes import EbayWebhookEndpoint, connect, market, serving
from tests.channels.ebay.simulator import ChallengeFailed, Ebay
from tests.channels.marketplace import Delivery
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ebay(clock: FakeClock) -> Iterator[Ebay]:
    with market(clock) as opened:
        yield opened


def push(ebay: Ebay, name: str, quantity: int) -> Push:
    return Push(
        target=Target(name, ebay.refs(name) if name in ebay.items else {}),
        quantity=quantity,
        key=f"{name}-{quantity}",
    )


def failure(answer: ListingResult) -> Failure | None:
    return answer.failure if isinstance(answer, Refused) else None


def test_what_the_simulator_hands_to_the_hub_passes_the_hubs_own_checks(ebay: Ebay) -> None:
    Connection.model_validate(ebay.connection())
    Secret.model_validate(ebay.secret())
    refs = Refs.model_validate(ebay.refs("CAP"))

    assert refs.merchant_location_key == "wh-1"


# The endpoint


def test_an_endpoint_that_knows_the_token_is_registered(ebay: Ebay, clock: FakeClock) -> None:
    with serving(EbayWebhookEndpoint(lambda: connect(ebay, clock))) as hub:
        ebay.webhook_url = hub.url

        ebay.register(hub.url)

        with pytest.raises(ChallengeFailed):
            ebay.register(hub.url + "/")


def test_an_endpoint_with_another_token_is_not_registered(ebay: Ebay, clock: FakeClock) -> None:
    with serving(EbayWebhookEndpoint(lambda: connect(ebay, clock))) as hub:
        ebay.webhook_url = hub.url
        stored = connect(ebay, clock)
        hub.api = lambda: stored
        ebay.verification_token = "another-verification-token-of-32-chars"

        with pytest.raises(ChallengeFailed):
            ebay.register(hub.url)


# Signatures


def arrived(delivery: Delivery) -> WebhookRequest:
    return WebhookRequest(
        method="POST", headers={name.lower(): value for name, value in delivery.headers.items()}, body=delivery.body
    )


def test_a_forged_body_is_refused_and_a_signed_one_is_not(ebay: Ebay, clock: FakeClock) -> None:
    api, delivery = connect(ebay, clock), ebay.signed({"metadata": {"topic": "LISTING"}})
    api.verify(arrived(delivery))

    with pytest.raises(BadSignature):
        api.verify(arrived(Delivery(delivery.headers, delivery.body + b" x")))


def test_a_key_that_ebay_does_not_know_is_a_bad_signature(ebay: Ebay, clock: FakeClock) -> None:
    delivery = ebay.signed({})
    ebay.kid = "replaced"

    with pytest.raises(BadSignature):
        connect(ebay, clock).verify(arrived(delivery))


@pytest.mark.parametrize("fault", ["throttled", "broken", "lost"])
def test_ebay_in_trouble_is_no_bad_signature(ebay: Ebay, clock: FakeClock, fault: str) -> None:
    delivery = ebay.signed({})
    setattr(ebay.misbehaviour, fault, 1.0)

    with pytest.raises(ChannelUnavailable):
        connect(ebay, clock).verify(arrived(delivery))


# Quantities


def test_a_push_is_acknowledged_shown_and_read_back(ebay: Ebay, clock: FakeClock) -> None:
    api = connect(ebay, clock)

    answers = api.write([push(ebay, "TEE", 3), push(ebay, "CAP", 0)])

    assert answers == [Shown(3), Shown(0)]
    assert (ebay.shelves["TEE"], ebay.shelves["CAP"]) == (3, 0)
    assert api.read([Target("CAP"), Target("TEE")]) == [Shown(0), Shown(3)]


def test_a_raise_reaches_the_listing_because_pool_and_offer_are_both_set(ebay: Ebay, clock: FakeClock) -> None:
    api = connect(ebay, clock)
    api.write([push(ebay, "TEE", 3)])

    api.write([push(ebay, "TEE", 9)])

    assert ebay.shelves["TEE"] == 9


def test_one_bad_listing_does_not_fail_the_others(ebay: Ebay, clock: FakeClock) -> None:
    wrong_offer = Push(target=Target("CAP", {"offer_id": "1"}), quantity=4, key="k")

    answers = connect(ebay, clock).write(
        [push(ebay, "NOBODY", 1), push(ebay, "TEE", 4), wrong_offer, push(ebay, "TEE", -1)]
    )

    assert list(map(failure, answers)) == [Failure.GONE, None, Failure.GONE, Failure.INVALID]
    assert (ebay.shelves["TEE"], ebay.shelves["CAP"]) == (4, 5)


@pytest.mark.parametrize("names_culprits", [True, False])
def test_a_listing_that_fails_the_whole_request_is_isolated(
    ebay: Ebay, clock: FakeClock, names_culprits: bool
) -> None:
    ebay.names_culprits = names_culprits
    names = [f"S{number}" for number in range(24)]
    for name in names:
        ebay.list_item(name, 1)
    ebay.list_item("AUCTIONED", 10, auctioned=5)

    answers = connect(ebay, clock).write([push(ebay, name, 2) for name in ("AUCTIONED", *names)])

    assert list(map(failure, answers)) == [Failure.INVALID] + [None] * 24
    assert [ebay.shelves[name] for name in ("AUCTIONED", *names)] == [10] + [2] * 24


def test_a_listing_is_revised_at_most_250_times_a_day(ebay: Ebay, clock: FakeClock) -> None:
    ebay.items["TEE"].revisions["2026-11-21"] = 249
    api = connect(ebay, clock)

    last = api.write([push(ebay, "TEE", 3)])
    beyond = api.write([push(ebay, "TEE", 2), push(ebay, "CAP", 2)])
    clock.time += timedelta(days=1)
    next_day = api.write([push(ebay, "TEE", 1)])

    assert (last, failure(beyond[0]), beyond[1], next_day) == ([Shown(3)], Failure.THROTTLED, Shown(2), [Shown(1)])


def test_reading_a_listing_that_is_gone_says_so(ebay: Ebay, clock: FakeClock) -> None:
    gone, shown = connect(ebay, clock).read([Target("NOBODY"), Target("TEE")])

    assert (failure(gone), shown) == (Failure.GONE, Shown(10))


def test_a_token_that_was_revoked_is_renewed_once(ebay: Ebay, clock: FakeClock) -> None:
    api = connect(ebay, clock)
    api.write([push(ebay, "TEE", 3)])
    ebay.tokens.clear()

    answers = api.write([push(ebay, "TEE", 2)])

    assert answers == [Shown(2)]
    assert ebay.tokens_issued == 2


def test_a_token_is_shared_by_the_api_objects_of_a_process_and_renewed_in_time(
    ebay: Ebay, clock: FakeClock
) -> None:
    memory: dict[str, Any] = {}
    connect(ebay, clock, memory).read([Target("TEE")])
    connect(ebay, clock, memory).read([Target("TEE")])
    shared = ebay.tokens_issued
    clock.time += timedelta(seconds=ebay.token_seconds - 60)

    connect(ebay, clock, memory).read([Target("TEE")])

    assert (shared, ebay.tokens_issued) == (1, 2)
    assert [call.path for call in ebay.calls].count("/identity/v1/oauth2/token") == 2


@pytest.mark.parametrize("wrong", ["client_secret", "refresh_token"])
def test_wrong_credentials_say_what_to_check_and_show_none(ebay: Ebay, clock: FakeClock, wrong: str) -> None:
    stored = getattr(ebay, wrong)
    api = connect(ebay, clock)
    setattr(ebay, wrong, "renewed at eBay")

    with pytest.raises(ChannelUnavailable, match="check client_id") as caught:
        api.read([Target("TEE")])

    assert stored not in str(caught.value)


@pytest.mark.parametrize(("fault", "error"), [("throttled", Throttled), ("broken", ChannelUnavailable)])
def test_ebays_troubles_have_their_names_and_change_nothing(
    ebay: Ebay, clock: FakeClock, fault: str, error: type[Exception]
) -> None:
    api = connect(ebay, clock)
    api.read([Target("TEE")])
    setattr(ebay.misbehaviour, fault, 1.0)

    with pytest.raises(error):
        api.write([push(ebay, "TEE", 1)])

    assert ebay.shelves["TEE"] == 10


def test_a_lost_answer_leaves_the_outcome_unknown_though_it_was_applied(ebay: Ebay, clock: FakeClock) -> None:
    api = connect(ebay, clock)
    api.read([Target("TEE")])
    ebay.misbehaviour.lost = 1.0

    with pytest.raises(OutcomeUnknown):
        api.write([push(ebay, "TEE", 1)])

    assert ebay.shelves["TEE"] == 1


# What the simulator itself refuses


def bulk(ebay: Ebay, requests: object, token: str | None = None, call: str = "bulk_update_price_quantity") -> int:
    if token is None:
        token = issue(ebay, f"grant_type=refresh_token&refresh_token={ebay.refresh_token}")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{ebay.url}/sell/inventory/v1/{call}"
    return urllib3.request("POST", url, headers=headers, body=json.dumps({"requests": requests}).encode()).status


def issue(ebay: Ebay, form: str) -> str:
    headers = urllib3.make_headers(basic_auth=f"{ebay.client_id}:{ebay.client_secret}")
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = urllib3.request("POST", f"{ebay.url}/identity/v1/oauth2/token", headers=headers, body=form)
    return str(answer.json().get("access_token", ""))


APPLICATION_FORM = "grant_type=client_credentials&scope=https://api.ebay.com/oauth/api_scope"


def test_the_simulator_refuses_what_ebay_refuses(ebay: Ebay) -> None:
    tee = {"sku": "TEE", "shipToLocationAvailability": {"quantity": 1}}
    many = [{"sku": f"S{number}"} for number in range(26)]

    assert bulk(ebay, many) == 400
    assert bulk(ebay, many, call="bulk_get_inventory_item") == 400
    assert bulk(ebay, []) == 400
    assert bulk(ebay, None) == 400
    assert bulk(ebay, [tee, tee]) == 400
    assert bulk(ebay, [{"sku": "TEE"}, {"sku": "TEE"}], call="bulk_get_inventory_item") == 400
    assert bulk(ebay, [tee, {"sku": "X"}]) == 207
    assert bulk(ebay, [tee], token="expired") == 401
    assert bulk(ebay, [tee], token=issue(ebay, APPLICATION_FORM)) == 403
    assert issue(ebay, "grant_type=password") == ""
    assert bulk(ebay, [tee]) == 200


def test_a_duplicate_offer_fails_the_whole_request(ebay: Ebay) -> None:
    offers = [{"offerId": ebay.items["TEE"].offer_id, "availableQuantity": 1}]
    entries = [{"sku": "TEE", "offers": offers}, {"sku": "CAP", "offers": offers}]

    status = bulk(ebay, entries)

    assert (status, ebay.shelves["TEE"]) == (400, 10)
