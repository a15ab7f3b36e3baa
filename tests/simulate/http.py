"""The hub's HTTP client in the simulated world: calls reach the marketplaces of their hosts, without sockets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lastunit.domain.errors import NotSent, OutcomeUnknown
from lastunit.ports.system import HttpResponse, RunParallel
from tests.channels.marketplace import Dropped, Marketplace
from tests.support.parallel import in_turn

Call = Callable[[], HttpResponse]


@dataclass(frozen=True, slots=True)
class MarketHttp:
    """`around` gets the host and the call, which it makes now or later, once, twice or never."""

    markets: Mapping[str, Marketplace]
    around: Callable[[str, Call], HttpResponse]
    run_parallel: RunParallel = in_turn

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        parts = urlsplit(url)
        market = self.markets.get(parts.netloc) if parts.scheme == "https" else None
        if market is None:
            raise NotSent(f"{method} could not connect: nobody is at {parts.scheme}://{parts.netloc}")
        return self.around(parts.netloc, lambda: _answer(market, method, url, headers, body))


def by_host(markets: Iterable[Marketplace]) -> dict[str, Marketplace]:
    return {host: market for market in markets for host in market.hosts}


def _answer(
    market: Marketplace, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> HttpResponse:
    try:
        return HttpResponse(*market.respond(method, url, headers, body))
    except Dropped as error:
        raise OutcomeUnknown(f"{method} got no answer: Dropped") from error
