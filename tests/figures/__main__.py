"""Figures of the code's shape, one column per checkout: `python -m tests.figures [ROOT ...]`.

With `--show WORDS` the places behind every figure whose name holds these words are listed, for the last checkout;
with `--pytest` the collected tests are counted too, each checkout by its own `.venv`. `rooms.py` says what a room
and an arrow are, `places.py` and `words.py` what counts as a place.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.figures import places, rooms, suite, words
from tests.figures.source import Source, sources

Found = int | Sequence[str]
"""A number, or the places that make it up."""

FIGURES: dict[str, Callable[[Sequence[Source]], Found]] = {
    "files": len,
    "files over 250 lines": places.long_files,
    "channel kinds named outside their folder": places.kinds_named_outside,
    "asdict in functions": places.asdict_calls,
    "messages written as dicts": places.dict_messages,
    "constructions with 5 and more positional arguments": places.positional_constructions,
    "uses of retired words": words.retired_words,
}


def figures(root: Path) -> dict[str, Found]:
    files = sources(root)
    found: dict[str, Found] = {}
    for title, name in (("first folders", rooms.by_first_folders), ("all folders", rooms.by_all_folders)):
        found |= _graph(title, rooms.edges_between(files, name(files)))
    by_file = rooms.edges_between(files, str)
    found["circles between files"] = _lines(rooms.circles(by_file))
    return found | {name: count(files) for name, count in FIGURES.items()}


def _graph(title: str, edges: rooms.Edges) -> dict[str, Found]:
    return {
        f"rooms, {title}": sorted(edges),
        f"arrows between rooms, {title}": [
            f"{one} → {other}" for one in sorted(edges) for other in sorted(edges[one])
        ],
        f"circles between rooms, {title}": _lines(rooms.circles(edges)),
        f"arrows that close a circle, {title}": rooms.closing_arrows(edges),
        f"longest chain, {title}": rooms.longest_chain(edges),
        f"upward arrows, {title}": rooms.upward_arrows(edges),
    }


def _lines(groups: Sequence[Sequence[str]]) -> list[str]:
    return [" ↔ ".join(group) for group in groups]


def tests_of(root: Path, *, collect: bool) -> dict[str, Found]:
    written = suite.test_functions(root)
    found: dict[str, Found] = {f"test functions, {folder}": count for folder, count in sorted(written.items())}
    found["test functions"] = written.total()
    if collect:
        collected = suite.collected_tests(root, str(root / ".venv" / "bin" / "python"))
        found |= {f"collected tests, {folder}": count for folder, count in sorted(collected.items())}
        found["collected tests"] = collected.total()
    return found


def table(columns: Sequence[dict[str, Found]]) -> str:
    names = list(dict.fromkeys(name for column in columns for name in column))
    width = max(map(len, names))
    rows = [(name, *(_number(column.get(name, 0)) for column in columns)) for name in names]
    return "\n".join(f"{name:{width}}" + "".join(f"{number:>10}" for number in numbers) for name, *numbers in rows)


def _number(found: Found) -> int:
    return found if isinstance(found, int) else len(found)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.figures")
    parser.add_argument("roots", metavar="ROOT", nargs="*", type=Path, default=[Path(__file__).parents[2]])
    parser.add_argument("--show", metavar="WORDS")
    parser.add_argument("--pytest", action="store_true")
    chosen = parser.parse_args(arguments)
    columns = [figures(root.resolve()) | tests_of(root.resolve(), collect=chosen.pytest) for root in chosen.roots]
    shown = (
        {} if chosen.show is None else {name: value for name, value in columns[-1].items() if chosen.show in name}
    )
    for name, value in shown.items():
        listed = [str(value)] if isinstance(value, int) else value
        sys.stdout.write("\n  ".join([f"{name}:", *listed]) + "\n")
    if not shown:
        sys.stdout.write(
            "\n".join(f"column {n}: {root.resolve()}" for n, root in enumerate(chosen.roots, 1)) + "\n"
        )
        sys.stdout.write(f"{table(columns)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
