"""Each build is made once, for all tests of this session and of the next as long as no source changes."""

from pathlib import Path

import pytest

from infra.local.build import build
from infra.local.tools import host_architecture


@pytest.fixture(scope="session")
def aws_build() -> Path:
    return build("arm64")


@pytest.fixture(scope="session")
def host_build() -> Path:
    """The same for this machine, so that its code can be run here."""
    return build(host_architecture())
