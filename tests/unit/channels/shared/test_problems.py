"""A problem of what was sent names one field, in one notation, and repeats nothing."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel

from lastunit.channels.shared.problems import field_path, readable
from lastunit.domain.errors import UnreadableOrder


def _short(text: str) -> str:
    if len(text) > 3:
        raise ValueError("is too long")
    return text


class Line(BaseModel):
    sku: Annotated[str, AfterValidator(_short)]


class Order(BaseModel):
    lines: list[Line]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("lines",), "lines"),
        (("lines", 0, "sku"), "lines[0].sku"),
        ((0, "sku"), "[0].sku"),
        (("labels[se-1]", "items", 2), "labels[se-1].items[2]"),
        (("a", 1, 2), "a[1][2]"),
    ],
)
def test_a_path_is_written_with_dots_and_brackets(path: tuple[str | int, ...], text: str) -> None:
    assert text == field_path(path)


@pytest.mark.parametrize(
    ("content", "field", "problem"),
    [
        ({"lines": [{"sku": "A"}, {"sku": "LONG"}]}, "orders[3].lines[1].sku", "is too long"),
        ({}, "orders[3].lines", "Field required"),
        (b'{"lines": [{}]}', "orders[3].lines[0].sku", "Field required"),
    ],
)
def test_the_first_problem_is_reported_below_its_place(content: object, field: str, problem: str) -> None:
    with pytest.raises(UnreadableOrder) as caught:
        readable(Order, content, ("orders", 3), remedy="see the contract")

    assert (field, problem, "see the contract") == (caught.value.field, caught.value.problem, caught.value.remedy)


def test_what_is_no_order_at_all_is_reported_as_the_whole() -> None:
    with pytest.raises(UnreadableOrder) as caught:
        readable(Order, "Bea, 12 Elm Street")

    assert ("order", False) == (caught.value.field, "Bea" in str(caught.value))


def test_what_can_be_read_is() -> None:
    assert Order(lines=[Line(sku="A")]) == readable(Order, {"lines": [{"sku": "A"}]})
