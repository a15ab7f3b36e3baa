"""What the handlers in `functions/` do with a use case, without their logs: batches in, failed messages out."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from lastunit.adapters.streams import events
from lastunit.domain.errors import LastunitError, Throttled
from lastunit.hub import Hub
from lastunit.process import Message, settled
from lastunit.pushing import Retry, task_of
from tests.simulate import queues

PAUSE_MAX_SECONDS = 900
WISH_MAX_SECONDS = 3600
PATIENCE_MAX = 50

Batch = Sequence[queues.Message]


def process_orders(hub: Hub, batch: Batch, chance: random.Random) -> list[str]:
    answers = hub.process_orders([Message(one.message_id, one.body) for one in batch])
    failed = [one for one in batch if not settled(answers[one.message_id])]
    for one in failed:
        answer = answers[one.message_id]
        wish = answer.retry_after_seconds if isinstance(answer, Throttled) else None
        hub.orders_queue.retry_later(one.receipt, _pause(wish, one, chance, PAUSE_MAX_SECONDS))
    return [one.message_id for one in failed]


def push_quantities(hub: Hub, batch: Batch, chance: random.Random) -> list[str]:
    messages = [(one, json.loads(one.body)) for one in batch]
    tasks = [(one, task_of(message)) for one, message in messages if "listing" in message]
    results = hub.push_quantities(task for _, task in tasks)
    failed = [(one, result) for one, task in tasks if isinstance(result := results[task.key], Retry)]
    failed += [
        (one, Retry()) for one, message in messages if "listing" not in message and not _fan_out(hub, message)
    ]
    for one, retry in failed:
        hub.pushes_queue.retry_later(one.receipt, _pause(retry.seconds, one, chance, WISH_MAX_SECONDS))
    return [one.message_id for one, _ in failed]


def cover_listings(hub: Hub, batch: Batch, chance: random.Random) -> list[str]:
    return [one.message_id for one in batch if not _is_covered(hub, one, chance)]


def read_back(hub: Hub, batch: Batch, chance: random.Random) -> list[str]:
    return [one.message_id for one in batch if not _is_read(hub, one)]


def track_stock(hub: Hub, records: Sequence[Mapping[str, Any]]) -> None:
    hub.track_stock(events(records))


def write_ledger(hub: Hub, records: Sequence[Mapping[str, Any]]) -> None:
    hub.write_ledger(events(records))


def expire_orders(hub: Hub) -> None:
    hub.expire_orders()
    hub.offer_units()


def _fan_out(hub: Hub, task: Mapping[str, Any]) -> bool:
    try:
        hub.push_quantities.fan_out(task["channel"], task["after"], overwrite=task.get("overwrite", False))
    except LastunitError:
        return False
    return True


def _is_covered(hub: Hub, message: queues.Message, chance: random.Random) -> bool:
    task = json.loads(message.body)
    patient = message.received < PATIENCE_MAX
    try:
        hub.cover_listings(task["channel"], task["run"], task["after"], patient=patient)
    except LastunitError as error:
        wish = error.retry_after_seconds if isinstance(error, Throttled) else None
        hub.coverage_queue.retry_later(message.receipt, _pause(wish, message, chance, PAUSE_MAX_SECONDS))
        return False
    return True


def _is_read(hub: Hub, message: queues.Message) -> bool:
    segment = json.loads(message.body)
    try:
        hub.reconcile(segment["channel"], segment["after"])
    except LastunitError as error:
        wish = error.retry_after_seconds if isinstance(error, Throttled) else 60.0
        hub.reconcile_queue.retry_later(message.receipt, max(1, min(PAUSE_MAX_SECONDS, math.ceil(wish))))
        return False
    return True


def _pause(wish: float | None, message: queues.Message, chance: random.Random, most: int) -> int:
    if wish is not None:
        return max(1, min(most, math.ceil(wish)))
    return chance.randint(1, min(PAUSE_MAX_SECONDS, 2**message.received))
