"""One record of a list is understood alone: what cannot be, waits for a person, and all the others are applied."""

from collections.abc import Iterator
from contextlib import contextmanager

from lastunit.domain.errors import LastunitError, UnreadableOrder


@contextmanager
def one_record() -> Iterator[None]:
    """Around the mapping of one record. Raises UnreadableOrder also where the mapping itself fails over it."""
    try:
        yield
    except LastunitError:
        raise
    except Exception as error:
        # Its own message may quote what was sent.
        raise UnreadableOrder("record", f"the hub cannot map it ({type(error).__name__})") from error
