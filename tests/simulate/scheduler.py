"""One thread, one seed, one virtual clock: every worker runs in a greenlet that gives way at each call."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from greenlet import greenlet

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone: nothing it would still do has an effect. Not an Exception, so that nobody handles it."""


@dataclass(slots=True, eq=False)
class Actor:
    """Something that works: an invocation of a function, a courier, a person.

    `deadline`: when its platform ends it. `mortal`: it may be killed before.
    """

    name: str
    work: Callable[[], None]
    deadline: float = float("inf")
    mortal: bool = False
    dead: bool = False
    thread: greenlet | None = None
    waiter: "Actor | None" = None


Event = Callable[[], None] | Actor


@dataclass(slots=True)
class Scheduler:
    """`now` is in seconds since START. What is due at one instant happens in the order it was asked for."""

    now: float = 0.0
    steps: int = 0
    current: Actor | None = None
    _due: list[tuple[float, int, Event]] = field(default_factory=list)
    _asked: int = 0
    _loop: greenlet | None = None

    def after(self, seconds: float, do: Event) -> None:
        self._asked += 1
        heapq.heappush(self._due, (self.now + seconds, self._asked, do))

    def start(self, actor: Actor, after_seconds: float = 0.0) -> Actor:
        actor.thread = greenlet(lambda: self._live(actor), self._loop or greenlet.getcurrent())
        self.after(after_seconds, actor)
        return actor

    def sleep(self, seconds: float) -> None:
        """The current actor waits, and others may work meanwhile. Raises Killed when its time is over."""
        actor = self.current
        assert actor is not None, "only actors wait"
        if actor.dead:
            raise Killed
        self.steps += 1
        wakes = self.now + seconds
        if self._due and self._due[0][0] <= wakes:
            self.after(seconds, actor)
            assert self._loop is not None
            self._loop.switch()
        else:
            self.now = wakes  # Nobody else is due before: the detour over the loop would change nothing.
        if self.now > actor.deadline:
            self.kill(actor)
        if actor.dead:
            raise Killed

    def join(self, actor: Actor) -> None:
        """The current actor waits until that one is done, or dead."""
        assert self._loop is not None
        if actor.thread is not None:
            actor.waiter = self.current
            self._loop.switch()

    def kill(self, actor: Actor) -> None:
        """It stops at its next wait, or now if it is the current one and asks for something."""
        actor.dead = True

    def run(self, until: float = float("inf")) -> None:
        """Until nothing is due any more, or not before `until`."""
        self._loop = greenlet.getcurrent()
        while self._due and self._due[0][0] <= until:
            self.now, _, event = heapq.heappop(self._due)
            if isinstance(event, Actor):
                self._switch(event)
            else:
                event()
        if until != float("inf"):
            self.now = max(self.now, until)

    @property
    def is_idle(self) -> bool:
        return not self._due

    def _switch(self, actor: Actor) -> None:
        assert actor.thread is not None
        self.current = actor
        actor.thread.switch()
        self.current = None

    def _live(self, actor: Actor) -> None:
        try:
            actor.work()
        except Killed:
            actor.dead = True
        finally:
            actor.thread = None
            if actor.waiter is not None:
                self.after(0.0, actor.waiter)


@dataclass(frozen=True, slots=True)
class VirtualClock:
    """The clock of one machine, which may be wrong."""

    scheduler: Scheduler
    skew_seconds: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.scheduler.now + self.skew_seconds)
