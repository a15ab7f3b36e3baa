"""A batch that its channel refuses as a whole is sent again in parts, until each culprit is alone.

What the channel said of a part stays told, although a later part fails or is not sent any more: a listing counts
as refused or shown only by an answer of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Refused

# One unnamed culprit among 250 listings, the largest batch of any channel, is found within 1 + 2 * 8 calls; three
# are left for repeats. So every batch makes progress, and none goes on for long.
CALLS_MAX = 20
MESSAGE_MAX = 300
NOT_REACHED = Refused(Failure.THROTTLED, "not sent this time: other listings used up the attempts of the call")


@dataclass(frozen=True, slots=True)
class Outcome[Group]:
    """What one call brought: answers by the listing's place in the batch, and the groups to send anew."""

    answers: Mapping[int, ListingResult]
    again: Sequence[Group] = ()


def halves[Item](group: Sequence[Item]) -> list[Sequence[Item]]:
    """Of two items and more."""
    middle = len(group) // 2
    return [group[:middle], group[middle:]]


def deliver[Group](
    count: int, known: Mapping[int, ListingResult], groups: Sequence[Group], send: Callable[[Group], Outcome[Group]]
) -> list[ListingResult]:
    """An answer for each of `count` listings; `known` are those that need no call. Groups go in the order given.

    Raises Throttled, NotSent, OutcomeUnknown or ChannelUnavailable only before the first answer.
    """
    answers, rest, waiting = dict(known), NOT_REACHED, list(reversed(groups))
    for _ in range(CALLS_MAX):
        if not waiting:
            break
        try:
            outcome = send(waiting.pop())
        except (ChannelUnavailable, NotSent, OutcomeUnknown, Throttled) as error:
            if len(answers) == len(known):
                raise
            rest = _postponed(error)
            break
        answers |= outcome.answers
        waiting.extend(reversed(outcome.again))
    return [answers.get(index, rest) for index in range(count)]


def _postponed(error: LastunitError) -> Refused:
    """Only Throttled and NotSent say that nothing was applied; all else leaves open what came of the last call."""
    failure = Failure.THROTTLED if isinstance(error, Throttled | NotSent) else Failure.TRANSIENT
    return Refused(failure, f"not answered this time: {error}"[:MESSAGE_MAX])
