"""Rows as they lie in the tables, read without any code of the layer: whoever checks it must not believe it."""

from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]


def plain(item: Mapping[str, Any]) -> Row:
    return {name: _value(typed) for name, typed in item.items()}


def number(item: Mapping[str, Any] | None, name: str) -> int:
    return int(item[name]["N"]) if item and name in item else 0


def rows(items: Iterable[Mapping[str, Any]], beginning: str) -> list[Row]:
    """Those whose sort key begins so."""
    return [plain(item) for item in items if item["sk"]["S"].startswith(beginning)]


def _value(typed: Mapping[str, Any]) -> Any:
    ((kind, content),) = typed.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return plain(content)
    return [_value(one) for one in content] if kind == "L" else content
