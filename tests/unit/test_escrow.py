"""The planner of escrow: worked examples as tables, and what holds whatever the listings show."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.booking import Request
from lastunit.domain.escrow import Stake, blockers, room, targets, tell
from lastunit.domain.groups import ListingKey
from lastunit.domain.pushes import Form

MOVES_MAX = 4
SHIRTS = {"shirt": 1}


def stake(
    name: str,
    shown: int = 0,
    *,
    exposure: int | None = None,
    parts: Mapping[str, int] = SHIRTS,
    form: Form = Form.SWAP,
    weight: int = 1,
    limit: int = 1000,
    moves: bool = True,
) -> Stake:
    exposed = shown if exposure is None else exposure
    return Stake(("shirt", name, "listing"), parts, exposed, shown, form, weight, limit, moves)


def goals(stakes: Sequence[Stake], units: Mapping[str, int] | int) -> list[int]:
    found = targets(stakes, {"shirt": units} if isinstance(units, int) else units)
    return [found[one.key] for one in stakes]


def told(stakes: Sequence[Stake], units: int) -> dict[str, int | None]:
    return {one.key[1]: tell(stakes, {"shirt": units}, one.key) for one in stakes}


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
    stakes = [stake(f"c{at}", weight=weight) for at, weight in enumerate(weights)]

    assert expected == goals(stakes, units)


def test_what_a_limit_leaves_goes_to_the_others() -> None:
    assert [2, 4, 4] == goals([stake("a", weight=9, limit=2), stake("b"), stake("c")], 10)
    assert [0, 10] == goals([stake("a", limit=0), stake("b")], 10)


def test_what_may_not_move_keeps_its_exposure_and_has_no_target() -> None:
    stakes = [stake("a", 3, exposure=4, moves=False), stake("b"), stake("c")]

    assert {stakes[1].key: 3, stakes[2].key: 3} == targets(stakes, {"shirt": 10})


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
    assert expected == goals([stake("a", parts=kit), stake("b")], units)


def test_a_listing_of_the_other_component_takes_what_a_kit_leaves_of_it() -> None:
    stakes = [stake("a", parts={"shirt": 1, "hat": 1}), stake("b"), stake("c", parts={"hat": 1})]

    assert [2, 2, 6] == goals(stakes, {"shirt": 4, "hat": 8})


@pytest.mark.parametrize(
    ("stakes", "units", "expected"),
    [
        ([stake("a"), stake("b")], 10, {"a": 5, "b": 5}),
        ([stake("a", 5), stake("b", 5)], 10, {"a": None, "b": None}),
        ([stake("a", 6), stake("b", 4)], 10, {"a": None, "b": None}),
        ([stake("a", 4), stake("b", 5)], 10, {"a": 5, "b": None}),
        # A counter sale: the difference is taken off what is above its target, and no more.
        ([stake("a", 7), stake("b", 3)], 9, {"a": 6, "b": None}),
        ([stake("a", 5), stake("b", 5)], 0, {"a": 0, "b": 0}),
        # One that has nothing waits for the one above its target, which goes down by what is missing.
        ([stake("a", 10), stake("b")], 10, {"a": 5, "b": None}),
        ([stake("a", 9), stake("b")], 10, {"a": 5, "b": 1}),
        # Its limit was lowered, or its channel is held.
        ([stake("a", 5, limit=2), stake("b", 5)], 10, {"a": 2, "b": None}),
        ([stake("a", 5, limit=0), stake("b", 5, limit=0)], 10, {"a": 0, "b": 0}),
        # Nobody moves what follows other rules.
        ([stake("a", 10, moves=False), stake("b")], 10, {"a": None, "b": None}),
    ],
)
def test_what_each_listing_is_told(stakes: list[Stake], units: int, expected: dict[str, int | None]) -> None:
    assert expected == told(stakes, units)


@pytest.mark.parametrize(
    ("stakes", "units", "expected"),
    [
        # Raised in one step from 0 or from less than half, if there is room for all of the number.
        ([stake("a", form=Form.SET), stake("b", 5)], 10, {"a": 5, "b": None}),
        ([stake("a", 3, form=Form.SET), stake("b", 5)], 10, {"a": None, "b": None}),
        ([stake("a", 1, form=Form.SET), stake("b", 1)], 10, {"a": 5, "b": 5}),
        ([stake("a", 2, form=Form.SET), stake("b", 5)], 10, {"a": 3, "b": None}),
        # Else by way of 0, which takes no room and frees all once it is settled.
        ([stake("a", 2, form=Form.SET), stake("b", 8)], 12, {"a": 0, "b": 6}),
        ([stake("a", 4, form=Form.SET), stake("b", 10, limit=10)], 20, {"a": 6, "b": None}),
        # Until it is settled it waits.
        ([stake("a", 0, exposure=5, form=Form.SET), stake("b", 5)], 10, {"a": None, "b": None}),
        ([stake("a", 0, exposure=5, form=Form.SET), stake("b", 5)], 12, {"a": None, "b": 6}),
        ([stake("a", 10, exposure=12, form=Form.SET), stake("b")], 12, {"a": None, "b": None}),
        # Lowered for another that starves, by way of 0 where there is no room for its target.
        ([stake("a", 10, form=Form.SET), stake("b")], 10, {"a": 0, "b": None}),
        # Too much is exposed: first from what frees its units at once, also below its target.
        ([stake("a", 5, form=Form.SET), stake("b", 5)], 7, {"a": None, "b": 2}),
        ([stake("a", 5, form=Form.SET), stake("b", 1)], 3, {"a": 0, "b": 0}),
        ([stake("a", 3, exposure=5, form=Form.SET)], 3, {"a": 0}),
    ],
)
def test_what_a_channel_that_only_takes_blind_sets_is_told(
    stakes: list[Stake], units: int, expected: dict[str, int | None]
) -> None:
    assert expected == told(stakes, units)


def test_who_keeps_others_low_is_named() -> None:
    silent = stake("a", 0, exposure=10, moves=False)

    assert [silent.key] == blockers([silent, stake("b"), stake("c")], {"shirt": 10})


def test_who_has_no_more_than_its_part_is_not_named() -> None:
    silent = stake("a", 0, exposure=9, moves=False)

    assert [silent.key] == blockers([silent, stake("b", 4), stake("c")], {"shirt": 13})


def test_nobody_is_named_when_nobody_starves() -> None:
    assert [] == blockers([stake("a", 6), stake("b", 4)], {"shirt": 10})
    assert [] == blockers([stake("a", 10, moves=False), stake("b", parts={"hat": 1})], {"shirt": 10, "hat": 0})


PARTS = st.sampled_from([{"shirt": 1}, {"hat": 1}, {"shirt": 1, "hat": 1}, {"shirt": 2, "hat": 1}])
STAKES = st.lists(
    st.builds(
        stake,
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
).map(lambda found: [replace(one, key=("shirt", f"c{at}", "l")) for at, one in enumerate(found)])
UNITS = st.fixed_dictionaries({"shirt": st.integers(-5, 40), "hat": st.integers(-5, 40)})


@given(STAKES, UNITS)
def test_targets_never_add_up_to_more_than_there_is(stakes: list[Stake], units: dict[str, int]) -> None:
    found = targets(stakes, units)

    left = room([replace(one, exposure=found.get(one.key, one.exposure)) for one in stakes], units)
    fixed = room([one for one in stakes if not one.moves], units)
    assert all(left[sku] >= min(0, fixed[sku]) for sku in units)
    assert all(0 <= found[one.key] <= one.limit for one in stakes if one.moves)


@given(STAKES, UNITS)
def test_no_unit_that_somebody_could_show_is_left_over(stakes: list[Stake], units: dict[str, int]) -> None:
    found = targets(stakes, units)

    left = room([replace(one, exposure=found.get(one.key, one.exposure)) for one in stakes], units)
    assert not [one for one in stakes if one.moves and found[one.key] < one.limit and one.fit(left) > 0]


@given(STAKES, UNITS, st.randoms(use_true_random=False))
def test_every_worker_finds_the_same_whatever_the_order_it_reads_in(
    stakes: list[Stake], units: dict[str, int], random: object
) -> None:
    other = sorted(stakes, key=lambda one: random.random())  # type: ignore[attr-defined]

    assert [tell(stakes, units, one.key) for one in stakes] == [tell(other, units, one.key) for one in stakes]


@given(STAKES, UNITS)
def test_nothing_is_told_that_there_is_no_room_for(stakes: list[Stake], units: dict[str, int]) -> None:
    free = room(stakes, units)
    for one in stakes:
        number = tell(stakes, units, one.key)

        need = 0 if number is None else Request(one.form, number, one.shown).need
        assert number != one.shown
        assert need == 0 or need <= one.fit(free)


def settle(one: Stake, number: int | None = None) -> Stake:
    """Told, answered, polled and settled, with no sales."""
    shown = one.shown if number is None else number
    return replace(one, shown=shown, exposure=shown)


def rest(stakes: list[Stake], units: Mapping[str, int]) -> tuple[list[Stake], dict[ListingKey, int]]:
    """Each in turn is told its number until nobody is told anything; and how often each was."""
    moved = dict.fromkeys((one.key for one in stakes), 0)
    now = list(stakes)
    while True:
        before = list(now)
        for at, one in enumerate(now):
            number = tell(now, units, one.key)
            if number is not None:
                moved[one.key] += 1
                now[at] = settle(one, number)
        if now == before or max(moved.values()) > MOVES_MAX:
            return now, moved


@given(STAKES, UNITS)
def test_with_answers_and_no_sales_all_comes_to_rest_soon_and_fairly(
    stakes: list[Stake], units: dict[str, int]
) -> None:
    now, moved = rest(stakes, units)

    found = targets(now, units)
    movers = [one for one in now if one.moves]
    starving = [one for one in movers if one.starves(found[one.key])]
    above = [one for one in movers if one.shown > found[one.key]]
    assert max(moved.values()) <= MOVES_MAX
    assert not [(a, b) for a in starving for b in above if a.parts.keys() & b.parts.keys()]
