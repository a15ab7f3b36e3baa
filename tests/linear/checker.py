"""Is there one order of concurrent calls that a sequential model allows? (Wing & Gong's search, Lowe's memory.)

A call takes effect at one moment while it is open, so its place is sought as late as can be: just before the next
answer. What is remembered is how far that went: answers passed, state, open calls that have taken effect. Three
things keep it small. A read is placed as soon as its answer fits, for it stands in nobody's way. Of open calls that
do the same, the one that ends first goes first, those nobody answered last: in any order with another one first the
two can swap. And a model may say that the moment of an answer is over.

Which comes first of what remains decides between milliseconds and hours when many answers were lost: they can stand
in for calls that are still open, and the mistake shows much later. So what got far with few of them goes first.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

NODES_MAX = 100_000  # Some 10 seconds. A history that can be explained needs hardly more nodes than it has calls.
UNANSWERED_COST = 8  # In answers. Of 0 to 40, measured on 600 calls with 30 to 80 of them, 4 to 12 are all fast.


class Undecided(Exception):
    """So many orders were tried in vain that nobody wants to wait for the rest."""


@dataclass(frozen=True, slots=True)
class Call[Op]:
    """From `invoked` to `returned` on one counter. None: it may take effect at any time from then on, or never."""

    op: Op
    invoked: int
    returned: int | None
    by: str = ""

    def __str__(self) -> str:
        end = "no answer" if self.returned is None else self.returned
        return f"[{self.invoked} - {end}] {self.by}: {self.op}"


class Model[State, Op](Protocol):
    """States and operations are values: equal ones are the same."""

    def apply(self, state: State, op: Op) -> State | None:
        """None: in this state it cannot have happened with the answer it got."""
        ...

    def is_read(self, op: Op) -> bool:
        """It never changes a state."""
        ...

    def is_past(self, state: State, op: Op) -> bool:
        """Neither this state nor any that may follow allows this read. False is never wrong, True saves time."""
        ...


@dataclass(frozen=True, slots=True)
class Failure[State, Op]:
    """The shortest beginning that no order explains: it ends with the answer of `culprit`.

    `before`: the other calls begun by then, as they stood; `state`: what all of them can have led to.
    """

    culprit: Call[Op]
    before: tuple[Call[Op], ...]
    state: State


def unexplained[State, Op](
    model: Model[State, Op], start: State, calls: Sequence[Call[Op]], nodes_max: int = NODES_MAX
) -> Failure[State, Op] | None:
    """None: the history is linearizable. Raises Undecided."""

    def end(known: Iterable[Call[Op]]) -> State | None:
        return _Search.of(model, known).end(start, nodes_max)

    if end(calls) is not None:
        return None
    answers = {call.returned: call for call in calls if call.returned is not None}
    moments = sorted(answers)
    first = bisect_left(moments, 1, key=lambda moment: end(_until(calls, moment)) is None)
    culprit = answers[moments[first]]
    state = end(_until(calls, moments[first] - 1))
    assert state is not None
    others = (call for call in calls if call is not culprit)
    return Failure(culprit, tuple(_until(others, moments[first] - 1)), state)


def _until[Op](calls: Iterable[Call[Op]], moment: int) -> list[Call[Op]]:
    """As the history stood then: what was open had no answer yet."""
    return [
        call if call.returned is not None and call.returned <= moment else replace(call, returned=None)
        for call in calls
        if call.invoked <= moment
    ]


type _Node[State] = tuple[int, State, int]
"""Answers passed, the state, and a bit for each open call that has taken effect."""


@dataclass(frozen=True, slots=True)
class _Search[State, Op]:
    """Calls go by their place in the order of their ends. `reads` and `writes`: answer → those open just before it.

    `kinds`: the same number for calls that do the same.
    """

    model: Model[State, Op]
    ops: Sequence[Op]
    reads: Sequence[Sequence[int]]
    writes: Sequence[Sequence[int]]
    kinds: Sequence[int]

    @classmethod
    def of(cls, model: Model[State, Op], calls: Iterable[Call[Op]]) -> "_Search[State, Op]":
        telling = [call for call in calls if call.returned is not None or not model.is_read(call.op)]
        telling.sort(key=lambda call: (call.returned is None, call.returned or 0, call.invoked))
        ops, numbers = [call.op for call in telling], dict[Op, int]()
        kinds = [numbers.setdefault(op, len(numbers)) for op in ops]
        reads, writes = list[list[int]](), list[list[int]]()
        for answer, call in enumerate(telling):
            if call.returned is None:
                break
            open_ = [at for at in range(answer, len(telling)) if telling[at].invoked <= call.returned]
            reads.append([at for at in open_ if model.is_read(ops[at])])
            writes.append([at for at in open_ if not model.is_read(ops[at])])
        return cls(model, ops, reads, writes, kinds)

    def end(self, start: State, nodes_max: int) -> State | None:
        """The state after all answers, in the first order that explains them."""
        tries = count(0, -1)
        waiting: list[tuple[int, int, _Node[State]]] = [(0, next(tries), (0, start, 0))]
        known = set[_Node[State]]()
        while waiting:
            node = self._advanced(*heappop(waiting)[2])
            if node is None or node in known:
                continue
            if node[0] == len(self.reads):
                return node[1]
            if len(known) == nodes_max:
                raise Undecided
            known.add(node)
            for step in reversed(list(self._steps(*node))):
                heappush(waiting, (self._cost(step), next(tries), step))  # Among equals the last one goes first.
        return None

    def _cost(self, node: _Node[State]) -> int:
        answer, _, placed = node
        return UNANSWERED_COST * (placed >> len(self.reads)).bit_count() - answer

    def _advanced(self, answer: int, state: State, placed: int) -> _Node[State] | None:
        """Past every answer whose call has taken effect. None: a read that is open then can never fit."""
        while answer < len(self.reads):
            for read in self.reads[answer]:
                if placed >> read & 1:
                    continue
                if self.model.apply(state, self.ops[read]) is not None:
                    placed |= 1 << read
                elif self.model.is_past(state, self.ops[read]):
                    return None
            if not placed >> answer & 1:
                return answer, state, placed
            placed &= ~(1 << answer)
            answer += 1
        return answer, state, placed

    def _steps(self, answer: int, state: State, placed: int) -> Iterator[_Node[State]]:
        """What an open write may lead to, soonest end first: the answer's own call before all others."""
        tried = set[int]()
        for write in self.writes[answer]:
            if placed >> write & 1 or self.kinds[write] in tried:
                continue
            tried.add(self.kinds[write])
            after = self.model.apply(state, self.ops[write])
            if after is not None:
                yield answer, after, placed | 1 << write
