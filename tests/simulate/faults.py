"""What may go wrong, how often in one history, and how often it did."""

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

RATES: Mapping[str, float] = {
    # Calls to DynamoDB, each attempt of the SDK by itself.
    "request_lost": 0.02,
    "answer_lost": 0.02,
    "throttled": 0.02,
    "internal_error": 0.01,
    "conflict": 0.03,
    "unprocessed": 0.05,
    "stale_index": 0.3,
    "tables_silent": 0.002,  # From then on for a while, to everybody.
    # Any call of AWS: it takes seconds, in which all else may happen.
    "call_slow": 0.05,
    # Calls to SQS and EventBridge.
    "send_lost": 0.02,
    "send_unanswered": 0.02,
    "send_partly": 0.04,
    # Any call: the process ends before it, or right after it took effect.
    "killed_before": 0.004,
    "killed_after": 0.004,
    # Messages.
    "message_doubled": 0.1,
    "message_delayed": 0.1,
    "message_days_late": 0.01,
    "message_undeletable": 0.05,
    # Streams.
    "stream_replayed": 0.05,
    # Schedules.
    "schedule_skipped": 0.1,
    "schedule_doubled": 0.1,
    # Channels.
    "channel_unreachable": 0.03,
    "channel_silent": 0.04,
    "channel_late": 0.06,
    "channel_slow": 0.2,
    "channel_outage": 0.08,  # From then on for a while.
    "channel_throttles": 0.04,
    "channel_broken": 0.03,
    "channel_lies": 0.01,
    "webhook_lost": 0.2,
    "webhook_doubled": 0.15,
    "webhook_delayed": 0.2,
    "webhook_days_late": 0.01,
    "webhook_forged": 0.03,
    # People: who had an answer asks the same again by mistake; who had none tries again much later.
    "asked_twice": 0.1,
    "asked_late": 0.1,
    # Machines: a share of them has a clock that is wrong by up to ten minutes.
    "clock_off": 0.3,
}
"""Kind → how often, where a history has that kind at its usual strength."""

STRENGTHS = (0.2, 0.5, 1.0, 3.0)

CALM = 0.1  # Share of histories in which nothing goes wrong at all.
KINDS_SHARE = 0.4  # Each kind is in so many of the others: a few kinds at once find more than all of them always.


@dataclass(slots=True)
class Faults:
    """`rates`: those of this history; `counts`: how often each kind struck. `rng` is theirs alone."""

    rates: Mapping[str, float]
    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    healed: bool = False

    def strikes(self, kind: str) -> bool:
        rate = self.rates.get(kind, 0.0)
        if not rate or self.healed or self.rng.random() >= rate:
            return False
        self.counts[kind] += 1
        return True

    def one_of(self, kinds: Collection[str]) -> str | None:
        """At most one of these strikes."""
        if self.healed or not self.rates:
            return None
        return next((kind for kind in kinds if self.strikes(kind)), None)


def chosen(rng: random.Random, without: Collection[str] = ()) -> dict[str, float]:
    """The kinds of one history and their rates."""
    if rng.random() < CALM:
        return {}
    drawn = {
        kind: min(0.5, rate * rng.choice(STRENGTHS)) for kind, rate in RATES.items() if rng.random() < KINDS_SHARE
    }
    return {kind: rate for kind, rate in drawn.items() if kind not in without}
