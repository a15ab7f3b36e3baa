"""`make soak MINUTES=10`: the whole application under load and faults, then a count of what it did wrong."""

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import TextIO

from infra.local.stack import LocalStack
from infra.local.tools import StackError
from tests.soak.audit import audit
from tests.soak.drain import Drain, NotDrained
from tests.soak.fault_injection import FaultInjection, inject, make_scarce, struck
from tests.soak.hub import HubClient
from tests.soak.load import Load
from tests.soak.marketplaces import DAYS, Marketplaces
from tests.soak.report import PATH, SoakReport, keep_tables, report
from tests.soak.rng import seeded_rng
from tests.soak.staff import StockKeeper


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    minutes = float(os.environ.get("MINUTES") or 10)
    seed = int(os.environ.get("SEED") or random.randrange(1_000_000))  # noqa: S311 - to be told, not a secret
    try:
        with LocalStack(say=say) as stack:
            found = soak(HubClient(stack), minutes, seed)
    except StackError as problem:
        say(f"The soak stopped: {problem}")
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 1
    for line in found.lines():
        say(line)
    found.save()
    say(f"\nThe report is in {PATH}.")
    return 0 if found.passed else 1


def soak(hub: HubClient, minutes: float, seed: int) -> SoakReport:
    say("Connecting the channels …")
    # Opened now: another stack that is started beside this one begins a log of its own under the same name.
    with Path(hub.stack.log).open(errors="replace") as log, Marketplaces(hub, seed) as marketplaces:
        stock_keeper = StockKeeper(hub, seeded_rng(seed, "keeper"), marketplaces.drivers)
        load = Load(marketplaces, stock_keeper, FaultInjection(hub, seeded_rng(seed, "fault_injection")), seed, say)
        stock_keeper.open_shop()
        make_scarce(hub)
        say(f"Load and faults for {minutes:g} minutes, seed {seed} …")
        with hub.stack.faults() as proxy:
            inject(proxy)
            marketplaces.misbehave(DAYS)
            load.run(60 * minutes, proxy)
            aws = struck(proxy)
        return _reckon(load, minutes, aws, log)


def _reckon(load: Load, minutes: float, aws: Counter[str], log: TextIO) -> SoakReport:
    """When all is quiet, or will not become so."""
    began, drain, restless = time.monotonic(), Drain(load.marketplaces, load.stock_keeper, say), list[str]()
    say("The faults are off. Waiting until everything has come to its end …")
    try:
        drain()
    except NotDrained as problem:
        restless = [str(problem)]
    drained = time.monotonic() - began
    say("Counting …")
    found = audit(load.marketplaces, load.stock_keeper)
    found.unexplained += restless
    if not found.is_clean:
        keep_tables(load.marketplaces)
    return report(load, minutes, aws, drained, drain.replayed, found, log)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
