"""What every test needs before it starts: an AWS account that does not exist, and repeatable examples."""

import os

import pytest
from hypothesis import settings

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
os.environ.pop("AWS_PROFILE", None)

# The same examples on every machine, and a slow machine is not a failure.
settings.register_profile("lastunit", max_examples=150, derandomize=True, deadline=None, database=None)
settings.load_profile("lastunit")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests recorded as their `summary`, so that a run says how much it has tried."""
    for report in terminalreporter.getreports("passed"):
        for name, told in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(told))
