"""The stock table's stream: who must be told?"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub, stream_events

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    pushes = hub().track_stock.track(stream_events(event["Records"]))
    logger.info("stock changed", records=len(event["Records"]), pushes=pushes)
