"""Which room imports which: arrows, circles, the longest chain, and arrows that point the wrong way.

A room is a folder of the layer's package, with its path in it (`adapters`, `channels/ebay`). A module that lies
beside folders, in the package or in one of its folders, is a room of its own (`bootstrap`, `channels/registry`); so
are the package's `__init__` and all functions together. By first folders, what lies below one (`domain/stock`,
`domain/orders`) is one room; by all folders each is its own. An arrow is a pair of rooms one of which imports the
other. Imports count wherever they stand in a file, those for type checkers included, and so does `import_module` of
a text that begins with a package of ours.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import permutations

from tests.figures.source import PACKAGE, Source, called_name

Edges = Mapping[str, set[str]]

LAYERS = {"domain": 0, "ports": 1, "channel_ports": 1, "sync_ports": 1}
LAYERS |= {"standard_webhooks": 1, "adapters": 2, "channels": 2, "use_cases": 2}
LAYERS |= {"hub": 3, "container": 3, "bootstrap": 4, "functions": 5}
"""First folder or flat module → how high it stands. Other flat modules are use cases."""

PERMUTED_MAX = 7  # Rooms of a circle whose fewest arrows are found by trying every order; 5,040 of them.


def by_all_folders(files: Sequence[Source]) -> Callable[[str], str]:
    """Module → its room."""
    folders = {tuple(file.path.parent.relative_to(PACKAGE).parts) for file in files if _in_package(file)}
    divided = {folder[:depth] for folder in folders for depth in range(len(folder))}

    def room(module: str) -> str:
        first, *rest = module.split(".")
        if first == "functions" or not rest:
            return first
        *folder, name = rest
        stands_alone = tuple(folder) in divided | {()} and name != "__init__"
        return "/".join(rest if stands_alone else folder)

    return room


def by_first_folders(files: Sequence[Source]) -> Callable[[str], str]:
    room = by_all_folders(files)
    return lambda module: room(module).partition("/")[0]


def _in_package(file: Source) -> bool:
    return file.path.is_relative_to(PACKAGE)


def edges_between(files: Sequence[Source], name: Callable[[str], str]) -> dict[str, set[str]]:
    """Room → the other rooms it imports; every room is a key. A folder's own `__init__` lies in the folder."""
    modules = {file.module: _located(file) for file in files}
    found: dict[str, set[str]] = {name(located): set() for located in modules.values()}
    for file in files:
        here = name(modules[file.module])
        there = {name(modules[target]) for target in imported(file, modules)}
        found[here] |= there - {here}
    return found


def _located(file: Source) -> str:
    """A folder's `__init__` is named as a file in it, so that it counts to the folder."""
    is_folder = file.path.name == "__init__.py" and file.module != "lastunit"
    return f"{file.module}.__init__" if is_folder else file.module


def imported(file: Source, modules: Iterable[str]) -> Iterator[str]:
    """The modules of ours that the file imports."""
    known = set(modules)
    for node in ast.walk(file.tree):
        for name in _names(node):
            parent = name.rpartition(".")[0]
            if name in known:
                yield name
            elif parent in known:
                yield parent


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=0) if module:
            return [f"{module}.{alias.name}" for alias in names]
        case ast.Call(args=[ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]), *_]):
            return [text.rstrip(".")] if called_name(node) == "import_module" else []
        case ast.Call(args=[ast.Constant(value=str(text)), *_]):
            return [text] if called_name(node) == "import_module" else []
    return []


def circles(edges: Edges) -> list[list[str]]:
    """Sets of rooms each of which reaches all others of its set."""
    reached = {room: _reached(edges, room) for room in edges}
    together = {frozenset({room, *(other for other in reached[room] if room in reached[other])}) for room in edges}
    return sorted(sorted(group) for group in together if len(group) > 1)


def _reached(edges: Edges, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        following = edges[waiting.pop()] - seen
        seen |= following
        waiting += following
    return seen


def longest_chain(edges: Edges) -> list[str]:
    """The most rooms that lie one behind another; a circle counts as one of them."""
    circle_of = {room: "=".join(group) for group in circles(edges) for room in group}
    merged: dict[str, set[str]] = {}
    for source, targets in edges.items():
        one = circle_of.get(source, source)
        merged[one] = merged.get(one, set()) | {circle_of.get(target, target) for target in targets} - {one}
    chains: dict[str, list[str]] = {}

    def chain(room: str) -> list[str]:
        if room not in chains:
            behind = (chain(target) for target in sorted(merged[room]))
            chains[room] = [room, *max(behind, key=len, default=[])]
        return chains[room]

    return max((chain(room) for room in merged), key=len, default=[])


def closing_arrows(edges: Edges) -> int:
    """The fewest arrows without which no circle is left."""
    return sum(_fewest(edges, group) for group in circles(edges))


def _fewest(edges: Edges, group: Sequence[str]) -> int:
    inside = [(source, target) for source in group for target in edges[source] if target in group]
    orders: Iterable[Sequence[str]] = permutations(group)
    if len(group) > PERMUTED_MAX:  # Near enough: those that others need most stand lowest.
        orders = [sorted(group, key=lambda room: sum(target == room for _, target in inside))]
    return min(_upwards(inside, order) for order in orders)


def _upwards(inside: Iterable[tuple[str, str]], order: Sequence[str]) -> int:
    place = {room: number for number, room in enumerate(order)}
    return sum(place[source] > place[target] for source, target in inside)


def upward_arrows(edges: Edges) -> list[str]:
    """Arrows to a higher layer, or aside to another of the same height, such as from a use case to an adapter."""
    return [
        f"{source} → {target}"
        for source, targets in sorted(edges.items())
        for target in sorted(targets)
        if _height(target) > _height(source) or (_height(target) == _height(source) and _differ(source, target))
    ]


def _layer(room: str) -> str:
    first = room.partition("/")[0]
    return first if first in LAYERS else "use_cases"


def _height(room: str) -> int:
    return -1 if room == "lastunit" else LAYERS[_layer(room)]


def _differ(source: str, target: str) -> bool:
    kinds = {_layer(source), _layer(target)}
    return len(kinds) > 1 and not all("ports" in kind for kind in kinds)
