"""What can go wrong, in the words of the business. `retryable` says whether the same call may succeed later."""


class LastunitError(Exception):
    """Base of every expected failure."""

    retryable = False


class InvalidInput(LastunitError):
    """Something from outside breaks a rule. Nothing was changed."""

    def __init__(self, field: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{field}: {problem}" + (f"; {remedy}" if remedy else ""))
        self.field, self.problem, self.remedy = field, problem, remedy


class MissingReference(InvalidInput):
    """What is asked for names something that does not exist here, beside the thing it is about. See NotFound."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(kind, f"{name!r} does not exist")
        self.name = name


class MissingCapability(InvalidInput):
    """The kind of a channel cannot do what is asked of it. Nothing was asked of the channel."""


class UnreadableOrder(InvalidInput):
    """A signed order whose content cannot be understood: kept as an exception, never dropped."""


class ForbiddenAddress(UnreadableOrder):
    """A notification points to an address outside the allow-list: nothing was asked there.

    Its message names scheme and host only.
    """


class UnknownMessage(LastunitError):
    """A queue message that another release has written: this one cannot tell what it asks for. It is kept."""


class NotFound(LastunitError):
    """The thing that this is about does not exist here. `kind` is its word in the API, `name` its id."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} {name!r} does not exist")
        self.kind, self.name = kind, name


class Conflict(LastunitError):
    """The request is well formed, but the present state forbids it. Nothing was changed."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


class BadSignature(LastunitError):
    """Unsigned, forged or too old: nothing was written."""


class BodyTooLarge(LastunitError):
    """The body exceeds the stated limit."""


class Contention(LastunitError):
    """Other writers held the same items for the whole retry budget. Nothing was written."""

    retryable = True


class NotSent(LastunitError):
    """The request never reached the other side, so it certainly had no effect."""

    retryable = True


class OutcomeUnknown(LastunitError):
    """The request left and no answer came: it may or may not have taken effect."""

    retryable = True


class StoreUnavailable(LastunitError):
    """Our own tables or queues do not answer now. The same call may be made again without harm."""

    retryable = True


class ChannelUnavailable(LastunitError):
    """The channel answered that it cannot serve now (5xx, expired token). Try again later."""

    retryable = True


class Throttled(LastunitError):
    """The channel asks for a pause. `retry_after_seconds` is its own wish, or our default."""

    retryable = True

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"throttled for {retry_after_seconds:g} s")
        self.retry_after_seconds = retry_after_seconds


class UnexpectedError(LastunitError):
    """A mistake of the hub's own. What it concerns waits for a person, all else goes on.

    `reference` names the log entry, which says where it happened; what it was about is in neither.
    """

    def __init__(self, kind: str, reference: str) -> None:
        super().__init__(f"the hub failed over it ({kind}); its log entry is {reference}")
        self.reference = reference


class Unwritable(LastunitError):
    """The store refuses this write for good (too large, malformed). Nothing was written."""
