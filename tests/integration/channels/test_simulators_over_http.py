"""What the simulated marketplaces answer in process is what they answer over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.ports.system import HttpResponse
from tests.channels.shipstation.simulator import V1, V2
from tests.channels.story import SELLING, ChannelSession, life_of_a_seller, life_of_a_warehouse, selling, shipping
from tests.support.parallel import in_turn


@dataclass(frozen=True, slots=True)
class OverLoopback:
    """Every host is the server at `port`, which is told the host it was meant for."""

    port: int
    http: UrllibClient
    run_parallel = staticmethod(in_turn)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        host, reported = urlsplit(url).netloc, dict(headers)
        local = url.replace(f"https://{host}", f"http://127.0.0.1:{self.port}", 1)
        answer = self.http.request(method, local, headers={**reported, "Host": host}, body=body)
        return replace(answer, body=answer.body.replace(b"http://", b"https://"))


def served(session: ChannelSession[Any]) -> ChannelSession[Any]:
    session.http = OverLoopback(session.market.port, UrllibClient())
    return session


@pytest.mark.parametrize("kind", SELLING)
def test_a_sellers_life_is_the_same_over_http(kind: str) -> None:
    session = selling(kind)

    with session.market:
        script = life_of_a_seller(served(session))

    assert life_of_a_seller(selling(kind)) == script


@pytest.mark.parametrize("version", [V1, V2])
def test_a_warehouses_life_is_the_same_over_http(version: str) -> None:
    session = shipping(version)

    with session.market:
        script = life_of_a_warehouse(served(session))

    assert life_of_a_warehouse(shipping(version)) == script
