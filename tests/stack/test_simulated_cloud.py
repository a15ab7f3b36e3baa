"""The simulator runs the queues and functions on the terms of the template."""

from pathlib import Path
from typing import Any

import pytest
from cfnlint import decode

from tests.simulate.cloud import TERMS
from tests.simulate.queues import Terms

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
QUEUES = TEMPLATE.parent / "infra" / "queues.yaml"
FUNCTIONS = {
    "orders": "ProcessOrders",
    "pushes": "PushQuantities",
    "coverage": "CoverListings",
    "reconcile": "ReconcileListings",
}


def resources(path: Path) -> Any:
    template, problems = decode.decode(str(path))
    assert not problems
    return template["Resources"]


@pytest.mark.parametrize("queue", TERMS)
def test_a_simulated_queue_has_the_terms_of_the_real_one(queue: str) -> None:
    function = resources(TEMPLATE)[f"{FUNCTIONS[queue]}Function"]["Properties"]
    (event,) = (one["Properties"] for one in function["Events"].values() if one["Type"] == "SQS")
    declared = resources(QUEUES)[f"{queue.title()}Queue"]["Properties"]

    terms = Terms(
        batch_max=event["BatchSize"],
        workers_max=event["ScalingConfig"]["MaximumConcurrency"],
        timeout_seconds=function["Timeout"],
        visibility_seconds=declared["VisibilityTimeout"],
        receives_max=declared["RedrivePolicy"]["maxReceiveCount"],
    )

    assert TERMS[queue] == terms
