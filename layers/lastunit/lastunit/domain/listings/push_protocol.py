"""Pushing a number to a channel: what is sent and what may come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """How a channel takes a number (docs/design.md section 7)."""

    SET = "set"  # overwrites blindly
    SWAP = "swap"  # applies only where the channel's number is the expected one
    ADJUST = "adjust"  # so many units more or fewer than it shows


@dataclass(frozen=True, slots=True)
class Target:
    """A listing as its channel knows it: `name` is the channel's own SKU name, `refs` its ids there."""

    name: str
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Set `target` to `quantity`. `expected` and `version` come from the last answer or read of the channel.

    `key` is the same for every attempt at the same number, so that a channel with idempotency keys applies it once.
    """

    target: Target
    quantity: int
    key: str
    expected: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """Change `target` by `units`, up or down. `key` is the same for every attempt, so that it is applied once."""

    target: Target
    units: int
    key: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one channel account may be called. `daily_revisions`: times a day one listing may be changed."""

    calls_per_second: float
    burst: int
    daily_revisions: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the channel shows now. `version` where the channel numbers its changes."""

    quantity: int
    version: str | None = None


class Failure(StrEnum):
    """Why one listing was not changed. Others of the same call may have been."""

    STALE = "stale"  # swap refused: the channel's number is not the expected one
    GONE = "gone"  # the listing does not exist there
    NOT_STOCKED = "not_stocked"  # it exists, but not at that location of the channel
    INVALID = "invalid"  # refused for good; the message says why
    THROTTLED = "throttled"  # not now: the channel has had enough calls, or this listing enough changes today
    TRANSIENT = "transient"  # no clear answer: it may have been applied all the same

    @property
    def retryable(self) -> bool:
        return self in (Failure.STALE, Failure.THROTTLED, Failure.TRANSIENT)


@dataclass(frozen=True, slots=True)
class Refused:
    """`current` is set where a stale answer holds the present number already."""

    failure: Failure
    message: str
    current: Shown | None = None


ListingResult = Shown | Refused
