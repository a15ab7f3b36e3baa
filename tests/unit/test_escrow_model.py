"""Promise 7 in every state that a small model can reach, and violated as soon as a rule of it is left out."""

from dataclasses import replace

import pytest

from lastunit.domain.booking import Exposure, Request
from lastunit.domain.escrow import Stake, targets, tell
from lastunit.domain.pushes import Form
from tests.escrow_model import PAIRS, STORIES, Calm, Story, explore, told
from tests.escrow_shop import Rule

MOVES_MAX = 12  # Of two listings together, from any state to rest.

LEFT_OUT = [
    (Rule.ROOM, Story((Form.SWAP, Form.SET), 3)),
    (Rule.BLIND_SET, Story((Form.SET, None), 3)),
    *(
        (rule, Story((form, None), 3))
        for form in Form
        for rule in (Rule.POLL, Rule.LATER_POLL, Rule.ROW_AFTER_POLL)
    ),
    *((rule, Story((form, None), 3)) for form in Form for rule in (Rule.DOUBT, Rule.LEFT_AFTER)),
    *((Rule.BOUND, Story((form, None), 3, looks=True)) for form in Form),
    (Rule.CLAMP, Story((Form.ADJUST, None), 3)),
    (Rule.ONCE, Story((Form.SET, None), 3)),
    (Rule.ONCE, Story((Form.SWAP, None), 3)),
    (Rule.RESTOCKED, Story((Form.SWAP, None), 2, cancels=1)),
    (Rule.CANCELLED_UNSEEN, Story((Form.SWAP, None), 2, cancels=1)),
    (Rule.WAITING, Story((Form.SWAP, None), 2, falls=1, rises=1)),
    (Rule.VERSION, Story((None, None), 2, torn=True)),
    (Rule.LEVEL, Story((None, None), 2, falls=1, torn=True)),
    (Rule.GROWTH, Story((None, None), 2, falls=1, cancels=1, torn=True)),
]


@pytest.mark.parametrize("title", STORIES)
def test_no_state_breaks_the_promise(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = {story: explore(story) for story in STORIES[title]}

    with capsys.disabled():
        print(f"\n{title}", *(f"  {told(story, one)}" for story, one in found.items()), sep="\n")  # noqa: T201 - to be shown
    assert [] == [one.violation for one in found.values() if one.violation]
    assert all(one.states > 1_000 for one in found.values())


def test_the_stories_reach_hundreds_of_thousands_of_states() -> None:
    assert 300_000 < sum(explore(story).states for stories in STORIES.values() for story in stories)


@pytest.mark.parametrize(("rule", "story"), LEFT_OUT)
def test_the_model_finds_a_violation_when_a_rule_is_left_out(rule: Rule, story: Story) -> None:
    found = explore(replace(story, without=rule))

    assert found.violation


def test_every_rule_is_left_out_once() -> None:
    assert set(Rule) == {rule for rule, _ in LEFT_OUT}


def test_a_copied_adjustment_is_recognised_by_its_key() -> None:
    assert () == explore(Story((Form.ADJUST, None), 3, without=Rule.ONCE)).violation


def come_to_rest(start: Calm, forms: tuple[Form, ...]) -> tuple[list[Stake], int]:
    """Each is told its number in turn, and a poll comes when nobody is told anything."""
    available, shops = start
    stakes = [
        Stake(("s", f"c{at}", "l"), {"s": 1}, exposure, shows, form, 1, 9)
        for at, ((shows, exposure), form) in enumerate(zip(shops, forms, strict=True))
    ]
    moves = 0
    while moves <= MOVES_MAX:
        before = list(stakes)
        for at, one in enumerate(stakes):
            number = tell(stakes, {"s": available}, one.key)
            if number is not None:
                moves += 1
                stakes[at] = answered(one, number)
        if stakes == before:
            stakes = [settled(one) for one in stakes]
        if stakes == before:
            break
    return stakes, moves


def answered(one: Stake, number: int) -> Stake:
    request = Request(one.form, number, one.shown)
    exposure = Exposure(one.exposure).sending(request).confirmed(request, number)
    return replace(one, shown=number, exposure=exposure.units)


def settled(one: Stake) -> Stake:
    return replace(one, exposure=Exposure(one.exposure).settled(one.shown, 0).units)


@pytest.mark.parametrize("forms", PAIRS)
def test_from_every_state_it_comes_to_rest_with_every_unit_shown_and_nobody_starving(
    forms: tuple[Form, Form],
) -> None:
    for start in explore(Story(forms, 3, asks_max=1, late_max=0)).calms:
        stakes, moves = come_to_rest(start, forms)

        units = {"s": start[0]}
        goals = targets(stakes, units)
        assert moves <= MOVES_MAX
        assert not [one for one in stakes if one.starves(goals[one.key])]
        assert all(one.exposure == one.shown for one in stakes)
