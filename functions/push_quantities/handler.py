"""The pushes queue: tell channels their numbers; what could not be told comes again."""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import InvalidInput, UnknownMessage
from lastunit.use_cases.listings.push.tasks import PushTask, RetryLater, task_of
from lastunit.use_cases.messages import PUSHES, PushChannelMessage, PushListingMessage, from_json
from lastunit.use_cases.redelivery import pause_seconds
from lastunit.use_cases.unexpected import contained

logger = Logger()

WISH_MAX_SECONDS = 3600  # Who must wait for the next day is back long before its 50 receives are used up.


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    messages = [(record, _read(record)) for record in event["Records"]]
    tasks = [(record, task) for record, task in messages if isinstance(task, PushTask)]
    results = hub().push_quantities.push(task for _, task in tasks)
    failed = [(record, result) for record, task in tasks if isinstance(result := results[task.key], RetryLater)]
    failed += [
        (record, RetryLater())
        for record, message in messages
        if message is None or (isinstance(message, PushChannelMessage) and not _fan_out(message))
    ]
    for record, retry in failed:
        received = int(record["attributes"]["ApproximateReceiveCount"])
        pause = pause_seconds(received, retry.seconds, random.randint, WISH_MAX_SECONDS)
        hub().pushes_queue.retry_later(record["receiptHandle"], pause)
    logger.info("pushes", tasks=len(messages), listings=len(results), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record, _ in failed]}


def _read(record: dict[str, Any]) -> PushTask | PushChannelMessage | None:
    try:
        message = from_json(record["body"], PUSHES)
        return task_of(message) if isinstance(message, PushListingMessage) else message
    except (InvalidInput, UnknownMessage) as error:
        logger.error("unreadable message", message_id=record["messageId"], reason=str(error))
        return None


def _fan_out(message: PushChannelMessage) -> bool:
    try:
        hub().push_quantities.fan_out(message.channel, message.after, overwrite=message.overwrite)
    except Exception as error:
        why = contained(error, hub().report_error)
        logger.warning("fan-out comes again", channel=message.channel, reason=str(why))
        return False
    return True
