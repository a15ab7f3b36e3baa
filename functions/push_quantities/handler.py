"""The pushes queue: tell channels their numbers; what could not be told comes again."""

import json
import math
import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import LastunitError
from lastunit.pushing import Retry, task_of

logger = Logger()

PAUSE_MAX_SECONDS = 900
WISH_MAX_SECONDS = 3600  # Who must wait for the next day is back long before its 50 receives are used up.


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    messages = [(record, json.loads(record["body"])) for record in event["Records"]]
    tasks = [(record, task_of(message)) for record, message in messages if "listing" in message]
    results = hub().push_quantities(task for _, task in tasks)
    failed = [(record, result) for record, task in tasks if isinstance(result := results[task.key], Retry)]
    failed += [
        (record, Retry()) for record, message in messages if "listing" not in message and not _fan_out(message)
    ]
    for record, retry in failed:
        hub().pushes_queue.retry_later(record["receiptHandle"], _pause_seconds(record, retry))
    logger.info("pushes", tasks=len(messages), listings=len(results), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record, _ in failed]}


def _fan_out(task: dict[str, Any]) -> bool:
    try:
        hub().push_quantities.fan_out(task["channel"], task["after"], overwrite=task.get("overwrite", False))
    except LastunitError as error:
        logger.warning("fan-out comes again", channel=task["channel"], reason=str(error))
        return False
    return True


def _pause_seconds(record: dict[str, Any], retry: Retry) -> int:
    """The channel's own wish; else doubling with every receipt, with full jitter."""
    if retry.seconds is not None:
        return max(1, min(WISH_MAX_SECONDS, math.ceil(retry.seconds)))
    received = int(record["attributes"]["ApproximateReceiveCount"])
    return random.randint(1, min(PAUSE_MAX_SECONDS, 2**received))  # noqa: S311 - not a secret
