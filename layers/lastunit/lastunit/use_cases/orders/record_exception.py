"""Use case: what cannot become a change of an order is kept for a person, whatever it holds."""

import hashlib
from dataclasses import dataclass

from lastunit.domain.errors import LastunitError, UnexpectedError
from lastunit.domain.review import ExceptionKind, ExceptionRecord
from lastunit.ports.orders import Exceptions
from lastunit.ports.system import Clock

PAYLOAD_MAX_BYTES = 128 * 1024  # Of the 400 KB of a row; ASCII, so that its characters are its bytes.
CAUSE_MAX = 1000
ID_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class RecordException:
    exceptions: Exceptions
    clock: Clock

    def record(self, kind: ExceptionKind, channel: str, *, identity: str, cause: str, payload: str) -> str:
        """Its id, which follows from `identity`: recorded again it is the same exception.

        Raises StoreUnavailable.
        """
        exception_id = hashlib.sha256(identity.encode(errors="backslashreplace")).hexdigest()[:ID_CHARACTERS]
        is_kept = len(payload) <= PAYLOAD_MAX_BYTES
        lost = "" if is_kept else f"; its message of {len(payload):,} bytes is too large to be kept"
        self.exceptions.record(
            ExceptionRecord(
                exception_id=exception_id,
                kind=kind,
                channel=channel,
                cause=cause[: CAUSE_MAX - len(lost)] + lost,
                at=self.clock.now().isoformat(),
                payload=payload if is_kept else "",
            )
        )
        return exception_id


def kind_of(error: LastunitError) -> ExceptionKind:
    """Of an order that the hub understands and can never write."""
    is_ours = isinstance(error, UnexpectedError)
    return ExceptionKind.UNEXPECTED_ERROR if is_ours else ExceptionKind.UNWRITABLE_ORDER
