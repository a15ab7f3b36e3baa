"""The orders queue: a batch becomes reservations; only what must come again goes back."""

import math
import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import Throttled
from lastunit.process import Answer, Message, outcome_name, settled

logger = Logger()

PAUSE_MAX_SECONDS = 900


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    records = {record["messageId"]: record for record in event["Records"]}
    answers = hub().process_orders([Message(key, record["body"]) for key, record in records.items()])
    failed = [key for key in records if not settled(answers[key])]
    for key, answer in answers.items():
        logger.info("order", message_id=key, outcome=outcome_name(answer))
    for key in failed:
        logger.warning("order comes again", message_id=key, reason=str(answers[key]))
        hub().orders_queue.retry_later(records[key]["receiptHandle"], _pause_seconds(records[key], answers[key]))
    return {"batchItemFailures": [{"itemIdentifier": key} for key in failed]}


def _pause_seconds(record: dict[str, Any], answer: Answer) -> int:
    """The channel's own wish; else doubling with every receipt, with full jitter, so that no stampede follows."""
    if isinstance(answer, Throttled):
        return max(1, min(PAUSE_MAX_SECONDS, math.ceil(answer.retry_after_seconds)))
    received = int(record["attributes"]["ApproximateReceiveCount"])
    return random.randint(1, min(PAUSE_MAX_SECONDS, 2**received))  # noqa: S311 - not a secret
