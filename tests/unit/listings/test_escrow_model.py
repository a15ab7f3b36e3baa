"""Promise 7 in every state that a small model can reach, and violated as soon as a rule of it is left out."""

from dataclasses import replace

import pytest

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.escrow import EscrowShare, plan_quantity, targets
from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.push_protocol import Form
from tests.support.listings.escrow_model import MODELS, PAIRS, EscrowModel, Quiet, explore, summary
from tests.support.listings.escrow_shop import Rule

MOVES_MAX = 12  # Of two listings together, from any state to rest.

LEFT_OUT = [
    (Rule.ROOM, EscrowModel((Form.SWAP, Form.SET), 3)),
    (Rule.BLIND_SET, EscrowModel((Form.SET, None), 3)),
    *(
        (rule, EscrowModel((form, None), 3))
        for form in Form
        for rule in (Rule.POLL, Rule.LATER_POLL, Rule.ROW_AFTER_POLL)
    ),
    *((rule, EscrowModel((form, None), 3)) for form in Form for rule in (Rule.DOUBT, Rule.LEFT_AFTER)),
    *((Rule.BOUND, EscrowModel((form, None), 3, looks=True)) for form in Form),
    (Rule.CLAMP, EscrowModel((Form.ADJUST, None), 3)),
    (Rule.ONCE, EscrowModel((Form.SET, None), 3)),
    (Rule.ONCE, EscrowModel((Form.SWAP, None), 3)),
    (Rule.RESTOCKED, EscrowModel((Form.SWAP, None), 2, cancels=1)),
    (Rule.CANCELLED_UNSEEN, EscrowModel((Form.SWAP, None), 2, cancels=1)),
    (Rule.WAITING, EscrowModel((Form.SWAP, None), 2, falls=1, arrivals=1)),
    (Rule.VERSION, EscrowModel((None, None), 2, torn=True)),
    (Rule.LEVEL, EscrowModel((None, None), 2, falls=1, torn=True)),
    (Rule.GROWTH, EscrowModel((None, None), 2, falls=1, cancels=1, torn=True)),
]


@pytest.mark.parametrize("title", MODELS)
def test_no_state_breaks_the_promise(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = {model: explore(model) for model in MODELS[title]}

    with capsys.disabled():
        print(f"\n{title}", *(f"  {summary(model, one)}" for model, one in found.items()), sep="\n")  # noqa: T201 - to be shown
    assert [] == [one.violation for one in found.values() if one.violation]
    assert all(one.states > 1_000 for one in found.values())


def test_the_stories_reach_hundreds_of_thousands_of_states() -> None:
    assert 300_000 < sum(explore(model).states for models in MODELS.values() for model in models)


@pytest.mark.parametrize(("rule", "model"), LEFT_OUT)
def test_the_model_finds_a_violation_when_a_rule_is_left_out(rule: Rule, model: EscrowModel) -> None:
    found = explore(replace(model, without=rule))

    assert found.violation


def test_every_rule_is_left_out_once() -> None:
    assert set(Rule) == {rule for rule, _ in LEFT_OUT}


def test_a_copied_adjustment_is_recognised_by_its_key() -> None:
    assert () == explore(EscrowModel((Form.ADJUST, None), 3, without=Rule.ONCE)).violation


def come_to_rest(start: Quiet, forms: tuple[Form, ...]) -> tuple[list[EscrowShare], int]:
    """Each is told its number in turn, and a poll comes when nobody is told anything."""
    available, shops = start
    shares = [
        EscrowShare(
            key=ListingKey("s", f"c{at}", "l"),
            parts={"s": 1},
            exposure=exposure,
            shown=shows,
            form=form,
            sales=1,
            limit=9,
        )
        for at, ((shows, exposure), form) in enumerate(zip(shops, forms, strict=True))
    ]
    moves = 0
    while moves <= MOVES_MAX:
        before = list(shares)
        for at, one in enumerate(shares):
            number = plan_quantity(shares, {"s": available}, one.key)
            if number is not None:
                moves += 1
                shares[at] = answered(one, number)
        if shares == before:
            shares = [settled(one) for one in shares]
        if shares == before:
            break
    return shares, moves


def answered(one: EscrowShare, number: int) -> EscrowShare:
    request = PushRequest(one.form, number, one.shown)
    exposure = Exposure(one.exposure).on_sending(request).on_confirmed(request, number)
    return replace(one, shown=number, exposure=exposure.units)


def settled(one: EscrowShare) -> EscrowShare:
    return replace(one, exposure=Exposure(one.exposure).on_sales_imported(one.shown, 0).units)


@pytest.mark.parametrize("forms", PAIRS)
def test_from_every_state_it_comes_to_rest_with_every_unit_shown_and_nobody_starving(
    forms: tuple[Form, Form],
) -> None:
    for start in explore(EscrowModel(forms, 3, asks_max=1, late_max=0)).calms:
        shares, moves = come_to_rest(start, forms)

        units = {"s": start[0]}
        goals = targets(shares, units)
        assert moves <= MOVES_MAX
        assert not [one for one in shares if one.is_below_half(goals[one.key])]
        assert all(one.exposure == one.shown for one in shares)
