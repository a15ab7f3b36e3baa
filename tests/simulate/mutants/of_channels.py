"""Bugs in what channels are told, and in what is known of them."""

from tests.simulate.mutants.planted import Mutant
from tests.simulate.scenario import Scenario


def pushes_increments(scenario: Scenario) -> bool:
    return any(channel.settings.get("sync") == "incremental" for channel in scenario.channels)


def compares_nothing(scenario: Scenario) -> bool:
    """There is a channel that is not told by compare-and-set."""
    return pushes_increments(scenario) or any(channel.kind == "ebay" for channel in scenario.channels)


OF_CHANNELS = (
    Mutant(
        "grant-conditions-dropped",
        "adapters/dynamodb/listings.py",
        "{row.after.key: _keep(row.after, worker)}, {row.after.key: conditions}",
        "{row.after.key: _keep(row.after, worker)}, {row.after.key: conditions[:0]}",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "grant-forgets-what-is-available",
        "adapters/dynamodb/listings.py",
        "            *(self._still_there(sku, at, units) for (sku, at), units in grant.levels.items()),\n",
        "",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "raised-before-lowered",
        "domain/listings/escrow.py",
        "{one.key: one.exposure for one in shares}",
        "{one.key: one.shown for one in shares}",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "numbers-under-way-not-booked",
        "domain/listings/exposure.py",
        "return replace(self, granted=self._base, booked=request.need)",
        "return replace(self, granted=self._base, booked=0)",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "lost-answer-taken-for-a-refusal",
        "use_cases/listings/push/claimed_listings.py",
        "certain = isinstance(error, Throttled | NotSent)",
        "certain = isinstance(error, Throttled | NotSent | OutcomeUnknown)",
        ("6", "7"),
    ),
    Mutant(
        "watermark-ignored",
        "domain/listings/push_state.py",
        "listing.in_flight is not None or finished_poll <= reading.poll:",
        "listing.in_flight is not None:",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "failed-poll-taken-for-its-end",
        "use_cases/orders/poll_channels.py",
        "self._save(interrupted(self.before, self.reading, self._now(), why))",
        "self._save(ended(self.before, self.reading, self._now()))",
        ("5", "7"),
        faults=("channel_outage",),  # One call in trouble is made again.
    ),
    Mutant(
        "cursor-beyond-what-was-read",
        "domain/listings/order_watermark.py",
        "reached = min(max(self.at, latest.astimezone(UTC)), now) if latest else self.reached",
        "reached = now + 2 * OVERLAP",
        ("3", "5"),
        faults=("webhook_lost",),
    ),
    Mutant(
        "late-requests-forgotten",
        "domain/listings/push_state.py",
        "return until is None or asked > until",
        "return True",
        ("7",),
        mode="escrow",
        faults=("channel_late",),
    ),
    Mutant(
        "restocked-units-forgotten",
        "domain/listings/exposure.py",
        "shown + restocked + self.sold",
        "shown + self.sold",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "owed-units-told",
        "use_cases/listings/shared_pool.py",
        " - buffer - _sold_unallocated(name, after)",
        " - buffer",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "escrow-buffer-ignored",
        "use_cases/listings/shared_pool.py",
        " - buffer - _sold_unallocated(name, after)",
        " - _sold_unallocated(name, after)",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "clock-never-put-right",
        "adapters/clock.py",
        "if abs(error) > TOLERANCE:",
        "if abs(error) > 1000 * TOLERANCE:",
        ("5", "6", "7"),
        faults=("clock_off",),
    ),
    Mutant(
        "swap-not-compared",
        "channels/generic/api.py",
        'return item if push.version is None else item | {"if_version": int(push.version)}',
        "return item",
        ("6", "7"),
    ),
    Mutant(
        "claim-ignored",
        "adapters/dynamodb/listings.py",
        "(attribute_not_exists(claim) OR claim = :worker OR claimed_until < :now)",
        "(attribute_exists(pk) OR claim = :worker OR claimed_until < :now)",
        ("6", "7"),
        faults=("channel_slow", "call_slow"),
        where=compares_nothing,
    ),
    Mutant(
        "claim-never-ends",
        "adapters/dynamodb/listings.py",
        "claim = :worker OR claimed_until < :now)",
        "claim = :worker OR claim < :now)",
        ("5", "6", "7"),
    ),
    Mutant(
        "stale-writer-accepted",
        "adapters/dynamodb/listings.py",
        'condition = "claim = :worker"',
        'condition = "(attribute_exists(pk) OR claim = :worker)"',
        ("6", "7"),
        faults=("answer_lost",),
    ),
    Mutant(
        "held-listing-not-asked-again",
        "use_cases/listings/push/claimed_listings.py",
        "RetryLater(HELD_SECONDS) if tasks[key].overwrite else RetryLater()",
        "Finished()",
        ("6", "7"),
        also=Mutant(
            "word-not-heard", "adapters/dynamodb/listings.py", "return set(refused)", "return set()", ("6", "7")
        ),
    ),
    Mutant(
        "task-dropped-when-tables-are-silent",
        "use_cases/listings/push/push_quantities.py",
        "results |= {task.key: RetryLater(CLAIM_SECONDS + 1) for task in wanted}",
        "results |= _nothing(wanted)",
        ("6", "7"),
    ),
    Mutant(
        "falling-stock-not-told",
        "use_cases/listings/track_stock.py",
        "return event.after.sku if before != event.after.available else None",
        "return event.after.sku if before < event.after.available else None",
        ("6", "7"),
    ),
    Mutant(
        "half-sent-batch-taken-for-sent",
        "adapters/sqs.py",
        'if answer.get("Failed"):',
        'if answer.get("Missing"):',
        ("5", "6", "7"),
        faults=("send_partly",),
    ),
    Mutant(
        "buffer-ignored",
        "domain/listings/quantity.py",
        "max(0, pool - channel.buffer)",
        "max(0, pool)",
        ("6",),
    ),
    Mutant(
        "blackout-ignored",
        "domain/listings/quantity.py",
        "if not place.blacked_out and channel.may_use(place.name)",
        "if channel.may_use(place.name)",
        ("6",),
    ),
    Mutant(
        "hold-ignored",
        "domain/listings/quantity.py",
        "if channel.paused or any(",
        "if any(",
        ("6",),
    ),
    Mutant(
        "unimported-sales-not-subtracted",
        "domain/listings/pending_push.py",
        "return self.wanted if self.strict else max(0, self.wanted - self.unimported)",
        "return self.wanted",
        ("6",),
        where=lambda scenario: scenario.is_kept and scenario.mode != "escrow",
    ),
    Mutant(
        "increase-counted-twice",
        "domain/listings/increments.py",
        "        if at in seen and change.after.seq <= seen[at].seq:\n            continue\n",
        "",
        ("6",),
        faults=("stream_replayed",),
        where=pushes_increments,
    ),
    Mutant(
        "exclusive-shares-rounded-up",
        "domain/listings/sharing.py",
        "given = {name: units * percent // 100 for",
        "given = {name: -(-units * percent // 100) for",
        ("6",),
        mode="exclusive",
    ),
)
