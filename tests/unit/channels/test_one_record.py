"""A record that the mapping fails over is unreadable, alone."""

import pytest

from lastunit.channels.shared.one_record import one_record
from lastunit.domain.errors import ChannelUnavailable, UnreadableOrder
from tests.support.killed import WorkerKilled


def test_a_mapping_that_fails_makes_its_record_unreadable_and_quotes_nothing_of_it() -> None:
    with pytest.raises(UnreadableOrder) as caught, one_record():
        raise KeyError("a buyer's name")

    assert "record: the hub cannot map it (KeyError)" == str(caught.value)


@pytest.mark.parametrize("error", [UnreadableOrder("lines", "is no list"), ChannelUnavailable("down")])
def test_an_error_that_has_a_name_stays_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, one_record():
        raise error

    assert error is caught.value


def test_the_end_of_a_worker_is_no_error_of_a_record() -> None:
    with pytest.raises(WorkerKilled), one_record():
        raise WorkerKilled
