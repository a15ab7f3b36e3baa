"""Conditions and filters, compiled once per text."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulate.store.reader import Path, Reader
from tests.simulate.store.refusals import invalid
from tests.simulate.store.values import Item, Value, number

Values = Mapping[str, Value]
Test = Callable[[Item, Values], bool]
Operand = Callable[[Item, Values], Value | None]
Holds = Callable[[Any, Any], bool]

EQUALITIES: dict[str, bool] = {"=": True, "<>": False}
ORDERINGS: dict[str, Holds] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERED = "SN"
OPERANDS_MAX = 100


def condition(reader: Reader) -> Test:
    """Of the whole text."""
    test = _either(reader)
    reader.done()
    return test


def find(path: Path) -> Callable[[Item], Value | None]:
    """What lies at a path of an item."""
    name, *inner = path
    if not inner:
        return lambda item: item.get(name)

    def nested(item: Item) -> Value | None:
        value = item.get(name)
        for part in inner:
            value = value.get("M", {}).get(part) if value else None
        return value

    return nested


def _either(reader: Reader) -> Test:
    tests = [_both(reader)]
    while reader.has("OR"):
        tests.append(_both(reader))
    return tests[0] if len(tests) == 1 else lambda item, values: any(test(item, values) for test in tests)


def _both(reader: Reader) -> Test:
    tests = [_negated(reader)]
    while reader.has("AND"):
        tests.append(_negated(reader))
    if len(tests) == 1:
        return tests[0]

    def every(item: Item, values: Values) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would take twice the time, and this is the inner loop
            if not test(item, values):
                return False
        return True

    return every


def _negated(reader: Reader) -> Test:
    if not reader.has("NOT"):
        return _primary(reader)
    test = _negated(reader)
    return lambda item, values: not test(item, values)


def _primary(reader: Reader) -> Test:
    if reader.peek() == "(":
        return reader.group(_either)
    if reader.peek() in FUNCTIONS:
        return _function(reader)
    return _comparison(reader)


def _function(reader: Reader) -> Test:
    build = FUNCTIONS[reader.next()]
    reader.expect("(")
    test = build(reader)
    reader.expect(")")
    return test


def _exists(reader: Reader) -> Test:
    at = find(reader.path())
    return lambda item, _: at(item) is not None


def _not_exists(reader: Reader) -> Test:
    at = find(reader.path())
    return lambda item, _: at(item) is None


def _begins_with(reader: Reader) -> Test:
    at, value = _second(reader, "S")

    def test(item: Item, values: Values) -> bool:
        found = at(item)
        return found is not None and "S" in found and found["S"].startswith(values[value]["S"])

    return test


def _contains(reader: Reader) -> Test:
    at, value = _second(reader, "")

    def test(item: Item, values: Values) -> bool:
        found, wanted = at(item) or {}, values[value]
        in_text = "S" in found and "S" in wanted and wanted["S"] in found["S"]
        return in_text or wanted in found.get("L", ())

    return test


def _second(reader: Reader, kinds: str) -> tuple[Callable[[Item], Value | None], str]:
    """A path, and the value after it."""
    at = find(reader.path())
    reader.expect(",")
    return at, reader.value(kinds)


FUNCTIONS: dict[str, Callable[[Reader], Test]] = {
    "attribute_exists": _exists,
    "attribute_not_exists": _not_exists,
    "begins_with": _begins_with,
    "contains": _contains,
}


def _comparison(reader: Reader) -> Test:
    left = _operand(reader)
    if reader.has("BETWEEN"):
        return _between(reader, left)
    if reader.has("IN"):
        return _among(reader, left)
    sign = reader.next()
    if sign in EQUALITIES:
        return _equality(left, _operand(reader), wanted=EQUALITIES[sign])
    if sign not in ORDERINGS:
        raise reader.bad()
    return _ordering(left, _operand(reader, ORDERED), ORDERINGS[sign])


def _operand(reader: Reader, kinds: str = "") -> Operand:
    if reader.peek().startswith(":"):
        return _value(reader.value(kinds))
    if reader.peek() == "size":
        return _size(reader)
    at = find(reader.path())
    return lambda item, _: at(item)


def _value(name: str) -> Operand:
    return lambda _, values: values[name]


def _size(reader: Reader) -> Operand:
    reader.next()
    reader.expect("(")
    at = find(reader.path())
    reader.expect(")")

    def size(item: Item, _: Values) -> Value | None:
        for tag, content in (at(item) or {}).items():
            if tag not in ("M", "L"):
                raise invalid("The simulated store knows the size of maps and lists only")
            return {"N": str(len(content))}
        return None

    return size


def _equality(left: Operand, right: Operand, *, wanted: bool) -> Test:
    """What is missing equals nothing: `<>` holds for it."""

    def test(item: Item, values: Values) -> bool:
        found = left(item, values)
        return (found is not None and found == right(item, values)) is wanted

    return test


def in_order(left: Value, right: Value, holds: Holds) -> bool:
    """Two texts or two numbers; anything else is not in any order."""
    if "N" in left and "N" in right:
        return bool(holds(number(left["N"]), number(right["N"])))
    return "S" in left and "S" in right and bool(holds(left["S"], right["S"]))


def _ordering(left: Operand, right: Operand, holds: Holds) -> Test:
    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        return a is not None and b is not None and in_order(a, b, holds)

    return test


def _between(reader: Reader, middle: Operand) -> Test:
    lowest = reader.value(ORDERED)
    reader.expect("AND")
    highest = reader.value(ORDERED)
    reader.spans.append((lowest, highest))
    above, below = _ordering(middle, _value(lowest), operator.ge), _ordering(middle, _value(highest), operator.le)
    return lambda item, values: above(item, values) and below(item, values)


def _among(reader: Reader, left: Operand) -> Test:
    reader.expect("(")
    tests = [_equality(left, _operand(reader), wanted=True)]
    while reader.has(","):
        tests.append(_equality(left, _operand(reader), wanted=True))
    reader.expect(")")
    if len(tests) > OPERANDS_MAX:
        raise reader.invalid("The IN operator is provided with too many operands;")
    return lambda item, values: any(test(item, values) for test in tests)
