"""Full coverage from the schedule or the API through its queue to a store over HTTP, on its worse days too."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cfnlint import decode

from functions.cover_listings.handler import PATIENCE_MAX
from functions.cover_listings.handler import handler as cover_listings
from functions.push_quantities.handler import handler as push_quantities
from functions.run_full_coverage.handler import handler as run_full_coverage
from lastunit import bootstrap
from lastunit.channels.registry import KINDS
from lastunit.domain.channel import Channel, Sync
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.full_coverage import CoverageSchedule
from lastunit.domain.stock.catalogue import Location
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from lastunit.ports.channel import Capability
from lastunit.use_cases.listings import cover_listings as covering
from lastunit.use_cases.listings.run_full_coverage import BEGIN_SECONDS
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Misbehaviour
from tests.support.api_client import ApiClient
from tests.support.aws.deployment import Deployment, context, deployed
from tests.support.messages import content, push

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
QUEUES = TEMPLATE.parent / "infra" / "queues.yaml"
SKUS = ("hat", "shirt", "tie")
SCHEDULED = {"detail-type": "Scheduled Event", "source": "aws.scheduler"}


@dataclass(slots=True)
class CoverageDeployment:
    """A store with three listings that is told only once a day or by hand, and a hub with five of each."""

    deployment: Deployment
    market: GenericStore
    api: ApiClient = field(init=False)

    def __post_init__(self) -> None:
        self.api = ApiClient(self.deployment)

    def connect(self, sync: Sync = Sync.TIMED_FULL) -> None:
        bootstrap.hub().configure_catalogue.put_location(Location("montreal", 1))
        full_at = None if sync is Sync.MANUAL else "03:30"
        channel = Channel(
            name="web", kind="generic", connection=self.market.connection(), sync=sync, full_at=full_at
        )
        self.deployment.connect(channel, self.market.secret())
        for sku in SKUS:
            self.market.list_item(sku, 0)
            self.deployment.add_listing(sku, "web")
            self.move(sku, 5, "opening")
        self.deployment.sent(self.deployment.pushes_url)

    def move(self, sku: str, units: int, operation: str) -> None:
        bootstrap.hub().adjust_stock.move(
            Adjustment(
                operation=f"{operation}-{sku}",
                reason=AdjustmentReason.CORRECT,
                sku=sku,
                location="montreal",
                delta=units,
            )
        )

    def minute(self) -> list[dict[str, Any]]:
        """What is done every minute; the segments that it asked for."""
        run_full_coverage(SCHEDULED, context())
        return self.segments()

    def segments(self) -> list[dict[str, Any]]:
        return self.deployment.sent(os.environ["COVERAGE_QUEUE_URL"])

    def cover(self, task: dict[str, Any], received: int = 1) -> bool:
        """Is it done?"""
        records = [record(task, received)]
        return not cover_listings({"Records": records}, context())["batchItemFailures"]

    def run(self) -> None:
        """By hand, to its end."""
        assert 202 == self.api.post("/channels/web/coverage")[0]
        assert [True] == [self.cover(task) for task in self.minute()]

    def hour_has_come(self) -> None:
        """Its daily time was a minute ago, and has been its time since yesterday."""
        now = datetime.now(UTC)
        channel = bootstrap.hub().settings.channel("web")
        assert channel
        full_at = (now - timedelta(minutes=1)).strftime("%H:%M")
        bootstrap.hub().configure_channel.put_channel(replace(channel, full_at=full_at))
        bootstrap.hub().coverages.put_schedule("web", CoverageSchedule(f"{full_at} UTC", now - timedelta(days=1)))
        self.deployment.sent(self.deployment.pushes_url)

    def report(self) -> dict[str, Any]:
        status, [run, *_] = self.api.get("/channels/web/coverage")
        assert 200 == status
        found: dict[str, Any] = run
        return found

    def push(self, tasks: list[dict[str, Any]]) -> None:
        answer = push_quantities({"Records": [record(task) for task in tasks]}, context())
        assert [] == answer["batchItemFailures"]


def record(task: dict[str, Any], received: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(received)}
    return {
        "messageId": json.dumps(task),
        "receiptHandle": "gone",
        "body": json.dumps(task),
        "attributes": attributes,
    }


@pytest.fixture
def store(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoverageDeployment]:
    with deployed(monkeypatch) as deployment, GenericStore(seed=1) as market:
        market.webhook_url = "http://127.0.0.1:9/unused"
        found = CoverageDeployment(deployment, market)
        found.connect()
        yield found


def shelves(**numbers: int) -> dict[str, int]:
    return dict.fromkeys(SKUS, 5) | numbers


def test_a_run_by_hand_overwrites_whatever_the_store_shows(store: CoverageDeployment) -> None:
    """Rule 1.5-7."""
    store.run()
    store.market.put_on_shelf("tie", 9, "edit")

    store.run()

    assert shelves() == store.market.shelves


def test_the_channel_is_overwritten_at_its_hour_and_only_then(store: CoverageDeployment) -> None:
    """Rule 1.5-4: the total at that time; what happened before it was told to nobody."""
    store.move("hat", 2, "more")
    store.push([content(push("hat"))])
    untold = dict(store.market.shelves)
    store.hour_has_come()

    segments = store.minute()
    done = [store.cover(segment) for segment in segments]

    assert (dict.fromkeys(SKUS, 0), [True], shelves(hat=7)) == (untold, done, store.market.shelves)
    assert [] == store.minute()


def test_a_time_that_was_just_set_waits_for_its_next_slot(store: CoverageDeployment) -> None:
    """Rules 1.5-6 and 1.5-13."""
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).strftime("%H:%M")
    channel = bootstrap.hub().settings.channel("web")
    assert channel
    bootstrap.hub().configure_channel.put_channel(replace(channel, full_at=an_hour_ago))

    assert [[], []] == [store.minute(), store.minute()]


def test_the_report_counts_what_came_of_the_listings(store: CoverageDeployment) -> None:
    store.deployment.add_listing("scarf", "web")  # The store does not know it.

    store.run()

    report = store.report()
    counts = ("state", "segments", "listings", "changed", "skipped", "failed", "polled")
    assert ["finished", 1, 4, 3, 0, 1, True] == [report[name] for name in counts]


def test_a_run_under_way_shows_how_far_it_has_come_and_refuses_another(store: CoverageDeployment) -> None:
    store.api.post("/channels/web/coverage")
    store.minute()

    report = store.report()
    status, refusal = store.api.post("/channels/web/coverage")

    assert ("running", 0, 0) == tuple(report[name] for name in ("state", "segments", "listings"))
    assert (409, report["run"]) == (status, refusal["run"])


def test_runs_of_a_channel_that_does_not_exist_are_not_found(store: CoverageDeployment) -> None:
    assert 404 == store.api.get("/channels/nowhere/coverage")[0]
    assert 404 == store.api.post("/channels/nowhere/coverage")[0]


def test_what_was_sold_without_a_webhook_is_imported_first_and_not_offered_again(
    store: CoverageDeployment,
) -> None:
    """Rule 1.5-12: its webhook was lost."""
    store.run()
    store.market.sell({"shirt": 2})

    store.run()

    level = store.deployment.store.levels()[LevelKey("shirt", "montreal")]
    assert (shelves(shirt=3), 3) == (store.market.shelves, level.available)


@pytest.mark.parametrize("lists_orders", [True, False])
def test_what_is_sold_between_the_poll_and_the_overwrite_is_not_offered_again(
    store: CoverageDeployment, lists_orders: bool
) -> None:
    """Rule 1.5-12, on a store with and without a list of orders."""
    store.run()
    store.market.lists_orders = lists_orders
    store.api.post("/channels/web/coverage")
    segments = store.minute()
    store.market.sell({"shirt": 2})

    done = [store.cover(segment) for segment in segments]

    assert ([True], shelves(shirt=3), lists_orders) == (done, store.market.shelves, store.report()["polled"])


def test_what_was_pushed_since_the_run_began_is_not_pushed_again(store: CoverageDeployment) -> None:
    """An older number never overwrites a newer one."""
    store.api.post("/channels/web/coverage")
    segments = store.minute()
    store.push([content(push("hat", overwrite=True))])

    for segment in segments:
        store.cover(segment)

    report = store.report()
    assert (shelves(), 2, 1) == (store.market.shelves, report["changed"], report["skipped"])


def test_segments_of_a_large_channel_follow_each_other_though_each_comes_twice(
    store: CoverageDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covering, "SEGMENT_LISTINGS", 1)
    store.api.post("/channels/web/coverage")
    segments, sent = store.minute(), 0
    while segments:
        sent += len(segments)
        for segment in segments * 2:
            store.cover(segment)
        segments = store.segments()

    report = store.report()
    assert (shelves(), "finished", 3, 3) == (
        store.market.shelves,
        *(report[name] for name in ("state", "listings", "changed")),
    )
    assert sent == report["segments"]


def test_a_segment_comes_again_after_the_pause_that_the_store_wishes(store: CoverageDeployment) -> None:
    store.api.post("/channels/web/coverage")
    [segment] = store.minute()
    store.market.misbehaviour = Misbehaviour(throttled=1.0, retry_after_seconds=7.0)
    pauses = list[int]()
    bootstrap.hub().coverage_queue._client.meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: pauses.append(params["VisibilityTimeout"]),
    )

    done = store.cover(segment)

    assert (False, [7], "running") == (done, pauses, store.report()["state"])
    assert [] == store.deployment.sent(store.deployment.pushes_url)


def test_a_store_that_throttles_for_ever_leaves_its_listings_to_the_ordinary_pushes(
    store: CoverageDeployment,
) -> None:
    store.api.post("/channels/web/coverage")
    [segment] = store.minute()
    store.market.misbehaviour = Misbehaviour(throttled=1.0, retry_after_seconds=7.0)

    assert store.cover(segment, received=PATIENCE_MAX)

    tasks = store.deployment.sent(store.deployment.pushes_url)
    assert [(sku, "web", True, store.report()["started_at"]) for sku in SKUS] == [
        (task["sku"], task["channel"], task["overwrite"], task["not_since"]) for task in tasks
    ]
    assert ("finished", 3) == (store.report()["state"], store.report()["failed"])


def test_a_segment_never_becomes_a_dead_letter_because_its_channel_throttles() -> None:
    template, _ = decode.decode(str(QUEUES))
    policy = template["Resources"]["CoverageQueue"]["Properties"]["RedrivePolicy"]

    assert PATIENCE_MAX < policy["maxReceiveCount"]


def test_one_run_is_begun_before_another_may_take_it_over() -> None:
    template, _ = decode.decode(str(TEMPLATE))
    timeout_seconds = template["Resources"]["RunFullCoverageFunction"]["Properties"]["Timeout"]

    assert timeout_seconds < BEGIN_SECONDS


@pytest.mark.parametrize(
    "kind", [name for name in KINDS.names if Capability.QUANTITIES in KINDS.kind(name).capabilities]
)
def test_a_segment_fills_the_calls_of_every_kind_of_channel(kind: str) -> None:
    assert 0 == covering.SEGMENT_LISTINGS % KINDS.kind(kind).account.batch_max


def test_no_number_is_in_a_message(store: CoverageDeployment) -> None:
    """Promise 6."""
    store.api.post("/channels/web/coverage")

    [segment] = store.minute()

    assert {"type", "channel", "run", "after"} == segment.keys()
