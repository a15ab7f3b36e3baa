"""The public keys that a channel signs with: fetched when met first, kept for an hour, and asked for sparingly."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lastunit.domain.errors import BadSignature, ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.ports.system import Clock

REMEMBERED = "public keys"
KEY_LIFETIME = timedelta(hours=1)  # As marketplaces advise; a key that was withdrawn is forgotten within it.
UNKNOWN_LIFETIME = timedelta(minutes=10)
KEYS_MAX = 100  # More than any publishes at once.


@dataclass(frozen=True, slots=True)
class StormLimit:
    """How many lookups in vain are made in a window, whatever key ids a forger makes up."""

    lookups: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class _Known[Key]:
    """`key` is None where the channel has no usable key of that id."""

    key: Key | None
    until: datetime


@dataclass(slots=True)
class _Memory[Key]:
    """`in_vain`: lookups that brought no key, of ids that were good before (True) and of all others (False)."""

    known: dict[str, _Known[Key]] = field(default_factory=dict)
    in_vain: dict[bool, list[datetime]] = field(default_factory=lambda: {True: [], False: []})
    answered: datetime | None = None


class PublicKeys[Key]:
    """Kept in `memory`, which outlives the account.

    `fetch(key id)` asks the channel and returns its usable keys by id: the one or, where `tells_all`, every key
    that it publishes. It raises ChannelUnavailable, Throttled, NotSent or OutcomeUnknown where they cannot be had.
    """

    def __init__(
        self,
        who: str,
        fetch: Callable[[str], Mapping[str, Key]],
        storm: StormLimit,
        clock: Clock,
        memory: MutableMapping[str, Any],
        *,
        tells_all: bool = False,
    ) -> None:
        self._who, self._fetch, self._storm, self._clock = who, fetch, storm, clock
        self._tells_all = tells_all
        self._memory: _Memory[Key] = memory.setdefault(REMEMBERED, _Memory[Key]())

    def key(self, kid: str) -> Key:
        """Raises BadSignature where the channel has no such key, ChannelUnavailable where it could not be asked."""
        known = self._memory.known.get(kid)
        if known is None or known.until <= self._clock.now():
            # A key that was good before is asked for again even during a storm of made-up ones.
            known = self._look_up(kid, trusted=known is not None and known.key is not None)
        if known.key is None:
            raise BadSignature(f"{self._who} has no usable key of this id")
        return known.key

    def _look_up(self, kid: str, *, trusted: bool) -> _Known[Key]:
        now, in_vain = self._clock.now(), self._memory.in_vain[trusted]
        in_vain[:] = [at for at in in_vain if at > now - self._storm.window]
        if len(in_vain) >= self._storm.lookups:
            return self._refused(now)
        # Noted before asking: should it fail, the next webhooks wait as well.
        in_vain.append(now)
        found = self._ask(kid)
        if kid in found:
            in_vain.pop()
        self._keep(kid, found, now)
        return self._memory.known[kid]

    def _refused(self, now: datetime) -> _Known[Key]:
        """Made-up ids must not use up the calls that real keys need. A real one is delivered again later."""
        answered = self._memory.answered
        if self._tells_all and answered is not None and now < answered + KEY_LIFETIME:
            return _Known(None, now)  # All its keys were told a moment ago, and this was none of them.
        raise ChannelUnavailable(f"too many signature keys that {self._who} does not have or did not answer for")

    def _keep(self, kid: str, found: Mapping[str, Key], now: datetime) -> None:
        self._memory.answered = now
        if self._tells_all:
            for other in [one for one, entry in self._memory.known.items() if entry.key is not None]:
                self._memory.known.pop(other)
        for one, key in found.items():
            self._remember(one, _Known(key, now + KEY_LIFETIME))
        if kid not in found:
            self._remember(kid, _Known(None, now + UNKNOWN_LIFETIME))

    def _ask(self, kid: str) -> Mapping[str, Key]:
        try:
            return self._fetch(kid)
        except (Throttled, NotSent, OutcomeUnknown) as error:
            raise ChannelUnavailable(f"{self._who}'s signature keys could not be fetched") from error

    def _remember(self, kid: str, found: _Known[Key]) -> None:
        known = self._memory.known
        known.pop(kid, None)
        while len(known) >= KEYS_MAX:
            # Unknown ids go first, or a forger could push the real keys out.
            victim = next((one for one, entry in known.items() if entry.key is None), next(iter(known)))
            known.pop(victim)
        known[kid] = found
