"""The expressions of a call together: compiled once per text, and the names and values that they use checked."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.simulate.store.conditions import Test, Values, condition, in_order
from tests.simulate.store.keys import Clause, key_condition
from tests.simulate.store.reader import Reader
from tests.simulate.store.refusals import invalid
from tests.simulate.store.updates import Update, update
from tests.simulate.store.values import stored

COMPILED_MAX = 20_000
NO_VALUES: Values = {}


def _projection(reader: Reader) -> list[str]:
    paths = [reader.path()]
    while reader.has(","):
        paths.append(reader.path())
    reader.done()
    if any(inner for _, *inner in paths):
        raise reader.invalid("The simulated store projects whole attributes only;")
    return [name for name, *_ in paths]


CONDITION, FILTER, UPDATE = "ConditionExpression", "FilterExpression", "UpdateExpression"
KEYS, PROJECTION = "KeyConditionExpression", "ProjectionExpression"
COMPILERS: Mapping[str, Any] = {
    CONDITION: condition,
    FILTER: condition,
    UPDATE: update,
    KEYS: key_condition,
    PROJECTION: _projection,
}


@dataclass(frozen=True, slots=True)
class Statement:
    condition: Test | None
    filter: Test | None
    update: Update | None
    keys: Sequence[Clause]
    projection: Sequence[str] | None
    filtered: frozenset[str]
    """Attributes that the filter looks at."""
    values: frozenset[str]
    demands: frozenset[tuple[str, frozenset[str]]]
    """Values, and the types that each may have."""
    spans: Sequence[tuple[str, str]]
    """Pairs of values of which the second may not be the smaller."""

    def bind(self, parameters: Mapping[str, Any]) -> Values:
        """The values of one call. Each that is used must be there, and each that is there be used."""
        given = parameters.get("ExpressionAttributeValues")
        if given is None:
            given = NO_VALUES
        elif not given:
            raise invalid("ExpressionAttributeValues must not be empty")
        if given.keys() != self.values:
            odd = sorted(given.keys() ^ self.values)
            raise invalid(f"Values are not defined, or not used in expressions: {odd}")
        values, _ = stored(given)
        for name, kinds in self.demands:
            if kinds.isdisjoint(values[name]):
                raise invalid(f"Incorrect operand type for operator or function: {name}")
        for lowest, highest in self.spans:
            if not in_order(values[lowest], values[highest], operator.le):
                raise invalid(
                    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
                )
        return values


def statement(parameters: Mapping[str, Any]) -> Statement:
    get, names = parameters.get, parameters.get("ExpressionAttributeNames")
    if names is not None and not names:
        raise invalid("ExpressionAttributeNames must not be empty")
    texts = (get(CONDITION), get(FILTER), get(UPDATE), get(KEYS), get(PROJECTION))
    return _compiled(texts, tuple(names.items()) if names else ())


@lru_cache(COMPILED_MAX)
def _compiled(texts: tuple[str | None, ...], names: tuple[tuple[str, str], ...]) -> Statement:
    given = dict(names)
    wanted = {kind: text for kind, text in zip(COMPILERS, texts, strict=True) if text is not None}
    readers = {kind: Reader(kind, text, given) for kind, text in wanted.items()}
    compiled = {kind: COMPILERS[kind](reader) for kind, reader in readers.items()}
    used = set[str]().union(*(reader.names for reader in readers.values()))
    if used != given.keys():
        raise invalid(f"Value provided in ExpressionAttributeNames unused in expressions: {given.keys() - used}")
    return Statement(
        compiled.get(CONDITION),
        compiled.get(FILTER),
        compiled.get(UPDATE),
        compiled.get(KEYS, ()),
        compiled.get(PROJECTION),
        frozenset(readers[FILTER].roots if FILTER in readers else ()),
        frozenset[str]().union(*(reader.values for reader in readers.values())),
        frozenset(demand for reader in readers.values() for demand in reader.demands),
        [span for reader in readers.values() for span in reader.spans],
    )
