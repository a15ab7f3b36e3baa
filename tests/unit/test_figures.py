"""Every counter of `tests.figures` finds what it is for, and lets pass what it is not for."""

from pathlib import Path

import pytest

from tests.figures import places, rooms, suite, words
from tests.figures.__main__ import FIGURES, figures, main, table
from tests.figures.source import Source, sources

PACKAGE = "layers/lastunit/lastunit"


def tree(root: Path, **files: str) -> list[Source]:
    """`domain__orders__place`: `domain/orders/place.py` of the package; `functions__…` lies beside it."""
    for name, text in files.items():
        path = (name if "/" in name else name.replace("__", "/")) + ".py"
        full = root / path if name.startswith("functions__") else root / PACKAGE / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
    return sources(root)


def edges(root: Path, **files: str) -> dict[str, set[str]]:
    found = tree(root, **files)
    return rooms.edges_between(found, rooms.by_all_folders(found))


def count(found: list[str]) -> list[str]:
    """The names of the files alone."""
    return [Path(place.split(":")[0]).name for place in found]


# Rooms


def test_a_folder_is_a_room_with_its_path_and_a_module_beside_folders_is_one(tmp_path: Path) -> None:
    found = edges(
        tmp_path, domain__orders__place="", domain__keys="", ports__queue="", hub="", functions__api__x=""
    )

    assert {"domain/orders", "domain/keys", "ports", "hub", "functions"} == set(found)


def test_a_module_beside_the_folders_that_it_imports_makes_no_circle_with_its_neighbours(tmp_path: Path) -> None:
    channel, levels = "import lastunit.domain.stock.levels", "import lastunit.domain.errors"

    found = edges(tmp_path, domain__channel=channel, domain__stock__levels=levels, domain__errors="")

    assert [] == rooms.circles(found)
    assert ["domain/channel", "domain/stock", "domain/errors"] == rooms.longest_chain(found)


def test_by_first_folders_what_lies_below_one_is_one_room(tmp_path: Path) -> None:
    files = tree(tmp_path, domain__orders__place="import lastunit.domain.stock.levels", domain__stock__levels="")

    assert {"domain": set()} == rooms.edges_between(files, rooms.by_first_folders(files))


@pytest.mark.parametrize(
    "statement",
    [
        "import lastunit.domain.keys",
        "from lastunit.domain.keys import Key",
        "from lastunit.domain import keys",
        "def late():\n    from lastunit.domain.keys import Key",
        "if TYPE_CHECKING:\n    from lastunit.domain.keys import Key",
        'import_module(f"lastunit.domain.{name}")',
        'importlib.import_module("lastunit.domain.keys")',
    ],
)
def test_every_way_to_import_is_an_arrow(tmp_path: Path, statement: str) -> None:
    found = edges(tmp_path, domain__keys="class Key: ...", hub=statement, **{"domain/__init__": ""})

    assert {"domain": set(), "hub": {"domain"}} == found


def test_imports_inside_a_room_and_of_others_are_no_arrows(tmp_path: Path) -> None:
    found = edges(tmp_path, domain__keys="import json", domain__levels="from lastunit.domain import keys")

    assert {"domain": set()} == found


def test_a_circle_is_found_once_and_counts_the_fewest_arrows_that_close_it() -> None:
    ring = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}

    assert [["a", "b", "c"]] == rooms.circles(ring)
    assert 1 == rooms.closing_arrows(ring)
    assert 2 == rooms.closing_arrows({"a": {"b", "c"}, "b": {"a"}, "c": {"a"}})


def test_without_a_circle_no_arrow_closes_one() -> None:
    line = {"a": {"b", "c"}, "b": {"c"}, "c": set[str]()}

    assert [] == rooms.circles(line)
    assert 0 == rooms.closing_arrows(line)


def test_a_circle_of_many_rooms_does_not_take_for_ever() -> None:
    names = [f"room-{number:02}" for number in range(30)]
    ring = {name: {names[(place + 1) % len(names)]} for place, name in enumerate(names)}

    assert rooms.closing_arrows(ring) >= 1


def test_the_longest_chain_counts_a_circle_as_one() -> None:
    assert ["a", "b", "c"] == rooms.longest_chain({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    assert ["a=b", "c"] == rooms.longest_chain({"a": {"b"}, "b": {"a", "c"}, "c": set()})


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("domain/orders", "use_cases/orders"),
        ("domain", "process"),
        ("ports", "adapters/dynamodb"),
        ("use_cases/orders", "adapters/dynamodb"),
        ("adapters", "channels/ebay"),
        ("use_cases/orders", "container"),
        ("bootstrap", "functions"),
    ],
)
def test_an_arrow_to_a_higher_layer_or_aside_points_upward(source: str, target: str) -> None:
    assert [f"{source} → {target}"] == rooms.upward_arrows({source: {target}, target: set()})


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("use_cases/orders", "domain/orders"),
        ("use_cases/orders", "use_cases/listings"),
        ("domain/listings", "domain/stock"),
        ("process", "change_orders"),
        ("sync_ports", "ports"),
        ("container", "channels/ebay"),
        ("functions", "bootstrap"),
    ],
)
def test_an_arrow_downwards_or_within_a_layer_does_not(source: str, target: str) -> None:
    assert [] == rooms.upward_arrows({source: {target}, target: set()})


# Places


def test_a_file_of_more_than_250_lines_is_long(tmp_path: Path) -> None:
    files = tree(tmp_path, domain__long="x = 1\n" * 251, domain__fits="x = 1\n" * 250)

    assert ["long.py"] == count(places.long_files(files))


@pytest.mark.parametrize(
    "text",
    [
        'KIND = "ebay"',
        "from lastunit.channels.ebay import api",
        "from lastunit.channels import ebay_orders",
        'remedy = f"{name} is no Shopify shop"',
        'kinds = Literal["generic"]',
    ],
)
def test_a_channel_kind_is_named_outside_its_folder(tmp_path: Path, text: str) -> None:
    files = tree(tmp_path, domain__place=text, functions__api__models=text, channels__shared__payload=text)

    found = places.kinds_named_outside(files)

    assert {"place.py", "models.py", "payload.py"} == set(count(found))


def test_a_kind_may_not_name_another(tmp_path: Path) -> None:
    files = tree(tmp_path, channels__ebay__api='"x" + "shopify"', channels__shopify_push='"x" + "ebay"')

    assert 2 == len(places.kinds_named_outside(files))


def test_a_kind_names_itself_and_the_registry_names_all(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        channels__ebay__api='KIND = "ebay"',
        channels__ebay_orders='KIND = "ebay"',
        channels__ebay='KIND = "ebay"',
        channels__registry='KINDS = ("ebay", "shopify")',
        hub='CHANNEL_KINDS = (\n    "ebay",\n)',
    )

    assert [] == places.kinds_named_outside(files)


def test_docstrings_comments_and_longer_words_name_no_kind(tmp_path: Path) -> None:
    files = tree(tmp_path, domain__place='"""As eBay does."""\n# eBay\nx = "generically"\n"""of eBay"""\n')

    assert [] == places.kinds_named_outside(files)


def test_asdict_is_counted_in_functions_only(tmp_path: Path) -> None:
    files = tree(tmp_path, functions__api__stock="a = asdict(x), dataclasses.asdict(y)", domain__keys="asdict(x)")

    assert ["stock.py", "stock.py"] == count(places.asdict_calls(files))


LITERAL = {
    "passed": 'def f(self):\n    self.queue.send([{"channel": name}])',
    "in a comprehension": 'def f(self):\n    self.queue.send([{"channel": n} for n in names])',
    "added to": 'def f(self):\n    self.queue.send([asdict(x) | {"received_at": now}])',
    "assigned": 'def f(self):\n    found = [{"arrived": sku}]\n    self.orders.send(found)',
    "appended": 'def f(self):\n    found.append({"arrived": sku})\n    self.orders.send(found)',
    "written by a function": 'def f(self):\n    self.q.send([_m(x)])\ndef _m(x):\n    return {"tick": x}',
    "written by a method": 'def f(self):\n    self.q.send([self._m(x)])\ndef _m(self, x):\n    return {"tick": x}',
    "built up": 'def f(self):\n    self.q.send([m(x)])\ndef m(x):\n    y = {"a": 1}\n    y["b"] = 2\n    return y',
}


@pytest.mark.parametrize("text", LITERAL.values(), ids=LITERAL)
def test_a_dict_that_is_sent_is_a_message_written_as_a_dict(tmp_path: Path, text: str) -> None:
    files = tree(tmp_path, use_cases__orders__expire=text)

    assert ["expire.py"] == count(places.dict_messages(files))


def test_the_function_of_another_file_that_writes_it_is_the_place_once(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        pushing='def push_message(task):\n    return {"sku": task}',
        poll="def f(self):\n    self.pushes.send([push_message(task)])",
        track="def f(self):\n    self.pushes.send([push_message(task)])",
    )

    assert ["pushing.py"] == count(places.dict_messages(files))


def test_typed_messages_and_other_dicts_are_none(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        use_cases__messages='def to_json(message):\n    return {"type": message.type}',
        use_cases__expire='def f(self):\n    x = {"a": 1}\n    self.queue.send([to_json(Tick(i)) for i in due])',
        use_cases__offer='def f(self):\n    self.queue.send([Arrived(sku)])\n    return {"offered": 1}',
        adapters__sqs='def f(self):\n    self.client.send({"QueueUrl": 1})',
    )

    assert [] == places.dict_messages(files)


def test_a_method_of_another_object_writes_no_message_for_its_name(tmp_path: Path) -> None:
    files = tree(
        tmp_path,
        use_cases__resolve="def f(self):\n    found = self.exceptions.resolve(x)\n    self.queue.send([found])",
        functions__api__waiting='def resolve():\n    return {"status": "done"}',
    )

    assert [] == places.dict_messages(files)


def test_five_positional_arguments_of_a_dataclass_are_too_many(tmp_path: Path) -> None:
    values = "@dataclass(frozen=True)\nclass Level: ...\n@dataclass\nclass Row: ...\nclass Plain: ...\n"
    calls = "Level(1, 2, 3, 4, 5)\nkeys.Row(1, 2, 3, 4, 5, 6)\nLevel(1, 2, 3, 4)\nLevel(a=1, b=2, c=3, d=4, e=5)\n"

    files = tree(tmp_path, domain__keys=values, adapters__rows=calls + "Plain(1, 2, 3, 4, 5)\n")

    assert [f"{PACKAGE}/adapters/rows.py:{line}" for line in (1, 2)] == [
        place.split(" ")[0] for place in places.positional_constructions(files)
    ]


# Words


@pytest.mark.parametrize(
    "text",
    [
        "told = 1",
        "not_told = 1",
        "class Told: ...",
        "class ToldAgain: ...",
        "def _tombstone(): ...",
        "def f(paced): ...",
        "f(believed=1)",
        "x.homeless",
        "from lastunit.domain import telling as t, telling",
        'row["regrown"]',
        'row["acknowledged_regrown"]',
        'raise Conflict("it was told before")',
        "class Desk: ...",
        "Step = 1",
        "self.held",
        'row["held"]',
    ],
)
def test_a_retired_word_is_found_in_identifiers_and_texts(tmp_path: Path, text: str) -> None:
    files = tree(tmp_path, domain__place=text)

    assert {f"{PACKAGE}/domain/place.py:1"} == {place.split(" ")[0] for place in words.retired_words(files)}


def test_a_file_may_not_be_named_by_a_retired_word(tmp_path: Path) -> None:
    assert 1 == len(words.retired_words(tree(tmp_path, push_desk="")))


@pytest.mark.parametrize(
    "text",
    [
        '"""It was told."""',
        "# told",
        "pushed = 1",
        "withheld = 1",
        "steps = 1",
        "around = 1",
        "installed = 1",
        'raise Conflict("Take what is held")',
        "class OrderSnapshot: ...",
    ],
)
def test_explanations_other_words_and_longer_names_are_no_use_of_one(tmp_path: Path, text: str) -> None:
    assert [] == words.retired_words(tree(tmp_path, domain__place=text))


def test_no_successor_is_itself_retired() -> None:
    successors = {name.strip() for names in {**words.WORDS, **words.NAMES}.values() for name in names.split(",")}

    assert {"push"} <= successors
    assert set() == {name for name in successors if words.is_retired(name)}


# Suite and table


def test_test_functions_are_counted_by_folder(tmp_path: Path) -> None:
    unit, e2e = tmp_path / "tests" / "unit" / "orders", tmp_path / "tests" / "e2e"
    for folder in (unit, e2e):
        folder.mkdir(parents=True)
    (unit / "test_place.py").write_text(
        "def test_a(): ...\nclass TestB:\n    def test_b(self): ...\ndef helper(): ..."
    )
    (unit / "fakes.py").write_text("def test_none(): ...")
    (e2e / "test_day.py").write_text("def test_c(): ...")

    assert {"unit": 2, "e2e": 1} == suite.test_functions(tmp_path)


def test_collected_tests_are_distinguished_by_folder() -> None:
    lines = "tests/unit/orders/test_place.py::test_a[1]\ntests/e2e/test_day.py::test_c\n2 tests collected\n"

    assert ["unit", "e2e"] == suite.COLLECTED.findall(lines)


def test_every_figure_of_a_clean_tree_is_zero(tmp_path: Path) -> None:
    tree(tmp_path, domain__keys="", use_cases__orders__place="from lastunit.domain import keys")

    found = figures(tmp_path)

    assert {"files": 2} == {name: value for name in FIGURES if (value := found[name])}
    assert [] == found["circles between files"]


def test_the_table_has_a_column_for_each_checkout() -> None:
    text = table([{"arrows": ["a → b"], "gone": 3}, {"arrows": [], "new": 7}])

    assert [["arrows", "1", "0"], ["gone", "3", "0"], ["new", "0", "7"]] == [
        line.split() for line in text.splitlines()
    ]


def test_the_command_prints_the_table_or_the_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(tmp_path, domain__keys="told = 1")

    main([str(tmp_path), str(tmp_path)])
    main([str(tmp_path), "--show", "retired"])

    printed = capsys.readouterr().out
    assert "uses of retired words" in printed
    assert f"{PACKAGE}/domain/keys.py:1 told" in printed
