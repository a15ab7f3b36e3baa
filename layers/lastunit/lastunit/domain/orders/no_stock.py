"""Lines that need no stock: tips, gift cards, fees, services. Nothing is reserved, booked or returned for them.

Who says so, the first that says anything: a name of ours (a tracked SKU is goods, an untracked one is not), the
names that the channel's settings list, the channel itself.
"""

import re
from collections.abc import Iterable
from functools import cache

from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.order import Line, Order


def needs_no_stock(names: Iterable[str], context: DecisionContext, *, stated: bool = False) -> bool:
    """Does a line with these names need none? `stated`: its channel says so."""
    known = tuple(names)
    alias = next((context.names[name] for name in known if name in context.names), None)
    if alias is not None:
        return not context.items[alias.sku].tracked
    return stated or is_listed(known, context.channel.no_stock_names)


def is_listed(names: Iterable[str], patterns: tuple[str, ...]) -> bool:
    """Does one of the names fit one of the patterns, in capitals or not?"""
    form = _form(patterns)
    return bool(patterns) and any(form.fullmatch(name) for name in names)


def takes_no_part(order: Order, line_id: str | None, names: Iterable[str], context: DecisionContext) -> bool:
    """A parcel's line for which nothing leaves stock: the order's own such line, or a name that stands for none."""
    line = next((one for one in order.lines if one.line_id == line_id), None)
    if line is not None:
        return line.no_stock
    known = set(names)
    named = [one for one in order.lines if known & set(one.names)]
    if named:
        return all(one.no_stock for one in named)
    return needs_no_stock(known, context)


def goods(order: Order) -> tuple[Line, ...]:
    """The lines that need stock."""
    return tuple(line for line in order.lines if not line.no_stock)


@cache
def _form(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Of a pattern only `*` means something: any text."""
    texts = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    return re.compile("|".join(f"(?:{text})" for text in texts), re.IGNORECASE | re.DOTALL)
