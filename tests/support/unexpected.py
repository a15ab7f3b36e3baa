"""What hears of errors that nobody expected."""

from dataclasses import dataclass, field
from typing import NoReturn


def raise_again(error: Exception) -> NoReturn:
    """For tests in which none is expected: the test ends with it."""
    raise error


@dataclass(slots=True)
class ReportedErrors:
    """For tests that expect some: the references are `entry-1`, `entry-2` and so on."""

    errors: list[Exception] = field(default_factory=list)

    def __call__(self, error: Exception) -> str:
        self.errors.append(error)
        return f"entry-{len(self.errors)}"
