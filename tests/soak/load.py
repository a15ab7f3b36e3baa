"""The load: everybody at work at once, for so many minutes."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from infra.local.faults import FaultProxy
from infra.local.promises import depth
from tests.soak.buyers import Buyers
from tests.soak.fault_injection import FaultInjection, struck
from tests.soak.marketplaces import Marketplaces
from tests.soak.rng import seeded_rng
from tests.soak.staff import StockKeeper, poll

SAY_SECONDS = 10.0
REWIND_AFTER_SECONDS = 45.0  # Later there would be so much to tell again that nothing else is told for minutes.

Say = Callable[[str], None]


@dataclass(slots=True)
class Load:
    marketplaces: Marketplaces
    stock_keeper: StockKeeper
    fault_injection: FaultInjection
    seed: int
    say: Say
    buyers: list[Buyers] = field(default_factory=list)

    def run(self, seconds: float, proxy: FaultProxy) -> None:
        """Raises what went wrong in any of the threads."""
        began = time.monotonic()
        self.buyers = [
            Buyers(driver, self.marketplaces.hub, seeded_rng(self.seed, driver.name))
            for driver in self.marketplaces.drivers
        ]
        with self._at_work() as workers:
            while time.monotonic() - began < seconds:
                time.sleep(min(SAY_SECONDS, max(0.0, seconds - (time.monotonic() - began))))
                self.say(self._progress(time.monotonic() - began, proxy))
                if time.monotonic() - began > REWIND_AFTER_SECONDS and not self.fault_injection.rewound:
                    self.fault_injection.rewind_streams()
                if any(worker.done() for worker in workers):
                    return

    @contextmanager
    def _at_work(self) -> Iterator[list["Future[None]"]]:
        over, jobs = self.marketplaces.hub.over, list(self._jobs())
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
        yield partial(poll, self.marketplaces.hub, [name for name in self.marketplaces.channels if name != "ebay"])
        yield from (
            self.stock_keeper.run,
            self.fault_injection.kill_workers,
            self.fault_injection.deliver_messages_again,
        )

    def _progress(self, seconds: float, proxy: FaultProxy) -> str:
        orders = sum(len(driver.expected_orders()) for driver in self.marketplaces.drivers)
        webhooks = sum(market.counts.delivered for market in self.marketplaces.markets)
        waiting = {name: depth(self.marketplaces.hub.stack, f"{name}QueueUrl") for name in ("Orders", "Pushes")}
        return (
            f"  {seconds:4.0f} s: {orders} orders, {webhooks} webhooks, {struck(proxy).total()} AWS faults, "
            f"{self.fault_injection.killed.total()} workers killed, waiting: {waiting['Orders']} orders, "
            f"{waiting['Pushes']} pushes"
        )
