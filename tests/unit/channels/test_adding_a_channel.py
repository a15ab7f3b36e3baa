"""docs/adding-a-channel.md says what the code asks for: every member of every capability, and none besides."""

import re
from pathlib import Path
from typing import get_protocol_members

import pytest

from lastunit.channels.shared import bisect, http_status
from lastunit.ports.channel import PROTOCOLS, Capability

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text()
PACKAGE = ROOT / "layers" / "lastunit" / "lastunit"
SECTION = re.compile(r"^### `(\w+)` \(`(\w+)`\)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (.+?) \|", re.MULTILINE)


def reported() -> dict[str, tuple[str, list[str]]]:
    """Protocol → its capability, and the members that the page's table names."""
    return {name: (word, _named(text)) for name, word, text in SECTION.findall(PAGE)}


def _named(text: str) -> list[str]:
    """What the first column of the tables in it names, but for their headings."""
    return [one for cell in ROW.findall(text) for one in re.findall(r"`([^`]+)`", cell)]


def test_every_capability_is_reported_and_none_that_does_not_exist() -> None:
    expected = {protocol.__name__: capability.value for capability, protocol in PROTOCOLS.items()}

    assert expected == {name: word for name, (word, _) in reported().items()}
    assert set(Capability) == set(PROTOCOLS)


@pytest.mark.parametrize("capability", Capability)
def test_every_member_of_a_capability_is_reported_and_none_that_does_not_exist(capability: Capability) -> None:
    protocol = PROTOCOLS[capability]

    _, members = reported()[protocol.__name__]

    assert sorted(get_protocol_members(protocol)) == sorted(members)


def test_the_shared_routines_are_the_files_there_are() -> None:
    section = PAGE.partition("## What all kinds share")[2].partition("| status |")[0]
    files = {path.name for path in (PACKAGE / "channels" / "shared").glob("*.py")}

    assert files - {"__init__.py", "kind.py"} == set(_named(section))


def test_files_that_a_kind_is_made_of_are_those_that_kinds_have() -> None:
    section = PAGE.partition("| file | holds |")[2].partition("## Capabilities")[0]
    kinds = [path for path in (PACKAGE / "channels").iterdir() if path.is_dir() and path.name != "shared"]
    had = {file.name for kind in kinds for file in kind.glob("*.py")}

    assert set() == set(_named(section)) - had


def test_the_meaning_of_statuses_is_the_one_that_the_code_states() -> None:
    stated = re.findall(r"^\| .* \|$", http_status.__doc__ or "", re.MULTILINE)
    written = [line.replace("`", "") for line in PAGE.splitlines()]

    assert len(stated) > 6
    assert [line for line in stated if line.replace("`", "") not in written and "---" not in line] == []


def test_the_limit_of_calls_is_the_one_that_the_code_keeps() -> None:
    assert f"in at most {bisect.CALLS_MAX} calls" in PAGE
