"""A channel is switched to hold the lines that stock covers while the rest of a request is decided, or back."""

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from lastunit.container import Hub
from tests.simulate.draws.drawn import Draw

if TYPE_CHECKING:
    from tests.simulate.actions import Actions
    from tests.simulate.plan import Intent


def switch(actions: "Actions", intent: "Intent", rng: random.Random) -> bool:
    holds = rng.random() < 0.8

    def save(hub: Hub) -> None:
        stored = hub.settings.channel(intent.channel)
        assert stored is not None
        hub.configure_channel.put_channel(replace(stored, holds_covered_lines=holds))

    actions.shop_world.ask(save)
    return holds


COVERED_LINES_HELD = Draw("hold_covered_lines", switch, chance=0.4)
