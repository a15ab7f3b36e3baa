"""The hub's clock follows the tables': what machines with wrong clocks write down can be compared."""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest

from lastunit.adapters.clock import TableClock
from tests.support.clock import NOON, FakeClock


def answer(seconds: float = 0) -> Mapping[str, object]:
    """Given by the tables so long after noon."""
    headers = {"date": format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)}
    return {"ResponseMetadata": {"HTTPHeaders": headers}}


@pytest.mark.parametrize("wrong_by", [-600, -6, 6, 600])
def test_a_wrong_clock_is_put_right_by_the_first_answer(wrong_by: float) -> None:
    clock = TableClock(FakeClock(NOON + timedelta(seconds=wrong_by)))

    clock.hear(answer())

    assert NOON == clock.now()


@pytest.mark.parametrize("ahead", [-4, 0, 4])
def test_an_answer_that_was_a_while_on_its_way_moves_no_clock(ahead: float) -> None:
    clock = TableClock(FakeClock(NOON + timedelta(seconds=ahead)))

    clock.hear(answer())

    assert NOON + timedelta(seconds=ahead) == clock.now()


def test_a_clock_that_is_set_later_is_put_right_again() -> None:
    machine = FakeClock(NOON - timedelta(hours=1))
    clock = TableClock(machine)
    clock.hear(answer())

    machine.advance(3600 + 20)
    clock.hear(answer(20))

    assert NOON + timedelta(seconds=20) == clock.now()


def test_an_answer_without_a_date_reports_nothing() -> None:
    clock = TableClock(FakeClock())

    clock.hear({})

    assert NOON == clock.now()
