"""Field types that the settings of several channel kinds share."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _safe_base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("must start with https:// (http:// is for loopback only)")
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be scheme, host and path, with no user, query or fragment")
    return url.rstrip("/")


BaseUrl = Annotated[str, Field(max_length=200), AfterValidator(_safe_base)]
"""Where a channel's API lives. Credentials only travel over TLS, or to a simulator on this machine."""

ShortText = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """Refuses unknown fields, so that a misspelt setting is an error and not a default."""

    # Hidden input: a message about a malformed secret must not quote it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
