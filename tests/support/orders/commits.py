"""Orders and groups to commit, without deciding anything first."""

from collections.abc import Callable
from typing import Any

import pytest

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import CommitGroup, CommitRefused, commit_group
from lastunit.domain.orders.order import Allocation, Line, Order
from lastunit.domain.orders.states import State

SHIRT: LevelKey = LevelKey("shirt", "M")


def order(number: str = "1", units: int = 2, sku: str = "shirt", location: str = "M", **fields: Any) -> Order:
    line = Line(line_id="1", names=(sku,), quantity=units, listing=sku, sku=sku, parts={sku: 1})
    held = (Allocation(line_id="1", sku=sku, location=location, quantity=units, rule="R2"),)
    return Order(
        channel="web",
        external_id=number,
        state=State.RESERVED,
        revision="1",
        fingerprints=("f",),
        lines=(line,),
        allocations=held,
        **fields,
    )


def new(*orders: Order) -> CommitGroup:
    return commit_group([OrderChange(before=None, after=one) for one in orders])


def step(before: Order, after: Order) -> CommitGroup:
    return commit_group([OrderChange(before=before, after=after)])


def refused(act: Callable[[], None]) -> CommitRefused:
    with pytest.raises(CommitRefused) as caught:
        act()
    return caught.value
