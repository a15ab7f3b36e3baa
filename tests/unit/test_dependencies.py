"""Which way imports may point: functions → use cases → ports → domain; adapters and channels → ports and domain."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "lastunit" / "lastunit"
SDKS = {"boto3", "botocore", "aws_lambda_powertools", "urllib3"}
THREADS = {"threading", "concurrent", "multiprocessing", "asyncio"}

ALLOWED = {
    "domain": {"lastunit.domain"},
    "ports": {"lastunit.domain", "lastunit.ports"},
    "use_cases": {"lastunit.domain", "lastunit.ports", "lastunit.use_cases"},
    # What the hub sends to the merchant is signed as his own store signs what it sends to the hub.
    "standard_webhooks.py": {"lastunit.domain"},
    "channels": {"lastunit.domain", "lastunit.ports", "lastunit.standard_webhooks", "lastunit.channels"},
    "adapters": {"lastunit.domain", "lastunit.ports", "lastunit.standard_webhooks", "lastunit.adapters"},
}
"""Part → the only modules of ours that it may import."""


def imports(path: Path) -> Iterator[str]:
    """Every module imported anywhere in the file; what only type checkers see counts as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(part: Path) -> list[Path]:
    return [part] if part.is_file() else sorted(part.rglob("*.py"))


def is_within(name: str, packages: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def foreign(path: Path, allowed: set[str]) -> set[str]:
    return {name for name in imports(path) if is_within(name, {"lastunit"}) and not is_within(name, allowed)}


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_inwards(part: str) -> None:
    found = {str(path.relative_to(ROOT)): foreign(path, ALLOWED[part]) for path in files(PACKAGE / part)}

    assert found
    assert {} == {path: names for path, names in found.items() if names}


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    ours = {"lastunit", *sys.stdlib_module_names}

    found = {(path.name, name) for path in files(PACKAGE / "domain") for name in imports(path)}

    assert set() == {(path, name) for path, name in found if not is_within(name, ours)}


@pytest.mark.parametrize("part", ["ports", "use_cases"])
def test_ports_and_use_cases_know_no_vendor(part: str) -> None:
    ours = {"lastunit", *sys.stdlib_module_names}

    found = {(path.name, name) for path in files(PACKAGE / part) for name in imports(path)}

    assert set() == {(path, name) for path, name in found if not is_within(name, ours)}


def test_channels_reach_the_network_through_the_port_only() -> None:
    found = {(path.name, name) for path in files(PACKAGE / "channels") for name in imports(path)}

    assert set() == {(path, name) for path, name in found if is_within(name, SDKS)}


def test_only_the_wiring_and_the_adapters_know_the_adapters() -> None:
    wiring = {PACKAGE / "bootstrap.py", PACKAGE / "container.py"}
    inside = {*wiring, *files(PACKAGE / "adapters")}
    outside = [path for path in files(PACKAGE) if path not in inside]

    found = {(path.name, name) for path in outside for name in imports(path)}

    assert set() == {(path, name) for path, name in found if is_within(name, {"lastunit.adapters"})}


def test_only_the_adapters_start_threads() -> None:
    """What is done side by side is done through a port, so that the simulator can order it by its seed."""
    # It leaves a receiver that never ends its answer behind, which no list of results can.
    exempt = {PACKAGE / "use_cases" / "events" / "deliver_webhooks.py"}
    outside = [path for path in files(PACKAGE) if path not in {*exempt, *files(PACKAGE / "adapters")}]

    found = {(path.name, name) for path in outside for name in imports(path)}

    assert set() == {(path, name) for path, name in found if is_within(name, THREADS)}


def test_functions_know_neither_the_database_nor_the_adapters() -> None:
    handlers = files(ROOT / "functions")

    found = {(path.parent.name, name) for path in handlers for name in imports(path)}

    assert handlers
    assert set() == {
        (path, name) for path, name in found if is_within(name, {"boto3", "botocore", "lastunit.adapters"})
    }


def test_functions_map_what_they_answer_field_by_field() -> None:
    """What copies all fields of a value of the domain publishes those that are added later."""
    found = {(path.name, name) for path in files(ROOT / "functions") for name in imports(path)}

    assert not {(path, name) for path, name in found if name in ("dataclasses.asdict", "dataclasses.astuple")}


def test_only_bootstrap_reads_the_environment() -> None:
    found = {path.name for path in files(PACKAGE) for name in imports(path) if is_within(name, {"os"})}

    assert found <= {"bootstrap.py"}
