"""What the simulated marketplaces answer in process is what they answer over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channel_ports import HttpResponse
from tests.channels.shipstation import V1, V2
from tests.channels.story import SELLERS, Desk, life_of_a_seller, life_of_a_warehouse, selling, shipping
from tests.fakes import one_after_another


@dataclass(frozen=True, slots=True)
class OverLoopback:
    """Every host is the server at `port`, which is told the host it was meant for."""

    port: int
    http: UrllibClient
    side_by_side = staticmethod(one_after_another)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        host, told = urlsplit(url).netloc, dict(headers)
        local = url.replace(f"https://{host}", f"http://127.0.0.1:{self.port}", 1)
        answer = self.http.request(method, local, headers={**told, "Host": host}, body=body)
        return replace(answer, body=answer.body.replace(b"http://", b"https://"))


def served(desk: Desk[Any]) -> Desk[Any]:
    desk.http = OverLoopback(desk.market.port, UrllibClient())
    return desk


@pytest.mark.parametrize("kind", SELLERS)
def test_a_sellers_life_is_the_same_over_http(kind: str) -> None:
    desk = selling(kind)

    with desk.market:
        script = life_of_a_seller(served(desk))

    assert life_of_a_seller(selling(kind)) == script


@pytest.mark.parametrize("version", [V1, V2])
def test_a_warehouses_life_is_the_same_over_http(version: str) -> None:
    desk = shipping(version)

    with desk.market:
        script = life_of_a_warehouse(served(desk))

    assert life_of_a_warehouse(shipping(version)) == script
