"""JSON from outside, read in one way only.

Refused everywhere: another encoding than UTF-8, NaN, Infinity and numbers that overflow to it, and an object that
names one key twice, of which two readers may take different values.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from lastunit.domain.errors import InvalidInput

KEY_CHARACTERS_SHOWN = 40


class _DoubledKey(ValueError):
    """`key`: as it was sent, cut short."""

    def __init__(self, key: str) -> None:
        super().__init__("one key is there twice")
        self.key = key[:KEY_CHARACTERS_SHOWN]


def strict_json(body: bytes) -> Any:
    """Raises ValueError."""
    try:
        return json.loads(
            body.decode(), parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_object
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def json_object(body: bytes, remedy: str = "") -> dict[str, Any]:
    """Raises InvalidInput, which names the doubled key or else the body, and quotes nothing more of it."""
    try:
        content = strict_json(body)
    except _DoubledKey as error:
        raise InvalidInput(error.key, "is there twice in one object", remedy) from None
    except ValueError:
        # The parser's own message may quote the body, so it is left behind.
        raise InvalidInput("body", "must be JSON in UTF-8, without NaN or Infinity", remedy) from None
    if not isinstance(content, dict):
        raise InvalidInput("body", "must be a JSON object", remedy)
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        raise _DoubledKey(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found
