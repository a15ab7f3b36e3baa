"""Work side by side: results in order, as many at once as asked and no more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from lastunit.adapters.threads import run_parallel
from lastunit.domain.errors import NotSent


@dataclass(slots=True)
class Room:
    """Counts who is in it at once."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: int = 0
    most: int = 0

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        yield
        with self.lock:
            self.inside -= 1


def test_what_is_done_side_by_side_is_under_way_at_once_and_answered_in_order() -> None:
    all_here = threading.Barrier(4)

    def meet(number: int) -> int:
        all_here.wait(timeout=30)
        return number * 10

    assert [0, 10, 20, 30] == run_parallel(meet, range(4), 4)


def test_no_more_than_the_limit_is_under_way_at_once() -> None:
    room, pairs = Room(), threading.Barrier(2)

    def visit(number: int) -> int:
        with room.entered():
            pairs.wait(timeout=30)
        return number

    answers = run_parallel(visit, range(40), 2)

    assert (list(range(40)), 2) == (answers, room.most)


def test_what_one_of_them_raises_is_raised() -> None:
    def refuse(number: int) -> None:
        if number == 2:
            raise NotSent("x")

    with pytest.raises(NotSent):
        run_parallel(refuse, range(4), 2)
