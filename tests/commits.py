"""Orders and groups to commit, without deciding anything first."""

from collections.abc import Callable
from typing import Any

import pytest

from lastunit.domain.commits import CommitRefused
from lastunit.domain.groups import Group, group
from lastunit.domain.levels import LevelKey
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Change, Line, Order

SHIRT: LevelKey = ("shirt", "M")


def order(number: str = "1", units: int = 2, sku: str = "shirt", location: str = "M", **fields: Any) -> Order:
    line = Line("1", (sku,), units, sku, sku, {sku: 1})
    held = (Allocation("1", sku, location, units, "R2"),)
    return Order("web", number, State.RESERVED, "1", ("f",), (line,), held, **fields)


def new(*orders: Order) -> Group:
    return group([Change(None, one) for one in orders])


def step(before: Order, after: Order) -> Group:
    return group([Change(before, after)])


def refused(act: Callable[[], None]) -> CommitRefused:
    with pytest.raises(CommitRefused) as caught:
        act()
    return caught.value
