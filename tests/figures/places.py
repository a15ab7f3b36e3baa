"""Places in the deployed code that the house wants none of. Each counter lists them as file:line."""

import ast
import re
from collections.abc import Iterator, Sequence

from tests.figures.source import FUNCTIONS, Source, called_name

LINES_MAX = 250
POSITIONAL_MAX = 4
KINDS = ("ebay", "shopify", "shipstation", "generic")
KIND = re.compile(rf"(?<![a-z])({'|'.join(KINDS)})(?![a-z])", re.IGNORECASE)
REGISTRY = "registry.py"
REGISTERED = frozenset({"CHANNEL_KINDS", "KINDS"})
"""The assignment that lists the kinds, in whatever file it stands."""

SENDS = frozenset({"send", "send_all", "send_many", "enqueue"})
MESSAGES = "messages.py"  # The one module that may write a message as a dict.
NO_SENDERS = ("adapters", "domain", "channels", "ports")


def long_files(files: Sequence[Source]) -> list[str]:
    lengths = ((file, len(file.text.splitlines())) for file in files)
    return [f"{file.path}: {lines} lines" for file, lines in lengths if lines > LINES_MAX]


def kinds_named_outside(files: Sequence[Source]) -> list[str]:
    """Lines that name a channel kind, as a module or in a text, in a file that does not belong to that kind.

    A file belongs to the kind that its folder below `channels` is named after, or the beginning of its own name.
    """
    found = {place: None for file in files if file.path.name != REGISTRY for place in _kinds_named(file)}
    return list(found)


def _kinds_named(file: Source) -> Iterator[str]:
    registered = _lines_of_registry(file)
    for text, line in (*file.strings(), *_imported(file)):
        kinds = {kind.lower() for kind in KIND.findall(text)}
        if line not in registered and not all(_belongs(file, kind) for kind in kinds):
            yield file.place(line)


def _belongs(file: Source, kind: str) -> bool:
    _, _, inside = str(file.path).partition("/channels/")
    return re.match(rf"{kind}(/|_|\.py)", inside) is not None


def _imported(file: Source) -> Iterator[tuple[str, int]]:
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield " ".join(names), node.lineno


def _lines_of_registry(file: Source) -> set[int]:
    lines = set[int]()
    for node in file.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id in REGISTERED for target in targets):
            lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def asdict_calls(files: Sequence[Source]) -> list[str]:
    """In functions, where a dataclass made JSON publishes what is private."""
    calls = ((file, node) for file in files if file.path.parts[0] == FUNCTIONS.name for node in ast.walk(file.tree))
    return [
        file.place(node.lineno)
        for file, node in calls
        if isinstance(node, ast.Call) and called_name(node) == "asdict"
    ]


def positional_constructions(files: Sequence[Source]) -> list[str]:
    """Of dataclasses, with five and more positional arguments."""
    classes = (node for file in files for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef))
    names = {node.name for node in classes if _is_dataclass(node)}
    calls = ((file, node) for file in files for node in ast.walk(file.tree) if isinstance(node, ast.Call))
    return [
        f"{file.place(call.lineno)} {called_name(call)}"
        for file, call in calls
        if len(call.args) > POSITIONAL_MAX and called_name(call) in names
    ]


def _is_dataclass(node: ast.ClassDef) -> bool:
    named = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return any("dataclass" in {getattr(one, "id", ""), getattr(one, "attr", "")} for one in named)


def dict_messages(files: Sequence[Source]) -> list[str]:
    """Dict literals that use cases and functions put on a queue.

    They are passed to `send`, or given to a name that is passed to it, or returned by a function called for it.
    """
    senders = [file for file in files if _may_send(file)]
    return sorted({place for file in senders for place in _Sent(senders, file).places()})


def _may_send(file: Source) -> bool:
    parts = file.module.split(".")
    inside = parts[0] == "functions" or not any(part in NO_SENDERS for part in parts[1:2])
    return inside and file.path.name != MESSAGES


class _Sent:
    def __init__(self, senders: Sequence[Source], file: Source) -> None:
        self._file = file
        self._written = {name: pair for other in (*senders, file) for name, pair in _functions(other).items()}
        # What a file calls by a name of its own is its own.
        self._written |= _functions(file)
        self._done: set[str] = set()

    def places(self) -> Iterator[str]:
        for function in ast.walk(self._file.tree):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and called_name(call) in SENDS and _on_object(call):
                        for argument in call.args:
                            yield from self._in(argument, function, self._file, frozenset())

    def _in(
        self, node: ast.AST, function: ast.FunctionDef, file: Source, followed: frozenset[str]
    ) -> Iterator[str]:
        for part in ast.walk(node):
            if isinstance(part, ast.Dict) and _has_texts(part):
                yield file.place(part.lineno)
            elif isinstance(part, ast.Name) and part.id not in followed:
                for value in _given(function, part.id):
                    yield from self._in(value, function, file, followed | {part.id})
            elif isinstance(part, ast.Call) and _is_function_of_ours(part):
                yield from self._by(called_name(part))

    def _by(self, name: str) -> Iterator[str]:
        if name in self._written and name not in self._done:
            self._done.add(name)
            function, file = self._written[name]
            for node in ast.walk(function):
                if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                    yield from self._in(node.value, function, file, frozenset())


def _functions(file: Source) -> dict[str, tuple[ast.FunctionDef, Source]]:
    return {node.name: (node, file) for node in ast.walk(file.tree) if isinstance(node, ast.FunctionDef)}


def _on_object(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute)


def _is_function_of_ours(call: ast.Call) -> bool:
    """Called by its plain name, or as a method of the same object, whose name is certain."""
    return not isinstance(call.func, ast.Attribute) or _is(call.func.value, "self")


def _has_texts(node: ast.Dict) -> bool:
    return any(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys)


def _given(function: ast.FunctionDef, name: str) -> Iterator[ast.AST]:
    """What a name stands for in a function: assigned, added, appended, or each of what a loop goes through."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets, value=value) if any(_is(target, name) for target in targets):
                yield value
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _is(target, name):
                yield value
            case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value) if _is(
                target, name
            ):
                yield value
            case ast.Call(func=ast.Attribute(value=owner, attr="append" | "extend"), args=values) if _is(
                owner, name
            ):
                yield from values


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
