"""The planner of escrow: worked examples as tables, and what holds whatever the listings show."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.escrow import EscrowShare, blockers, plan_quantity, room, targets
from lastunit.domain.listings.exposure import PushRequest
from lastunit.domain.listings.push_protocol import Form

MOVES_MAX = 4
SHIRTS = {"shirt": 1}


def share(
    name: str,
    shown: int = 0,
    *,
    exposure: int | None = None,
    parts: Mapping[str, int] = SHIRTS,
    form: Form = Form.SWAP,
    weight: int = 1,
    limit: int = 1000,
    moves: bool = True,
) -> EscrowShare:
    exposed = shown if exposure is None else exposure
    return EscrowShare(
        key=ListingKey("shirt", name, "listing"),
        parts=parts,
        exposure=exposed,
        shown=shown,
        form=form,
        sales=weight,
        limit=limit,
        is_adjustable=moves,
    )


def goals(shares: Sequence[EscrowShare], units: Mapping[str, int] | int) -> list[int]:
    found = targets(shares, {"shirt": units} if isinstance(units, int) else units)
    return [found[one.key] for one in shares]


def pushed(shares: Sequence[EscrowShare], units: int) -> dict[str, int | None]:
    return {one.key[1]: plan_quantity(shares, {"shirt": units}, one.key) for one in shares}


@pytest.mark.parametrize(
    ("weights", "units", "expected"),
    [
        ([1, 1], 10, [5, 5]),
        ([3, 1], 8, [6, 2]),
        ([1, 1], 5, [3, 2]),
        ([2, 1], 4, [3, 1]),
        ([5, 3, 1], 10, [6, 3, 1]),
        ([100, 1], 10, [9, 1]),
        ([0, 0], 7, [4, 3]),
        ([1, 2, 3], 2, [0, 1, 1]),
        ([1, 2], 0, [0, 0]),
        ([1, 2], -3, [0, 0]),
    ],
)
def test_units_go_by_sales_with_one_each_as_long_as_they_last(
    weights: list[int], units: int, expected: list[int]
) -> None:
    shares = [share(f"c{at}", weight=weight) for at, weight in enumerate(weights)]

    assert expected == goals(shares, units)


def test_what_a_limit_leaves_goes_to_the_others() -> None:
    assert [2, 4, 4] == goals([share("a", weight=9, limit=2), share("b"), share("c")], 10)
    assert [0, 10] == goals([share("a", limit=0), share("b")], 10)


def test_what_may_not_move_keeps_its_exposure_and_has_no_target() -> None:
    shares = [share("a", 3, exposure=4, moves=False), share("b"), share("c")]

    assert {shares[1].key: 3, shares[2].key: 3} == targets(shares, {"shirt": 10})


@pytest.mark.parametrize(
    ("kit", "units", "expected"),
    [
        ({"shirt": 1, "hat": 1}, {"shirt": 10, "hat": 10}, [5, 5]),
        ({"shirt": 1, "hat": 1}, {"shirt": 10, "hat": 2}, [2, 8]),
        ({"shirt": 2, "hat": 1}, {"shirt": 9, "hat": 9}, [3, 3]),
        ({"shirt": 2, "hat": 1}, {"shirt": 1, "hat": 9}, [0, 1]),
        ({"shirt": 1, "hat": 3}, {"shirt": 10, "hat": 2}, [0, 10]),
    ],
)
def test_a_kit_takes_of_each_component_and_leaves_what_its_scarcest_one_cannot_use(
    kit: dict[str, int], units: dict[str, int], expected: list[int]
) -> None:
    assert expected == goals([share("a", parts=kit), share("b")], units)


def test_a_listing_of_the_other_component_takes_what_a_kit_leaves_of_it() -> None:
    shares = [share("a", parts={"shirt": 1, "hat": 1}), share("b"), share("c", parts={"hat": 1})]

    assert [2, 2, 6] == goals(shares, {"shirt": 4, "hat": 8})


@pytest.mark.parametrize(
    ("shares", "units", "expected"),
    [
        ([share("a"), share("b")], 10, {"a": 5, "b": 5}),
        ([share("a", 5), share("b", 5)], 10, {"a": None, "b": None}),
        ([share("a", 6), share("b", 4)], 10, {"a": None, "b": None}),
        ([share("a", 4), share("b", 5)], 10, {"a": 5, "b": None}),
        # A counter sale: the difference is taken off what is above its target, and no more.
        ([share("a", 7), share("b", 3)], 9, {"a": 6, "b": None}),
        ([share("a", 5), share("b", 5)], 0, {"a": 0, "b": 0}),
        # One that has nothing waits for the one above its target, which goes down by what is missing.
        ([share("a", 10), share("b")], 10, {"a": 5, "b": None}),
        ([share("a", 9), share("b")], 10, {"a": 5, "b": 1}),
        # Its limit was lowered, or its channel is held.
        ([share("a", 5, limit=2), share("b", 5)], 10, {"a": 2, "b": None}),
        ([share("a", 5, limit=0), share("b", 5, limit=0)], 10, {"a": 0, "b": 0}),
        # Nobody moves what follows other rules.
        ([share("a", 10, moves=False), share("b")], 10, {"a": None, "b": None}),
    ],
)
def test_what_is_pushed_to_each_listing(
    shares: list[EscrowShare], units: int, expected: dict[str, int | None]
) -> None:
    assert expected == pushed(shares, units)


@pytest.mark.parametrize(
    ("shares", "units", "expected"),
    [
        # Raised in one step from 0 or from less than half, if there is room for all of the number.
        ([share("a", form=Form.SET), share("b", 5)], 10, {"a": 5, "b": None}),
        ([share("a", 3, form=Form.SET), share("b", 5)], 10, {"a": None, "b": None}),
        ([share("a", 1, form=Form.SET), share("b", 1)], 10, {"a": 5, "b": 5}),
        ([share("a", 2, form=Form.SET), share("b", 5)], 10, {"a": 3, "b": None}),
        # Else by way of 0, which takes no room and frees all once it is settled.
        ([share("a", 2, form=Form.SET), share("b", 8)], 12, {"a": 0, "b": 6}),
        ([share("a", 4, form=Form.SET), share("b", 10, limit=10)], 20, {"a": 6, "b": None}),
        # Until it is settled it waits.
        ([share("a", 0, exposure=5, form=Form.SET), share("b", 5)], 10, {"a": None, "b": None}),
        ([share("a", 0, exposure=5, form=Form.SET), share("b", 5)], 12, {"a": None, "b": 6}),
        ([share("a", 10, exposure=12, form=Form.SET), share("b")], 12, {"a": None, "b": None}),
        # Lowered for another that starves, by way of 0 where there is no room for its target.
        ([share("a", 10, form=Form.SET), share("b")], 10, {"a": 0, "b": None}),
        # Too much is exposed: first from what frees its units at once, also below its target.
        ([share("a", 5, form=Form.SET), share("b", 5)], 7, {"a": None, "b": 2}),
        ([share("a", 5, form=Form.SET), share("b", 1)], 3, {"a": 0, "b": 0}),
        ([share("a", 3, exposure=5, form=Form.SET)], 3, {"a": 0}),
    ],
)
def test_what_is_pushed_to_a_channel_that_only_takes_blind_sets(
    shares: list[EscrowShare], units: int, expected: dict[str, int | None]
) -> None:
    assert expected == pushed(shares, units)


def test_who_keeps_others_low_is_named() -> None:
    silent = share("a", 0, exposure=10, moves=False)

    assert [silent.key] == blockers([silent, share("b"), share("c")], {"shirt": 10})


def test_who_has_no_more_than_its_part_is_not_named() -> None:
    silent = share("a", 0, exposure=9, moves=False)

    assert [silent.key] == blockers([silent, share("b", 4), share("c")], {"shirt": 13})


def test_nobody_is_named_when_no_share_is_below_half() -> None:
    assert [] == blockers([share("a", 6), share("b", 4)], {"shirt": 10})
    assert [] == blockers([share("a", 10, moves=False), share("b", parts={"hat": 1})], {"shirt": 10, "hat": 0})


PARTS = st.sampled_from([{"shirt": 1}, {"hat": 1}, {"shirt": 1, "hat": 1}, {"shirt": 2, "hat": 1}])
STAKES = st.lists(
    st.builds(
        share,
        st.just(""),
        st.integers(0, 12),
        parts=PARTS,
        form=st.sampled_from(Form),
        weight=st.sampled_from([0, 1, 2, 5, 40]),
        limit=st.sampled_from([0, 1, 3, 1000]),
        moves=st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=5,
).map(lambda found: [replace(one, key=ListingKey("shirt", f"c{at}", "l")) for at, one in enumerate(found)])
UNITS = st.fixed_dictionaries({"shirt": st.integers(-5, 40), "hat": st.integers(-5, 40)})


@given(STAKES, UNITS)
def test_targets_never_add_up_to_more_than_there_is(shares: list[EscrowShare], units: dict[str, int]) -> None:
    found = targets(shares, units)

    left = room([replace(one, exposure=found.get(one.key, one.exposure)) for one in shares], units)
    fixed = room([one for one in shares if not one.is_adjustable], units)
    assert all(left[sku] >= min(0, fixed[sku]) for sku in units)
    assert all(0 <= found[one.key] <= one.limit for one in shares if one.is_adjustable)


@given(STAKES, UNITS)
def test_no_unit_that_somebody_could_show_is_left_over(shares: list[EscrowShare], units: dict[str, int]) -> None:
    found = targets(shares, units)

    left = room([replace(one, exposure=found.get(one.key, one.exposure)) for one in shares], units)
    assert not [one for one in shares if one.is_adjustable and found[one.key] < one.limit and one.fit(left) > 0]


@given(STAKES, UNITS, st.randoms(use_true_random=False))
def test_every_worker_finds_the_same_whatever_the_order_it_reads_in(
    shares: list[EscrowShare], units: dict[str, int], random: object
) -> None:
    other = sorted(shares, key=lambda one: random.random())  # type: ignore[attr-defined]

    assert [plan_quantity(shares, units, one.key) for one in shares] == [
        plan_quantity(other, units, one.key) for one in shares
    ]


@given(STAKES, UNITS)
def test_nothing_is_pushed_that_there_is_no_room_for(shares: list[EscrowShare], units: dict[str, int]) -> None:
    free = room(shares, units)
    for one in shares:
        number = plan_quantity(shares, units, one.key)

        need = 0 if number is None else PushRequest(one.form, number, one.shown).need
        assert number != one.shown
        assert need == 0 or need <= one.fit(free)


def settle(one: EscrowShare, number: int | None = None) -> EscrowShare:
    """Told, answered, polled and settled, with no sales."""
    shown = one.shown if number is None else number
    return replace(one, shown=shown, exposure=shown)


def rest(shares: list[EscrowShare], units: Mapping[str, int]) -> tuple[list[EscrowShare], dict[ListingKey, int]]:
    """Each in turn is told its number until nobody is told anything; and how often each was."""
    moved = dict.fromkeys((one.key for one in shares), 0)
    now = list(shares)
    while True:
        before = list(now)
        for at, one in enumerate(now):
            number = plan_quantity(now, units, one.key)
            if number is not None:
                moved[one.key] += 1
                now[at] = settle(one, number)
        if now == before or max(moved.values()) > MOVES_MAX:
            return now, moved


@given(STAKES, UNITS)
def test_with_answers_and_no_sales_all_comes_to_rest_soon_and_fairly(
    shares: list[EscrowShare], units: dict[str, int]
) -> None:
    now, moved = rest(shares, units)

    found = targets(now, units)
    movers = [one for one in now if one.is_adjustable]
    starving = [one for one in movers if one.is_below_half(found[one.key])]
    above = [one for one in movers if one.shown > found[one.key]]
    assert max(moved.values()) <= MOVES_MAX
    assert not [(a, b) for a in starving for b in above if a.parts.keys() & b.parts.keys()]
