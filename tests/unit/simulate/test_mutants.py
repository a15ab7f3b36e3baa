"""The planted bugs: each still applies to the code as it is, and the quickest are caught here and now."""

import os
from pathlib import Path

import pytest

from tests.simulate.history import Case, Outcome
from tests.simulate.invariants.checks import Violation
from tests.simulate.mutants.catalogue import MUTANTS
from tests.simulate.mutants.harness import Hunt, hunt, table
from tests.simulate.mutants.planted import PACKAGE, Mutant, MutantInapplicable, mutated, plant
from tests.simulate.place import LAYER

QUICK = ("ledger-skips-reservations", "shipment-id-ignored", "numbers-under-way-not-booked")
SEEDS_MAX = 15

BUG = Mutant("bug", "code.py", "a < b", "a <= b", ("1", "7"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_applies_and_is_python(mutant: Mutant) -> None:
    for one in (mutant, mutant.also):
        if one:
            bug = mutated(one, LAYER)

            compile(bug, one.file, "exec")
            assert bug != (LAYER / "lastunit" / one.file).read_text()


def test_no_two_mutants_share_a_name() -> None:
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS})


@pytest.mark.timeout(600)
def test_quick_mutants_are_caught_within_a_few_seeds() -> None:
    mutants = [mutant for mutant in MUTANTS if mutant.name in QUICK]

    hunts = hunt(mutants, LAYER, SEEDS_MAX, os.cpu_count() or 1, lambda line: None)

    assert [] == [one.line for one in hunts if one.caught is None]


@pytest.mark.parametrize("text", ["a > b\n", "a < b\nif a < b:\n"])
def test_a_mutant_whose_text_is_not_there_exactly_once_is_an_error(tmp_path: Path, text: str) -> None:
    _write(tmp_path, text)

    with pytest.raises(MutantInapplicable, match="bug"):
        mutated(BUG, tmp_path)


def test_the_bug_is_in_the_copy_alone(tmp_path: Path) -> None:
    layer, folder = tmp_path / "layer", tmp_path / "copies"
    _write(layer, "a < b\n")

    copy = plant(BUG, layer, folder)

    assert ["a < b\n", "a <= b\n"] == [(one / PACKAGE / "code.py").read_text() for one in (layer, copy)]


def test_only_a_promise_that_the_bug_can_break_catches_it() -> None:
    one = Hunt(BUG, LAYER)

    one.look_at(Outcome(Case(1), Violation("6", "another cause")))
    one.look_at(Outcome(Case(2)))
    caught_before = one.caught
    one.look_at(Outcome(Case(3), Violation("7", "oversold")))

    assert caught_before is None
    assert one.caught is not None
    assert 3 == one.caught.case.seed


def test_the_table_names_survivors_and_the_median() -> None:
    hunts = [Hunt(BUG, LAYER, tried, Outcome(Case(tried), Violation("1", "oversold"))) for tried in (2, 8, 90)]

    lines = table([*hunts, Hunt(BUG, LAYER, 1000)])

    assert "3 of 4 caught, after 8 seeds in the median" == lines[-1]
    assert "SURVIVED (1, 7 expected)" in lines[-2]


def _write(layer: Path, text: str) -> None:
    path = layer / PACKAGE / "code.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
