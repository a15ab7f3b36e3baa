"""What the soak came to: for people, and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TextIO

from infra.local.promises import rows
from infra.local.tools import STATE
from tests.soak.audit import Findings
from tests.soak.load import Load
from tests.soak.marketplaces import Marketplaces

PATH, TABLES = STATE / "soak.json", STATE / "soak-tables.json"
FAULTS_PER_MINUTE_MIN = 50
NAMES_MAX = 10
KNOWN_ALREADY = ('"outcome":"duplicate', '"outcome":"stale')
"""As process_orders logs it. A worker that was killed has logged nothing."""


@dataclass(frozen=True, slots=True)
class SoakReport:
    """`faults`: by kind, each counted where it struck. `waiting`: orders of shared channels that lack units."""

    seed: int
    minutes: float
    orders: int
    orders_per_second: float
    sold_out: int
    webhooks_delivered: int
    api_calls: int
    marketplace_calls: int
    faults: Mapping[str, int]
    faults_total: int
    workers_killed: Mapping[str, int]
    duplicates_recognised: int
    dead_letters_replayed_twice: int
    seconds_to_drain: float
    waiting: int
    lost: list[str]
    doubled: list[str]
    oversold: list[str]
    unexplained: list[str]

    @property
    def passed(self) -> bool:
        return not (self.lost or self.doubled or self.oversold or self.unexplained) and self.was_hard

    @property
    def was_hard(self) -> bool:
        return self.faults_total >= FAULTS_PER_MINUTE_MIN * self.minutes

    def save(self) -> None:
        PATH.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def lines(self) -> Iterator[str]:
        yield "\n--- What happened ---"
        yield f"{self.minutes:g} minutes, seed {self.seed} (real time: the same seed makes other histories)"
        yield f"{self.orders} orders, {self.orders_per_second:.1f} a second; {self.sold_out} met an empty shelf"
        yield f"{self.webhooks_delivered} webhooks delivered, {self.duplicates_recognised} duplicates recognised"
        yield f"{self.api_calls} calls of the API, {self.marketplace_calls} calls of the marketplaces"
        yield f"{self.faults_total} faults, {self.faults_total / self.minutes:.0f} a minute:"
        yield from (f"  {count:6} {what}" for what, count in sorted(self.faults.items()))
        yield f"{sum(self.workers_killed.values())} of them workers killed at work: {dict(self.workers_killed)}"
        yield f"drained in {self.seconds_to_drain:.0f} s, {self.dead_letters_replayed_twice} dead letters replayed"
        yield f"{self.waiting} orders of shared channels wait for a person, as stock does not cover them"
        yield "\n--- What must be 0 ---"
        for name in ("lost", "doubled", "oversold", "unexplained"):
            yield f"{name:11} {len(getattr(self, name))}"
            yield from (f"    {one}" for one in getattr(self, name)[:NAMES_MAX])
        if not self.was_hard:
            yield f"Fewer than {FAULTS_PER_MINUTE_MIN} faults a minute: this proves nothing."


def report(
    load: Load, minutes: float, aws: Counter[str], drained: float, replayed: int, found: Findings, log: TextIO
) -> SoakReport:
    marketplaces, killed = load.marketplaces, load.fault_injection.killed
    faults = aws + _of_marketplaces(marketplaces) + _of_functions(load)
    orders = sum(len(driver.expected_orders()) for driver in marketplaces.drivers)
    return SoakReport(
        seed=load.seed,
        minutes=minutes,
        orders=orders,
        orders_per_second=orders / (60 * minutes),
        sold_out=sum(one.sold_out for one in load.buyers),
        webhooks_delivered=sum(market.counts.delivered for market in marketplaces.markets),
        api_calls=marketplaces.hub.calls.total(),
        marketplace_calls=sum(len(market.calls) for market in marketplaces.markets),
        faults=dict(faults),
        faults_total=faults.total(),
        workers_killed=dict(killed),
        duplicates_recognised=_known_already(log),
        dead_letters_replayed_twice=replayed,
        seconds_to_drain=drained,
        waiting=found.waiting,
        lost=found.lost,
        doubled=found.doubled,
        oversold=found.oversold,
        unexplained=found.unexplained,
    )


def keep_tables(marketplaces: Marketplaces) -> None:
    """The stack is gone when somebody looks into what was found."""
    tables = {
        table: rows(marketplaces.hub.stack, f"{table}TableName")
        for table in ("Stock", "Orders", "Ledger", "Settings")
    }
    shelves = {driver.name: [asdict(change) for change in driver.market.history] for driver in marketplaces.drivers}
    TABLES.write_text(json.dumps({**tables, "shelves": shelves}, default=str))


def _of_marketplaces(marketplaces: Marketplaces) -> Counter[str]:
    names = {"throttled": "429", "broken": "5xx", "lost": "no answer, though done"}
    found = Counter[str]()
    for market in marketplaces.markets:
        found.update(f"marketplace: {names[call.fault]}" for call in list(market.calls) if call.fault)
        found["webhooks sent twice"] += market.counts.duplicates
        found["webhooks never sent"] += market.counts.dropped
    return found


def _of_functions(load: Load) -> Counter[str]:
    fault_injection = load.fault_injection
    return Counter(
        {
            "workers killed": fault_injection.killed.total(),
            "messages delivered again": fault_injection.resent,
            "streams told again from the beginning": fault_injection.rewound,
        }
    )


def _known_already(log: TextIO) -> int:
    return sum(any(outcome in line for outcome in KNOWN_ALREADY) for line in log)
