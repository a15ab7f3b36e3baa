"""DynamoDB in memory for the tests of this folder."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.dynamo import Store, new_store


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def store(aws: None) -> Store:
    """Empty tables as `infra/storage.yaml` declares them."""
    return new_store()
