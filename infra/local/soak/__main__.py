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

from infra.local.soak.audit import audit
from infra.local.soak.calm import Calm, Restless
from infra.local.soak.chance import dice
from infra.local.soak.hub import Hub
from infra.local.soak.load import Load
from infra.local.soak.mall import DAYS, Mall
from infra.local.soak.people import StockKeeper
from infra.local.soak.report import PATH, Report, keep_tables, report
from infra.local.soak.trouble import Mischief, inject, make_scarce, struck
from infra.local.stack import LocalStack
from infra.local.tools import StackError


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    minutes = float(os.environ.get("MINUTES") or 10)
    seed = int(os.environ.get("SEED") or random.randrange(1_000_000))  # noqa: S311 - to be told, not a secret
    try:
        with LocalStack(say=say) as stack:
            found = soak(Hub(stack), minutes, seed)
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


def soak(hub: Hub, minutes: float, seed: int) -> Report:
    say("Connecting the channels …")
    # Opened now: another stack that is started beside this one begins a log of its own under the same name.
    with Path(hub.stack.log).open(errors="replace") as log, Mall(hub, seed) as mall:
        keeper = StockKeeper(hub, dice(seed, "keeper"), mall.stalls)
        load = Load(mall, keeper, Mischief(hub, dice(seed, "mischief")), seed, say)
        keeper.open_shop()
        make_scarce(hub)
        say(f"Load and faults for {minutes:g} minutes, seed {seed} …")
        with hub.stack.faults() as proxy:
            inject(proxy)
            mall.misbehave(DAYS)
            load.run(60 * minutes, proxy)
            aws = struck(proxy)
        return _reckon(load, minutes, aws, log)


def _reckon(load: Load, minutes: float, aws: Counter[str], log: TextIO) -> Report:
    """When all is quiet, or will not become so."""
    began, calm, restless = time.monotonic(), Calm(load.mall, load.keeper, say), list[str]()
    say("The faults are off. Waiting until everything has come to its end …")
    try:
        calm()
    except Restless as problem:
        restless = [str(problem)]
    drained = time.monotonic() - began
    say("Counting …")
    found = audit(load.mall, load.keeper)
    found.unexplained += restless
    if not found.is_clean:
        keep_tables(load.mall)
    return report(load, minutes, aws, drained, calm.replayed, found, log)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
