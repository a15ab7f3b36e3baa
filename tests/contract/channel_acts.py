"""What is done to tell channels their numbers, and to watch what they show."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lastunit.domain.events.subscriptions import WebhookSubscription
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.listings.drift import Drift, DriftDecision, DriftKind
from lastunit.domain.listings.full_coverage import (
    CoverageCounts,
    CoverageReport,
    CoverageRun,
    CoverageSchedule,
    CoverageSegment,
)
from lastunit.domain.listings.listing_parts import Acknowledged, InFlight, LastReading
from lastunit.domain.listings.listing_update import ListingUpdate, RoomGrant
from lastunit.domain.listings.order_watermark import Unended
from tests.contract.hub import RecordedHub
from tests.contract.shop import CHANNELS, LIMITS, SKUS, SLOTS, WORKERS, Acts
from tests.support.listings.listed import acknowledged_quantity, acknowledged_sold


def _keys(rng: random.Random) -> list[ListingKey]:
    names = (*SKUS, "gone")
    return sorted({ListingKey(sku, channel, sku) for sku in names for channel in CHANNELS if rng.random() < 0.6})


def _claim(hub: RecordedHub, rng: random.Random) -> Any:
    now = hub.clock.now()
    return hub.listings.claim(_keys(rng), rng.choice(WORKERS), now, now + timedelta(minutes=rng.randint(1, 9)))


def _book(hub: RecordedHub, rng: random.Random) -> Any:
    rows = hub.listings.read(_keys(rng))
    kept = [
        ListingUpdate(
            row,
            replace(
                row,
                in_flight=InFlight(quantity=rng.randint(0, 9), sent_at=hub.clock.now()),
                granted=rng.randint(0, 9),
            ),
            _grant(hub, key, rng),
        )
        for key, row in sorted(rows.items())
    ]
    return hub.listings.book(kept, rng.choice(WORKERS))


def _grant(hub: RecordedHub, key: ListingKey, rng: random.Random) -> RoomGrant | None:
    if rng.random() < 0.6:
        return None
    view = hub.listings.view(key[0])
    seen = view.grants if view else 0
    return RoomGrant({key[0]: seen + rng.choice((0, 0, 1))}, {LevelKey(key[0], "M"): rng.randint(1, 15)})


def _close(hub: RecordedHub, rng: random.Random) -> Any:
    rows = hub.listings.read(_keys(rng))
    kept = [
        ListingUpdate(
            row,
            replace(
                row,
                in_flight=None,
                acknowledged=Acknowledged(quantity=rng.randint(0, 9)),
                awaiting_poll=rng.random() < 0.5,
                last_reading=LastReading(poll=2),
            ),
        )
        for _, row in sorted(rows.items())
    ]
    return hub.listings.close(kept, rng.choice(WORKERS))


def _count_increments(hub: RecordedHub, rng: random.Random) -> Any:
    rows = hub.listings.read(_keys(rng))
    counted = [
        (row, replace(row.increments, counted_increase=row.increments.counted_increase + 1))
        for _, row in sorted(rows.items())
    ]
    return [hub.listings.keep_increments(before, increments) for before, increments in counted]


def _look_at_listings(hub: RecordedHub, rng: random.Random) -> Any:
    after = rng.choice((None, "cap", "shirt"))
    return hub.listings.page(rng.choice(CHANNELS), after, 2), hub.listings.view(rng.choice((*SKUS, "gone")))


def _poll(hub: RecordedHub, rng: random.Random) -> Any:
    channel, now = rng.choice(CHANNELS), hub.clock.now()
    before = hub.polls.begin(channel) if rng.random() < 0.6 else hub.polls.position(channel)
    known = replace(before, saved="somebody") if rng.random() < 0.2 else before
    unended = Unended(before.begun, now) if rng.random() < 0.4 else None
    held = {"e1": now} if rng.random() < 0.4 else {}
    after = replace(
        before,
        done=before.begun,
        cursor=now,
        unended=unended,
        unimported=held,
        saved=f"save-{rng.randint(1, 10**9)}",
    )
    saved = hub.polls.save(channel, known, after)
    return (
        saved,
        hub.polls.done(channel),
        list(hub.polls.awaiting_poll(channel, 3)),
        hub.polls.waiting(["e1", "e2"]),
    )


def _pace(hub: RecordedHub, rng: random.Random) -> Any:
    channel = rng.choice(CHANNELS)
    seconds = [hub.pace.ask(channel, LIMITS, high_priority=rng.random() < 0.5) for _ in range(2)]
    if rng.random() < 0.3:
        hub.pace.pause(channel, 30)
    hub.pace.report(channel, answers=rng.random() < 0.5)
    return seconds


def _cover(hub: RecordedHub, rng: random.Random) -> Any:
    channel, now = rng.choice(CHANNELS), hub.clock.now()
    run = CoverageRun(channel=channel, slot=rng.choice(SLOTS), started_at=now)
    hub.coverages.put_schedule(channel, CoverageSchedule("03:30 UTC", now))
    hub.coverages.start(run)
    taken = hub.coverages.take(run, now, now + timedelta(minutes=5))
    if taken and rng.random() < 0.7:
        hub.coverages.begin(run, polled=rng.random() < 0.5)
    return (
        taken,
        hub.coverages.schedule(channel),
        hub.coverages.run(channel, run.slot),
        hub.coverages.runs(channel, 2),
    )


def _cover_segments(hub: RecordedHub, rng: random.Random) -> Any:
    run = CoverageRun(channel=rng.choice(CHANNELS), slot=rng.choice(SLOTS), started_at=hub.clock.now())
    tally = CoverageCounts(listings=2, changed=1) if rng.random() < 0.5 else None
    hub.coverages.keep(
        run,
        CoverageSegment(
            after=rng.choice((None, "cap")), next=rng.choice((None, "cap")), pushed_before=1, counts=tally
        ),
    )
    finished = (
        hub.coverages.finish(run, CoverageReport(9, 1, CoverageCounts(listings=2))) if rng.random() < 0.3 else None
    )
    return finished, hub.coverages.segments(run), hub.coverages.segment(run, None)


def _drift(hub: RecordedHub, rng: random.Random) -> Any:
    found = hub.listings.read(_keys(rng))
    if not found:
        return None
    key, row = sorted(found.items())[0]
    drift = Drift(
        key=key,
        kind=rng.choice(list(DriftKind)),
        shown=rng.randint(0, 9),
        expected_shown=2,
        since=hub.clock.now() - timedelta(hours=1),
        seen_at=hub.clock.now(),
        acknowledged=acknowledged_quantity(row) or 0,
        acknowledged_sold=acknowledged_sold(row) or 0,
        sold=row.sold,
    )
    return hub.drifts.keep(drift), hub.drifts.of(key[1]), hub.drifts.find([key])


def _judge_drift(hub: RecordedHub, rng: random.Random) -> Any:
    found = hub.drifts.of(rng.choice(CHANNELS))
    if not found:
        return None
    drift = rng.choice(found)
    if rng.random() < 0.3:
        return hub.drifts.clear(drift.key)
    seen_at = drift.seen_at if rng.random() < 0.8 else drift.seen_at - timedelta(seconds=1)
    decided = replace(
        drift,
        seen_at=seen_at,
        decision=rng.choice(list(DriftDecision)),
        decided_by="me",
        decided_at=hub.clock.now(),
    )
    return hub.drifts.decide(decided)


def _risk(hub: RecordedHub, rng: random.Random) -> Any:
    kept = hub.risks.keep({sku: rng.randint(0, 2) for sku in SKUS}, hub.clock.now())
    day = hub.clock.now().date()
    hub.delays.count("web", day, {1: rng.randint(1, 3), 4: 1})
    return kept, list(hub.risks.all()), hub.delays.since("web", day - timedelta(days=1))


def _webhook(hub: RecordedHub, rng: random.Random) -> Any:
    name = rng.choice(("erp", "bi"))
    webhook = WebhookSubscription(
        name=name, url=f"https://{rng.choice(('old', 'new'))}.example.com/", types=("order.",)
    )
    gone = hub.webhooks.delete(name) if rng.random() < 0.2 else None
    if rng.random() < 0.6:
        hub.webhooks.put(webhook)
    else:
        hub.webhooks.disable(webhook)
    return gone, hub.webhooks.find(name), hub.webhooks.all()


ACTS: Acts = (
    (_claim, 3),
    (_book, 3),
    (_close, 3),
    (_count_increments, 1),
    (_look_at_listings, 1),
    (_poll, 3),
    (_pace, 2),
    (_cover, 2),
    (_cover_segments, 2),
    (_drift, 4),
    (_judge_drift, 4),
    (_risk, 1),
    (_webhook, 1),
)
