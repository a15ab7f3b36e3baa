"""What addresses name: parameters of the routes' paths."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.api.schemas import common

ChannelName = Annotated[common.Name, Path()]
ListingName = Annotated[common.ListingName, Path()]
SkuName = Annotated[common.SkuName, Path()]
PlaceName = Annotated[common.Name, Path()]
"""Of a location or a bin."""

OrderId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}:.{1,100}$")]
OutsideId = Annotated[str, Path(min_length=1, max_length=100)]
"""Of a shipment or a return."""

After = Annotated[str | None, Query(max_length=120)]
"""The `next` of the page before."""
