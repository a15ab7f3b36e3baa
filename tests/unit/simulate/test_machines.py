"""The machines of the simulated cloud: reused while they live, and all replaced when it heals."""

import random
from datetime import datetime, timedelta

import pytest

from lastunit.domain.errors import ChannelUnavailable
from tests.simulate.cloud import Cloud
from tests.simulate.faults import Faults
from tests.simulate.scheduler import START, Scheduler, VirtualClock
from tests.simulate.store import Store

WORK_SECONDS = 10.0


@pytest.fixture
def cloud() -> Cloud:
    """Whose clocks are all wrong until it heals."""
    scheduler, rng = Scheduler(), random.Random(1)  # noqa: S311 - reproducible, not secret
    faults, store = Faults({"clock_off": 1.0}, rng), Store({}, START.timestamp)
    return Cloud(scheduler, faults, rng, store, None, lambda hub: hub, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [None, ChannelUnavailable("down")])
def test_a_machine_that_was_at_work_when_all_healed_is_replaced_too(
    cloud: Cloud, error: ChannelUnavailable | None
) -> None:
    cloud.start("poll_channels", lambda hub: _work(cloud, error), 60.0)

    cloud.scheduler.after(WORK_SECONDS / 2, cloud.heal)
    cloud.scheduler.run()

    assert {0.0} == {_clock_error(cloud) for _ in range(20)}


def test_a_machine_keeps_its_clock_from_one_invocation_to_the_next(cloud: Cloud) -> None:
    errors = [_clock_error(cloud) for _ in range(20)]

    assert 0.0 not in errors
    assert len(errors) > len(set(errors))


def _work(cloud: Cloud, error: ChannelUnavailable | None) -> None:
    cloud.scheduler.sleep(WORK_SECONDS)
    if error:
        raise error


def _clock_error(cloud: Cloud) -> float:
    """In seconds, of the machine that runs the next invocation."""
    found = list[datetime]()
    cloud.start("poll_channels", lambda hub: found.append(hub.clock.now()), 60.0)
    cloud.scheduler.run()
    return (found[0] - VirtualClock(cloud.scheduler).now()) / timedelta(seconds=1)
