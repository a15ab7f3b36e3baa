"""The simulator as a program: its short run, the same history everywhere, and failing ones made small."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulate.command import simulate
from tests.simulate.fleet import Worker, fleet
from tests.simulate.history import Case, History, Outcome
from tests.simulate.invariants.checks import Violation, still_wanted
from tests.simulate.shrink import minimal, numbers, shrunk
from tests.simulate.worker import lived

SEEDS = range(1, 91)
"""About 15 seconds on two cores; `make simulate` runs as many as one likes."""

REPEATED = (2, 8, 11, 29)
"""Of several channels, many faults and deaths."""


@pytest.mark.timeout(600)
def test_a_short_run_keeps_every_promise(capsys: pytest.CaptureFixture[str]) -> None:
    tally = simulate([Case(seed) for seed in SEEDS], os.cpu_count() or 1)

    with capsys.disabled():
        sys.stdout.write(f"\n{tally.line}\n")
    assert [] == [f"{outcome.violation}: {outcome.case.command}" for outcome in tally.violated]


@pytest.mark.timeout(600)
def test_a_seed_is_the_same_history_in_every_process_and_whatever_ran_before() -> None:
    cases = [Case(seed) for seed in REPEATED]

    with fleet(1, digests=True) as one, fleet(1, digests=True) as other:
        forwards, backwards = one.run(cases), other.run(cases[::-1])
        pairs = [(report.outcome.case, report.digest) for report in forwards], [*backwards][::-1]

    assert pairs[0] == [(report.outcome.case, report.digest) for report in pairs[1]]
    assert len(cases) == len({digest for _, digest in pairs[0]})


def test_what_nobody_expected_is_a_finding_with_its_place() -> None:
    outcome = lived(Case(1, orders="many"))  # type: ignore[arg-type]

    assert outcome.violation is not None
    assert "defect" == outcome.violation.promise
    assert outcome.violation.text.startswith("TypeError at plan.py:")


def test_a_worker_that_dies_is_a_finding_and_does_not_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\nos._exit(1)\n")
    worker = Worker(layer=tmp_path)

    reports = [worker.run(Case(seed)) for seed in (1, 2)]

    assert ["defect", "defect"] == [
        report.outcome.violation.promise for report in reports if report.outcome.violation
    ]


def test_delta_debugging_leaves_only_what_is_needed() -> None:
    assert [3, 17] == minimal(range(40), lambda kept: {3, 17} <= set(kept))


def test_delta_debugging_leaves_nothing_where_nothing_is_needed() -> None:
    assert [] == minimal(range(40), lambda kept: True)


def test_a_failing_history_is_shrunk_to_the_faults_and_actions_it_needs() -> None:
    needed = numbers(Case(8))[5]
    failing = Outcome(Case(8), Violation("3", "sku-0"))

    small = shrunk(failing, _broken_if(lambda case: case.only is None or needed in case.only), 60.0)

    assert frozenset({needed}) == small.case.only
    assert (
        f"python -m tests.simulate --seed 8 --without {','.join(sorted(small.case.without))}" in small.case.command
    )
    assert History(Case(8)).faults.rates.keys() == small.case.without


def test_a_smaller_history_that_breaks_another_promise_is_another_finding() -> None:
    failing = Outcome(Case(8), Violation("3", "sku-0"))

    small = shrunk(failing, lambda case: Outcome(case, Violation("5", "lost")), 60.0)

    assert failing == small


def test_shrinking_ends_when_its_time_is_over() -> None:
    failing, begun = Outcome(Case(8), Violation("3", "sku-0")), time.monotonic()

    small = shrunk(failing, _broken_if(lambda case: True), -1.0)

    assert failing == small
    assert time.monotonic() < begun + 10


def _broken_if(breaks: Callable[[Case], bool]) -> Callable[[Case], Outcome]:
    return lambda case: Outcome(case, Violation("3", "sku-0") if breaks(case) else None)


def test_what_left_too_much_of_one_line_is_nothing_of_another() -> None:
    """A kit was packed again before its void was known; a line of its component waits all the same."""
    kit = {"line_id": "1", "quantity": 1, "parts": {"sku-0": 1, "sku-1": 1}}
    alone = {"line_id": "2", "quantity": 3, "parts": {"sku-0": 1}}
    parcels = [_parcel(("1", "sku-0", 1), ("1", "sku-1", 1), ("2", "sku-0", 2)), _parcel(("1", "sku-0", 1))]

    assert {"sku-0": 1} == still_wanted({"lines": [kit, alone], "shipments": parcels})


def _parcel(*took: tuple[str, str, int]) -> dict[str, object]:
    return {"picked": [{"line_id": line, "sku": sku, "quantity": units} for line, sku, units in took]}
