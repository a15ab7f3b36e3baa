"""DynamoDB in memory for the tests of this folder."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.support.aws.dynamo import HubStore, new_store


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def store(aws: None) -> HubStore:
    """Empty tables as `infra/storage.yaml` declares them."""
    return new_store()
