"""Every minute: what channels say about their orders by themselves, for webhooks that were lost."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    for channel, polled in hub().poll_channels.run().items():
        logger.info("polled", channel=channel, ended=polled.ended, found=polled.found, error=polled.error)
