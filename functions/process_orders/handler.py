"""The orders queue: a batch becomes reservations; only what must come again goes back."""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.use_cases.orders.process_orders import ReceivedMessage, outcome_name, settled
from lastunit.use_cases.redelivery import pause_seconds, wish_seconds

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    records = {record["messageId"]: record for record in event["Records"]}
    answers = hub().process_orders.handle([ReceivedMessage(key, record["body"]) for key, record in records.items()])
    failed = [key for key in records if not settled(answers[key])]
    for key, answer in answers.items():
        logger.info("order", message_id=key, outcome=outcome_name(answer))
    for key in failed:
        logger.warning("order comes again", message_id=key, reason=str(answers[key]))
        received = int(records[key]["attributes"]["ApproximateReceiveCount"])
        pause = pause_seconds(received, wish_seconds(answers[key]), random.randint)
        hub().orders_queue.retry_later(records[key]["receiptHandle"], pause)
    return {"batchItemFailures": [{"itemIdentifier": key} for key in failed]}
