"""JSON from outside is read in one way, or refused."""

import pytest

from lastunit.channels.shared.json_body import json_object, strict_json
from lastunit.domain.errors import InvalidInput


def refusal(body: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        json_object(body, "send JSON")
    return caught.value


def test_an_object_in_utf_8_is_read() -> None:
    assert {"name": "Zoë", "units": [1, 2.5, None]} == json_object('{"name":"Zoë","units":[1,2.5,null]}'.encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_is_no_number_in_json_is_refused_wherever_it_stands(number: str) -> None:
    assert "body" == refusal(f'{{"lines": [{{"quantity": {number}}}]}}'.encode()).field


@pytest.mark.parametrize(
    "body", [b'{"sku": "A", "sku": "B"}', b'{"lines": [{"sku": "A", "units": 1, "sku": "A"}]}']
)
def test_a_key_that_is_there_twice_is_refused_by_its_name(body: bytes) -> None:
    error = refusal(body)

    assert ("sku", "is there twice in one object", "send JSON") == (error.field, error.problem, error.remedy)


def test_one_key_in_two_objects_is_no_doubled_key() -> None:
    assert {"lines": [{"sku": "A"}, {"sku": "B"}]} == json_object(b'{"lines": [{"sku": "A"}, {"sku": "B"}]}')


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null", b"true"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert ("body", "must be a JSON object") == (refusal(body).field, refusal(body).problem)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        '{"a": 1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut", "latin", "utf-16", "byte order mark", "deep", "long number"],
)
def test_what_is_no_json_in_utf_8_is_refused(body: bytes) -> None:
    assert "body" == refusal(body).field


def test_a_refusal_quotes_nothing_of_what_was_sent_but_a_key_cut_short() -> None:
    assert "Bea" not in str(refusal(b'{"buyer": "Bea", }'))
    assert 40 == len(refusal(b'{"%s": 1, "%s": 2}' % (b"k" * 99, b"k" * 99)).field)


def test_answers_that_are_lists_are_read_as_strictly() -> None:
    assert [1] == strict_json(b"[1]")
    with pytest.raises(ValueError, match="twice"):
        strict_json(b'[{"a": 1, "a": 2}]')
