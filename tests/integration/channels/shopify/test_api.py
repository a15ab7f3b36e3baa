"""The Shopify channel against a simulated shop, over real HTTP."""

from collections.abc import Iterator

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shopify.api import Api
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, Push, Shown, Target
from tests.channels.shopify.fakes import api_of, failures, raised_by
from tests.channels.shopify.simulator import Shopify


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify(retry_seconds=()) as shop:
        yield shop


@pytest.fixture
def api(shop: Shopify) -> Api:
    return api_of(shop)


def push(shop: Shopify, name: str, quantity: int, expected: int | None, key: str = "k") -> Push:
    return Push(target=target(shop, name), quantity=quantity, key=f"{key}-{name}", expected=expected)


def target(shop: Shopify, name: str) -> Target:
    return Target(name, shop.refs(name))


def stranger(name: str = "GHOST") -> Target:
    item, place = "gid://shopify/InventoryItem/404", "gid://shopify/Location/124656943"
    return Target(name, {"inventory_item_id": item, "location_id": place})


# -- telling and reading -------------------------------------------------------------------------------------


def test_a_push_changes_the_shelf(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)

    answers = api.write([push(shop, "TEE", 7, expected=5)])

    assert [Shown(7)] == answers
    assert 7 == shop.shelves["TEE"]


def test_what_was_written_is_read_back(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    shop.list_item("CAP", 0)

    answers = api.read([target(shop, "CAP"), target(shop, "TEE"), target(shop, "CAP")])

    assert [Shown(0), Shown(5), Shown(0)] == answers


def test_listings_of_several_locations_are_read_in_one_call(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    shop.list_item("CAP", 3, location_id=shop.other_location_id)
    astray = Target("TEE", shop.refs("TEE") | {"location_id": shop.refs("CAP")["location_id"]})

    answers = api.read([target(shop, "TEE"), target(shop, "CAP"), astray, stranger()])

    assert [Shown(5), Shown(3)] == answers[:2]
    assert [Failure.NOT_STOCKED, Failure.GONE] == failures(answers[2:])
    assert 1 == len(shop.calls)


def test_a_push_on_a_stale_number_changes_nothing(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)

    answers = api.write([push(shop, "TEE", 7, expected=6)])

    assert [Failure.STALE] == failures(answers)
    assert 5 == shop.shelves["TEE"]


def test_a_push_without_an_expected_number_overwrites(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)

    answers = api.write([push(shop, "TEE", 0, expected=None)])

    assert [Shown(0)] == answers
    assert 0 == shop.shelves["TEE"]


@pytest.mark.parametrize("unnamed", [False, True])
def test_failing_listings_never_fail_their_batch(shop: Shopify, api: Api, unnamed: bool) -> None:
    shop.admin.inventory.unnamed = unnamed
    for n in range(12):
        shop.list_item(f"SKU-{n}", 5)
    pushes = [push(shop, f"SKU-{n}", n, expected=5) for n in range(12)]
    pushes[4] = push(shop, "SKU-4", 9, expected=1)
    pushes[9] = Push(target=stranger(), quantity=9, key="k-ghost", expected=5)

    answers = api.write(pushes)

    expected: list[Failure | None] = [None] * 12
    expected[4], expected[9] = Failure.STALE, Failure.GONE
    assert expected == failures(answers)
    assert [n for n in range(12) if n not in (4, 9)] == [
        shop.shelves[f"SKU-{n}"] for n in range(12) if n not in (4, 9)
    ]


def test_one_unnamed_culprit_of_a_full_batch_is_found(shop: Shopify, api: Api) -> None:
    shop.admin.inventory.unnamed = True
    for n in range(250):
        shop.list_item(f"SKU-{n}", 5)
    pushes = [push(shop, f"SKU-{n}", 6, expected=4 if n == 137 else 5) for n in range(250)]

    answers = api.write(pushes)

    assert [137] == [index for index, failure in enumerate(failures(answers)) if failure is not None]


def test_a_full_batch_is_read_in_one_call(shop: Shopify, api: Api) -> None:
    for n in range(250):
        shop.list_item(f"SKU-{n}", n)

    answers = api.read([target(shop, f"SKU-{n}") for n in range(250)])

    assert [Shown(n) for n in range(250)] == answers
    assert 1 == len(shop.calls)


def test_a_push_repeated_after_its_answer_was_lost_is_applied_once(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    again = push(shop, "TEE", 7, expected=5)
    shop.misbehaviour.lost = 1.0
    lost = raised_by(lambda: api.write([again]))
    shop.misbehaviour.lost = 0.0
    shop.take_from_shelf({"TEE": 1})

    answers = api.write([again])

    assert OutcomeUnknown is type(lost)
    assert [Shown(7)] == answers
    assert 6 == shop.shelves["TEE"]


def test_a_failed_push_can_be_repeated_once_its_cause_is_gone(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    again = push(shop, "TEE", 7, expected=4)
    stale = api.write([again])
    shop.take_from_shelf({"TEE": 1})

    answers = api.write([again])

    assert [Failure.STALE] == failures(stale)
    assert [Shown(7)] == answers


def test_a_push_still_under_way_has_an_unknown_outcome(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    api.write([push(shop, "TEE", 7, expected=5)])
    shop.admin.inventory.keys_in_progress.update(shop.admin.inventory.attempts)

    error = raised_by(lambda: api.write([push(shop, "TEE", 7, expected=5)]))

    assert OutcomeUnknown is type(error)


# -- troubles of the whole call ------------------------------------------------------------------------------


def test_an_empty_bucket_asks_for_the_time_it_takes_to_refill(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    shop.admin.points_maximum, shop.admin.points_restored_per_second = 15.0, 0.5
    api.write([push(shop, "TEE", 7, expected=5)])

    error = raised_by(lambda: api.write([push(shop, "TEE", 8, expected=7)]))

    assert isinstance(error, Throttled)
    assert 9.0 < error.retry_after_seconds <= 10.0
    assert 7 == shop.shelves["TEE"]


def test_a_throttled_call_changes_nothing(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    shop.misbehaviour.throttled, shop.misbehaviour.retry_after_seconds = 1.0, 3.0

    error = raised_by(lambda: api.write([push(shop, "TEE", 7, expected=5)]))

    assert isinstance(error, Throttled)
    assert 3.0 == error.retry_after_seconds
    assert 5 == shop.shelves["TEE"]


def test_a_broken_shop_is_unavailable(shop: Shopify, api: Api) -> None:
    shop.misbehaviour.broken = 1.0

    assert ChannelUnavailable is type(raised_by(lambda: api.read([stranger()])))


def test_a_refused_token_makes_the_channel_unavailable_without_being_quoted(shop: Shopify) -> None:
    api = api_of(shop)
    shop.access_token = "shpat_new"

    error = raised_by(lambda: api.read([stranger()]))

    assert ChannelUnavailable is type(error)
    assert "access token" in str(error)
    assert "shpat" not in str(error)


def test_an_api_version_that_is_gone_makes_the_channel_unavailable(shop: Shopify) -> None:
    api = api_of(shop, api_version="2026-01")

    assert ChannelUnavailable is type(raised_by(lambda: api.read([stranger()])))


def test_a_shop_that_cannot_be_reached_was_sent_nothing(shop: Shopify) -> None:
    api = api_of(shop, shop_url="http://127.0.0.1:9")

    assert NotSent is type(raised_by(lambda: api.read([stranger()])))


@pytest.mark.parametrize(
    ("headers", "version", "status"),
    [
        ({}, "2026-10", 200),
        ({"X-Shopify-Access-Token": "wrong"}, "2026-10", 401),
        ({}, "2025-10", 404),
        ({"Content-Type": "text/plain"}, "2026-10", 400),
    ],
)
def test_the_shop_looks_at_the_door(shop: Shopify, headers: dict[str, str], version: str, status: int) -> None:
    sent = {"Content-Type": "application/json", "X-Shopify-Access-Token": shop.access_token} | headers
    url = f"{shop.url}/admin/api/{version}/graphql.json"

    answer = UrllibClient().request("POST", url, headers=sent, body=b'{"query": "{ nodes(ids: []) { id } }"}')

    assert status == answer.status
