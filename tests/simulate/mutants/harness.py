"""Looks for the seeds that catch planted bugs: every bug gets a few seeds before any gets many."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.simulate.fleet import Worker, fleet
from tests.simulate.history import Case, Outcome
from tests.simulate.mutants.planted import Mutant, plant

ROUNDS = (15, 60, 200, 500, 1000)
"""The last seed of each."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Hunt:
    """One mutant and what its seeds have shown. `others`: violations that another cause may have."""

    mutant: Mutant
    layer: Path
    tried: int = 0
    caught: Outcome | None = None
    others: list[Outcome] = field(default_factory=list)

    def go_on(self, seeds: Sequence[int]) -> None:
        with closing(Worker(self.layer)) as worker:
            for seed in seeds:
                self.tried += 1
                if self.mutant.is_noticeable(seed):
                    self.look_at(worker.run(Case(seed)).outcome)
                if self.caught:
                    return

    def look_at(self, outcome: Outcome) -> None:
        if outcome.violation and outcome.violation.promise in self.mutant.breaks:
            self.caught = outcome
        elif outcome.violation:
            self.others.append(outcome)

    @property
    def line(self) -> str:
        expected = ", ".join(self.mutant.breaks)
        if self.caught is None:
            others = "; ".join(f"seed {one.case.seed}: {one.violation}" for one in self.others[:3])
            return f"{self.mutant.name:34} {self.tried:5}     -  SURVIVED ({expected} expected) {others}"
        return f"{self.mutant.name:34} {self.tried:5} {self.caught.case.seed:5}  {self.caught.violation}"


@contextmanager
def planted(mutants: Sequence[Mutant], layer: Path) -> Iterator[tuple[Path, list[Hunt]]]:
    """A copy of the layer as it is, and one with each bug: nobody's edits change them meanwhile."""
    with TemporaryDirectory() as folder:
        as_it_is = shutil.copytree(layer, Path(folder) / "as-it-is")
        yield as_it_is, [Hunt(one, plant(one, as_it_is, Path(folder))) for one in mutants]


def hunt(mutants: Sequence[Mutant], layer: Path, seeds_max: int, jobs: int, tell: Tell) -> list[Hunt]:
    with planted(mutants, layer) as (as_it_is, hunts):
        first = 1
        for last in (min(one, seeds_max) for one in ROUNDS):
            open_ = [one for one in hunts if one.caught is None]
            if not open_ or last < first:
                break
            seeds = sound(range(first, last + 1), as_it_is, jobs, tell)
            _go_on(open_, seeds, jobs, tell)
            first = last + 1
        return hunts


def sound(seeds: Sequence[int], layer: Path, jobs: int, tell: Tell) -> list[int]:
    """Those that break nothing in the code as it is: the others would catch anything."""
    with fleet(jobs, layer) as workers:
        outcomes = [report.outcome for report in workers.run(map(Case, seeds))]
    for outcome in outcomes:
        if outcome.violation:
            tell(f"seed {outcome.case.seed} is left out, it fails without a mutant: {outcome.violation}")
    return [outcome.case.seed for outcome in outcomes if not outcome.violation]


def _go_on(hunts: Sequence[Hunt], seeds: Sequence[int], jobs: int, tell: Tell) -> None:
    def go_on(one: Hunt) -> None:
        one.go_on(seeds)
        tell(one.line)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(go_on, hunts))


def table(hunts: Sequence[Hunt]) -> list[str]:
    caught = [one for one in hunts if one.caught]
    lines = [f"{'mutant':34} {'seeds':>5} {'seed':>5}  promise broken", *(one.line for one in hunts)]
    tried = f", after {median(one.tried for one in caught):g} seeds in the median" if caught else ""
    return [*lines, f"{len(caught)} of {len(hunts)} caught{tried}"]
