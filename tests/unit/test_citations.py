"""What code, tests and docs cite is in the repository: rules, promises, sections and files."""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests import rules

ROOT = rules.DOCUMENT.parents[1]
FOLDERS = ("layers", "functions", "infra", "tests", "docs", "findings")
TOP = ("README.md", "template.yaml", "samconfig.toml", "pyproject.toml", "Makefile")
READ = {".md", ".py", ".yaml", ".toml", ".json", ".sh", ""}

BARE_RULE = re.compile(r"\brules? \d+\b(?![.-]\d)", re.IGNORECASE)
PROMISES = re.compile(r"\bpromises?\s+(\d+(?:(?:, | and |, and | to )\d+)*)\b", re.IGNORECASE)
SECTIONS = re.compile(r"\b(docs/(?:[\w-]+/)*[\w-]+\.md)`?,? sections? (\d+)")
RULE_SECTIONS = re.compile(r"\bdocs/rules\.md`?,? (?:section )?(\d\.\d)\b")
FILE = re.compile(r"(?<![\w*.{}])(?:\.?[\w*-]+/)*[\w*-]+\.(?:md|yaml|yml|py|toml|sh)\b(?!\()")
LINKED = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
ADDRESS = re.compile(r"https?://[^\s)>\"'`]+")

ELSEWHERE = re.compile(
    r"\bcomplaints? \d+"
    r"|\b(?:bug )?class(?:es)? \d+"
    r"|\bfield[ -]bugs?\b|\bfield-faults\b|\bsecurity-findings\b"
    r"|\bissues? \d+|\(shows \d+"
    r"|(?<![\w/-])(?:requirements|design|platform|house|style|performance)\.md\b",
    re.IGNORECASE,
)
"""Numbers and names of documents that no reader of this repository has."""

PLACEHOLDER = "NAME.sh"
"""What findings/README.md calls a file whose name its author chooses."""


@cache
def files() -> dict[str, Path]:
    """Path from the root → file, of all that is kept here."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [ROOT / name for name in TOP]
    own = [path for path in found if path.exists() and "__pycache__" not in path.parts]
    return {path.relative_to(ROOT).as_posix(): path for path in own}


def texts() -> Iterator[tuple[str, str]]:
    """File → all that is written in it, but for this test, which names what may not be cited."""
    for name, path in files().items():
        if path.suffix in READ and path != Path(__file__):
            yield name, path.read_text()


def prose(name: str, text: str) -> str:
    """What is written for people: of Python its comments and docstrings, where names of files are citations."""
    if not name.endswith(".py"):
        return text
    comments = [token.string for token in _tokens(text) if token.type == tokenize.COMMENT]
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    strings = [node.value.value for node in nodes if isinstance(node.value, ast.Constant)]
    return "\n".join([*comments, *(string for string in strings if isinstance(string, str))])


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    return tokenize.generate_tokens(io.StringIO(text).readline)


def unknown_rules(name: str, text: str) -> list[str]:
    """A number without its section names no rule either."""
    return sorted({*BARE_RULE.findall(text), *rules.cited(text)} - set(rules.stated()))


def unknown_promises(name: str, text: str) -> list[str]:
    cited = [one for many in PROMISES.findall(text) for one in _numbers(many)]
    return sorted(set(cited) - promises())


@cache
def promises() -> set[str]:
    section = (ROOT / "docs" / "design.md").read_text().split("\n## 2. ")[1].split("\n## ")[0]
    return set(re.findall(r"^(\d+)\. ", section, re.MULTILINE))


def unknown_sections(name: str, text: str) -> list[str]:
    cited = {*SECTIONS.findall(text), *(("docs/rules.md", number) for number in RULE_SECTIONS.findall(text))}
    return sorted(f"{page} {number}" for page, number in cited if number not in sections(page))


@cache
def sections(page: str) -> frozenset[str]:
    path = files().get(page)
    return frozenset(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", path.read_text(), re.MULTILINE) if path else ())


def missing_files(name: str, text: str) -> list[str]:
    """A file may be named by the end of its path."""
    told = ADDRESS.sub("", prose(name, text))
    cited = {one for one in FILE.findall(told) if not one.startswith(".local/")}
    linked = {one for one in LINKED.findall(told) if name.endswith(".md")}
    lost = {one for one in cited if one != PLACEHOLDER and not _is_kept(one.lstrip("./"))}
    return sorted(lost | {one for one in linked if not (ROOT / name).parent.joinpath(one).exists()})


def _is_kept(cited: str) -> bool:
    return any(fnmatch(path, cited) or fnmatch(path, f"*/{cited}") for path in files())


def from_elsewhere(name: str, text: str) -> list[str]:
    return [found.group() for found in ELSEWHERE.finditer(LINKED.sub("", ADDRESS.sub("", text)))]


def _numbers(many: str) -> list[str]:
    return re.findall(r"\d+", many)


CHECKS = {
    "rules": unknown_rules,
    "promises": unknown_promises,
    "sections": unknown_sections,
    "files": missing_files,
    "documents from elsewhere": from_elsewhere,
}


@pytest.mark.parametrize("what", CHECKS)
def test_everything_cited_is_in_the_repository(what: str) -> None:
    found = {name: lost for name, text in texts() if (lost := CHECKS[what](name, text))}

    assert {} == found


@pytest.mark.parametrize(
    ("check", "text", "found"),
    [
        (unknown_rules, "Rules 1.4-12 and 1.4-17.", ["1.4-17"]),
        (unknown_rules, "As 1.4 rule 6 and rules 1.4-6 say.", ["rule 6"]),
        (unknown_promises, "Promises 1, 3 and 10 hold.", ["10"]),
        (unknown_sections, "See docs/design.md section 44.", ["docs/design.md 44"]),
        (unknown_sections, "See docs/rules.md 1.9.", ["docs/rules.md 1.9"]),
        (missing_files, "Kept in `domain/nowhere.py` and docs/design.md.", ["domain/nowhere.py"]),
        (missing_files, "See [the page](gone.md) and [the design](design.md).", ["gone.md"]),
        (missing_files, "As in <https://example.com/of/others.md>.", []),
        (from_elsewhere, "Complaint 19 and bug class 8.", ["Complaint 19", "bug class 8"]),
        (from_elsewhere, "Issue 4, shows 5; `design.md` section 3.", ["Issue 4", "design.md"]),
        (from_elsewhere, "It shows 1; see docs/design.md and [the design](design.md).", []),
    ],
)
def test_a_citation_of_what_is_not_there_is_found(
    check: Callable[[str, str], list[str]], text: str, found: list[str]
) -> None:
    assert found == check("docs/planted.md", text)


def test_names_of_files_in_code_are_no_citations() -> None:
    code = '''"""See `docs/nowhere.md`."""\nkept = open("made_here.py")  # As nothing.py does.\n'''

    assert ["docs/nowhere.md", "nothing.py"] == missing_files("tests/planted.py", code)


def test_the_rules_of_each_section_are_numbered_without_a_gap() -> None:
    numbered = dict[str, list[int]]()
    for rule in rules.stated():
        section, number = rule.split("-")
        numbered.setdefault(section, []).append(int(number))

    counts = {"1.1": 17, "1.2": 15, "1.3": 10, "1.4": 16, "1.5": 14}
    assert {section: list(range(1, count + 1)) for section, count in counts.items()} == numbered


def test_there_are_nine_promises() -> None:
    assert set("123456789") == promises()
