"""Microburst as the local stack runs it: the Host header arrives as it was signed, or the call is refused."""

import sys

from aiohttp import web
from microburst import cli
from microburst.forward import Upstream

_outbound_headers = Upstream._outbound_headers


def _outbound_headers_as_signed(upstream: Upstream, request: web.Request) -> dict[str, str]:
    headers: dict[str, str] = _outbound_headers(upstream, request)
    return headers | {"host": request.host}


def main() -> int:
    Upstream._outbound_headers = _outbound_headers_as_signed
    exit_code: int = cli.main()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
