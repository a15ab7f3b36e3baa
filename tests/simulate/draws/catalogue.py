"""Every draw. Each has random numbers of its own, so that a new one changes no plan that was drawn before."""

from tests.simulate.draws.accepted_on_hand import ACCEPTED_ON_HAND
from tests.simulate.draws.covered_lines_held import COVERED_LINES_HELD
from tests.simulate.draws.drawn import Draw
from tests.simulate.draws.lines_without_stock import LINES_WITHOUT_STOCK
from tests.simulate.draws.odd_orders import ODD_ORDERS
from tests.simulate.draws.parcels import LABEL_VOIDED, REPORTED_TWICE
from tests.simulate.draws.undone_cancels import UNDONE_CANCELS

DRAWS: tuple[Draw, ...] = (
    ODD_ORDERS,
    REPORTED_TWICE,
    LABEL_VOIDED,
    UNDONE_CANCELS,
    LINES_WITHOUT_STOCK,
    ACCEPTED_ON_HAND,
    COVERED_LINES_HELD,
)
"""New ones are added at the end: the numbers of their intents follow from their place."""

BY_NAME = {draw.name: draw for draw in DRAWS}
