"""Instants and revisions sort as text in the order of the changes they stand for."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lastunit.channels.shared.times import (
    VERSION_MAX,
    Instant,
    instant,
    instant_text,
    revision_at,
    revision_numbered,
    utc,
)
from lastunit.domain.errors import UnreadableOrder

MOMENTS = st.datetimes(timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-01T12:00:00Z", "2026-08-01T12:00:00.000000+00:00"),
        ("2026-08-01T14:00:00.5+02:00", "2026-08-01T12:00:00.500000+00:00"),
        ("2026-08-01T12:00:00.000Z", "2026-08-01T12:00:00.000000+00:00"),
    ],
)
def test_an_instant_is_written_in_utc_with_microseconds(text: str, expected: str) -> None:
    assert expected == instant_text(instant("at", text))


def test_an_instant_of_another_zone_sorts_by_the_moment_it_is() -> None:
    assert "2026-08-01T10:00:00.000000+00:00" == instant_text(datetime.fromisoformat("2026-08-01T12:00:00+02:00"))


@pytest.mark.parametrize("text", [None, 7, "", "soon", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused_by_its_field(text: object) -> None:
    with pytest.raises(UnreadableOrder, match="at: is not an ISO 8601 date and time"):
        instant("at", text)


def test_a_time_without_a_zone_is_refused_unless_the_channel_says_which() -> None:
    with pytest.raises(UnreadableOrder, match="at: has no time zone"):
        instant("at", "2026-08-01T12:00:00")

    assert 19 == instant("at", "2026-08-01T12:00:00", ZoneInfo("America/Los_Angeles")).hour


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_utc_has_not_is_refused(text: str) -> None:
    with pytest.raises(UnreadableOrder, match="at: lies outside the calendar"):
        instant("at", text)
    with pytest.raises(UnreadableOrder, match="at: lies outside the calendar"):
        utc("at", datetime.fromisoformat(text))


@given(MOMENTS, MOMENTS)
def test_revisions_of_times_sort_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (revision_at(one) < revision_at(other))


@given(st.integers(1, VERSION_MAX), st.integers(1, VERSION_MAX))
def test_revisions_of_versions_sort_as_the_versions_do(one: int, other: int) -> None:
    assert (one < other) == (revision_numbered(one) < revision_numbered(other))


@given(st.integers(1, VERSION_MAX), st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_version_sorts_below_every_time(version: int, at: datetime) -> None:
    assert revision_numbered(version) < revision_at(at)


def test_a_field_of_a_model_is_the_instant_in_utc() -> None:
    field = TypeAdapter[datetime](Instant)

    assert datetime(2026, 8, 1, 12, tzinfo=UTC) == field.validate_python("2026-08-01T14:00:00+02:00")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2026-08-01T14:00:00", "has no time zone; write it such as"),
        (1785585600, "is not an ISO 8601 date and time"),
        ("2026-08-01T14:00:00" + "0" * 30 + "Z", "at most 40 characters"),
    ],
)
def test_a_field_of_a_model_takes_no_other_time(text: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter[datetime](Instant).validate_python(text)
