"""Ministack as the local stack runs it: two places mended where it differs from AWS."""

from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.services import sqs

# On AWS the batch calls need the right of the single call; actions of their own do not exist.
SINGLE_ACTIONS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
_named_action = iam_actions._action_from_target


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


def main() -> None:
    if not callable(getattr(sqs, "_receive_messages_for_esm", None)):
        raise SystemExit("This ministack reads queues differently: look at infra/local/emulator.py again.")
    sqs._receive_messages_for_esm = _receive_whole_batches
    iam_actions._action_from_target = _action_needed
    app.main()


if __name__ == "__main__":
    main()
