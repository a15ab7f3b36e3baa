"""The Python files of a checkout, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = Path("layers") / "lastunit" / "lastunit"
FUNCTIONS = Path("functions")


@dataclass(frozen=True)
class Source:
    """`path` from the root of the checkout, `module` as it is imported."""

    root: Path
    path: Path
    module: str

    @cached_property
    def text(self) -> str:
        return (self.root / self.path).read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def docstrings(self) -> set[int]:
        """The ids of the nodes that only explain: docstrings, and texts that stand alone."""
        alone = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.Expr))
        return {id(value) for value in alone if isinstance(value, ast.Constant)}

    def strings(self) -> Iterator[tuple[str, int]]:
        """Every text that the code uses, with its line. The parts of an f-string are texts of their own."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in self.docstrings:
                yield node.value, node.lineno

    def place(self, line: int) -> str:
        return f"{self.path}:{line}"


def sources(root: Path) -> list[Source]:
    """What is deployed: the layer's package and the functions."""
    package = [
        Source(root, path.relative_to(root), _module(path.relative_to(root / PACKAGE.parent)))
        for path in sorted((root / PACKAGE).rglob("*.py"))
    ]
    functions = [
        Source(root, path.relative_to(root), _module(path.relative_to(root)))
        for path in sorted((root / FUNCTIONS).rglob("*.py"))
    ]
    return package + functions


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def called_name(call: ast.Call) -> str:
    """The last part of what is called, "" for what has no name."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
