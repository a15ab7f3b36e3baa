"""Key conditions: which rows of one partition a query reads."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from tests.simulate.store.reader import Reader
from tests.simulate.store.refusals import invalid

Entry = tuple[str, str, str]
"""A row's place in its partition: sort key, then the keys of the table that tell rows of an index apart."""

Span = tuple[int, int]

CLAUSES_MAX = 2
SIGNS = frozenset({"=", "<", "<=", ">", ">="})
sort_key = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Clause:
    name: str
    sign: str
    values: tuple[str, ...]


def key_condition(reader: Reader) -> list[Clause]:
    clauses = [_clause(reader)]
    while reader.has("AND"):
        clauses.append(_clause(reader))
    reader.done()
    return clauses


def split(clauses: Sequence[Clause], hash_name: str, range_name: str) -> tuple[Clause, Clause | None]:
    """The clause of the partition key, and that of the sort key."""
    by_name = {clause.name: clause for clause in clauses}
    ours, theirs = by_name.pop(hash_name, None), by_name.pop(range_name, None)
    if by_name or len(clauses) > CLAUSES_MAX:
        raise invalid("Query key condition not supported")
    if ours is None or ours.sign != "=":
        raise invalid(f"Query condition missed key schema element: {hash_name}")
    return ours, theirs


def span(entries: Sequence[Entry], sign: str, values: Sequence[str]) -> Span:
    """Where the rows lie that a sort key's clause chooses."""
    return SPANS[sign](entries, *values)


def _clause(reader: Reader) -> Clause:
    if reader.peek() == "begins_with":
        return _begins_with(reader)
    name = _key_name(reader)
    sign = reader.next().upper()
    if sign == "BETWEEN":
        lowest = reader.value("S")
        reader.expect("AND")
        highest = reader.value("S")
        reader.spans.append((lowest, highest))
        return Clause(name, sign, (lowest, highest))
    if sign not in SIGNS:
        raise reader.bad()
    return Clause(name, sign, (reader.value("S"),))


def _begins_with(reader: Reader) -> Clause:
    sign = reader.next()
    reader.expect("(")
    name = _key_name(reader)
    reader.expect(",")
    value = reader.value("S")
    reader.expect(")")
    return Clause(name, sign, (value,))


def _key_name(reader: Reader) -> str:
    name, *inner = reader.path()
    if inner:
        raise reader.invalid("KeyConditionExpressions cannot have conditions on nested attributes")
    return name


def _first(entries: Sequence[Entry], value: str) -> int:
    return bisect_left(entries, value, key=sort_key)


def _after(entries: Sequence[Entry], value: str) -> int:
    return bisect_right(entries, value, key=sort_key)


def _beginning(entries: Sequence[Entry], prefix: str) -> Span:
    first = _first(entries, prefix)
    return first, bisect_left(entries, True, first, key=lambda entry: not entry[0].startswith(prefix))


SPANS: dict[str, Callable[..., Span]] = {
    "=": lambda entries, value: (_first(entries, value), _after(entries, value)),
    "<": lambda entries, value: (0, _first(entries, value)),
    "<=": lambda entries, value: (0, _after(entries, value)),
    ">": lambda entries, value: (_after(entries, value), len(entries)),
    ">=": lambda entries, value: (_first(entries, value), len(entries)),
    "BETWEEN": lambda entries, low, high: (_first(entries, low), _after(entries, high)),
    "begins_with": _beginning,
}
