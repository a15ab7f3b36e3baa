"""eBay's module without a network: the challenge and the signature."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from lastunit.channels.ebay.api import Api
from lastunit.channels.ebay.settings import Connection, Secret
from lastunit.channels.ebay.signature import load_key
from lastunit.domain.errors import (
    BadSignature,
    ChannelUnavailable,
    InvalidInput,
    NotSent,
    OutcomeUnknown,
)
from lastunit.ports.channel import WebhookRequest
from tests.channels.ebay.fakes import SDK_MESSAGE, SECRET, URL, EbayRequest, api, webhook
from tests.support.clock import FakeClock

# The vector "VALID" of eBay/event-notification-nodejs-sdk, test/test.json.
SDK_KEY = (
    "-----BEGIN PUBLIC KEY-----MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZhhxXKtR+TOvtDbgTPCkSof02qgBB7IsYOyf76ilExJ/upA"
    "a/vKIKheOoCyOpcLmi4t0b4uepb7LLjmMr90FUg==-----END PUBLIC KEY-----"
)
SDK_HEADER = (
    "eyJhbGciOiJlY2RzYSIsImtpZCI6Ijk5MzYyNjFhLTdkN2ItNDYyMS1hMGYxLTk2Y2NiNDI4YWY0OSIsInNpZ25hdHVyZSI6Ik1FWUNJUUNmeGZJ"
    "V3V4bVdjSUJRSjljNS9YN2lHREpxczJSQ0dzQkVhQWppbnlycmZBSWhBSVY2d0djVGlCdVY1S0pVaWYyaG9reXJMK1E5c3NIa2FkK214Mm5FRTI1"
    "dyIsImRpZ2VzdCI6IlNIQTEifQ=="
)


class Signer:
    """A P-256 key of our own, as eBay's key endpoint serves it."""

    def __init__(self, digest: str = "SHA1", curve: ec.EllipticCurve | None = None) -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        self.digest = digest

    def header(self, body: bytes, kid: str = "key-1") -> str:
        algorithm = hashes.SHA1() if self.digest == "SHA1" else hashes.SHA256()  # noqa: S303 - eBay's
        signature = base64.b64encode(self.key.sign(body, ec.ECDSA(algorithm))).decode()
        return stamp(kid, signature)

    def served(self, call: EbayRequest) -> tuple[int, object]:
        return 200, {"key": pem(self.key.public_key()), "algorithm": "ECDSA", "digest": self.digest}


def stamp(kid: object, signature: object) -> str:
    content = {"alg": "ecdsa", "kid": kid, "signature": signature, "digest": "SHA1"}
    return base64.b64encode(json.dumps(content).encode()).decode()


def pem(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode().replace("\n", "")


def test_the_challenge_is_answered_with_the_hash_of_code_token_and_registered_url() -> None:
    ebay, _ = api()

    answer = ebay.challenge(WebhookRequest(method="GET", headers={}, query={"challenge_code": "abc123"}))

    assert answer == {"challengeResponse": "db535567224612cda7029ed86996c93b8c5592c9862ddc458d34e55b6fff21fe"}


def test_the_registered_url_is_hashed_with_its_trailing_slash() -> None:
    with_slash, without = api(webhook_url=URL + "/")[0], api()[0]
    request = WebhookRequest(method="GET", headers={}, query={"challenge_code": "abc123"})

    answers = with_slash.challenge(request), without.challenge(request)

    assert answers[0] != answers[1]


def test_a_request_that_is_no_challenge_has_no_answer() -> None:
    ebay, _ = api()

    assert ebay.challenge(WebhookRequest(method="GET", headers={})) is None
    assert ebay.challenge(WebhookRequest(method="POST", headers={}, query={"challenge_code": "abc"})) is None


def test_an_endless_challenge_code_is_refused() -> None:
    ebay, _ = api()

    with pytest.raises(InvalidInput, match="challenge_code"):
        ebay.challenge(WebhookRequest(method="GET", headers={}, query={"challenge_code": "x" * 201}))


def test_a_wrong_secret_is_never_shown_in_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Secret.model_validate({**SECRET, "verification_token": "too-short", "refresh_tokn": "v^1.1#leak"})

    assert "too-short" not in str(caught.value)
    assert "leak" not in str(caught.value)


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ValidationError):
        Connection.model_validate({"webhook_url": URL, "seler_id": "x"})


def test_ebays_own_test_vector_is_accepted() -> None:
    served = {"key": SDK_KEY, "algorithm": "ECDSA", "digest": "SHA1"}
    ebay, http = api(lambda call: (200, served))

    ebay.verify(webhook(json.dumps(SDK_MESSAGE, separators=(",", ":")).encode(), SDK_HEADER))

    assert [call.path for call in http.asked] == [
        "/commerce/notification/v1/public_key/9936261a-7d7b-4621-a0f1-96ccb428af49"
    ]


def test_a_body_that_was_formatted_on_the_way_is_accepted_in_its_compact_form() -> None:
    ebay, _ = api(lambda call: (200, {"key": SDK_KEY, "algorithm": "ECDSA", "digest": "SHA1"}))

    ebay.verify(webhook(json.dumps(SDK_MESSAGE, indent=2).encode(), SDK_HEADER))


@pytest.mark.parametrize("digest", ["SHA1", "SHA256"])
def test_the_raw_bytes_are_verified_whatever_their_spacing(digest: str) -> None:
    signer = Signer(digest)
    ebay, _ = api(signer.served)
    body = b'{ "a" :\t1.0 }'

    ebay.verify(webhook(body, signer.header(body)))


def test_one_changed_byte_is_refused() -> None:
    signer = Signer()
    ebay, _ = api(signer.served)

    with pytest.raises(BadSignature):
        ebay.verify(webhook(b'{"quantity":2}', signer.header(b'{"quantity":1}')))


def test_a_signature_of_another_key_is_refused() -> None:
    ebay, _ = api(Signer().served)

    with pytest.raises(BadSignature):
        ebay.verify(webhook(b"{}", Signer().header(b"{}")))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "%%%",
        "é",
        base64.b64encode(b"not json").decode(),
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b"7").decode(),
        base64.b64encode(b"[" * 1400).decode(),
        base64.b64encode(b'{"kid":"k"}').decode(),
        stamp(None, "AAAA"),
        stamp({"a": 1}, "AAAA"),
        stamp("k", None),
        stamp("k", "%%%"),
        stamp("k", "AAAA"),
        stamp("", "AAAA"),
        stamp("../../../sell/fulfillment/v1/order", "AAAA"),
        stamp("k?x=1", "AAAA"),
        stamp("k\n", "AAAA"),
        stamp("k" * 65, "AAAA"),
        "A" * 4000,
    ],
)
def test_garbage_in_the_header_is_a_bad_signature_and_nothing_else(header: str | None) -> None:
    ebay, _ = api(Signer().served)

    with pytest.raises(BadSignature):
        ebay.verify(webhook(b"{}", header))


def test_an_endless_header_is_refused_even_when_its_signature_is_right() -> None:
    signer = Signer()
    ebay, _ = api(signer.served)
    content = json.loads(base64.b64decode(signer.header(b"{}"))) | {"padding": "x" * 2000}

    with pytest.raises(BadSignature):
        ebay.verify(webhook(b"{}", base64.b64encode(json.dumps(content).encode()).decode()))


@pytest.mark.parametrize("kid", ["../token", "a/b", "a?b", "k" * 65])
def test_a_malformed_key_id_never_reaches_ebay(kid: str) -> None:
    ebay, http = api(Signer().served)

    with pytest.raises(BadSignature):
        ebay.verify(webhook(b"{}", stamp(kid, "AAAA")))

    assert http.asked == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'"\\ud800"', b"{"])
def test_a_body_that_is_not_json_is_a_bad_signature(body: bytes) -> None:
    signer = Signer()
    ebay, _ = api(signer.served)

    with pytest.raises(BadSignature):
        ebay.verify(webhook(body, signer.header(b"{}")))


def test_only_ecdsa_on_p256_with_known_digests_makes_a_key() -> None:
    p256 = pem(ec.generate_private_key(ec.SECP256R1()).public_key())
    p384 = pem(ec.generate_private_key(ec.SECP384R1()).public_key())
    of_rsa = pem(rsa.generate_private_key(65537, 2048).public_key())

    assert load_key(p256, "ECDSA", "SHA256") is not None
    assert load_key(p384, "ECDSA", "SHA1") is None
    assert load_key(of_rsa, "ECDSA", "SHA1") is None
    assert load_key(p256, "RSA", "SHA1") is None
    assert load_key(p256, "ECDSA", "MD5") is None
    assert load_key("-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", "ECDSA", "SHA1") is None


def test_a_key_is_asked_for_once_an_hour() -> None:
    signer, clock, memory = Signer(), FakeClock(), dict[str, Any]()
    ebay, http = api(signer.served, clock, memory)
    request = webhook(b"{}", signer.header(b"{}"))

    ebay.verify(request)
    clock.time += timedelta(minutes=59)
    ebay.verify(request)
    asked_within = len(http.asked)
    clock.time += timedelta(minutes=2)
    ebay.verify(request)

    assert (asked_within, len(http.asked)) == (1, 2)


def test_a_key_outlives_the_api_object_that_asked_for_it() -> None:
    signer, memory = Signer(), dict[str, Any]()
    request = webhook(b"{}", signer.header(b"{}"))
    api(signer.served, memory=memory)[0].verify(request)
    second, http = api(signer.served, memory=memory)

    second.verify(request)

    assert http.asked == []


def test_an_unknown_key_is_asked_for_once() -> None:
    ebay, http = api(lambda call: (404, {}))

    for _ in range(3):
        with pytest.raises(BadSignature):
            ebay.verify(webhook(b"{}", stamp("unknown", "AAAA")))

    assert len(http.asked) == 1


def test_made_up_keys_cannot_cause_a_storm_of_calls() -> None:
    ebay, http = api(lambda call: (404, {}))

    refusals = [refusal(ebay, f"made-up-{number}") for number in range(50)]

    assert len(http.asked) == 5
    assert refusals[:5] == [BadSignature] * 5
    assert set(refusals[5:]) == {ChannelUnavailable}


def refusal(ebay: Api, kid: str) -> type[Exception]:
    with pytest.raises((BadSignature, ChannelUnavailable)) as caught:
        ebay.verify(webhook(b"{}", stamp(kid, "AAAA")))
    return caught.type


def test_a_storm_of_made_up_keys_neither_blocks_nor_evicts_the_real_one() -> None:
    signer, clock = Signer(), FakeClock()
    ebay, _ = api(lambda call: signer.served(call) if call.path.endswith("/key-1") else (404, {}), clock)
    request = webhook(b"{}", signer.header(b"{}"))
    ebay.verify(request)
    for number in range(150):
        clock.time += timedelta(seconds=25)  # An hour in all, so that the real key is asked for again.
        refusal(ebay, f"made-up-{number}")
    for number in range(150, 160):
        refusal(ebay, f"made-up-{number}")

    ebay.verify(request)


def raising(error: Exception) -> Callable[[EbayRequest], tuple[int, object]]:
    def answer(call: EbayRequest) -> tuple[int, object]:
        raise error

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda call: (500, {}),
        lambda call: (429, {}),
        lambda call: (401, {}),
        lambda call: (403, {}),
        lambda call: (302, {}),
        lambda call: (200, b"<html>"),
        raising(NotSent("no network")),
        raising(OutcomeUnknown("no answer")),
    ],
)
def test_a_key_that_cannot_be_fetched_now_is_no_bad_signature(
    answer: Callable[[EbayRequest], tuple[int, object]],
) -> None:
    ebay, _ = api(answer)

    with pytest.raises(ChannelUnavailable):
        ebay.verify(webhook(b"{}", stamp("key-1", "AAAA")))
