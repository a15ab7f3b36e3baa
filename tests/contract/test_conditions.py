"""When a condition holds."""

from typing import Any

import pytest

from tests.contract.database import FAILED, Database, cancelled

LEVEL: dict[str, Any] = {
    "sku": "shirt",
    "units": 5,
    "bins": {"A": {"on_hand": 2}},
    "recipe": {"cap": 1, "hat": 2},
    "tags": ["red", "blue"],
    "again": True,
    "claimed_until": "2026-01-02T00:00:00+00:00",
}
VALUES: dict[str, Any] = {
    "zero": 0,
    "two": 2,
    "five": 5,
    "ten": 10,
    "text": "5",
    "shirt": "shirt",
    "shi": "shi",
    "hir": "hir",
    "umlaut": "ähnlich",
    "red": "red",
    "true": True,
    "recipe": {"hat": 2, "cap": 1},
    "another": {"hat": 2},
    "tags": ["red", "blue"],
    "before": "2026-01-01T00:00:00+00:00",
    "after": "2026-01-03T00:00:00+00:00",
}
NAMES = {"#A": "A", "#B": "B"}

TRUE = [
    "attribute_exists(units)",
    "attribute_not_exists(gone)",
    "attribute_exists(bins.#A)",
    "attribute_not_exists(bins.#B)",
    "attribute_not_exists(gone.#A)",
    "attribute_exists(pk)",
    "units = :five",
    "units <> :ten",
    "units <> :text",
    "gone <> :five",
    "units < :ten",
    "units <= :five",
    "units > :two",
    "units >= :five",
    "claimed_until < :after",
    "claimed_until >= :before",
    "sku < :umlaut",
    "bins.#A.on_hand >= :two",
    "again = :true",
    "recipe = :recipe",
    "tags = :tags",
    "recipe <> :another",
    "units BETWEEN :two AND :five",
    "claimed_until BETWEEN :before AND :after",
    "sku IN (:red, :shirt)",
    "begins_with(sku, :shi)",
    "contains(sku, :hir)",
    "contains(tags, :red)",
    "size(bins) < :two",
    "size(tags) = :two",
    "NOT units = :ten",
    "units = :ten OR units = :five",
    "units = :five AND again = :true",
    "units = :five OR units = :ten AND units = :two",
    "units = :ten AND units = :two OR units = :five",
    "NOT units = :ten AND again = :true",
    "attribute_exists(pk) AND (units = :ten OR units = :five)",
    "units = :five and not attribute_exists(gone)",
]
FALSE = [
    "attribute_exists(gone)",
    "attribute_not_exists(units)",
    "attribute_exists(bins.#B)",
    "attribute_not_exists(bins.#A)",
    "units = :ten",
    "units = :text",
    "units <> :five",
    "units < :five",
    "units >= :ten",
    "units < :text",
    "sku > :five",
    "gone = :five",
    "gone < :five",
    "gone >= :zero",
    "gone BETWEEN :zero AND :ten",
    "gone IN (:five, :ten)",
    "bins.#B.on_hand >= :zero",
    "recipe = :another",
    "units BETWEEN :zero AND :two",
    "sku IN (:red, :shi)",
    "begins_with(sku, :hir)",
    "begins_with(gone, :shi)",
    "contains(tags, :shirt)",
    "contains(gone, :red)",
    "size(bins) > :two",
    "size(gone) < :two",
    "NOT units = :five",
    "(units = :five OR units = :ten) AND units = :two",
    "NOT (units = :five AND again = :true)",
]
"""On LEVEL. Nothing compares with what is missing, and `<>` alone holds for it."""

OF_NO_ROW = {
    "attribute_not_exists(pk)": True,
    "attribute_exists(pk)": False,
    "units = :five": False,
    "units <> :five": True,
    "units >= :zero": False,
    "attribute_not_exists(pk) OR units = :five": True,
}


def _holds(database: Database, condition: str) -> Any:
    values = {name: content for name, content in VALUES.items() if f":{name}" in _words(condition)}
    names = {name: attribute for name, attribute in NAMES.items() if name in _words(condition)}
    return database.transact(database.check(condition, values=values or None, names=names or None))


def _words(condition: str) -> set[str]:
    return {word for part in condition.replace(".", " ").split() for word in [part.strip("(),")]}


@pytest.mark.parametrize("condition", TRUE)
def test_this_condition_holds(database: Database, condition: str) -> None:
    database.put(**LEVEL)

    answer = _holds(database, condition)

    assert {} == answer


@pytest.mark.parametrize("condition", FALSE)
def test_this_condition_does_not_hold(database: Database, condition: str) -> None:
    database.put(**LEVEL)

    answer = _holds(database, condition)

    assert cancelled(FAILED) == answer


@pytest.mark.parametrize(("condition", "holds"), OF_NO_ROW.items())
def test_this_condition_is_asked_of_a_row_that_is_not_there(
    database: Database, condition: str, holds: bool
) -> None:
    answer = _holds(database, condition)

    assert ({} if holds else cancelled(FAILED)) == answer
