"""Promises 6 and 7 at every push: what channels show and what they have sold is never more than there is."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.simulate.checks import Violation
from tests.simulate.model import Facts
from tests.simulate.town import Sale

if TYPE_CHECKING:
    from tests.simulate.history import History


def check_spare(history: "History", facts: Facts) -> None:
    """To be asked whenever the hub has told a channel something. Raises Violation."""
    left = +history.watch.on_hand
    for sale in facts.sales:
        left.subtract(facts.parts(_leaving(sale)))
        left.update(history.watch.gone.get(sale.order_id, {}))
    shown = Counter[str]()
    for market in history.town.markets.values():
        shown.update(facts.parts(market.shelves))
    for sku, units in left.items():
        kept = history.shape.buffer if shown[sku] else 0
        if units - shown[sku] < kept:
            text = f"{shown[sku]} are shown and {units} are not sold, {kept} of them to be kept"
            raise Violation("7" if history.is_escrow else "6", f"{sku}: {text}")


def _leaving(sale: Sale) -> Mapping[str, int]:
    """What has left or is to leave."""
    return sale.left if sale.cancelled else sale.lines
