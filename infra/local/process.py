"""A server in a process group of its own that ends with us, however we end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from infra.local.tools import ROOT, STATE, StackError, clean_environment

READY_SECONDS = 30
STOP_SECONDS = 5
POLL_SECONDS = 0.02
LOG_TAIL_CHARACTERS = 2000


class Server:
    """A started module; see guarded.py for how it ends."""

    def __init__(self, name: str, module: Sequence[str], environment: Mapping[str, str]) -> None:
        self.log = STATE / f"{name}.log"
        self._name = name
        (STATE / "run").mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(dir=STATE / "run", prefix=f"{name}-"))
        self.log.unlink(missing_ok=True)  # Another running stack keeps writing to the file that it opened.
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules only
                [sys.executable, "-m", "infra.local.guarded", self._scratch, *module],
                cwd=ROOT,
                env=clean_environment(TMPDIR=str(self._scratch)) | dict(environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Also the id of the process group that all its children belong to."""
        return self._process.pid

    def wait_ready(self, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(url):
            if self._process.poll() is not None:
                raise StackError(f"{self._name} ended at once; its log {self.log} says:\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self._name} did not answer within {READY_SECONDS} s; see {self.log}.")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Idempotent. Closing the pipe is enough; the signal is for a guard that hangs or died alone."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(STOP_SECONDS)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - always http on loopback
            return True
    except (urllib.error.URLError, OSError):
        return False
