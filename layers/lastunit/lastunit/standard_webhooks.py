"""Standard Webhooks v1 (HMAC-SHA256): signs what the hub sends and verifies what it receives."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from lastunit.domain.errors import BadSignature

TOLERANCE_SECONDS = 300
SIGNATURES_MAX_CHARS = 4096  # More than 80 signatures of 47 characters; a rotation needs two.
KEY_BYTES = range(24, 65)
PREFIX = "whsec_"

# A dot in the id would let a signed `id.time.body` be cut at another place and still verify.
_ID = re.compile(r"[!-\-/-~]{1,200}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def key_of(secret: str) -> bytes:
    """The HMAC key inside `whsec_…`. Raises ValueError, which never repeats the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ValueError(f"must be {PREFIX} and the base64 of {KEY_BYTES[0]} to {KEY_BYTES[-1]} random bytes")
    return key


def _well_formed(secret: str) -> str:
    key_of(secret)
    return secret


SigningSecret = Annotated[str, Field(max_length=120), AfterValidator(_well_formed)]


def sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signed_headers(keys: Sequence[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """One signature per key: during a rotation the receiver may know either."""
    timestamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(key, message_id, timestamp, body) for key in keys),
    }


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises BadSignature unless a v1 signature by one of the keys is there and at most 5 minutes old."""
    identifier, timestamp = message_id(headers), _header(headers, "timestamp")
    if not _ID.fullmatch(identifier):
        raise BadSignature("webhook-id must be 1 to 200 visible ASCII characters without a dot")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("webhook-timestamp must be unix seconds as an integer")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature(f"webhook-timestamp is more than {TOLERANCE_SECONDS} s away from now")
    expected = [sign(key, identifier, timestamp, body) for key in keys]
    if not _any_equal(expected, _header(headers, "signature")):
        raise BadSignature("webhook-signature holds no v1 signature made with an active secret")


def message_id(headers: Mapping[str, str]) -> str:
    return _header(headers, "id")


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(f"webhook-{name}") or headers.get(f"svix-{name}") or ""


def _any_equal(expected: Sequence[str], header: str) -> bool:
    # Only the text form `v1,<base64>` is compared: other versions and garbage are entries that equal nothing.
    if len(header) > SIGNATURES_MAX_CHARS or not header.isascii():
        return False
    return any(hmac.compare_digest(good, given) for given in header.split(" ") for good in expected)
