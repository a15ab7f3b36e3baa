"""An error that nobody expected ends the one thing it concerns, never its neighbours."""

from lastunit.domain.errors import LastunitError, UnexpectedError
from lastunit.ports.system import ReportError


def contained(error: Exception, report: ReportError) -> LastunitError:
    """The error as an answer: an expected one as it is, any other as the reference of its log entry."""
    return error if isinstance(error, LastunitError) else UnexpectedError(type(error).__name__, report(error))
