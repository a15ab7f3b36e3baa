"""Signing what the hub sends to the merchant's own addresses, as Standard Webhooks says."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lastunit.domain.errors import ChannelUnavailable
from lastunit.ports.system import Clock
from lastunit.standard_webhooks import SigningSecret, key_of, signed_headers


class Secret(BaseModel):
    """`previous`: still signed with during a rotation, until the receiver knows the new one."""

    # Hidden input: a message about a malformed secret must not quote it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: SigningSecret
    previous: SigningSecret | None = None


class Signer:
    """Implements `ports.Sign`. `find` looks up the secret of a webhook by its name."""

    def __init__(self, find: Callable[[str], Mapping[str, Any]], clock: Clock) -> None:
        self._find, self._clock = find, clock

    def __call__(self, webhook: str, message_id: str, body: bytes) -> Mapping[str, str]:
        try:
            found = Secret.model_validate(self._find(webhook))
        except ValidationError as error:
            # Not from the error: it might show the secret.
            fields = sorted({".".join(map(str, one["loc"])) for one in error.errors(include_input=False)})
            raise ChannelUnavailable(f"the secret of webhook {webhook!r} is wrong: {', '.join(fields)}") from None
        keys = [key_of(one) for one in (found.secret, found.previous) if one]
        return signed_headers(keys, message_id, self._clock.now(), body)
