"""Ministack as the local stack runs it: three places mended where it differs from AWS or wastes the machine."""

import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.services import sqs

# On AWS the batch calls need the right of the single call; actions of their own do not exist.
SINGLE_ACTIONS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
LAYER_FILES_MIN = 100  # A function's own archive has a handful.

_named_action = iam_actions._action_from_target
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
    if not callable(getattr(sqs, "_receive_messages_for_esm", None)) or lambda_runtime.zipfile is not zipfile:
        raise SystemExit("This ministack works differently: look at infra/local/emulator.py again.")
    sqs._receive_messages_for_esm = _receive_whole_batches
    iam_actions._action_from_target = _action_needed
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedLayer, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
    app.main()


if __name__ == "__main__":
    main()
