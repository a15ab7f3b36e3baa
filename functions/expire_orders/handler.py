"""Every minute: orders whose time to decide or to pay is up, or nearly so, and those that wait for units."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lastunit.bootstrap import hub

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    logger.info("deadlines", orders=hub().expire_orders.run())
    logger.info("offers", skus=hub().offer_stock.run())
