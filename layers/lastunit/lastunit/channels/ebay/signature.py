"""eBay's webhook signature: ECDSA with a key that is fetched by the id in the header."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lastunit.channels.ebay.client import Payload
from lastunit.channels.shared.public_keys import StormLimit
from lastunit.domain.errors import BadSignature, ChannelUnavailable
from lastunit.ports.system import HttpResponse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

HEADER_CHARACTERS_MAX = 2048  # A real one has about 280.
# eBay allows 10,000 calls a day: five in vain a minute are 7,200, whatever ids a forger makes up.
STORM = StormLimit(lookups=5, window=timedelta(minutes=1))

PEM_START, PEM_END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the header says: which key, and the signature."""

    kid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Key:
    public: "EllipticCurvePublicKey"
    digest: str


class _KeyAnswer(Payload):
    key: str
    algorithm: str
    digest: str


def read_stamp(header: str | None) -> Stamp:
    if not header or len(header) > HEADER_CHARACTERS_MAX:
        raise BadSignature("X-EBAY-SIGNATURE is missing or too long")
    try:
        content = json.loads(base64.b64decode(header, validate=True))
        # The kid goes into a URL, so nothing but eBay's own alphabet may pass.
        if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", content["kid"]):
            raise BadSignature("the key id of X-EBAY-SIGNATURE is malformed")
        return Stamp(content["kid"], base64.b64decode(content["signature"], validate=True))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadSignature("X-EBAY-SIGNATURE cannot be read") from error


def check(stamp: Stamp, body: bytes, key: Key) -> None:
    """The raw bytes first; eBay's own SDKs verify the compact form, so that is accepted too."""
    if _signed(stamp, body, key):
        return
    compact = _compact(body)
    if compact is None or compact == body or not _signed(stamp, compact, key):
        raise BadSignature("the body was not signed with eBay's key")


def _signed(stamp: Stamp, body: bytes, key: Key) -> bool:
    # Imported here because only webhooks pay for it: cryptography adds to every other function's cold start.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    digest = hashes.SHA1() if key.digest == "SHA1" else hashes.SHA256()  # noqa: S303 - eBay's choice, not ours
    try:
        key.public.verify(stamp.signature, body, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def _compact(body: bytes) -> bytes | None:
    try:
        return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None


def usable_key(answer: HttpResponse) -> Key | None:
    """None where eBay knows no usable key of that id. Raises ChannelUnavailable."""
    if 400 <= answer.status < 500:
        return None
    if answer.status != 200:
        raise ChannelUnavailable(f"eBay answered {answer.status} for its public key")
    try:
        read = _KeyAnswer.model_validate_json(answer.body)
    except ValidationError as error:
        raise ChannelUnavailable("eBay's public key answer could not be read") from error
    return load_key(read.key, read.algorithm, read.digest)


def load_key(pem: str, algorithm: str, digest: str) -> Key | None:
    """None for all but ECDSA on P-256 with SHA-1 or SHA-256: nobody else may choose a weaker scheme."""
    # Imported here for the cold start of the functions that verify nothing.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if algorithm.upper() != "ECDSA" or digest.upper() not in ("SHA1", "SHA256"):
        return None
    try:
        public = load_pem_public_key(_with_newlines(pem).encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        return None
    return Key(public, digest.upper())


def _with_newlines(pem: str) -> str:
    """eBay sends the PEM on one line, which no parser takes."""
    middle = pem.strip().removeprefix(PEM_START).removesuffix(PEM_END).strip()
    return f"{PEM_START}\n{middle}\n{PEM_END}\n"
