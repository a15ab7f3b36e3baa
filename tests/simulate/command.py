"""What `python -m tests.simulate` does: many histories on all cores, or one again, with its trace if asked."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tests.simulate.draws.catalogue import DRAWS
from tests.simulate.fleet import Worker, WorkerReport, fleet
from tests.simulate.history import Case, Outcome
from tests.simulate.shrink import numbers, shrunk
from tests.simulate.trace import traced
from tests.simulate.worker import lived

PROGRESS_SECONDS = 5.0
SHRUNK_MAX = 5  # Of one run: most violations of a run have one cause.
SHRINKING_SECONDS = 60.0  # For each.

Tell = Callable[[str], None]


@dataclass(slots=True)
class Tally:
    """What a run came to. `seconds`: of one core."""

    begun: float = field(default_factory=time.monotonic)
    histories: int = 0
    orders: int = 0
    steps: int = 0
    killed: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    draws: Counter[str] = field(default_factory=Counter)
    violated: list[Outcome] = field(default_factory=list)

    def add(self, report: WorkerReport) -> None:
        outcome = report.outcome
        self.histories += 1
        self.orders += outcome.orders
        self.steps += outcome.steps
        self.killed += outcome.killed
        self.seconds += report.seconds
        self.faults += outcome.faults
        self.draws += outcome.draws
        if outcome.violation is not None:
            self.violated.append(outcome)

    @property
    def line(self) -> str:
        elapsed = time.monotonic() - self.begun
        return (
            f"{self.histories:,} histories of {self.orders:,} orders in {elapsed:,.0f} s: "
            f"{self.histories / elapsed:.1f} a second, {self.histories / (self.seconds or 1):.1f} per core; "
            f"{self.steps:,} steps, {sum(self.faults.values()):,} faults, {self.killed:,} workers killed; "
            f"violations: {len(self.violated)}"
        )

    @property
    def faults_line(self) -> str:
        return "faults: " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.faults.items()))

    @property
    def draws_line(self) -> str:
        """With those that never came to anything: they prove nothing."""
        return "draws: " + ", ".join(f"{draw.name} {self.draws[draw.name]:,}" for draw in DRAWS)


def main(arguments: Sequence[str]) -> int:
    asked = _parsed(arguments)
    if asked.seed is not None:
        return _replay(_case(asked, asked.seed), asked.trace)
    cases = [_case(asked, seed) for seed in range(asked.first, asked.first + asked.seeds)]
    tally = simulate(cases, asked.jobs, lambda line: _say(line, sys.stderr))
    _say(tally.line)
    _say(tally.faults_line)
    _say(tally.draws_line)
    _explain(tally.violated)
    return 1 if tally.violated else 0


def simulate(cases: Iterable[Case], jobs: int, progress: Tell = lambda line: None) -> Tally:
    tally, told = Tally(), time.monotonic()
    with fleet(jobs) as workers:
        for report in workers.run(cases):
            tally.add(report)
            if report.outcome.violation is not None:
                progress(f"seed {report.outcome.case.seed}: {report.outcome.violation}")
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                progress(tally.line)
    return tally


def _replay(case: Case, trace: bool) -> int:
    if trace:
        with traced(sys.stdout.write):
            outcome = lived(case)
    else:
        outcome = lived(case)
    _say(str(outcome.violation or "every promise was kept"))
    return 1 if outcome.violation else 0


def _explain(violated: Sequence[Outcome]) -> None:
    worker = Worker()
    for outcome in violated[:SHRUNK_MAX]:
        small = shrunk(outcome, lambda case: worker.run(case).outcome, SHRINKING_SECONDS)
        actions = f"{len(numbers(outcome.case))} actions shrunk to {len(numbers(small.case))}"
        _say(f"\nseed {outcome.case.seed}, {actions}: {small.violation}\n    {small.case.command}")
    for outcome in violated[SHRUNK_MAX:]:
        _say(f"\nseed {outcome.case.seed}: {outcome.violation}\n    {outcome.case.command}")
    worker.close()


def _say(line: str, where: TextIO | None = None) -> None:
    (where or sys.stdout).write(f"{line}\n")
    (where or sys.stdout).flush()


def _case(asked: argparse.Namespace, seed: int) -> Case:
    only = None if asked.only is None else frozenset(map(int, filter(None, asked.only.split(","))))
    return Case(seed, asked.orders, frozenset(filter(None, asked.without.split(","))), only, not asked.no_draws)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many histories")
    parser.add_argument("--from", type=int, default=1, dest="first", help="seed of the first one")
    parser.add_argument("--seed", type=int, help="only this one, in this process")
    parser.add_argument("--trace", action="store_true", help="with --seed: tell everything that happens")
    parser.add_argument("--orders", type=int, help="of each history, instead of a number drawn")
    parser.add_argument("--without", default="", help="kinds of faults left out: answer_lost,conflict")
    parser.add_argument("--only", help="numbers of the actions that happen: 3,17")
    parser.add_argument("--no-draws", action="store_true", help="nothing of tests/simulate/draws")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args(arguments)
