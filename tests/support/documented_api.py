"""The JSON API as docs/api.md documents it: which route answers in which shape, and the keys of every shape."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
ROUTE = re.compile(r"`([A-Z]+) (/\S*)`")
SHAPE_ROW = re.compile(r"\| (\w+) \| ((?:all of|`).*?) \| [^|]+ \|")
KEY = re.compile(r"`(\w+)`(\??)(?:: (list of )?(\w+)( by [^,|]+)?)?")


@dataclass(frozen=True, slots=True)
class Documented:
    """What a route answers: one of these shapes, or a list of them."""

    shapes: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a shape. `shape`: that of its value; `holds_many`: of each value in its list, or object by name."""

    may_be_null: bool
    shape: str | None
    holds_many: bool = False


@cache
def routes() -> Mapping[tuple[str, str], Documented]:
    """(method, path) → what is answered, such as `("GET", "/skus/{sku}")`."""
    found = dict[tuple[str, str], Documented]()
    for line in _lines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if match := ROUTE.fullmatch(cells[0]):
            found[match[1], match[2]] = _documented(cells[2])
    return found


@cache
def shapes() -> Mapping[str, Mapping[str, Key]]:
    found = dict[str, dict[str, Key]]()
    for line in _lines():
        if match := SHAPE_ROW.fullmatch(line):
            found[match[1]] = dict(_keys(match[2], found))
    return found


def problems(method: str, path: str, body: Any) -> Sequence[str]:
    """How an answer that succeeded differs from its documentation."""
    route = route_of(method, path)
    if route is None:
        return [f"{method} {path} is not documented"]
    documented = routes()[route]
    answers = body if documented.is_list else [body]
    return [problem for one in answers for problem in _differences(one, documented.shapes, path)]


def route_of(method: str, path: str) -> tuple[str, str] | None:
    """The documented route that a request meets."""
    return next((route for route in routes() if route[0] == method and _pattern(route[1]).fullmatch(path)), None)


def _lines() -> Iterator[str]:
    return (line for line in DOCS.read_text().splitlines() if line.startswith("| "))


def _documented(cell: str) -> Documented:
    named = re.match(r"(?:\d+ )?(list of )?([A-Z]\w+(?:, [A-Z]\w+)*(?: or [A-Z]\w+)?)", cell)
    assert named, cell
    return Documented(tuple(re.split(", | or ", named[2])), bool(named[1]))


def _keys(cell: str, known: Mapping[str, Mapping[str, Key]]) -> Iterator[tuple[str, Key]]:
    if extended := re.match(r"all of (\w+)", cell):
        yield from known[extended[1]].items()
    for match in KEY.finditer(cell):
        yield match[1], Key(bool(match[2]), match[4], bool(match[3] or match[5]))


def _pattern(path: str) -> re.Pattern[str]:
    """Each parameter is one part of the address."""
    return re.compile("/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")))


def _differences(value: Any, names: Sequence[str], place: str) -> Iterator[str]:
    """A value is of one of these shapes when it has exactly its keys."""
    fitting = [name for name in names if isinstance(value, dict) and value.keys() == shapes()[name].keys()]
    if not fitting:
        yield f"{place}: {value} has not the keys of {' or '.join(names)}"
        return
    for name, key in shapes()[fitting[0]].items():
        content = value[name]
        if content is None:
            if not key.may_be_null:
                yield f"{place}.{name} is null"
        elif key.shape:
            inner = _values(content) if key.holds_many else [content]
            yield from (problem for one in inner for problem in _differences(one, (key.shape,), f"{place}.{name}"))


def _values(content: Any) -> Sequence[Any]:
    return content if isinstance(content, list) else list(content.values())
