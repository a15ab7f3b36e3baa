"""ShipStation V2's webhook signature, and the set of keys it is checked with."""

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lastunit.channels.shipstation.api import KEYS_URL
from lastunit.domain.errors import BadSignature, ChannelUnavailable, NotSent, OutcomeUnknown
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.channels.shipstation.fakes import V2, api
from tests.channels.shipstation.simulator import new_key
from tests.channels.shipstation.wire import jwk
from tests.support.clock import FakeClock

KEY, OTHER = new_key(), new_key()
BODY = b'{"resource_url": "x"}'
NOON = "2026-11-21T12:00:00Z"


def signed(timestamp: str = NOON, kid: str = "key-1", key: rsa.RSAPrivateKey = KEY) -> WebhookRequest:
    signature = key.sign(timestamp.encode() + b"." + BODY, padding.PKCS1v15(), hashes.SHA256())
    headers = {
        "x-shipengine-rsa-sha256-key-id": kid,
        "x-shipengine-rsa-sha256-signature": base64.b64encode(signature).decode(),
        "x-shipengine-timestamp": timestamp,
    }
    return WebhookRequest(method="POST", headers=headers, body=BODY)


def key_set(*entries: object) -> dict[str, Any]:
    return {"keys": list(entries) or [jwk("key-1", KEY.public_key())]}


@dataclass(slots=True)
class Account:
    """One process: its memory, its clock, and the answers to its requests for keys."""

    answer: Any = field(default_factory=key_set)
    clock: FakeClock = field(default_factory=FakeClock)
    memory: dict[str, Any] = field(default_factory=dict)
    asked: int = 0

    def verify(self, request: WebhookRequest) -> None:
        module, http = api(self._serve, V2, self.clock, self.memory)
        try:
            module.verify(request)
        finally:
            assert {call.url for call in http.asked} <= {KEYS_URL}
            assert all("API-Key" not in call.headers for call in http.asked)

    def _serve(self, url: str) -> object:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_what_shipstation_signed_is_accepted() -> None:
    Account().verify(signed())


def test_a_body_a_time_or_a_key_that_was_not_signed_is_refused() -> None:
    account = Account()
    good = signed()
    forgeries = [
        WebhookRequest(method="POST", headers=good.headers, body=BODY + b" "),
        WebhookRequest(
            method="POST", headers={**good.headers, "x-shipengine-timestamp": "2026-11-21T12:00:01Z"}, body=BODY
        ),
        signed(key=OTHER),
    ]

    for forgery in forgeries:
        with pytest.raises(BadSignature):
            account.verify(forgery)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_borne(seconds: int) -> None:
    account = Account()
    account.clock.time += timedelta(seconds=seconds)

    account.verify(signed())


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_are_a_replay(seconds: int) -> None:
    account = Account()
    account.clock.time += timedelta(seconds=seconds)

    with pytest.raises(BadSignature):
        account.verify(signed())
    assert account.asked == 0


@pytest.mark.parametrize("timestamp", ["1795262400", "1795262400123", "2026-11-21T13:00:00.5+01:00"])
def test_other_ways_to_write_the_time_are_read(timestamp: str) -> None:
    Account().verify(signed(timestamp))


@pytest.mark.parametrize(
    "changed",
    [
        {"timestamp": ""},
        {"timestamp": "noon"},
        {"timestamp": "2026-11-21T12:00:00"},
        {"timestamp": "9" * 400},
        {"timestamp": "0001-01-01T00:00:00+23:59"},
        {"timestamp": "\uff12\uff10\uff12\uff16-11-21T12:00:00Z"},
        {"rsa_sha256_signature": ""},
        {"rsa_sha256_signature": "not base64!"},
        {"rsa_sha256_signature": "é"},
        {"rsa_sha256_signature": "A" * 4000},
        {"rsa_sha256_signature": "AAAA"},
        {"rsa_sha256_key_id": ""},
        {"rsa_sha256_key_id": "k" * 201},
        {"rsa_sha256_key_id": "\ud800"},
    ],
)
def test_garbage_in_the_headers_is_a_bad_signature_and_nothing_else(changed: dict[str, str]) -> None:
    request = signed()
    headers = {**request.headers} | {f"x-shipengine-{k.replace('_', '-')}": v for k, v in changed.items()}

    with pytest.raises(BadSignature):
        Account().verify(WebhookRequest(method="POST", headers=headers, body=BODY))


def test_missing_headers_are_a_bad_signature() -> None:
    with pytest.raises(BadSignature):
        Account().verify(WebhookRequest(method="POST", headers={}, body=BODY))


# Keys


def test_the_keys_are_fetched_once_an_hour() -> None:
    account = Account()
    account.verify(signed())
    account.verify(signed())
    once = account.asked
    account.clock.time += timedelta(hours=1)

    account.verify(signed("2026-11-21T13:00:00Z"))

    assert (once, account.asked) == (1, 2)


def test_a_key_that_was_withdrawn_is_forgotten_within_the_hour() -> None:
    account = Account()
    account.verify(signed())
    account.answer = key_set(jwk("key-2", OTHER.public_key()))
    account.clock.time += timedelta(hours=1)

    with pytest.raises(BadSignature):
        account.verify(signed("2026-11-21T13:00:00Z"))


def test_a_new_key_is_asked_for_at_once() -> None:
    account = Account()
    account.verify(signed())
    account.answer = key_set(jwk("key-2", OTHER.public_key()))
    account.clock.time += timedelta(seconds=30)

    account.verify(signed(kid="key-2", key=OTHER))

    assert account.asked == 2


def test_made_up_keys_make_us_ask_twice_a_minute_at_most_and_do_not_shut_out_the_real_one() -> None:
    account = Account()
    for number in range(60):
        with pytest.raises(BadSignature):
            account.verify(signed(kid=f"made-up-{number}"))
        account.clock.time += timedelta(seconds=1)
        account.verify(signed())

    assert account.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        NotSent("no"),
        OutcomeUnknown("no"),
        HttpResponse(302, {"location": "https://evil.example/"}, b""),
        HttpResponse(429, {}, b""),
        HttpResponse(500, {}, b""),
        b"<html>",
        b"[]",
        {"keys": {}},
        b"[" * 100_000,
    ],
)
def test_keys_that_cannot_be_had_are_no_bad_signature_and_are_not_asked_for_each_time(
    answer: object,
) -> None:
    account = Account(answer)
    for _ in range(3):
        with pytest.raises(ChannelUnavailable):
            account.verify(signed())
    account.answer = key_set()
    account.clock.time += timedelta(seconds=30)

    account.verify(signed())

    assert account.asked == 2


def test_known_keys_outlive_a_failure_to_fetch_for_an_unknown_one() -> None:
    account = Account()
    account.verify(signed())
    account.answer = NotSent("no")
    account.clock.time += timedelta(seconds=30)
    with pytest.raises(ChannelUnavailable):
        account.verify(signed(kid="key-2"))

    account.verify(signed())


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
GOOD = jwk("key-1", KEY.public_key())


@pytest.mark.parametrize(
    "entry",
    [
        {**GOOD, "kty": "EC"},
        {**GOOD, "alg": "RS1"},
        {**GOOD, "use": "enc"},
        {**GOOD, "e": "AQ"},
        {**GOOD, "e": "Ag"},
        {**GOOD, "e": GOOD["n"]},
        {**GOOD, "n": "AQAB"},
        {**GOOD, "n": "?"},
        {**GOOD, "n": 7},
        {"kty": "RSA", "kid": "key-1"},
        "key-1",
        None,
    ],
)
def test_an_unusable_key_is_left_out_and_the_others_are_used(entry: object) -> None:
    account = Account(key_set(entry, jwk("key-2", OTHER.public_key())))

    account.verify(signed(kid="key-2", key=OTHER))
    with pytest.raises(BadSignature):
        account.verify(signed())


def test_a_short_key_is_not_used() -> None:
    account = Account(key_set(jwk("key-1", WEAK.public_key())))

    with pytest.raises(BadSignature):
        account.verify(signed(key=WEAK))


def test_a_key_set_is_read_up_to_a_limit() -> None:
    many = [jwk(f"key-{number}", KEY.public_key()) for number in range(21)]
    account = Account(json.dumps(key_set(*many)).encode())

    account.verify(signed(kid="key-19"))
    with pytest.raises(BadSignature):
        account.verify(signed(kid="key-20"))
