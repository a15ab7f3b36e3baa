"""Both stores. The emulator is started once, and nothing is deployed to it."""

from collections.abc import Iterator

import pytest

from infra.local.process import Server
from infra.local.stack import EMULATOR_SETTINGS
from infra.local.tools import LOOPBACK, reserve_port
from tests.contract.database import Database
from tests.contract.stores import emulated, simulated


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Its address."""
    with reserve_port() as reservation:
        port = reservation.getsockname()[1]
        endpoint = f"http://{LOOPBACK}:{port}"
        server = Server(
            f"contract-{port}", ["infra.local.emulator"], EMULATOR_SETTINGS | {"GATEWAY_PORT": str(port)}
        )
        with server:
            server.wait_ready(f"{endpoint}/_ministack/health")
            yield endpoint


@pytest.fixture(params=["simulated", "local stack"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty table for orders: the one that has indexes and a stream."""
    if request.param == "simulated":
        return simulated("OrdersTable")
    return emulated(request.getfixturevalue("emulator"), "OrdersTable")
