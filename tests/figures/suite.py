"""How many tests there are, by the first folder below `tests`."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

COLLECTED = re.compile(r"tests/([^/:]+)/[^:]*::")


def test_functions(root: Path) -> Counter[str]:
    """Written ones: a parametrised test counts once."""
    found = Counter[str]()
    tests = root / "tests"
    for path in sorted(tests.rglob("test_*.py")):
        names = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
        found[path.relative_to(tests).parts[0]] += sum(name.startswith("test_") for name in names)
    return +found


def collected_tests(root: Path, python: str) -> Counter[str]:
    """As pytest counts them, each parameter apart."""
    command = [python, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    return Counter(COLLECTED.findall(done.stdout))
