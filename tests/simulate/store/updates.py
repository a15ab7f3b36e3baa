"""Update expressions, compiled once per text. What they change is copied, and the stored item never touched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.simulate.store.conditions import Values, find
from tests.simulate.store.reader import END, Path, Reader
from tests.simulate.store.refusals import Inapplicable
from tests.simulate.store.values import Item, Value, added

Operand = Callable[[Item, Values], Value]
Step = Callable[[dict[str, Value], Item, Values], None]
"""(the new item, the old one, the values of the call) → changes the new one."""

MISSING = "The provided expression refers to an attribute that does not exist in the item"
NO_WAY = "The document path provided in the update expression is invalid for update"


@dataclass(frozen=True, slots=True)
class Update:
    steps: Sequence[Step]
    roots: frozenset[str]
    """The attributes that it changes, or something inside of them."""

    def __call__(self, before: Item, values: Values) -> Item:
        after = dict(before)
        for step in self.steps:
            step(after, before, values)
        return after


def update(reader: Reader) -> Update:
    """Of the whole text."""
    changes, seen = list[tuple[Path, Step]](), set[str]()
    while reader.peek() != END:
        clause = reader.next().upper()
        if clause in seen or clause not in CLAUSES:
            raise reader.bad()
        seen.add(clause)
        changes.append(CLAUSES[clause](reader))
        while reader.has(","):
            changes.append(CLAUSES[clause](reader))
    paths = [path for path, _ in changes]
    _refuse_overlaps(reader, paths)
    return Update([step for _, step in changes], frozenset(path[0] for path in paths))


def _refuse_overlaps(reader: Reader, paths: Sequence[Path]) -> None:
    for one, other in combinations(sorted(paths, key=len), 2):
        if other[: len(one)] == one:
            raise reader.invalid(
                "Two document paths overlap with each other; must remove or rewrite one of these paths;"
            )


def _set(reader: Reader) -> tuple[Path, Step]:
    path = reader.path()
    reader.expect("=")
    content = _content(reader)
    write = _writer(path)

    def step(after: dict[str, Value], before: Item, values: Values) -> None:
        write(after, content(before, values))

    return path, step


def _remove(reader: Reader) -> tuple[Path, Step]:
    path = reader.path()
    name = path[-1]

    def step(after: dict[str, Value], before: Item, values: Values) -> None:
        _copied_map(after, path).pop(name, None)

    return path, step


def _add(reader: Reader) -> tuple[Path, Step]:
    path = reader.path()
    name, *inner = path
    value = reader.value("N")
    if inner:
        raise reader.invalid("The simulated store adds to whole attributes only;")

    def step(after: dict[str, Value], before: Item, values: Values) -> None:
        found = before.get(name)
        after[name] = values[value] if found is None else added(found, values[value], 1)

    return path, step


CLAUSES: dict[str, Callable[[Reader], tuple[Path, Step]]] = {"SET": _set, "REMOVE": _remove, "ADD": _add}


def _content(reader: Reader) -> Operand:
    first = reader.peek()
    left = _operand(reader)
    if reader.peek() not in ("+", "-"):
        return left
    sign = 1 if reader.next() == "+" else -1
    second = reader.peek()
    right = _operand(reader)
    reader.demands += [(name, frozenset("N")) for name in (first, second) if name.startswith(":")]
    return lambda item, values: added(left(item, values), right(item, values), sign)


def _operand(reader: Reader) -> Operand:
    if reader.peek().startswith(":"):
        name = reader.value()
        return lambda _, values: values[name]
    if reader.peek() == "if_not_exists":
        return _if_not_exists(reader)
    at = find(reader.path())

    def existing(item: Item, _: Values) -> Value:
        found = at(item)
        if found is None:
            raise Inapplicable(MISSING)
        return found

    return existing


def _if_not_exists(reader: Reader) -> Operand:
    reader.next()
    reader.expect("(")
    at = find(reader.path())
    reader.expect(",")
    otherwise = _operand(reader)
    reader.expect(")")

    def either(item: Item, values: Values) -> Value:
        found = at(item)
        return otherwise(item, values) if found is None else found

    return either


def _writer(path: Path) -> Callable[[dict[str, Value], Value], None]:
    name = path[-1]
    if len(path) == 1:

        def write(after: dict[str, Value], value: Value) -> None:
            after[name] = value
    else:

        def write(after: dict[str, Value], value: Value) -> None:
            _copied_map(after, path)[name] = value

    return write


def _copied_map(after: dict[str, Value], path: Path) -> dict[str, Any]:
    """The map that holds the last part of a path: copied, with all that lies around it."""
    inner: dict[str, Any] = after
    for part in path[:-1]:
        if "M" not in inner.get(part, {}):
            raise Inapplicable(NO_WAY)
        copied = dict(inner[part]["M"])
        inner[part] = {"M": copied}
        inner = copied
    return inner
