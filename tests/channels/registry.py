"""The simulated marketplace of each kind of channel: SIMULATOR in `tests/channels/<kind>/simulator.py`.

Nothing of the layer is imported: the demo and the soak run beside the hub, as marketplaces do.
"""

import importlib
from pathlib import Path
from typing import Any

from tests.channels.marketplace import Marketplace

SIMULATED = tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/simulator.py")))
"""The kinds that have a simulator; a test holds them to those that the hub knows."""


def simulator(kind: str) -> type[Any]:
    """A subclass of Marketplace, which has the actions that its kind knows."""
    found: type[Any] = importlib.import_module(f"tests.channels.{kind}.simulator").SIMULATOR
    return found


def kind_of(market: Marketplace) -> str:
    return next(kind for kind in SIMULATED if type(market) is simulator(kind))
