"""A machine's clock, kept right by the one clock that all machines see: that of the tables."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from lastunit.ports.system import Clock

TOLERANCE = timedelta(seconds=5)
"""An answer was up to 2 s on its way, and tells its time in whole seconds."""


class TableClock:
    """Within `TOLERANCE` and an answer's time on the way of AWS's own, once the tables have answered.

    What one machine writes down another one compares with its own time, and a clock may be wrong by minutes.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine, self._correction = machine, timedelta(0)

    def now(self) -> datetime:
        return self._machine.now() + self._correction

    def hear(self, answer: Mapping[str, Any]) -> None:
        """`answer`: of any call of the tables, also a refusal, as boto3 reads it."""
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date is None:
            return
        error = parsedate_to_datetime(date) - self.now()
        if abs(error) > TOLERANCE:
            self._correction += error
