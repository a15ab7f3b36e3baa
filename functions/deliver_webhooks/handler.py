"""The webhooks queue: announcements go out to the merchant's own addresses; what was not taken comes again."""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.use_cases.events.deliver_webhooks import failed
from lastunit.use_cases.redelivery import webhook_pause_seconds

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    records = {record["messageId"]: record for record in event["Records"]}
    results = hub().deliver_webhooks.handle({key: record["body"] for key, record in records.items()})
    for key, result in results.items():
        log = logger.error if result.why == "unreadable" else logger.info
        log("webhook", message_id=key, webhook=result.webhook, outcome=result.why)
    again = failed(results)
    for key, result in again:
        received = int(records[key]["attributes"]["ApproximateReceiveCount"])
        pause = webhook_pause_seconds(received, result.seconds, random.random)
        hub().webhooks_queue.retry_later(records[key]["receiptHandle"], pause)
    return {"batchItemFailures": [{"itemIdentifier": key} for key, _ in again]}
