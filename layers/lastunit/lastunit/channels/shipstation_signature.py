"""ShipStation V2's webhook signature: RSA with a key of its published set."""

import base64
import json
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lastunit.channel_ports import HttpResponse
from lastunit.domain.errors import BadSignature, ChannelUnavailable, NotSent, OutcomeUnknown
from lastunit.ports import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

TOLERANCE = timedelta(minutes=5)
SIGNATURE_CHARACTERS_MAX = 2048  # One of a 4096-bit key has 684.
KEYS_LIFETIME = timedelta(hours=1)
ASKING_PAUSE = timedelta(seconds=30)  # So a forger of key ids makes us ask at most twice a minute.
KEYS_MAX = 20
KEY_BITS_MIN, KEY_BITS_MAX = 2048, 8192
REMEMBERED = "signature keys"

Keys = Mapping[str, "RSAPublicKey"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the headers say: which key, when, and the signature."""

    kid: str
    timestamp: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Remembered:
    """`keys` as of `fetched`; `asked` is the last attempt, whether it was answered or not."""

    asked: datetime
    fetched: datetime | None = None
    keys: Keys = field(default_factory=dict)

    def is_fresh(self, now: datetime) -> bool:
        return self.fetched is not None and now < self.fetched + KEYS_LIFETIME


def read_stamp(headers: Mapping[str, str], now: datetime) -> Stamp:
    kid, timestamp, signature = (
        headers.get(name, "")
        for name in (
            "x-shipengine-rsa-sha256-key-id",
            "x-shipengine-timestamp",
            "x-shipengine-rsa-sha256-signature",
        )
    )
    if not kid or len(kid) > 200 or not 0 < len(signature) <= SIGNATURE_CHARACTERS_MAX:
        raise BadSignature("a signature header is missing or too long")
    if abs(now - _instant(timestamp)) > TOLERANCE:
        raise BadSignature("x-shipengine-timestamp is more than five minutes away")
    try:
        return Stamp(kid, timestamp, base64.b64decode(signature, validate=True))
    except ValueError as error:
        raise BadSignature("the signature is not base64") from error


def _instant(text: str) -> datetime:
    """ISO 8601 with a zone, or, as some have seen, seconds or milliseconds since 1970."""
    try:
        if re.fullmatch(r"[0-9]{10}([0-9]{3})?", text):
            return datetime.fromtimestamp(int(text[:10]), UTC)
        if not re.fullmatch(r"[0-9T:.+Z-]{1,40}", text):
            raise BadSignature("x-shipengine-timestamp is missing or malformed")
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise BadSignature("x-shipengine-timestamp has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadSignature("x-shipengine-timestamp is malformed") from error


def check(stamp: Stamp, body: bytes, key: "RSAPublicKey") -> None:
    # Imported here because only webhooks pay for it: cryptography adds to every other function's cold start.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    message = stamp.timestamp.encode() + b"." + body
    try:
        key.verify(stamp.signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise BadSignature("the body was not signed with ShipStation's key") from error


class KeySet:
    """ShipStation's public keys, kept in `memory`. `fetch` asks for the whole set."""

    def __init__(self, fetch: Callable[[], HttpResponse], clock: Clock, memory: MutableMapping[str, Any]) -> None:
        self._fetch, self._clock, self._memory = fetch, clock, memory

    def key(self, kid: str) -> "RSAPublicKey":
        """Raises BadSignature where the set has no such key, ChannelUnavailable where it could not be had."""
        known: _Remembered | None = self._memory.get(REMEMBERED)
        now = self._clock.now()
        if known is None or not known.is_fresh(now) or kid not in known.keys:
            known = self._renewed(known, now)
        if kid not in known.keys:
            raise BadSignature("ShipStation publishes no usable key of this id")
        return known.keys[kid]

    def _renewed(self, known: _Remembered | None, now: datetime) -> _Remembered:
        """An unknown id may be a key that is new, so the set is read again, but not for every made-up one."""
        if known is not None and now < known.asked + ASKING_PAUSE:
            if known.is_fresh(now):
                return known
            raise ChannelUnavailable("ShipStation's signature keys could not be fetched a moment ago")
        before = known or _Remembered(now)
        # Noted before asking: should it fail, the next webhooks wait as well.
        self._memory[REMEMBERED] = _Remembered(now, before.fetched, before.keys)
        found = _Remembered(now, now, usable_keys(self._ask()))
        self._memory[REMEMBERED] = found
        return found

    def _ask(self) -> HttpResponse:
        try:
            answer = self._fetch()
        except (NotSent, OutcomeUnknown) as error:
            raise ChannelUnavailable("ShipStation's signature keys could not be fetched") from error
        if answer.status != 200:
            raise ChannelUnavailable(f"ShipStation answered {answer.status} for its signature keys")
        return answer


def usable_keys(answer: HttpResponse) -> dict[str, "RSAPublicKey"]:
    """RSA keys for RS256 only: nobody else may choose a weaker scheme."""
    try:
        entries = json.loads(answer.body)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ChannelUnavailable("ShipStation's signature keys could not be read") from error
    if not isinstance(entries, list):
        raise ChannelUnavailable("ShipStation's signature keys could not be read")
    found = {str(entry.get("kid")): _public(entry) for entry in entries[:KEYS_MAX] if isinstance(entry, dict)}
    return {kid: key for kid, key in found.items() if key is not None}


def _public(entry: Mapping[str, Any]) -> "RSAPublicKey | None":
    # Imported here for the cold start of the functions that verify nothing.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    if entry.get("kty") != "RSA" or entry.get("alg", "RS256") != "RS256" or entry.get("use", "sig") != "sig":
        return None
    try:
        modulus, exponent = _number(entry["n"]), _number(entry["e"])
        if not KEY_BITS_MIN <= modulus.bit_length() <= KEY_BITS_MAX or exponent.bit_length() > 32:
            return None
        return RSAPublicNumbers(exponent, modulus).public_key()
    except (ValueError, TypeError, KeyError):
        return None


def _number(text: str) -> int:
    padded = text + "=" * (-len(text) % 4)
    return int.from_bytes(base64.b64decode(padded, altchars=b"-_", validate=True))
