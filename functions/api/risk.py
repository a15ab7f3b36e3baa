"""Routes of risk: units that channels may sell and nobody has, how late channels are told, what modes would do."""

from dataclasses import asdict
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from functions.api.models import Name
from lastunit.bootstrap import hub
from lastunit.domain.replay import IGNORED
from lastunit.risk import ORDERS_MAX, Simulation

router = APIGatewayHttpRouter()

DAYS_MAX = 90
DELAY_MAX_SECONDS = 86_400.0  # Once a day, as a timed overwrite.
ORDERS_USUAL = 20_000

Days = Annotated[int, Query(), Field(ge=1, le=DAYS_MAX)]
DelaySeconds = Annotated[float | None, Query(), Field(ge=0, le=DELAY_MAX_SECONDS)]
MostOrders = Annotated[int, Query(), Field(ge=1, le=ORDERS_MAX)]


@router.get("/risk")
def get_total(most: Annotated[int, Query(), Field(ge=1, le=1000)] = 50) -> dict[str, Any]:
    found = hub().show_risk.total(most)
    return {"units": found.units, "skus": found.skus, "most": [asdict(row) for row in found.most]}


@router.get("/channels/<channel>/delay")
def get_delay(channel: Annotated[Name, Path()]) -> dict[str, Any]:
    return {"channel": channel} | asdict(hub().show_delay.of(channel))


@router.get("/risk/simulation")
def get_simulation(
    days: Days = 30, delay_seconds: DelaySeconds = None, most_orders: MostOrders = ORDERS_USUAL
) -> dict[str, Any]:
    return _simulation(hub().simulate(days, delay_seconds, most_orders))


def _simulation(found: Simulation) -> dict[str, Any]:
    return {
        "days": found.days,
        "delay_seconds": found.delay_seconds,
        "orders": found.orders,
        "complete": found.complete,
        "note": None if found.complete else _cut(found),
        "modes": {mode.value: asdict(count) for mode, count in found.modes.items()},
        "ignored": IGNORED,
    }


def _cut(found: Simulation) -> str:
    return (
        f"only {found.orders} orders of these {found.days} days were read, chosen by chance: in truth more would "
        "have lacked a unit; ask for fewer days, or raise most_orders"
    )
