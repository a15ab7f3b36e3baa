"""DynamoDB's typed values: which there are, how large they are, and arithmetic. Sets and binaries are not known."""

import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from marshal import dumps
from typing import Any

from tests.simulate.store.refusals import Inapplicable, RequestRefused, invalid

Value = Mapping[str, Any]
"""One typed value: {"N": "5"}."""

Item = Mapping[str, Value]

ITEM_BYTES_MAX = 400 * 1024
DIGITS_MAX = 38
PLAIN_LIMIT = 10**DIGITS_MAX
DEPTH_MAX = 32
NUMBERS_KNOWN = 10_000
EXPONENTS = range(-130, 126)
CONTAINER_BYTES = 3
EXACT = Context(1000)

PLAIN = re.compile(r"-?[1-9][0-9]{0,37}|0")
"""How DynamoDB keeps whole numbers. What is written otherwise is brought into its shortest form."""

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)


class _Odd(Exception):
    """A value is not written as it is stored."""


def stored(attributes: Item) -> tuple[Item, int]:
    """As they are stored, and how many bytes. Refuses what DynamoDB cannot hold."""
    try:
        return attributes, measured(attributes)
    except _Odd:
        rewritten = {name: _rewritten(value) for name, value in attributes.items()}
        return rewritten, measured(rewritten)


def measured(attributes: Item) -> int:
    """The bytes of names and values as DynamoDB counts them."""
    return _text_bytes("".join(attributes)) + _values_bytes(attributes.values(), 1)


def surely_fits(attributes: Any, limit: int) -> bool:
    """Without measuring: marshal never takes fewer bytes than DynamoDB counts."""
    return len(dumps(attributes, 2)) <= limit


def number(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def added(left: Value, right: Value, sign: int) -> Value:
    """The sum (or difference) of two stored numbers, as it is stored."""
    try:
        total = int(left["N"]) + sign * int(right["N"])
    except (KeyError, ValueError):
        return _added_exactly(left, right, sign)
    return {"N": str(total)} if -PLAIN_LIMIT < total < PLAIN_LIMIT else _added_exactly(left, right, sign)


def _added_exactly(left: Value, right: Value, sign: int) -> Value:
    if "N" not in left or "N" not in right:
        raise Inapplicable("An operand in the update expression has an incorrect data type")
    try:
        return {"N": _canonical(str(EXACT.add(Decimal(left["N"]), sign * Decimal(right["N"]))))}
    except RequestRefused as refusal:
        raise Inapplicable(refusal.message) from None


def _values_bytes(values: Iterable[Value], depth: int) -> int:
    """Of attributes, or of what lies in one container. The inner loop of every write."""
    size = 0
    for value in values:
        if len(value) != 1:
            raise invalid("Supplied AttributeValue must contain exactly one of the supported datatypes")
        for tag, content in value.items():
            if tag == "S":
                if type(content) is not str:  # An enumeration's member, which travels as its text.
                    raise _Odd
                size += len(content) if content.isascii() else len(content.encode())
            elif tag == "N":
                size += _number_bytes(content)
            else:
                size += _other_bytes(tag, content, depth)
    return size


def _other_bytes(tag: str, content: Any, depth: int) -> int:
    if tag in ("BOOL", "NULL"):
        return 1
    if tag not in ("M", "L"):
        raise invalid(f"The simulated store knows no values of the type {tag}")
    if depth >= DEPTH_MAX:
        raise invalid("Nesting Levels have exceeded supported limits")
    inner = content if tag == "L" else content.values()
    names = "" if tag == "L" else "".join(content)
    return CONTAINER_BYTES + len(content) + _text_bytes(names) + _values_bytes(inner, depth + 1)


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(NUMBERS_KNOWN)
def _number_bytes(text: str) -> int:
    """A byte per two significant digits, one for the exponent, and one for the sign."""
    if not PLAIN.fullmatch(text) and _canonical(text) != text:
        raise _Odd
    digits = text.lstrip("-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + text.startswith("-")


def _rewritten(value: Value) -> Value:
    for tag, content in value.items():
        if tag == "S":
            return {tag: str(content)}
        if tag == "N":
            return {tag: _canonical(content)}
        if tag == "L":
            return {tag: [_rewritten(inner) for inner in content]}
        if tag == "M":
            return {tag: {name: _rewritten(inner) for name, inner in content.items()}}
    return value


def _canonical(text: str) -> str:
    exact = _exact(text)
    digits, adjusted = len(exact.as_tuple().digits), exact.adjusted()
    if exact and (digits > DIGITS_MAX or adjusted not in EXPONENTS):
        raise invalid("Attempting to store more than 38 significant digits in a Number, or one out of range")
    return f"{exact:f}" if exact else "0"


def _exact(text: str) -> Decimal:
    if not NUMBER.fullmatch(text):
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return EXACT.create_decimal(text).normalize(EXACT)
