"""Every minute: channels whose hour has come, or for which a person asked, are overwritten from now on."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    for run in hub().run_full_coverage.run():
        logger.info("full coverage begun", channel=run.channel, run=run.slot, polled=run.polled)
