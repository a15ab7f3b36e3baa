"""Calls to the deployed HTTP API, signed as its routes demand."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.tools import REGION

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def call(url: str, method: str, payload: object = None) -> Answer:
    """An operator's call: JSON, signed with the stack's credentials."""
    body = b"" if payload is None else json.dumps(payload).encode()
    request = AWSRequest(method, url, headers={"content-type": "application/json"}, data=body)
    SigV4Auth(Credentials("test", "test"), "execute-api", REGION).add_auth(request)
    return send(url, method, body, dict(request.headers.items()))


def send(url: str, method: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Exactly these bytes and headers, as a channel would send them."""
    request = urllib.request.Request(url, body or None, headers, method=method)  # noqa: S310 - http on loopback
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())
