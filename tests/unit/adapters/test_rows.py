"""Rows in DynamoDB's typed JSON: as boto3 would translate them, for what Lastunit keeps."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from lastunit.adapters.dynamodb import rows
from lastunit.domain.orders.states import State

CONTENTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(CONTENTS)
def test_what_is_kept_is_what_boto3_would_keep(content: Any) -> None:
    typed = rows.value(content)

    assert TypeSerializer().serialize(content) == typed
    assert TypeDeserializer().deserialize(typed) == rows.decode({"one": typed})["one"] == content


def test_a_state_is_kept_as_its_text() -> None:
    assert {"S": "reserved"} == rows.value(State.RESERVED)


def test_nothing_empty_is_kept() -> None:
    row: dict[str, Any] = {"none": None, "text": "", "list": [], "map": {}, "tuple": (), "zero": 0, "no": False}

    assert {"zero": {"N": "0"}, "no": {"BOOL": False}} == rows.encode(row)


@pytest.mark.parametrize("content", [1.5, Decimal(1), {1, 2}, b"bytes", object()])
def test_what_no_row_holds_is_refused(content: Any) -> None:
    with pytest.raises(TypeError):
        rows.value(content)


@pytest.mark.parametrize("typed", [{"B": b"bytes"}, {"SS": ["a"]}])
def test_what_no_row_of_ours_holds_cannot_be_read(typed: Any) -> None:
    with pytest.raises(TypeError):
        rows.decode({"one": typed})
