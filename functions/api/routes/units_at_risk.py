"""Routes of units at risk: what channels may sell and nobody has, the delay of pushes, what modes would do."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.parameters import ChannelName
from functions.api.schemas.units_at_risk import DelayOut, SimulationOut, UnitsAtRiskOut
from lastunit.bootstrap import hub
from lastunit.use_cases.listings.simulate_modes import ORDERS_MAX

router = APIGatewayHttpRouter()

DAYS_MAX = 90
DELAY_MAX_SECONDS = 86_400.0  # Once a day, as a timed overwrite.
ORDERS_USUAL = 20_000

Days = Annotated[int, Query(), Field(ge=1, le=DAYS_MAX)]
DelaySeconds = Annotated[float | None, Query(), Field(ge=0, le=DELAY_MAX_SECONDS)]
MostOrders = Annotated[int, Query(), Field(ge=1, le=ORDERS_MAX)]
MostSkus = Annotated[int, Query(), Field(ge=1, le=1000)]


@router.get("/risk")
def get_total(most: MostSkus = 50) -> UnitsAtRiskOut:
    return UnitsAtRiskOut.of(hub().show_units_at_risk.total(most))


@router.get("/channels/<channel>/delay")
def get_delay(channel: ChannelName) -> DelayOut:
    return DelayOut.of(channel, hub().show_push_delay.of(channel))


@router.get("/risk/simulation")
def get_simulation(
    days: Days = 30, delay_seconds: DelaySeconds = None, most_orders: MostOrders = ORDERS_USUAL
) -> SimulationOut:
    return SimulationOut.of(hub().simulate_modes.simulate(days, delay_seconds, most_orders))
