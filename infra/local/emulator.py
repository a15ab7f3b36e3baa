"""Ministack as the local stack runs it: six places mended where it differs from AWS or wastes the machine."""

import tempfile
import threading
import time
import zipfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.services import dynamodb, lambda_svc, sqs

# On AWS the batch calls need the right of the single call; actions of their own do not exist.
SINGLE_ACTIONS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
EXPRESSIONS_KEPT = 1000  # There are a few dozen; a program that makes them up would have no end of them.
STREAM_SECONDS = 0.05  # Between two looks at streams that say nothing.
LAYER_FILES_MIN = 100  # A function's own archive has a handful.

_named_action = iam_actions._action_from_target
_end_workers, _give_back = lambda_runtime.kill_workers, lambda_runtime.release_worker
_poll_streams = lambda_svc._poll_dynamodb_streams
_unpacked: dict[int, Path] = {}
_unpacking = threading.Lock()


def _action_needed(headers: dict[str, str]) -> str | None:
    name: str | None = _named_action(headers)
    return SINGLE_ACTIONS.get(name or "", name)


def _receive_whole_batches(queue_url: str, max_number: int) -> list[dict[str, Any]]:
    """Ministack hands a function 10 messages at most, whatever its BatchSize; Lambda honours it up to 10,000."""
    with sqs._queues_lock:
        queue = sqs._get_q(queue_url)
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        visibility_seconds = int(queue["attributes"].get("VisibilityTimeout", "30"))
        messages: list[dict[str, Any]] = sqs._collect_msgs(queue, max_number, visibility_seconds)
        return messages


def _follow_streams() -> None:
    """Ministack runs the functions of streams in the loop that feeds the queues, where a slow one holds up all.

    An error ends the one round, as there: it is in the log.
    """
    while True:
        follower = threading.Thread(target=_follow_until_quiet, name="streams", daemon=True)
        follower.start()
        follower.join()
        time.sleep(STREAM_SECONDS)


def _follow_until_quiet() -> None:
    while _poll_streams():
        pass


def _end_idle_workers(workers: Iterable[Any]) -> None:
    """Ministack ends the workers of a function that is changed; on AWS what runs then ends as it began.

    Killed in the middle it would leave its messages invisible for six minutes.
    """
    with lambda_runtime._lock:
        ending = list(workers)
        for worker in ending:
            worker.leaves = True
        idle = [worker for worker in ending if not worker.in_use]
    _end_workers(idle)


def _give_back_or_end(worker: Any) -> None:
    _give_back(worker)
    if getattr(worker, "leaves", False):
        _end_workers([worker])


class SharedLayer(zipfile.ZipFile):
    """Ministack unpacks a layer's thousand files for every worker it starts; here the workers share one copy."""

    def namelist(self) -> list[str]:
        names = super().namelist()
        return (
            [] if len(names) >= LAYER_FILES_MIN else names
        )  # Its paths need no check: they are never unpacked there.

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        if len(self.filelist) < LAYER_FILES_MIN:
            super().extractall(path, members, pwd)
            return
        shared = self._shared_copy()
        for part in shared.iterdir():
            (Path(path) / part.name).symlink_to(part)

    def _shared_copy(self) -> Path:
        content = hash(tuple((entry.filename, entry.CRC) for entry in self.filelist))
        with _unpacking:
            if content not in _unpacked:
                folder = Path(tempfile.mkdtemp(prefix="layer-"))
                super().extractall(folder, super().namelist())
                _unpacked[content] = folder
            return _unpacked[content]


def main() -> None:
    receives = callable(getattr(sqs, "_receive_messages_for_esm", None))
    if not receives or lambda_runtime.zipfile is not zipfile or lambda_svc.release_worker is not _give_back:
        raise SystemExit("This ministack works differently: look at infra/local/emulator.py again.")
    sqs._receive_messages_for_esm = _receive_whole_batches
    lambda_runtime.kill_workers = _end_idle_workers
    lambda_svc.release_worker = _give_back_or_end
    lambda_svc._poll_dynamodb_streams = lambda: False
    threading.Thread(target=_follow_streams, name="streams", daemon=True).start()
    iam_actions._action_from_target = _action_needed
    # Ministack reads an expression anew for every row of a query and four times for every update.
    dynamodb._tokenize = lru_cache(EXPRESSIONS_KEPT)(dynamodb._tokenize)
    dynamodb._condition_syntax_error = lru_cache(EXPRESSIONS_KEPT)(dynamodb._condition_syntax_error)
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedLayer, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
    app.main()


if __name__ == "__main__":
    main()
