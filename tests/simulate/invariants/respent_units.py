"""Promises 6 and 7 at every push: what channels show and what they have sold is never more than there is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tests.simulate.invariants.checks import Violation
from tests.simulate.model import Facts
from tests.simulate.shop_world import Sale

if TYPE_CHECKING:
    from tests.simulate.history import History


def check_respent_units(history: "History", facts: Facts) -> None:
    """To be asked whenever the hub has told a channel something. Raises Violation."""
    left = +history.watch.on_hand
    for sale in _binding(history, facts):
        left.subtract(facts.parts(_leaving(sale)))
        left.update(history.watch.gone.get(sale.order_id, {}))
    for sale in history.push_invariant.uncounted():
        left.update(facts.parts(sale.lines))
    if not history.is_escrow:
        left.update(_put_back_twice(history, facts))
    shown = Counter[str]()
    for market in history.shop_world.markets.values():
        shown.update(facts.parts(market.shelves))
    for sku, units in left.items():
        kept = history.scenario.buffer if shown[sku] else 0
        if units - shown[sku] < kept:
            text = f"{shown[sku]} are shown and {units} are not sold, {kept} of them to be kept"
            raise Violation("7" if history.is_escrow else "6", f"{sku}: {text}")


def _binding(history: "History", facts: Facts) -> Iterable[Sale]:
    """Those whose units must not be shown again.

    Outside escrow the number is a share of what is available (docs/design.md section 7). A request takes nothing
    from that until it is decided. An order that is told before the cancel whose unit it bought is such a request:
    its unit is shown again, which escrow forbids and the others are not promised. Once a request, always left out:
    a number that was computed before it was granted its units may be told after that.
    """
    if history.is_escrow:
        return facts.sales
    return [sale for sale in facts.sales if sale.order_id not in history.watch.asked]


def _put_back_twice(history: "History", facts: Facts) -> Counter[str]:
    """Units that requests asked for and their channels put back.

    They may have been told again before that, as `_binding` says, and then the channel adds its own to them: until
    the hub has imported that and told the number anew, one unit is shown twice. Forgiven for good, since sales that
    are not imported yet hide behind such units, and a number computed before the import may be told after it.
    """
    asked, units = history.watch.asked, Counter[str]()
    for sale in facts.sales:
        units += asked.get(sale.order_id, Counter()) - facts.parts(_leaving(sale))
    return units


def _leaving(sale: Sale) -> Mapping[str, int]:
    """What has left or is to leave."""
    return sale.left if sale.cancelled else sale.lines
