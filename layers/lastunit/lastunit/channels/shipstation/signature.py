"""ShipStation V2's webhook signature: RSA with a key of its published set."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lastunit.channels.shared.json_body import strict_json
from lastunit.channels.shared.public_keys import StormLimit
from lastunit.domain.errors import BadSignature, ChannelUnavailable
from lastunit.ports.system import HttpResponse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

TOLERANCE = timedelta(minutes=5)
SIGNATURE_CHARACTERS_MAX = 2048  # One of a 4096-bit key has 684.
STORM = StormLimit(lookups=1, window=timedelta(seconds=30))  # A forger makes us ask at most twice a minute.
KEYS_MAX = 20
KEY_BITS_MIN, KEY_BITS_MAX = 2048, 8192

Keys = Mapping[str, "RSAPublicKey"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the headers say: which key, when, and the signature."""

    kid: str
    timestamp: str
    signature: bytes


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


def usable_keys(answer: HttpResponse) -> dict[str, "RSAPublicKey"]:
    """RSA keys for RS256 only: nobody else may choose a weaker scheme. Raises ChannelUnavailable."""
    if answer.status != 200:
        raise ChannelUnavailable(f"ShipStation answered {answer.status} for its signature keys")
    try:
        entries = strict_json(answer.body)["keys"]
    except (ValueError, TypeError, KeyError) as error:
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
