"""What the code costs beside another checkout: `python -m tests.bench.compare BASE_ROOT [ROOT]`.

CPU time is measured, never the clock: of `receive_webhook` per webhook and of `process_orders` per order, warm, for
groups of 1, 10 and 90 orders of the generic and the Shopify kind; and of the import of both handlers in a fresh
interpreter. The two checkouts take turns, so that what else the machine does meets both, and get the same orders.
Each is a black box: its handlers, driven with the events of Lambda, against one emulator of AWS in a process of its
own, which holds the tables, queues and variables that the checkout's own templates declare.

To repeat it: check the older commit out beside this one (`git worktree add ../base COMMIT`) and run
`make compare BASE=../base` on a quiet machine; it takes some three minutes. A checkout against itself shows the
noise. Columns: medians and minima of both in milliseconds; their ratios, above 1 where ROOT costs more than
BASE_ROOT; the quartiles of the ratios of single rounds, whose 50 % is the steadiest figure on a busy machine, for
both meet the same weather in a round. It is a benchmark, not a test: no ratio makes it fail, only a checkout whose
handlers do not do their work.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3

from infra.local.process import Server
from infra.local.stack import EMULATOR_SETTINGS
from infra.local.tools import LOOPBACK, REGION, aws_environment, clean_environment, reserve_port
from tests.bench.deployment import BenchDeployment
from tests.bench.shop import KINDS, SECRETS, http_event, orders, queue_event, set_up, webhook

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
GROUPS = {1: 12, 10: 4, 90: 1}
"""Orders of a group → groups of that size in a round."""

IMPORTED = ("receive_webhook", "process_orders")
IMPORT = (
    "import time; b = time.process_time(); import functions.{}.handler; print(time.process_time() - b, flush=True)"
)

RATIOS = ("median", "min", "25 %", "50 %", "75 %")

Samples = dict[str, tuple[list[float], list[float]]]
"""What is measured → the milliseconds of each round, at BASE_ROOT and at ROOT."""


class Checkout:
    """The code at `root`, at work in a process of its own."""

    def __init__(self, root: Path, name: str, endpoint: str, caches: Path) -> None:
        session = boto3.session.Session("test", "test", region_name=REGION)
        self.deployment = BenchDeployment(
            root,
            name,
            lambda service: session.client(service, endpoint_url=endpoint),  # type: ignore[call-overload]
        )
        self._environment = clean_environment(
            **aws_environment(),
            AWS_ENDPOINT_URL=endpoint,
            PYTHONPATH=os.pathsep.join([str(root / "layers" / "lastunit"), str(root)]),
            PYTHONPYCACHEPREFIX=str(caches),
            PYTHONHASHSEED="0",
            **self.deployment.variables,
        )
        for kind in KINDS:
            self.deployment.put_secret(kind, SECRETS[kind])
        self._worker = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-P", str(WORKER)],
            env=self._environment,
            cwd=caches,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Checkout":
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.kill()
        self._worker.communicate()

    def run(self, function: str, events: Sequence[Any]) -> tuple[float, list[Any]]:
        """CPU milliseconds of all calls together, and the answers."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps({"function": function, "events": events}) + "\n")
        self._worker.stdin.flush()
        line = self._worker.stdout.readline()
        if not line:
            raise SystemExit(f"the handler of {function} failed: see above")
        answer = json.loads(line)
        return answer["seconds"] * 1000, answer["answers"]

    def call(self, method: str, path: str, content: object = None) -> str:
        body = None if content is None else json.dumps(content)
        _, (answer,) = self.run("api", [http_event(method, path, body, {"proxy": path.removeprefix("/")})])
        if answer["statusCode"] >= 300:
            raise SystemExit(f"{method} {path} was answered {answer['statusCode']}: {answer['body']}")
        return str(answer["body"])

    def receive(self, events: Sequence[Any]) -> float:
        spent, answers = self.run("receive_webhook", events)
        if refused := [answer for answer in answers if answer["statusCode"] != 200]:
            raise SystemExit(f"a webhook was refused: {refused[0]}")
        return spent

    def process(self, groups: Sequence[Any]) -> float:
        spent, answers = self.run("process_orders", groups)
        if any(answer["batchItemFailures"] for answer in answers):
            raise SystemExit("process_orders gave messages back")
        return spent

    def import_milliseconds(self, function: str) -> float:
        command = [sys.executable, "-P", "-c", IMPORT.format(function)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=True)  # noqa: S603
        return float(done.stdout) * 1000


def main(arguments: Sequence[str]) -> None:
    chosen = _parsed(arguments)
    roots = chosen.base.resolve(), chosen.root.resolve()
    with ExitStack() as stack, reserve_port(0) as reservation:
        caches = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = reservation.getsockname()[1]
        environment = EMULATOR_SETTINGS | aws_environment() | {"GATEWAY_PORT": str(port), "BIND_HOST": LOOPBACK}
        server = stack.enter_context(Server("bench", ["infra.local.emulator"], environment | {"AUTH": "false"}))
        endpoint = f"http://{LOOPBACK}:{port}"
        server.wait_ready(f"{endpoint}/_ministack/health")
        both = [
            stack.enter_context(Checkout(root, name, endpoint, caches))
            for root, name in zip(roots, ("base", "here"), strict=True)
        ]
        samples = _measured(both, chosen.rounds, time.monotonic() + chosen.seconds)
    _print(samples, roots)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.compare", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("base", type=Path, metavar="BASE_ROOT")
    parser.add_argument("root", type=Path, metavar="ROOT", nargs="?", default=ROOT)
    parser.add_argument("--rounds", type=int, default=40, help="at most")
    parser.add_argument("--seconds", type=float, default=180, help="no round begins later")
    return parser.parse_args(arguments)


def _measured(both: Sequence[Checkout], rounds: int, until: float) -> Samples:
    for checkout in both:
        set_up(checkout.call)
    _round(both, 0, {})  # Loads what is loaded once, connects, and writes the compiled files.
    samples: Samples = {}
    for number in range(1, rounds + 1):
        if number > 1 and time.monotonic() > until:
            break
        _round(both, number, samples)
    for checkout in both:
        if '"reserved"' not in checkout.call("GET", "/orders/generic:G-0"):
            raise SystemExit("an order was not reserved")
    return samples


def _round(both: Sequence[Checkout], number: int, samples: Samples) -> None:
    """Who goes first changes from round to round."""
    turns = (0, 1) if number % 2 else (1, 0)
    per_round = sum(size * count for size, count in GROUPS.items())
    for function in IMPORTED:
        for turn in turns:
            _note(samples, f"import {function}", turn, both[turn].import_milliseconds(function))
    for kind in KINDS:
        first = number * per_round
        numbered = list(enumerate(orders(per_round, seed=number), first))
        events = [webhook(kind, order_number, order) for order_number, order in numbered]
        for turn in turns:
            _note(samples, f"receive_webhook {kind}", turn, both[turn].receive(events) / per_round)
        bodies = {turn: both[turn].deployment.take_orders() for turn in turns}
        for size, count in GROUPS.items():
            for turn in turns:
                taken, bodies[turn] = bodies[turn][: size * count], bodies[turn][size * count :]
                groups = [queue_event(taken[at : at + size], at) for at in range(0, len(taken), size)]
                spent = both[turn].process(groups)
                _note(samples, f"process_orders {kind}, {size} at once", turn, spent / (size * count))
    _add_total(samples)


def _note(samples: Samples, what: str, turn: int, milliseconds: float) -> None:
    samples.setdefault(what, ([], []))[turn].append(milliseconds)


def _add_total(samples: Samples) -> None:
    """One figure of `process_orders` for a round: the geometric mean, in which all kinds and sizes weigh alike."""
    parts = [both for what, both in samples.items() if what.startswith("process_orders ")]
    for turn in (0, 1):
        _note(samples, "process_orders, all together", turn, statistics.geometric_mean(p[turn][-1] for p in parts))


def _print(samples: Mapping[str, tuple[list[float], list[float]]], roots: tuple[Path, Path]) -> None:
    rounds = len(next(iter(samples.values()))[0])
    lines = [
        f"base: {roots[0]}\nhere: {roots[1]}\n{rounds} rounds, CPU milliseconds per webhook, order or import\n",
        f"{'':34}{'median':^18}{'minimum':^18}{'ratio of':^16}{'ratios of rounds':^24}",
        f"{'':34}" + f"{'base':>9}{'here':>9}" * 2 + "".join(f"{name:>8}" for name in RATIOS),
    ]
    lines += [_row(what, *both) for what, both in sorted(samples.items())]
    sys.stdout.write("\n".join(lines) + "\n")


def _row(what: str, base: Sequence[float], here: Sequence[float]) -> str:
    medians = statistics.median(base), statistics.median(here)
    single = [mine / theirs for theirs, mine in zip(base, here, strict=True)]
    quartiles = statistics.quantiles(single, n=4) if len(single) > 1 else single * 3
    costs = (*medians, min(base), min(here))
    ratios = (medians[1] / medians[0], min(here) / min(base), *quartiles)
    return f"{what:34}" + "".join(f"{cost:9.3f}" for cost in costs) + "".join(f"{ratio:8.3f}" for ratio in ratios)


if __name__ == "__main__":
    main(sys.argv[1:])
