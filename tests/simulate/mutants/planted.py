"""A planted bug: one of our own guards weakened in a private copy of the layer."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.simulate.history import Case, History
from tests.simulate.scenario import Scenario

PACKAGE = "lastunit"


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands in the file exactly once. `breaks`: the promises by whose violation it is to be noticed; that of
    any other proves nothing about it.

    It can be noticed in histories of that `mode` alone ("": of any), in such shops, where one of these kinds of
    `faults` strikes (none: whatever strikes) and one of these `draws` is drawn (none: whatever). That saves time,
    and no more: others are of no use.

    `also`: a guard that is left out with it, because each of the two does without the other.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: tuple[str, ...]
    mode: str = ""
    faults: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    where: Callable[[Scenario], bool] = lambda scenario: True
    also: "Mutant | None" = None

    def is_noticeable(self, seed: int) -> bool:
        history = History(Case(seed))
        struck = not self.faults or not history.faults.rates.keys().isdisjoint(self.faults)
        drawn = not self.draws or any(intent.action in self.draws for intent in history.intents())
        return struck and drawn and self.mode in ("", history.scenario.mode) and self.where(history.scenario)


class MutantInapplicable(Exception):
    """The code has changed, and the mutant must be thought over."""


def mutated(mutant: Mutant, layer: Path) -> str:
    """The text of its file. Raises Inapplicable."""
    text = (layer / PACKAGE / mutant.file).read_text()
    found = text.count(mutant.old)
    if found != 1:
        raise MutantInapplicable(
            f"{mutant.name}: its text is {found} times in {mutant.file}, not once: {mutant.old!r}"
        )
    return text.replace(mutant.old, mutant.new)


def plant(mutant: Mutant, layer: Path, folder: Path) -> Path:
    """A copy of the layer, in the folder, that has the bug."""
    copy = folder / mutant.name
    shutil.copytree(layer, copy)
    for one in (mutant, mutant.also):
        if one:
            (copy / PACKAGE / one.file).write_text(mutated(one, copy))
    return copy
