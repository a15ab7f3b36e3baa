"""Bugs in what channels are told, and in what is known of them."""

from tests.simulate.mutants.planted import Mutant
from tests.simulate.shape import Shape


def told_rises(shape: Shape) -> bool:
    return any(channel.settings.get("sync") == "incremental" for channel in shape.channels)


def compares_nothing(shape: Shape) -> bool:
    """There is a channel that is not told by compare-and-set."""
    return told_rises(shape) or any(channel.kind == "ebay" for channel in shape.channels)


OF_CHANNELS = (
    Mutant(
        "grant-conditions-dropped",
        "adapters/listings.py",
        "{row.after.key: _keep(row.after, worker)}, {row.after.key: conditions}",
        "{row.after.key: _keep(row.after, worker)}, {row.after.key: conditions[:0]}",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "grant-forgets-what-is-available",
        "adapters/listings.py",
        "            *(self._still_there(sku, at, units) for (sku, at), units in grant.levels.items()),\n",
        "",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "raised-before-lowered",
        "domain/escrow.py",
        "{one.key: one.exposure for one in stakes}",
        "{one.key: one.shown for one in stakes}",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "numbers-under-way-not-booked",
        "domain/booking.py",
        "return replace(self, granted=self._base, booked=request.need)",
        "return replace(self, granted=self._base, booked=0)",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "lost-answer-taken-for-a-refusal",
        "push_desk.py",
        "certain = isinstance(error, Throttled | NotSent)",
        "certain = isinstance(error, Throttled | NotSent | OutcomeUnknown)",
        ("6", "7"),
    ),
    Mutant(
        "watermark-ignored",
        "domain/telling.py",
        "listing.in_flight is not None or finished_poll <= listing.observed_poll:",
        "listing.in_flight is not None:",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "failed-poll-taken-for-its-end",
        "poll.py",
        "self._save(interrupted(self.before, self.reading, self._now(), str(error)))",
        "self._save(ended(self.before, self.reading, self._now()))",
        ("5", "7"),
        faults=("channel_outage",),  # One call in trouble is made again.
    ),
    Mutant(
        "cursor-beyond-what-was-read",
        "domain/polling.py",
        "reached = min(max(self.at, latest.astimezone(UTC)), now) if latest else self.reached",
        "reached = now + 2 * OVERLAP",
        ("3", "5"),
        faults=("webhook_lost",),
    ),
    Mutant(
        "late-requests-forgotten",
        "domain/telling.py",
        "return until is None or asked > until",
        "return True",
        ("7",),
        mode="escrow",
        faults=("channel_late",),
    ),
    Mutant(
        "restocked-units-forgotten",
        "domain/booking.py",
        "shown + restocked + self.sold",
        "shown + self.sold",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "owed-units-told",
        "pool.py",
        " - buffer - _owed(name, after)",
        " - buffer",
        ("7",),
        mode="escrow",
    ),
    Mutant(
        "escrow-buffer-ignored",
        "pool.py",
        " - buffer - _owed(name, after)",
        " - _owed(name, after)",
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
        "channels/generic.py",
        "return item if push.version is None else item",
        "return item if push.version is not None else item",
        ("6", "7"),
    ),
    Mutant(
        "claim-ignored",
        "adapters/listings.py",
        "(attribute_not_exists(claim) OR claim = :worker OR claimed_until < :now)",
        "(attribute_exists(pk) OR claim = :worker OR claimed_until < :now)",
        ("6", "7"),
        faults=("channel_slow", "call_slow"),
        where=compares_nothing,
    ),
    Mutant(
        "claim-never-ends",
        "adapters/listings.py",
        "claim = :worker OR claimed_until < :now)",
        "claim = :worker OR claim < :now)",
        ("5", "6", "7"),
    ),
    Mutant(
        "stale-writer-accepted",
        "adapters/listings.py",
        'condition = "claim = :worker"',
        'condition = "(attribute_exists(pk) OR claim = :worker)"',
        ("6", "7"),
        faults=("answer_lost",),
    ),
    Mutant(
        "held-listing-not-asked-again",
        "push_desk.py",
        "Retry(HELD_SECONDS) if tasks[key].overwrite else Retry()",
        "Done()",
        ("6", "7"),
        also=Mutant("word-not-heard", "adapters/listings.py", "return set(refused)", "return set()", ("6", "7")),
    ),
    Mutant(
        "task-dropped-when-tables-are-silent",
        "push.py",
        "results |= {task.key: Retry(CLAIM_SECONDS + 1) for task in wanted}",
        "results |= _nothing(wanted)",
        ("6", "7"),
    ),
    Mutant(
        "falling-stock-not-told",
        "track.py",
        "return event.after.sku if before != event.after.available else None",
        "return event.after.sku if before < event.after.available else None",
        ("6", "7"),
    ),
    Mutant(
        "half-sent-batch-taken-for-sent",
        "adapters/queues.py",
        'if answer.get("Failed"):',
        'if answer.get("Missing"):',
        ("5", "6", "7"),
        faults=("send_partly",),
    ),
    Mutant(
        "buffer-ignored",
        "domain/exposure.py",
        "max(0, pool - channel.buffer)",
        "max(0, pool)",
        ("6",),
    ),
    Mutant(
        "blackout-ignored",
        "domain/exposure.py",
        "if not place.blacked_out and channel.may_use(place.name)",
        "if channel.may_use(place.name)",
        ("6",),
    ),
    Mutant(
        "hold-ignored",
        "domain/exposure.py",
        "if channel.held or any(",
        "if any(",
        ("6",),
    ),
    Mutant(
        "unseen-sales-not-subtracted",
        "domain/telling.py",
        "return self.wanted if self.strict else max(0, self.wanted - self.unseen)",
        "return self.wanted",
        ("6",),
        where=lambda shape: shape.is_kept and shape.mode != "escrow",
    ),
    Mutant(
        "increase-counted-twice",
        "domain/rising.py",
        "        if at in seen and change.after.seq <= seen[at].seq:\n            continue\n",
        "",
        ("6",),
        faults=("stream_replayed",),
        where=told_rises,
    ),
    Mutant(
        "exclusive-shares-rounded-up",
        "domain/sharing.py",
        "given = {name: units * percent // 100 for",
        "given = {name: -(-units * percent // 100) for",
        ("6",),
        mode="exclusive",
    ),
)
