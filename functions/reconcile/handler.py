"""Every hour all channels are asked for, and segment by segment of the reconcile queue read back."""

import json
import math
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import LastunitError, Throttled

logger = Logger()

PAUSE_SECONDS = 60
PAUSE_MAX_SECONDS = 900


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "Records" not in event:
        hub().reconcile.start()
    failed = [record for record in event.get("Records", ()) if not _is_read(record)]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _is_read(record: dict[str, Any]) -> bool:
    segment = json.loads(record["body"])
    try:
        found = hub().reconcile(segment["channel"], segment["after"])
    except LastunitError as error:
        logger.warning("segment comes again", **segment, reason=str(error))
        hub().reconcile_queue.retry_later(record["receiptHandle"], _pause_seconds(error))
        return False
    logger.info("read back", **segment, listings=found.read, drifts=len(found.drifts))
    for drift in found.drifts:
        logger.warning("drift", channel=drift.key[1], listing=drift.key[2], kind=drift.kind.value)
    return True


def _pause_seconds(error: LastunitError) -> int:
    wanted = error.retry_after_seconds if isinstance(error, Throttled) else PAUSE_SECONDS
    return max(1, min(PAUSE_MAX_SECONDS, math.ceil(wanted)))
