"""Units at risk, the delay of pushes, and what each mode would have done."""

from functions.api.schemas.common import Answer, DateTime
from lastunit.domain.channel import Mode
from lastunit.domain.listings.mode_simulation import IGNORED, Replayed
from lastunit.domain.listings.units_at_risk import AtRisk, TotalRisk
from lastunit.use_cases.listings.show_push_delay import Delay
from lastunit.use_cases.listings.simulate_modes import Simulation


class SkuAtRiskOut(Answer):
    """A SKU of which channels may sell so many `units` beyond what there is."""

    sku: str
    units: int
    since: DateTime

    @classmethod
    def of(cls, row: AtRisk) -> "SkuAtRiskOut":
        return cls(sku=row.sku, units=row.units, since=row.at)


class UnitsAtRiskOut(Answer):
    """`units` at risk in all, the number of `skus`, and those with `most` of them."""

    units: int
    skus: int
    most: list[SkuAtRiskOut]

    @classmethod
    def of(cls, found: TotalRisk) -> "UnitsAtRiskOut":
        return cls(units=found.units, skus=found.skus, most=[SkuAtRiskOut.of(row) for row in found.most])


class DelayOut(Answer):
    """From a change of stock to its acknowledgement, over the pushes of the last `days`; null without a push."""

    channel: str
    days: int
    pushes: int
    median_seconds: int | None
    percentile_95_seconds: int | None

    @classmethod
    def of(cls, channel: str, delay: Delay) -> "DelayOut":
        return cls(
            channel=channel,
            days=delay.days,
            pushes=delay.pushes,
            median_seconds=delay.median_seconds,
            percentile_95_seconds=delay.percentile_95_seconds,
        )


class SimulatedModeOut(Answer):
    """Orders `accepted` under the mode, and those of them that `lacked` a unit; orders turned away although units
    lay elsewhere (`lost`), or because there were none (`sold_out`)."""

    accepted: int
    lacked: int
    lost: int
    sold_out: int

    @classmethod
    def of(cls, count: Replayed) -> "SimulatedModeOut":
        return cls(accepted=count.accepted, lacked=count.lacked, lost=count.lost, sold_out=count.sold_out)


class SimulationOut(Answer):
    """Past orders sold once more under each mode. `note`: what to do when not all were read (`complete` false)."""

    days: int
    delay_seconds: float
    orders: int
    complete: bool
    note: str | None
    modes: dict[Mode, SimulatedModeOut]
    ignored: list[str]

    @classmethod
    def of(cls, found: Simulation) -> "SimulationOut":
        return cls(
            days=found.days,
            delay_seconds=found.delay_seconds,
            orders=found.orders,
            complete=found.complete,
            note=None if found.complete else _cut(found),
            modes={mode: SimulatedModeOut.of(count) for mode, count in found.modes.items()},
            ignored=list(IGNORED),
        )


def _cut(found: Simulation) -> str:
    return (
        f"only {found.orders} orders of these {found.days} days were read, chosen by chance: in truth more would "
        "have lacked a unit; ask for fewer days, or raise most_orders"
    )
