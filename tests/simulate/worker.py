"""One process of the fleet: cases in, what came of them out, each pickled, until its input ends."""

import gc
import os
import pickle
import sys
import time
import traceback
from pathlib import Path

from tests.simulate.fleet import WorkerReport
from tests.simulate.history import Case, Outcome, run
from tests.simulate.invariants.checks import Violation
from tests.simulate.trace import digested


def main(digests: bool) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever anybody prints must not come between the answers.
    gc.freeze()
    gc.disable()
    while True:
        try:
            case = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our own parent
        except EOFError:
            return
        pickle.dump(_report(case, digests), answers)
        answers.flush()


def _report(case: Case, digests: bool) -> WorkerReport:
    begun = time.process_time()
    outcome, digest = digested(lambda: lived(case)) if digests else (lived(case), "")
    # Not within a history: what is collected runs code, and would do so at another step in another process.
    gc.collect()
    gc.freeze()  # What is left are caches: walking through them after every history took longer than the histories.
    return WorkerReport(outcome, time.process_time() - begun, digest)


def lived(case: Case) -> Outcome:
    """As `run`; what nobody expected is a finding as well."""
    try:
        return run(case)
    except Exception as error:  # Of whatever type it is, it must not end the run.
        return Outcome(case, Violation("defect", _told(error)))


def _told(error: Exception) -> str:
    """With the place, which tells one defect from another."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"


if __name__ == "__main__":
    main("--digests" in sys.argv)
