"""The coverage queue: overwrite one segment of a channel's listings; the last one of a run reports."""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import InvalidInput, LastunitError, UnknownMessage
from lastunit.domain.listings.full_coverage import CoverageCounts
from lastunit.use_cases.listings.cover_listings import CoverageSoFar
from lastunit.use_cases.messages import COVERAGE, CoverSegmentMessage, from_json
from lastunit.use_cases.redelivery import pause_seconds, wish_seconds
from lastunit.use_cases.unexpected import contained

logger = Logger()

PATIENCE_MAX = 50  # Attempts at a throttled segment, fewer than the queue allows: it never becomes a dead letter.


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failed = [record for record in event["Records"] if not _is_covered(record)]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _is_covered(record: dict[str, Any]) -> bool:
    received = int(record["attributes"]["ApproximateReceiveCount"])
    try:
        message = from_json(record["body"], COVERAGE)
    except (InvalidInput, UnknownMessage) as error:
        logger.error("unreadable message", message_id=record["messageId"], reason=str(error))
        _retry_later(record, received, error)
        return False
    try:
        covered = hub().cover_listings.cover(
            message.channel, message.run, message.after, patient=received < PATIENCE_MAX
        )
    except Exception as error:
        why = contained(error, hub().report_error)
        logger.warning(
            "segment comes again", channel=message.channel, run=message.run, after=message.after, reason=str(why)
        )
        _retry_later(record, received, why)
        return False
    _log_progress(message, covered)
    return True


def _retry_later(record: dict[str, Any], received: int, error: LastunitError) -> None:
    pause = pause_seconds(received, wish_seconds(error), random.randint)
    hub().coverage_queue.retry_later(record["receiptHandle"], pause)


def _log_progress(message: CoverSegmentMessage, covered: CoverageSoFar) -> None:
    speed = round(covered.listings_per_second, 1)
    logger.info(
        "segment",
        channel=message.channel,
        run=message.run,
        after=message.after,
        **_counts(covered.counts),
        listings_per_second=speed,
    )
    if report := covered.report:
        logger.info(
            "full coverage finished",
            channel=message.channel,
            run=message.run,
            segments=report.segments,
            seconds=report.seconds,
            **_counts(report.counts),
        )


def _counts(counts: CoverageCounts) -> dict[str, Any]:
    return {
        "listings": counts.listings,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "skipped": counts.skipped,
        "failed": counts.failed,
    }
