"""Reading an expression's text: its tokens, and the names and values that it uses."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path as File

from tests.simulate.store.refusals import RequestRefused, invalid

EXPRESSION_BYTES_MAX = 4096
TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),.+\-]|[#:]?[A-Za-z0-9_]+)")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
RESERVED = frozenset(File(__file__).with_name("reserved.txt").read_text().split())
"""Words that DynamoDB takes for its own: an attribute of such a name needs a placeholder."""

END = ""

Path = tuple[str, ...]
"""An attribute, or a place inside of one: attribute names from the outside in."""


class Reader:
    """One expression from left to right. What it does not know, it refuses."""

    def __init__(self, kind: str, text: str, names: Mapping[str, str]) -> None:
        if not text:
            raise invalid(f"Invalid {kind}: The expression can not be empty;")
        if len(text.encode()) > EXPRESSION_BYTES_MAX:
            raise invalid(f"Invalid {kind}: Expression size has exceeded the maximum allowed size;")
        self._kind, self._names = kind, names
        self._tokens, self._at = _tokens(text), 0
        self._group = (0, 0)
        self.names, self.values, self.roots = set[str](), set[str](), set[str]()
        self.demands = list[tuple[str, frozenset[str]]]()
        self.spans = list[tuple[str, str]]()

    def peek(self) -> str:
        return self._tokens[self._at]

    def next(self) -> str:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def has(self, word: str) -> bool:
        """Is this the next token? Then it is taken. Keywords are the same in capitals and small letters."""
        if self.peek().upper() != word:
            return False
        self.next()
        return True

    def expect(self, word: str) -> None:
        if not self.has(word):
            raise self.bad()

    def bad(self) -> RequestRefused:
        return self.invalid(f"Syntax error; token: {self.peek() or '<EOF>'}")

    def invalid(self, problem: str) -> RequestRefused:
        return invalid(f"Invalid {self._kind}: {problem}")

    def done(self) -> None:
        if self.peek() != END:
            raise self.bad()

    def group[Read](self, content: Callable[["Reader"], Read]) -> Read:
        """What stands in parentheses, which may not be the only content of other parentheses."""
        first = self._at
        self.expect("(")
        read = content(self)
        self.expect(")")
        if self._group == (first + 1, self._at - 1):
            raise self.invalid("The expression has redundant parentheses;")
        self._group = first, self._at
        return read

    def path(self) -> Path:
        parts = [self._name()]
        while self.has("."):
            parts.append(self._name())
        self.roots.add(parts[0])
        return tuple(parts)

    def value(self, kinds: Collection[str] = ()) -> str:
        """The name of a value. `kinds`: the types that it may have where it stands."""
        token = self.next()
        if not token.startswith(":"):
            raise self.bad()
        self.values.add(token)
        if kinds:
            self.demands.append((token, frozenset(kinds)))
        return token

    def _name(self) -> str:
        token = self.next()
        if token.startswith("#"):
            return self._named(token)
        if not NAME.fullmatch(token):
            raise self.bad()
        if token.upper() in RESERVED:
            raise self.invalid(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return token

    def _named(self, token: str) -> str:
        if token not in self._names:
            raise self.invalid(f"An expression attribute name used is not defined; attribute name: {token}")
        self.names.add(token)
        return self._names[token]


def _tokens(text: str) -> list[str]:
    tokens, at, end = list[str](), 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at)
        if not found:
            raise invalid(f"Invalid expression: Syntax error; near: {text[at : at + 10]!r}")
        tokens.append(found[1])
        at = found.end()
    return [*tokens, END]
