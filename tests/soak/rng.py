"""Dice for everybody, from one seed."""

import random


def seeded_rng(seed: int, name: str) -> random.Random:
    """Whoever has dice of its own throws the same numbers, whatever the others do meanwhile."""
    return random.Random(f"{seed} {name}")  # noqa: S311 - repeatable choices, not secrets
