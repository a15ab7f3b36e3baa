"""Where announcements are sent to: addresses the merchant configures."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from lastunit.domain.errors import InvalidInput
from lastunit.domain.events.business_events import TYPES

WEBHOOKS_MAX = 20  # Each one multiplies the messages of every announcement.
URL_MAX_CHARS = 500
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# A resolver reads 0x7f.1 and 2130706433 as addresses too; no name on the internet ends in a number.
_ADDRESS = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSubscription:
    """`types`: the types of announcements that are sent there, or their beginnings (`order.`); empty means all.

    The address is a name on the internet, over TLS. Loopback is let through: only a local stack may use it.
    """

    name: str
    url: str
    types: tuple[str, ...] = ()
    enabled: bool = True

    def __post_init__(self) -> None:
        problem = _problem(self.url)
        if problem:
            raise InvalidInput("url", problem)
        for wanted in self.types:
            if not wanted or not any(known.startswith(wanted) for known in TYPES):
                raise InvalidInput("types", f"no type begins with {wanted!r}", "see docs/events.md for all types")

    def wants(self, type_: str) -> bool:
        return self.enabled and (not self.types or type_.startswith(self.types))

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.url).hostname in LOOPBACK


def _problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Reading it is what checks it.
    except ValueError:
        return "is not an address"
    if len(url) > URL_MAX_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be at most {URL_MAX_CHARS} visible ASCII characters"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must have no user and no fragment"
    if parts.hostname in LOOPBACK:
        return None if parts.scheme in ("http", "https") else "must start with https://"
    return "must start with https://" if parts.scheme != "https" else _problem_of_host(parts)


def _problem_of_host(parts: SplitResult) -> str | None:
    """Only what a public name server can know: nothing inside AWS or a private network."""
    host = parts.hostname or ""
    if ":" in host or _ADDRESS.fullmatch(host):
        return "must name a host, not a number"
    if "." not in host.strip(".") or host.rstrip(".").endswith((".internal", ".local", ".localhost")):
        return "must name a host on the internet"
    return None
