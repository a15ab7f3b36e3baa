"""Every minute: channels whose hour has come, or for which a person asked, are overwritten from now on."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub
from lastunit.domain.errors import LastunitError

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    for channel, begun in hub().run_full_coverage.run().items():
        if isinstance(begun, LastunitError):
            logger.warning("full coverage comes again", channel=channel, reason=str(begun))
            continue
        for run in begun:
            logger.info("full coverage begun", channel=channel, run=run.slot, polled=run.polled)
