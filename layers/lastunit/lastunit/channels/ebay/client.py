"""Calls to eBay's REST APIs: settings, tokens, and what its refusals mean."""

import base64
import json
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from lastunit.channels.ebay.settings import Connection, Credential, Secret
from lastunit.channels.shared.http_status import CREDENTIALS_REFUSED, check_served
from lastunit.channels.shared.retry_after import pause_seconds
from lastunit.domain.errors import ChannelUnavailable, NotSent, OutcomeUnknown, Throttled
from lastunit.ports.system import Clock, HttpClient, HttpResponse, RunParallel

APPLICATION_SCOPE = "https://api.ebay.com/oauth/api_scope"
TOKEN_MARGIN = timedelta(seconds=120)  # More than one call with its retry can last.
TOKEN_SECONDS_MAX = 86_400  # eBay grants 7200; more would be a mistake.
REQUEST_LIMIT_REACHED = 2001  # errorId of domain ACCESS.


class Payload(BaseModel):
    """What eBay sends. Its errors never show the input, which may hold personal data."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
    )


class Parameter(Payload):
    value: str | None = None


class Problem(Payload):
    error_id: int = 0
    message: str | None = None
    parameters: tuple[Parameter, ...] | None = None


class _Problems(Payload):
    errors: tuple[Problem, ...] | None = None


class _TokenAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: Credential
    expires_in: Annotated[int, Field(gt=0)]


class Grant(StrEnum):
    """In whose name eBay is called."""

    APPLICATION = "client_credentials"
    SELLER = "refresh_token"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    expires_at: datetime


class Client:
    """Keeps its tokens in `memory`, for all Api objects of the channel in this process."""

    def __init__(
        self,
        connection: Connection,
        secret: Secret,
        http: HttpClient,
        clock: Clock,
        memory: MutableMapping[str, Any],
    ) -> None:
        self._connection, self._secret = connection, secret
        self._http, self._clock, self._memory = http, clock, memory

    @property
    def run_parallel(self) -> RunParallel:
        return self._http.run_parallel

    def call(self, grant: Grant, method: str, path: str, payload: object = None) -> HttpResponse:
        """Any answer but a refused token, a throttle or a server error, which are raised."""
        answer = self._send(grant, method, path, payload)
        if answer.status in CREDENTIALS_REFUSED:
            # A token can be revoked before it expires. One fresh token is tried, and not a second.
            self._memory.pop(grant.value, None)
            answer = self._send(grant, method, path, payload)
        return self._served(answer)

    def _send(self, grant: Grant, method: str, path: str, payload: object) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {self._token(grant)}",
            "Accept": "application/json",
            "X-EBAY-C-MARKETPLACE-ID": self._connection.marketplace_id,
        }
        body = None
        if payload is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(payload).encode()
        return self._http.request(method, self._connection.api_url + path, headers=headers, body=body)

    def _served(self, answer: HttpResponse) -> HttpResponse:
        if REQUEST_LIMIT_REACHED in _error_ids(answer):
            raise Throttled(pause_seconds(answer.headers.get("retry-after"), self._clock.now()))
        check_served(answer, self._clock.now(), "eBay", "the token was fresh; check the scopes the seller granted")
        return answer

    def _token(self, grant: Grant) -> str:
        known: _Token | None = self._memory.get(grant.value)
        if known is None or known.expires_at <= self._clock.now() + TOKEN_MARGIN:
            known = self._fetch_token(grant)
            self._memory[grant.value] = known
        return known.value

    def _fetch_token(self, grant: Grant) -> _Token:
        answer = self._served_token(self._ask_for_token(grant))
        try:
            read = _TokenAnswer.model_validate_json(answer.body)
        except ValidationError as error:
            raise ChannelUnavailable("eBay's token answer could not be read") from error
        lifetime = timedelta(seconds=min(read.expires_in, TOKEN_SECONDS_MAX))
        return _Token(read.access_token, self._clock.now() + lifetime)

    def _ask_for_token(self, grant: Grant) -> HttpResponse:
        pair = f"{self._secret.client_id}:{self._secret.client_secret}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        url = self._connection.api_url + "/identity/v1/oauth2/token"
        try:
            return self._http.request("POST", url, headers=headers, body=self._token_form(grant))
        except OutcomeUnknown as error:
            # Whatever this token was wanted for has certainly not been sent.
            raise NotSent("eBay's token endpoint gave no answer") from error

    def _token_form(self, grant: Grant) -> bytes:
        form = {"grant_type": grant.value}
        if grant is Grant.APPLICATION:
            form["scope"] = APPLICATION_SCOPE
        else:
            # Without a scope the token carries all that the seller granted; naming one too many is refused.
            form["refresh_token"] = self._secret.refresh_token
        return urlencode(form).encode()

    def _served_token(self, answer: HttpResponse) -> HttpResponse:
        if answer.status != 200 and answer.status < 500 and answer.status != 429:
            raise ChannelUnavailable(
                f"eBay refused to issue a token ({answer.status}): check client_id, client_secret and "
                "refresh_token, and let the seller connect again if they are right"
            )
        return self._served(answer)


def problems(answer: HttpResponse) -> tuple[Problem, ...]:
    """The errors of a refused call; none where the body is not eBay's."""
    try:
        return _Problems.model_validate_json(answer.body).errors or ()
    except ValidationError:
        return ()


def _error_ids(answer: HttpResponse) -> set[int]:
    return {problem.error_id for problem in problems(answer)} if answer.status >= 400 else set()
