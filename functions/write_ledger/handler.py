"""The streams of stock and orders: every write becomes an entry of the ledger, a task or an announcement."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub, stream_events

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    recorded = hub().write_ledger.write(stream_events(event["Records"]))
    logger.info(
        "ledger",
        records=len(event["Records"]),
        entries=recorded.entries,
        tasks=recorded.tasks,
        events=recorded.events,
    )
