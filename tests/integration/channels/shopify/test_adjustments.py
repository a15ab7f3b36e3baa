"""Deltas to a simulated Shopify over real HTTP: each is applied once, whatever is lost or sent in other company."""

import random
from collections.abc import Iterator, Mapping

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shopify.api import Api
from lastunit.domain.errors import (
    ChannelUnavailable,
    LastunitError,
    NotSent,
    OutcomeUnknown,
    Throttled,
)
from lastunit.domain.listings.push_protocol import Delta, Failure, Refused, Shown, Target
from lastunit.ports.system import HttpResponse
from tests.channels.shopify.fakes import api_of, failures, raised_by
from tests.channels.shopify.simulator import Shopify
from tests.support.parallel import in_turn


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify(retry_seconds=()) as shop:
        yield shop


@pytest.fixture
def api(shop: Shopify) -> Api:
    return api_of(shop)


class CutLine:
    """The connection dies after the n-th request was answered by the shop, before the answer is here."""

    run_parallel = staticmethod(in_turn)

    def __init__(self, dies_at: int) -> None:
        self._http, self._left = UrllibClient(), dies_at

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        response = self._http.request(method, url, headers=headers, body=body)
        self._left -= 1
        if self._left == 0:
            raise OutcomeUnknown("the line was cut")
        return response


def delta(shop: Shopify, name: str, units: int, key: str | None = None) -> Delta:
    return Delta(Target(name, shop.refs(name)), units, key or f"delta-{name}")


def listed(shop: Shopify, count: int, quantity: int = 5) -> list[str]:
    names = [f"SKU-{n}" for n in range(count)]
    for name in names:
        shop.list_item(name, quantity)
    return names


def pushes_of(shop: Shopify, name: str) -> list[int]:
    return [change.quantity for change in shop.history if (change.name, change.cause) == (name, "push")]


@pytest.mark.parametrize("tells", [True, False])
def test_a_delta_changes_what_the_shop_shows_and_the_result_is_reported(
    shop: Shopify, api: Api, tells: bool
) -> None:
    shop.admin.inventory.tells_numbers = tells
    shop.list_item("TEE", 5)
    shop.list_item("CAP", 2)

    answers = api.adjust([delta(shop, "TEE", 3), delta(shop, "CAP", -1)])

    assert [Shown(8), Shown(1)] == answers
    assert {"TEE": 8, "CAP": 1} == shop.shelves
    assert (1 if tells else 2) == len(shop.calls)


def test_a_shop_may_come_to_show_less_than_nothing(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 2)

    answers = api.adjust([delta(shop, "TEE", -5)])

    assert [Shown(-3)] == answers
    assert -3 == shop.shelves["TEE"]


def test_an_increase_repeated_after_its_answer_was_lost_is_applied_once(shop: Shopify, api: Api) -> None:
    """Rule 1.5-10."""
    shop.list_item("TEE", 5)
    shop.misbehaviour.lost = 1.0
    lost = raised_by(lambda: api.adjust([delta(shop, "TEE", 3)]))
    shop.misbehaviour.lost = 0.0
    shop.take_from_shelf({"TEE": 1})

    answers = api.adjust([delta(shop, "TEE", 3)])

    assert OutcomeUnknown is type(lost)
    assert [Shown(7)] == answers
    assert [8] == pushes_of(shop, "TEE")


def test_an_increase_repeated_in_other_company_is_applied_once(shop: Shopify, api: Api) -> None:
    """Rule 1.5-10."""
    tee, cap, mug, pen = (delta(shop, name, 3) for name in listed(shop, 4))
    shop.misbehaviour.lost = 1.0
    raised_by(lambda: api.adjust([tee, cap]))
    shop.misbehaviour.lost = 0.0

    for company in ([mug, tee], [tee], [cap, pen, tee, mug]):
        api.adjust(company)

    assert {"SKU-0": 8, "SKU-1": 8, "SKU-2": 8, "SKU-3": 8} == shop.shelves


def test_two_increases_of_one_listing_are_two(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)

    api.adjust([delta(shop, "TEE", 3, "first"), delta(shop, "TEE", 3, "second")])

    assert 11 == shop.shelves["TEE"]


def test_an_increase_that_failed_for_now_is_applied_once_when_it_is_repeated(shop: Shopify, api: Api) -> None:
    """Shopify wants a new key then: the answer to that one may be lost as well."""
    shop.list_item("TEE", 5)
    shop.admin.inventory.out_of_service.add("TEE")
    failed = [failures(api.adjust([delta(shop, "TEE", 3)])) for _ in range(3)]
    shop.admin.inventory.out_of_service.clear()
    shop.list_item("CAP", 5)
    raised_by(lambda: lossy(shop, dies_at=4).adjust([delta(shop, "TEE", 3)]))

    answers = [api.adjust([delta(shop, "CAP", 1), delta(shop, "TEE", 3)]) for _ in range(2)]

    assert [[Failure.TRANSIENT]] * 3 == failed
    assert [[Shown(6), Shown(8)]] * 2 == answers
    assert [8] == pushes_of(shop, "TEE")


def lossy(shop: Shopify, dies_at: int) -> Api:
    return api_of(shop, http=CutLine(dies_at))


def test_a_key_that_comes_with_other_units_is_refused_and_not_applied(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    api.adjust([delta(shop, "TEE", 3)])

    answers = api.adjust([delta(shop, "TEE", 4)])

    assert [Failure.INVALID] == failures(answers)
    assert 8 == shop.shelves["TEE"]


def test_deltas_that_fail_never_fail_their_neighbours(shop: Shopify, api: Api) -> None:
    names = listed(shop, 12)
    deltas = [delta(shop, name, 2) for name in names]
    elsewhere = shop.refs("SKU-1") | {"location_id": f"gid://shopify/Location/{shop.other_location_id}"}
    ghost = shop.refs("SKU-2") | {"inventory_item_id": "gid://shopify/InventoryItem/404"}
    deltas[1] = Delta(Target("SKU-1", elsewhere), 2, "astray")
    deltas[2] = Delta(Target("SKU-2", ghost), 2, "ghost")
    deltas[3] = Delta(Target("SKU-3", {}), 2, "without refs")
    deltas[4] = delta(shop, "SKU-4", -(2**31))
    shop.admin.inventory.out_of_service.add("SKU-5")

    answers = api.adjust(deltas)

    refused = [Failure.NOT_STOCKED, Failure.GONE, Failure.INVALID, Failure.INVALID, Failure.TRANSIENT]
    assert [None, *refused, *[None] * 6] == failures(answers)
    assert [7, 5, 5, 5, 5, 5, 7, 7, 7, 7, 7, 7] == [shop.shelves[name] for name in names]


def test_deltas_travel_ten_to_a_request(shop: Shopify, api: Api) -> None:
    names = listed(shop, 31)
    shop.admin.inventory.tells_numbers = True

    answers = api.adjust([delta(shop, name, 1) for name in names])

    assert [Shown(6)] * 31 == answers
    assert 4 == len(shop.calls)


def test_a_delta_still_under_way_has_an_unknown_outcome(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)
    shop.list_item("CAP", 5)
    api.adjust([delta(shop, "TEE", 3)])
    shop.admin.inventory.keys_in_progress.update(shop.admin.inventory.attempts)

    alone = raised_by(lambda: api.adjust([delta(shop, "TEE", 3)]))
    in_company = api.adjust([delta(shop, "CAP", 3), delta(shop, "TEE", 3)])

    assert OutcomeUnknown is type(alone)
    assert Shown(8) == in_company[0]
    assert [None, Failure.TRANSIENT] == failures(in_company)


def test_what_an_empty_bucket_leaves_over_is_answered_as_throttled(shop: Shopify, api: Api) -> None:
    names = listed(shop, 30)
    shop.admin.points_maximum, shop.admin.points_restored_per_second = 250.0, 0.001
    shop.admin.inventory.tells_numbers = True

    answers = api.adjust([delta(shop, name, 1) for name in names])
    error = raised_by(lambda: api.adjust([delta(shop, "SKU-29", 1)] * 10))

    assert [None] * 20 + [Failure.THROTTLED] * 10 == failures(answers)
    assert [6] * 20 + [5] * 10 == [shop.shelves[name] for name in names]
    assert Throttled is type(error)


def test_what_was_applied_is_reported_although_a_later_answer_was_lost(shop: Shopify, api: Api) -> None:
    names = listed(shop, 30)
    shop.admin.inventory.tells_numbers = True
    deltas = [delta(shop, name, 1) for name in names]

    answers = lossy(shop, dies_at=2).adjust(deltas)
    again = api.adjust(deltas)

    assert [None] * 10 + [Failure.TRANSIENT] * 20 == failures(answers)
    assert [Shown(6)] * 30 == again


def test_a_number_that_cannot_be_read_back_is_asked_for_again(shop: Shopify, api: Api) -> None:
    shop.list_item("TEE", 5)

    unread = lossy(shop, dies_at=2).adjust([delta(shop, "TEE", 3)])
    answers = api.adjust([delta(shop, "TEE", 3)])

    assert [Failure.TRANSIENT] == failures(unread)
    assert [Shown(8)] == answers
    assert [8] == pushes_of(shop, "TEE")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_goes_wrong_every_delta_is_applied_once(seed: int) -> None:
    """Rule 1.5-10. Answers lost, calls throttled and broken, and each time other deltas in one call."""
    rng = random.Random(seed)  # noqa: S311 - reproducible faults, not secrets
    with Shopify(seed=seed, retry_seconds=()) as shop:
        names = listed(shop, 8)
        open_ = {f"{n}": delta(shop, rng.choice(names), rng.randint(-9, 9), f"{n}") for n in range(60)}
        expected = {name: 5 + sum(one.units for one in open_.values() if one.target.name == name) for name in names}
        shop.misbehaviour.lost, shop.misbehaviour.throttled, shop.misbehaviour.broken = 0.3, 0.1, 0.1
        shop.admin.points_restored_per_second = 1e6
        api = api_of(shop)
        while open_:
            company = rng.sample(list(open_.values()), min(len(open_), rng.randint(1, 25)))
            shop.admin.inventory.out_of_service = set(rng.sample(names, rng.choice([0, 0, 0, 1])))
            for one, answer in zip(company, adjusted(api, company), strict=True):
                if isinstance(answer, Shown):
                    del open_[one.key]
        assert expected == shop.shelves


def adjusted(api: Api, deltas: list[Delta]) -> list[Shown | Refused]:
    try:
        return api.adjust(deltas)
    except (ChannelUnavailable, NotSent, OutcomeUnknown, Throttled) as error:
        return [_nothing(error)] * len(deltas)


def _nothing(error: LastunitError) -> Refused:
    return Refused(Failure.TRANSIENT, str(error))
