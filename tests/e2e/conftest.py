"""One local stack for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from infra.local.shop import Shop
from infra.local.stack import LocalStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as running:
        yield running


@pytest.fixture(scope="session")
def shop(stack: LocalStack) -> Iterator[Shop]:
    """The demo shop, for tests that bring SKUs of their own."""
    with Shop(stack) as open_shop:
        yield open_shop
