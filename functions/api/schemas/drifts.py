"""Drifts: listings that show something else than expected, and a person's word about them."""

from functions.api.schemas.common import Answer, Body, DateTime, Person
from lastunit.domain.listings.drift import Drift, DriftDecision, DriftKind


class DriftDecisionIn(Body):
    """`adopt` takes the channel's number for true; `overwrite` pushes ours. `by`: who decides."""

    decision: DriftDecision
    by: Person


class DriftOut(Answer):
    """A listing that showed `shown` where `expected_shown` was expected. `frozen`: only a person may touch it."""

    sku: str
    channel: str
    listing: str
    kind: DriftKind
    shown: int
    expected_shown: int
    since: DateTime
    seen_at: DateTime
    frozen: bool
    decision: DriftDecision | None
    decided_by: str | None
    decided_at: DateTime | None

    @classmethod
    def of(cls, drift: Drift) -> "DriftOut":
        return cls(
            sku=drift.key.sku,
            channel=drift.key.channel,
            listing=drift.key.name,
            kind=drift.kind,
            shown=drift.shown,
            expected_shown=drift.expected_shown,
            since=drift.since,
            seen_at=drift.seen_at,
            frozen=drift.awaits_person,
            decision=drift.decision,
            decided_by=drift.decided_by,
            decided_at=drift.decided_at,
        )
