"""The coverage queue: overwrite one segment of a channel's listings; the last one of a run reports."""

import json
import math
import random
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.cover import Covered
from lastunit.domain.errors import LastunitError, Throttled

logger = Logger()

PAUSE_MAX_SECONDS = 900
PATIENCE_MAX = 50  # Attempts at a throttled segment, fewer than the queue allows: it never becomes a dead letter.


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failed = [record for record in event["Records"] if not _is_covered(record)]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _is_covered(record: dict[str, Any]) -> bool:
    task = json.loads(record["body"])
    try:
        covered = hub().cover_listings(
            task["channel"], task["run"], task["after"], patient=_received(record) < PATIENCE_MAX
        )
    except LastunitError as error:
        logger.warning("segment comes again", **task, reason=str(error))
        hub().coverage_queue.retry_later(record["receiptHandle"], _pause_seconds(record, error))
        return False
    _tell(task, covered)
    return True


def _tell(task: dict[str, Any], covered: Covered) -> None:
    speed = round(covered.listings_per_second, 1)
    logger.info("segment", **task, **asdict(covered.tally), listings_per_second=speed)
    if report := covered.report:
        run = {"channel": task["channel"], "run": task["run"], "segments": report.segments}
        logger.info("full coverage finished", **run, seconds=report.seconds, **asdict(report.tally))


def _pause_seconds(record: dict[str, Any], error: LastunitError) -> int:
    """The channel's own wish; else doubling with every receipt, with full jitter."""
    if isinstance(error, Throttled):
        return max(1, min(PAUSE_MAX_SECONDS, math.ceil(error.retry_after_seconds)))
    return random.randint(1, min(PAUSE_MAX_SECONDS, 2 ** _received(record)))  # noqa: S311 - not a secret


def _received(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
