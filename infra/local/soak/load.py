"""The load: everybody at work at once, for so many minutes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from infra.local.faults import FaultProxy
from infra.local.promises import depth
from infra.local.soak.buyers import Buyers
from infra.local.soak.chance import dice
from infra.local.soak.mall import Mall
from infra.local.soak.people import StockKeeper, poll
from infra.local.soak.trouble import Mischief, struck

SAY_SECONDS = 10.0
REWIND_AFTER_SECONDS = 45.0  # Later there would be so much to tell again that nothing else is told for minutes.

Say = Callable[[str], None]


@dataclass(slots=True)
class Load:
    mall: Mall
    keeper: StockKeeper
    mischief: Mischief
    seed: int
    say: Say
    buyers: list[Buyers] = field(default_factory=list)

    def run(self, seconds: float, proxy: FaultProxy) -> None:
        """Raises what went wrong in any of the threads."""
        began = time.monotonic()
        self.buyers = [Buyers(stall, self.mall.hub, dice(self.seed, stall.name)) for stall in self.mall.stalls]
        with self._at_work() as workers:
            while time.monotonic() - began < seconds:
                time.sleep(min(SAY_SECONDS, max(0.0, seconds - (time.monotonic() - began))))
                self.say(self._progress(time.monotonic() - began, proxy))
                if time.monotonic() - began > REWIND_AFTER_SECONDS and not self.mischief.rewound:
                    self.mischief.rewind_streams()
                if any(worker.done() for worker in workers):
                    return

    @contextmanager
    def _at_work(self) -> Iterator[list["Future[None]"]]:
        over, jobs = self.mall.hub.over, list(self._jobs())
        with ThreadPoolExecutor(len(jobs)) as pool:
            workers = [pool.submit(job) for job in jobs]
            try:
                yield workers
            finally:
                over.set()
        for worker in workers:
            worker.result()

    def _jobs(self) -> Iterator[Callable[[], None]]:
        yield from (buyers.run for buyers in self.buyers)
        yield partial(poll, self.mall.hub, [name for name in self.mall.channels if name != "ebay"])
        yield from (self.keeper.run, self.mischief.kill_workers, self.mischief.deliver_messages_again)

    def _progress(self, seconds: float, proxy: FaultProxy) -> str:
        orders = sum(len(stall.deals()) for stall in self.mall.stalls)
        webhooks = sum(market.counts.delivered for market in self.mall.markets)
        waiting = {name: depth(self.mall.hub.stack, f"{name}QueueUrl") for name in ("Orders", "Pushes")}
        return (
            f"  {seconds:4.0f} s: {orders} orders, {webhooks} webhooks, {struck(proxy).total()} AWS faults, "
            f"{self.mischief.killed.total()} workers killed, waiting: {waiting['Orders']} orders, "
            f"{waiting['Pushes']} pushes"
        )
