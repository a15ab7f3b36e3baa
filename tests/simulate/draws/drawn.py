"""A draw: something that real shops do, and that the plan of a history does not have by itself."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulate.scenario import Scenario

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent


@dataclass(frozen=True, slots=True)
class Draw:
    """`do` answers whether it came to something. `share`: how often, per order of a history that has the draw.

    `chance`: of a history to have it. `fits`: the shops it can happen in. `keeps`: it may happen in shops whose
    channels keep to their numbers (`Scenario.is_kept`), for it breaks nothing that is checked there.
    """

    name: str
    do: "Callable[[Actions, Intent, random.Random], bool]"
    share: float = 0.3
    chance: float = 0.15
    fits: Callable[[Scenario], bool] = lambda scenario: True
    keeps: bool = False
