"""Which test carries which rule of docs/rules.md, found in the tests themselves: `python -m tests.rules`.

A test carries a rule by naming it in its docstring: "Rule 1.4-12" or "Rules 1.2-4 and 1.2-5".
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "rules.md"

ROUTING = frozenset(f"1.3-{number}" for number in range(5, 11))
"""How orders are split, and what is not about stock: the worked examples are the tests of those (test_routing)."""

ELSEWHERE = {
    "1.1-8": "a condition on the shipping platform's own settings; docs/operations.md says how to connect it",
    "1.2-2": "what several channels show of one SKU is a matter of pushes: tests/e2e/test_main_job.py",
    "1.2-13": "which listings a change reaches is a matter of pushes: tests/e2e/test_main_job.py",
}
"""Rules that concern other parts than the life of an order, with the place that answers for them."""

NUMBER = re.compile(r"\b1\.\d-\d+\b")
STATED = re.compile(rf"^- \*\*({NUMBER.pattern})\*\* \((?:stated|implied)\) ", re.MULTILINE)


def stated() -> list[str]:
    """Every rule of docs/rules.md, in its order."""
    return STATED.findall(DOCUMENT.read_text())


def numbers() -> list[str]:
    """The rules that some test must carry."""
    return [number for number in stated() if number not in ROUTING]


def cited(text: str) -> list[str]:
    """The numbers of rules named in a text."""
    return NUMBER.findall(text)


def carried() -> dict[str, list[str]]:
    """Rule → the tests that carry it, each as "file::test"."""
    found: dict[str, list[str]] = {number: [] for number in numbers()}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, rules in _rules_of(ast.parse(path.read_text())):
            for rule in rules:
                found.setdefault(rule, []).append(f"{path.relative_to(TESTS)}::{name}")
    return found


def _rules_of(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            told = ast.get_docstring(node) or ""
            if re.search(r"\brules?\b", told, re.IGNORECASE):
                yield node.name, cited(told)


def missing(found: Mapping[str, list[str]]) -> list[str]:
    return [number for number in numbers() if not found[number] and number not in ELSEWHERE]


def unknown(found: Mapping[str, list[str]]) -> list[str]:
    """Numbers that no rule has."""
    return sorted(found.keys() - set(stated()))


def report() -> Iterator[str]:
    found = carried()
    for number in numbers():
        yield f"rule {number}"
        yield from (f"    {test}" for test in found[number])
        if number in ELSEWHERE:
            yield f"    elsewhere: {ELSEWHERE[number]}"
    without = missing(found)
    done = len(numbers()) - len(without)
    yield f"{done} of {len(numbers())} rules are answered for; not: {', '.join(without) or 'none'}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in report())
