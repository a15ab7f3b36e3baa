"""What the handlers in `functions/` do with a use case, without their logs: batches in, failed messages out."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from lastunit.adapters.dynamodb.streams import events
from lastunit.container import Hub
from lastunit.domain.errors import LastunitError
from lastunit.use_cases.listings.push.tasks import RetryLater, task_of
from lastunit.use_cases.messages import (
    COVERAGE,
    PUSHES,
    RECONCILE,
    PushChannelMessage,
    PushListingMessage,
    from_json,
)
from lastunit.use_cases.orders.process_orders import ReceivedMessage, settled
from lastunit.use_cases.redelivery import pause_seconds, wish_seconds
from tests.simulate import queues

WISH_MAX_SECONDS = 3600
PATIENCE_MAX = 50

Batch = Sequence[queues.Message]


def process_orders(hub: Hub, batch: Batch, rng: random.Random) -> list[str]:
    answers = hub.process_orders.handle([ReceivedMessage(one.message_id, one.body) for one in batch])
    failed = [one for one in batch if not settled(answers[one.message_id])]
    for one in failed:
        wish = wish_seconds(answers[one.message_id])
        hub.orders_queue.retry_later(one.receipt, pause_seconds(one.received, wish, rng.randint))
    return [one.message_id for one in failed]


def push_quantities(hub: Hub, batch: Batch, rng: random.Random) -> list[str]:
    messages = [(one, from_json(one.body, PUSHES)) for one in batch]
    tasks = [(one, task_of(message)) for one, message in messages if isinstance(message, PushListingMessage)]
    results = hub.push_quantities.push(task for _, task in tasks)
    failed = [(one, result) for one, task in tasks if isinstance(result := results[task.key], RetryLater)]
    failed += [
        (one, RetryLater())
        for one, message in messages
        if isinstance(message, PushChannelMessage) and not _fan_out(hub, message)
    ]
    for one, retry in failed:
        pause = pause_seconds(one.received, retry.seconds, rng.randint, WISH_MAX_SECONDS)
        hub.pushes_queue.retry_later(one.receipt, pause)
    return [one.message_id for one, _ in failed]


def cover_listings(hub: Hub, batch: Batch, rng: random.Random) -> list[str]:
    return [one.message_id for one in batch if not _is_covered(hub, one, rng)]


def reconcile_listings(hub: Hub, batch: Batch, rng: random.Random) -> list[str]:
    return [one.message_id for one in batch if not _is_read(hub, one, rng)]


def track_stock(hub: Hub, records: Sequence[Mapping[str, Any]]) -> None:
    hub.track_stock.track(events(records))


def write_ledger(hub: Hub, records: Sequence[Mapping[str, Any]]) -> None:
    hub.write_ledger.write(events(records))


def expire_orders(hub: Hub) -> None:
    hub.expire_orders.run()
    hub.offer_stock.run()


def _fan_out(hub: Hub, message: PushChannelMessage) -> bool:
    try:
        hub.push_quantities.fan_out(message.channel, message.after, overwrite=message.overwrite)
    except LastunitError:
        return False
    return True


def _is_covered(hub: Hub, one: queues.Message, rng: random.Random) -> bool:
    message = from_json(one.body, COVERAGE)
    patient = one.received < PATIENCE_MAX
    try:
        hub.cover_listings.cover(message.channel, message.run, message.after, patient=patient)
    except LastunitError as error:
        pause = pause_seconds(one.received, wish_seconds(error), rng.randint)
        hub.coverage_queue.retry_later(one.receipt, pause)
        return False
    return True


def _is_read(hub: Hub, one: queues.Message, rng: random.Random) -> bool:
    message = from_json(one.body, RECONCILE)
    try:
        hub.reconcile_listings.read_back(message.channel, message.after)
    except LastunitError as error:
        wish = wish_seconds(error)
        pause = pause_seconds(one.received, 60.0 if wish is None else wish, rng.randint)
        hub.reconcile_queue.retry_later(one.receipt, pause)
        return False
    return True
