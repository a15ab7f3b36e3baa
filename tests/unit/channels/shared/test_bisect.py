"""A batch refused as a whole is halved until each culprit is alone, within a limit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from lastunit.channels.shared.bisect import CALLS_MAX, Outcome, deliver, halves
from lastunit.domain.errors import ChannelUnavailable, LastunitError, NotSent, OutcomeUnknown, Throttled
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Refused, Shown

CULPRIT = Refused(Failure.INVALID, "no")


@dataclass(slots=True)
class AllOrNothing:
    """A channel that refuses a batch with one of the `culprits` in it; `troubles` befall the next calls."""

    culprits: Collection[int] = ()
    troubles: list[LastunitError | None] = field(default_factory=list)
    calls: list[list[int]] = field(default_factory=list)

    def send(self, group: Sequence[int]) -> Outcome[Sequence[int]]:
        self.calls.append(list(group))
        failure = self.troubles.pop(0) if self.troubles else None
        if failure:
            raise failure
        if not set(group) & set(self.culprits):
            return Outcome({index: Shown(1) for index in group})
        return Outcome({}, halves(group)) if len(group) > 1 else Outcome({group[0]: CULPRIT})

    def deliver(self, count: int) -> list[ListingResult]:
        whole: list[Sequence[int]] = [range(count)]
        return deliver(count, {}, whole, self.send)


def failures(answers: Sequence[ListingResult]) -> list[Failure | None]:
    return [answer.failure if isinstance(answer, Refused) else None for answer in answers]


@pytest.mark.parametrize("count", [1, 2, 25, 100, 250])
def test_one_culprit_wherever_it_stands_keeps_no_other_from_its_push(count: int) -> None:
    for culprit in range(count):
        channel = AllOrNothing({culprit})

        answers = channel.deliver(count)

        assert [CULPRIT if index == culprit else Shown(1) for index in range(count)] == answers
        assert len(channel.calls) <= CALLS_MAX - 3


def test_parts_are_sent_in_the_order_of_the_batch() -> None:
    channel = AllOrNothing({0, 3})

    channel.deliver(4)

    assert [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3], [2], [3]] == channel.calls


def test_many_culprits_end_after_a_stated_number_of_calls_and_the_rest_waits() -> None:
    channel = AllOrNothing(range(250))

    answers = channel.deliver(250)

    assert CALLS_MAX == len(channel.calls)
    assert {Failure.INVALID, Failure.THROTTLED} == set(failures(answers))


@pytest.mark.parametrize("error", [Throttled(3), NotSent("n"), OutcomeUnknown("n"), ChannelUnavailable("n")])
def test_trouble_before_the_first_answer_is_that_of_the_whole_call(error: LastunitError) -> None:
    with pytest.raises(type(error)):
        AllOrNothing(troubles=[error]).deliver(4)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Throttled(3), Failure.THROTTLED),
        (NotSent("n"), Failure.THROTTLED),
        (OutcomeUnknown("n"), Failure.TRANSIENT),
        (ChannelUnavailable("n"), Failure.TRANSIENT),
    ],
)
def test_what_was_answered_is_reported_although_a_later_part_fails(error: LastunitError, failure: Failure) -> None:
    channel = AllOrNothing({3}, [None, None, error])

    assert [None, None, failure, failure] == failures(channel.deliver(4))


def test_listings_that_need_no_call_are_reported_as_they_are_known() -> None:
    channel = AllOrNothing()

    groups: list[Sequence[int]] = [[0, 2]]

    answers = deliver(3, {1: CULPRIT}, groups, channel.send)

    assert [Shown(1), CULPRIT, Shown(1)] == answers


def test_nothing_to_send_asks_nothing() -> None:
    channel = AllOrNothing()

    assert [CULPRIT] == deliver(1, {0: CULPRIT}, [], channel.send)
    assert [] == channel.calls
