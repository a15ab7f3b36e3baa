"""Awaiting what happens in the background of the local stack."""

import time
from collections.abc import Callable

from infra.local.promises import depth
from infra.local.shop import Shop


def eventually(holds: Callable[[], bool], timeout_seconds: float = 60.0) -> bool:
    """Asks again and again, because the stack can only be asked. False when time ran out."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def queues_are_empty(shop: Shop) -> bool:
    return not any(depth(shop.stack, queue) for queue in ("OrdersQueueUrl", "PushesQueueUrl"))


def dead_letters(shop: Shop) -> int:
    queues = ("OrdersDeadLetterQueueUrl", "PushesDeadLetterQueueUrl", "StreamFailuresQueueUrl")
    return sum(depth(shop.stack, queue) for queue in queues)
