"""Makes a failing history small: first the kinds of faults that it needs, then what people do in it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.simulate.history import Case, History, Outcome

Run = Callable[[Case], Outcome]


@dataclass(slots=True)
class Search:
    """Is the same promise broken? Until its time is over; then nothing smaller is found any more."""

    run: Run
    promise: str
    until: float
    found: Outcome

    def breaks(self, case: Case) -> bool:
        if time.monotonic() > self.until:
            return False
        outcome = self.run(case)
        broken = outcome.violation is not None and outcome.violation.promise == self.promise
        if broken:
            self.found = outcome
        return broken


def shrunk(outcome: Outcome, run: Run, seconds: float) -> Outcome:
    """A smaller history that breaks the same promise; that one itself when there is none."""
    assert outcome.violation is not None
    search = Search(run, outcome.violation.promise, time.monotonic() + seconds, outcome)
    _fewer_faults(search)
    _fewer_intents(search)
    return search.found


def _fewer_faults(search: Search) -> None:
    case = search.found.case
    kinds = sorted(History(case).faults.rates)

    def breaks(kept: Sequence[str]) -> bool:
        return search.breaks(replace(case, without=case.without | (set(kinds) - set(kept))))

    minimal(kinds, breaks)


def _fewer_intents(search: Search) -> None:
    case = search.found.case
    minimal(numbers(case), lambda kept: search.breaks(replace(case, only=frozenset(kept))))


def numbers(case: Case) -> list[int]:
    """Of the intents that happen in it."""
    return [intent.number for intent in History(case).intents()]


def minimal[Item](items: Sequence[Item], breaks: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """Delta debugging: parts are left out, large ones first, as long as it still breaks without them."""
    kept, size = list(items), len(items)
    while size:
        at = 0
        while at < len(kept):
            without = kept[:at] + kept[at + size :]
            if breaks(without):
                kept = without
            else:
                at += size
        size //= 2
    return kept
