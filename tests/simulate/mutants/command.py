"""What `python -m tests.simulate.mutants` does."""

import argparse
import os
import sys
from collections.abc import Sequence

from tests.simulate.mutants.catalogue import MUTANTS
from tests.simulate.mutants.harness import ROUNDS, hunt, table
from tests.simulate.place import LAYER


def main(arguments: Sequence[str]) -> int:
    asked = _parsed(arguments)
    wanted = [one for one in MUTANTS if not asked.names or one.name in asked.names]
    hunts = hunt(wanted, LAYER, asked.seeds, asked.jobs, _say)
    _say("")
    for line in table(hunts):
        _say(line)
    return 0 if all(one.caught for one in hunts) else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.simulate.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="all of them if none is named")
    parser.add_argument("--seeds", type=int, default=ROUNDS[-1], help="how many at most for each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - {one.name for one in MUTANTS}
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    return asked
