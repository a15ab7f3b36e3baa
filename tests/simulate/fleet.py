"""Worker processes that run histories on all cores, each with the same environment, so that a seed is a history."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Timer

from tests.simulate.history import Case, Outcome
from tests.simulate.invariants.checks import Violation
from tests.simulate.place import LAYER, ROOT, environment

HISTORY_SECONDS_MAX = 180.0  # A long one takes 3 s on an idle core; this machine may be busy.


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """`seconds`: of one core. `digest`: of everything that happened, where it was asked for."""

    outcome: Outcome
    seconds: float = 0.0
    digest: str = ""


@dataclass(slots=True)
class Worker:
    """One process, begun when it is needed, and anew when it died."""

    layer: Path = LAYER
    digests: bool = False
    _process: subprocess.Popen[bytes] | None = None

    def run(self, case: Case) -> WorkerReport:
        process = self._process = self._process or self._begun()
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = Timer(HISTORY_SECONDS_MAX, process.kill)
        watchdog.start()
        try:
            pickle.dump(case, process.stdin)
            process.stdin.flush()
            report: WorkerReport = pickle.load(process.stdout)  # noqa: S301 - written by our own child
        except (EOFError, BrokenPipeError):
            self.close()
            return WorkerReport(
                Outcome(case, Violation("defect", f"no end within {HISTORY_SECONDS_MAX:.0f} s, or a crash"))
            )
        finally:
            watchdog.cancel()
        return report

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _begun(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.simulate.worker", *(["--digests"] if self.digests else [])]
        return subprocess.Popen(  # noqa: S603 - ourselves
            command,
            cwd=ROOT,
            env={**os.environ, **environment(self.layer)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )


@dataclass(slots=True)
class Fleet:
    """Workers that take the next case when they are free."""

    idle: SimpleQueue[Worker]
    size: int

    def run(self, cases: Iterable[Case]) -> Iterator[WorkerReport]:
        """In the order of the cases."""
        with ThreadPoolExecutor(self.size) as pool:
            yield from pool.map(self._run, cases)

    def _run(self, case: Case) -> WorkerReport:
        worker = self.idle.get()
        try:
            return worker.run(case)
        finally:
            self.idle.put(worker)


@contextmanager
def fleet(size: int, layer: Path = LAYER, *, digests: bool = False) -> Iterator[Fleet]:
    idle = SimpleQueue[Worker]()
    workers = [Worker(layer, digests) for _ in range(size)]
    for worker in workers:
        idle.put(worker)
    try:
        yield Fleet(idle, size)
    finally:
        for worker in workers:
            worker.close()
