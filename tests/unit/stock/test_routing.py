"""Which location serves which units: the worked examples, the order of the rules, and what always holds."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.stock.routing import Policy, RoutingPlan, route

OUTLETS = ("Montréal", "Sherbrooke", "Laval")
STOCK = {
    "Montréal": {"shirts": 10, "hats": 3, "shoes": 5},
    "Sherbrooke": {"shirts": 0, "hats": 10, "shoes": 10},
    "Laval": {"shirts": 15, "hats": 10, "shoes": 10},
}

Stock = Mapping[str, Mapping[str, int]]
"""Location → SKU → units, in rank order."""

E1 = {"shirts": 2, "hats": 1, "shoes": 1}
E2 = {"shirts": 1, "hats": 5}
E3 = {"hats": 5, "shoes": 2}
E4 = {"shirts": 1, "hats": 12, "shoes": 2}
E5 = {"shirts": 17, "hats": 6, "shoes": 6}

SAME_IN_BOTH = [
    pytest.param(E1, {"Montréal": E1}, id="E1"),
    pytest.param(E3, {"Sherbrooke": E3}, id="E3"),
    pytest.param(E4, {"Montréal": {"shirts": 1, "hats": 3, "shoes": 2}, "Sherbrooke": {"hats": 9}}, id="E4"),
    pytest.param(E5, {"Montréal": {"shirts": 2}, "Laval": {"shirts": 15, "hats": 6, "shoes": 6}}, id="E5"),
]


def planned(policy: Policy, demand: Mapping[str, int], stock: Stock, named: str | None = None) -> RoutingPlan:
    return route(policy, demand, tuple(stock), lambda sku, at: stock[at].get(sku, 0), named)


def sources(plan: RoutingPlan) -> dict[str, dict[str, int]]:
    """Location → SKU → units."""
    found: dict[str, dict[str, int]] = {}
    for take in plan.routed:
        found.setdefault(take.location, {})[take.sku] = take.quantity
    return found


@pytest.mark.parametrize("policy", [Policy.POOLED, Policy.STRICT])
@pytest.mark.parametrize(("demand", "expected"), SAME_IN_BOTH)
def test_the_worked_examples_come_out_as_written(
    policy: Policy, demand: dict[str, int], expected: dict[str, dict[str, int]]
) -> None:
    plan = planned(policy, demand, STOCK)

    assert expected == sources(plan)


def test_pooled_splits_the_second_example_as_its_source_does() -> None:
    plan = planned(Policy.POOLED, E2, STOCK)

    assert {"Montréal": {"shirts": 1}, "Sherbrooke": {"hats": 5}} == sources(plan)


def test_strict_sends_the_second_example_to_the_one_outlet_that_has_it_all() -> None:
    plan = planned(Policy.STRICT, E2, STOCK)

    assert {"Laval": E2} == sources(plan)


def test_every_take_names_the_rule_that_chose_it() -> None:
    one, split = planned(Policy.POOLED, E1, STOCK), planned(Policy.POOLED, E5, STOCK)

    assert {"R2: first location that covers the whole order"} == {take.rule for take in one.routed}
    assert ["R3: can serve the most open lines (3)", "R3: can serve the most open lines (1)"] == list(
        dict.fromkeys(take.rule for take in split.routed)
    )


def test_the_whole_network_cannot_cover_26_shirts_and_nothing_is_taken() -> None:
    plan = planned(Policy.POOLED, {"shirts": 26, "hats": 1}, STOCK)

    assert RoutingPlan(shortage={"shirts": 1}) == plan


def test_no_location_at_all_is_a_shortage_of_everything() -> None:
    plan = route(Policy.POOLED, {"shirts": 2}, (), lambda sku, at: 100)

    assert RoutingPlan(shortage={"shirts": 2}) == plan


@pytest.mark.parametrize("policy", Policy)
def test_no_demand_needs_no_location(policy: Policy) -> None:
    plan = planned(policy, {}, STOCK)

    assert RoutingPlan() == plan


@pytest.mark.parametrize("policy", Policy)
def test_a_location_named_by_the_order_serves_it_when_it_can(policy: Policy) -> None:
    plan = planned(policy, E1, STOCK, named="Laval")

    assert {"Laval": E1} == sources(plan)


def test_a_named_location_with_too_little_is_passed_over() -> None:
    plan = planned(Policy.STRICT, E3, STOCK, named="Montréal")

    assert {"Sherbrooke": E3} == sources(plan)


def test_a_named_location_that_takes_no_part_is_passed_over() -> None:
    plan = route(Policy.STRICT, {"shirts": 1}, ("Montréal",), lambda sku, at: STOCK[at][sku], "Laval")

    assert {"Montréal": {"shirts": 1}} == sources(plan)


def test_a_longer_head_is_used_when_a_shorter_one_would_split_more_lines() -> None:
    """R1: two outlets hold 6 hats together, but the third has them in one piece."""
    stock = {"first": {"hats": 3}, "second": {"hats": 3}, "third": {"hats": 6}}

    plan = planned(Policy.POOLED, {"hats": 6}, stock)

    assert {"third": {"hats": 6}} == sources(plan)


def test_ties_between_split_candidates_go_to_the_higher_rank() -> None:
    stock = {"first": {"hats": 4}, "second": {"hats": 5}}

    plan = planned(Policy.STRICT, {"hats": 7}, stock)

    assert {"first": {"hats": 4}, "second": {"hats": 3}} == sources(plan)


def test_priority_beats_quantity() -> None:
    """Rule 1.2-9."""
    stock = {"first": {"hats": 2}, "second": {"hats": 50}}

    plan = planned(Policy.PRIORITY, {"hats": 2}, stock)

    assert {"first": {"hats": 2}} == sources(plan)


def test_priority_skips_a_centre_that_has_some_but_not_enough() -> None:
    """Rule 1.2-10: order of 3; the first has 1, the second 5."""
    stock = {"first": {"hats": 1}, "second": {"hats": 5}}

    plan = planned(Policy.PRIORITY, {"hats": 3}, stock)

    assert {"second": {"hats": 3}} == sources(plan)


def test_priority_goes_down_the_list_when_no_centre_has_enough() -> None:
    stock = {"first": {"hats": 1}, "second": {}, "third": {"hats": 4}, "fourth": {"hats": 4}}

    plan = planned(Policy.PRIORITY, {"hats": 6}, stock)

    assert {"first": {"hats": 1}, "third": {"hats": 4}, "fourth": {"hats": 1}} == sources(plan)


def test_priority_chooses_per_sku() -> None:
    """Rule 1.2-12: another centre that has both is not preferred to the higher rank of each."""
    stock = {"first": {"hats": 1}, "second": {"hats": 9, "shoes": 9}}

    plan = planned(Policy.PRIORITY, {"hats": 1, "shoes": 1}, stock)

    assert {"first": {"hats": 1}, "second": {"shoes": 1}} == sources(plan)


SKUS = ("a", "b", "c")
DEMANDS = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 12), min_size=1)
STOCKS = st.lists(st.dictionaries(st.sampled_from(SKUS), st.integers(0, 10)), min_size=1, max_size=5).map(
    lambda levels: {f"l{rank}": held for rank, held in enumerate(levels)}
)
CASES = st.tuples(st.sampled_from(Policy), DEMANDS, STOCKS)

Case = tuple[Policy, dict[str, int], dict[str, dict[str, int]]]


@given(CASES)
def test_a_plan_is_all_or_nothing_and_sums_to_what_was_ordered(case: Case) -> None:
    policy, demand, stock = case
    pool = {sku: sum(held.get(sku, 0) for held in stock.values()) for sku in demand}
    missing = {sku: units - pool[sku] for sku, units in demand.items() if units > pool[sku]}

    plan = planned(policy, demand, stock)

    total = Counter[str]()
    for take in plan.routed:
        total[take.sku] += take.quantity
    assert (
        (RoutingPlan(shortage=missing), {}) == (plan, total)
        if missing
        else (None, demand) == (plan.shortage, total)
    )


@given(CASES)
def test_a_plan_never_takes_more_than_it_read_and_a_level_only_once(case: Case) -> None:
    policy, demand, stock = case

    plan = planned(policy, demand, stock)

    assert all(0 < take.quantity <= stock[take.location].get(take.sku, 0) for take in plan.routed)
    assert len(plan.routed) == len({(take.sku, take.location) for take in plan.routed})


@given(CASES)
def test_no_line_is_split_that_some_location_could_serve_whole(case: Case) -> None:
    policy, demand, stock = case

    plan = planned(policy, demand, stock)

    places = Counter(take.sku for take in plan.routed)
    split = [sku for sku in places if places[sku] > 1]
    assert [] == [sku for sku in split for held in stock.values() if held.get(sku, 0) >= demand[sku]]


@given(CASES)
def test_the_same_question_gets_the_same_answer_whatever_the_order_of_its_lines(case: Case) -> None:
    policy, demand, stock = case

    plan, again = planned(policy, demand, stock), planned(policy, dict(reversed(demand.items())), stock)

    assert sources(plan) == sources(again)


@given(DEMANDS, STOCKS)
def test_strict_uses_the_first_location_that_has_everything(
    demand: dict[str, int], stock: dict[str, dict[str, int]]
) -> None:
    whole = [at for at, held in stock.items() if all(held.get(sku, 0) >= demand[sku] for sku in demand)]

    plan = planned(Policy.STRICT, demand, stock)

    assert dict.fromkeys(whole[:1], demand) == sources(plan) if whole else len(sources(plan)) != 1


@given(DEMANDS, STOCKS)
def test_pooled_decides_as_if_there_were_nothing_beyond_its_head(
    demand: dict[str, int], stock: dict[str, dict[str, int]]
) -> None:
    """R1: adding locations below a head that covers the order without a split changes nothing."""
    longer = {**stock, "last": dict.fromkeys(SKUS, 100)}

    plan, extended = planned(Policy.POOLED, demand, stock), planned(Policy.POOLED, demand, longer)

    places = Counter(take.sku for take in plan.routed)
    if plan.shortage is None and all(count == 1 for count in places.values()):
        assert sources(plan) == sources(extended)
