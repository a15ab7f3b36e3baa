"""Runs the contract suite and prints the behaviours that both stores share: `python -m tests.contract`."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SUITE = Path(__file__).parent
STORES = ("simulated", "local stack")
FURTHER = re.compile(r"(-([a-z]+\d+|True|False|None|\d+))+$")
"""What pytest appends for further parameters of a test, after the one that tells the case."""

MARKS = {"passed": "yes", "failed": "NO", "skipped": "-"}


class Behaviours:
    """A plugin that keeps the outcome of every test per store, and why some are not asked of the emulator."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self.reasons: dict[tuple[str, str], str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        part, behaviour, store = _named(report.nodeid)
        for one in (store,) if store else STORES:
            self.outcomes[part, behaviour][one] = MARKS[report.outcome]
        if report.skipped and isinstance(report.longrepr, tuple):
            self.reasons[part, behaviour] = report.longrepr[2].removeprefix("Skipped: ")

    def lines(self) -> Iterator[str]:
        yield f"{STORES[0]:>10} {STORES[1]:>12}"
        for part in dict.fromkeys(part for part, _ in self.outcomes):
            yield f"{part}"
            for (of, behaviour), told in self.outcomes.items():
                if of == part:
                    reason = f"   ({self.reasons[of, behaviour]})" if (of, behaviour) in self.reasons else ""
                    yield f"{told.get(STORES[0], ''):>10} {told.get(STORES[1], ''):>12}   {behaviour}{reason}"
        yield self._total()

    def _total(self) -> str:
        both = sum(set(told.values()) == {"yes"} for told in self.outcomes.values())
        failed = sum("NO" in told.values() for told in self.outcomes.values())
        alone = len(self.outcomes) - both - failed
        return f"{both} behaviours on both stores, {alone} on the simulated one only, {failed} failed"


def _named(nodeid: str) -> tuple[str, str, str]:
    """The part of the suite, the behaviour in words, and the store ("" for both)."""
    path, _, test = nodeid.partition("::")
    name, _, parameters = test.removesuffix("]").partition("[")
    store = next((store for store in STORES if parameters == store or parameters.startswith(f"{store}-")), "")
    case = FURTHER.sub("", parameters.removeprefix(store).removeprefix("-"))
    words = name.removeprefix("test_").replace("_", " ")
    return Path(path).stem.removeprefix("test_"), f"{words}: {case}" if case else words, store


def main() -> int:
    behaviours = Behaviours()
    code = pytest.main(["-q", str(SUITE)], plugins=[behaviours])
    sys.stdout.writelines(f"{line}\n" for line in behaviours.lines())
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
