"""Every hour all channels are asked for, and segment by segment of the reconcile queue read back."""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import InvalidInput, UnknownMessage
from lastunit.use_cases.messages import RECONCILE, from_json
from lastunit.use_cases.redelivery import pause_seconds, wish_seconds
from lastunit.use_cases.unexpected import contained

logger = Logger()

PAUSE_SECONDS = 60


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "Records" not in event:
        hub().reconcile_listings.start()
    failed = [record for record in event.get("Records", ()) if not _is_read(record)]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _is_read(record: dict[str, Any]) -> bool:
    try:
        message = from_json(record["body"], RECONCILE)
    except (InvalidInput, UnknownMessage) as error:
        logger.error("unreadable message", message_id=record["messageId"], reason=str(error))
        _retry_later(record, None)
        return False
    try:
        found = hub().reconcile_listings.read_back(message.channel, message.after)
    except Exception as error:
        why = contained(error, hub().report_error)
        logger.warning("segment comes again", channel=message.channel, after=message.after, reason=str(why))
        wish = wish_seconds(why)
        _retry_later(record, PAUSE_SECONDS if wish is None else wish)
        return False
    logger.info(
        "read back", channel=message.channel, after=message.after, listings=found.read, drifts=len(found.drifts)
    )
    for drift in found.drifts:
        logger.warning("drift", channel=drift.key.channel, listing=drift.key.name, kind=drift.kind.value)
    return True


def _retry_later(record: dict[str, Any], wish: float | None) -> None:
    received = int(record["attributes"]["ApproximateReceiveCount"])
    hub().reconcile_queue.retry_later(record["receiptHandle"], pause_seconds(received, wish, random.randint))
