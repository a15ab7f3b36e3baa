"""HTTP with one attempt, short timeouts and no redirects: retrying is a decision of the use case."""

from collections.abc import Mapping

import urllib3

from lastunit.adapters.threads import run_parallel
from lastunit.domain.errors import NotSent, OutcomeUnknown
from lastunit.ports.system import HttpResponse

BODY_MAX_BYTES = 8 * 1024 * 1024


class UrllibClient:
    run_parallel = staticmethod(run_parallel)

    def __init__(self, connect_seconds: float = 1.0, read_seconds: float = 5.0) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=16,
            maxsize=8,
            retries=False,
            timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds),
        )

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        try:
            # A redirect is an answer like any other: following it would carry credentials elsewhere.
            answer = self._pool.request(
                method, url, headers=dict(headers), body=body, redirect=False, preload_content=False
            )
            content = answer.read(BODY_MAX_BYTES + 1)
            answer.release_conn() if len(content) <= BODY_MAX_BYTES else answer.close()
        except (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.NameResolutionError,
        ) as error:
            raise NotSent(f"{method} could not connect: {type(error).__name__}") from error
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(f"{method} got no answer: {type(error).__name__}") from error
        if len(content) > BODY_MAX_BYTES:
            raise OutcomeUnknown(f"{method} was answered with more than {BODY_MAX_BYTES} bytes")
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return HttpResponse(answer.status, lowered, content)
