"""What is done to tell channels their numbers, and to watch what they show."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lastunit.domain.coverage import Report, Run, Schedule, Segment, Tally
from lastunit.domain.drift import Decision, Drift, Kind
from lastunit.domain.groups import ListingKey
from lastunit.domain.outgoing import OutgoingWebhook
from lastunit.domain.polling import Unended
from lastunit.sync_ports import Grant, Kept
from tests.contract.hub import Hub
from tests.contract.shop import CHANNELS, LIMITS, SKUS, SLOTS, WORKERS, Acts


def _keys(chance: random.Random) -> list[ListingKey]:
    names = (*SKUS, "gone")
    return sorted({(sku, channel, sku) for sku in names for channel in CHANNELS if chance.random() < 0.6})


def _claim(hub: Hub, chance: random.Random) -> Any:
    now = hub.clock.now()
    return hub.listings.claim(
        _keys(chance), chance.choice(WORKERS), now, now + timedelta(minutes=chance.randint(1, 9))
    )


def _book(hub: Hub, chance: random.Random) -> Any:
    rows = hub.listings.rows(_keys(chance))
    kept = [
        Kept(
            row,
            replace(row, in_flight=chance.randint(0, 9), granted=chance.randint(0, 9), sent_at="now"),
            _grant(hub, key, chance),
        )
        for key, row in sorted(rows.items())
    ]
    return hub.listings.book(kept, chance.choice(WORKERS))


def _grant(hub: Hub, key: ListingKey, chance: random.Random) -> Grant | None:
    if chance.random() < 0.6:
        return None
    view = hub.listings.view(key[0])
    seen = view.grants if view else 0
    return Grant({key[0]: seen + chance.choice((0, 0, 1))}, {(key[0], "M"): chance.randint(1, 15)})


def _close(hub: Hub, chance: random.Random) -> Any:
    rows = hub.listings.rows(_keys(chance))
    kept = [
        Kept(
            row,
            replace(
                row,
                in_flight=None,
                acknowledged=chance.randint(0, 9),
                settling=chance.random() < 0.5,
                observed_poll=2,
            ),
        )
        for _, row in sorted(rows.items())
    ]
    return hub.listings.close(kept, chance.choice(WORKERS))


def _rise(hub: Hub, chance: random.Random) -> Any:
    rows = hub.listings.rows(_keys(chance))
    risen = [(row, replace(row.rises, risen=row.rises.risen + 1)) for _, row in sorted(rows.items())]
    return [hub.listings.rise(before, rises) for before, rises in risen]


def _look_at_listings(hub: Hub, chance: random.Random) -> Any:
    after = chance.choice((None, "cap", "shirt"))
    return hub.listings.page(chance.choice(CHANNELS), after, 2), hub.listings.view(chance.choice((*SKUS, "gone")))


def _poll(hub: Hub, chance: random.Random) -> Any:
    channel, now = chance.choice(CHANNELS), hub.clock.now()
    before = hub.polls.begin(channel) if chance.random() < 0.6 else hub.polls.position(channel)
    known = replace(before, saved="somebody") if chance.random() < 0.2 else before
    unended = Unended(before.begun, now) if chance.random() < 0.4 else None
    held = {"e1": now} if chance.random() < 0.4 else {}
    after = replace(
        before, done=before.begun, cursor=now, unended=unended, held=held, saved=f"save-{chance.randint(1, 10**9)}"
    )
    saved = hub.polls.save(channel, known, after)
    return saved, hub.polls.done(channel), list(hub.polls.unsettled(channel, 3)), hub.polls.waiting(["e1", "e2"])


def _pace(hub: Hub, chance: random.Random) -> Any:
    channel = chance.choice(CHANNELS)
    seconds = [hub.pace.ask(channel, LIMITS, urgent=chance.random() < 0.5) for _ in range(2)]
    if chance.random() < 0.3:
        hub.pace.pause(channel, 30)
    hub.pace.report(channel, answers=chance.random() < 0.5)
    return seconds


def _cover(hub: Hub, chance: random.Random) -> Any:
    channel, now = chance.choice(CHANNELS), hub.clock.now()
    run = Run(channel, chance.choice(SLOTS), now.isoformat())
    hub.coverages.put_schedule(channel, Schedule("03:30 UTC", now))
    hub.coverages.start(run)
    taken = hub.coverages.take(run, now, now + timedelta(minutes=5))
    if taken and chance.random() < 0.7:
        hub.coverages.begin(run, polled=chance.random() < 0.5)
    return (
        taken,
        hub.coverages.schedule(channel),
        hub.coverages.run(channel, run.slot),
        hub.coverages.runs(channel, 2),
    )


def _cover_segments(hub: Hub, chance: random.Random) -> Any:
    run = Run(chance.choice(CHANNELS), chance.choice(SLOTS), hub.clock.now().isoformat())
    tally = Tally(2, 1) if chance.random() < 0.5 else None
    hub.coverages.keep(run, Segment(chance.choice((None, "cap")), chance.choice((None, "cap")), 1, tally))
    finished = hub.coverages.finish(run, Report(9, 1, Tally(2))) if chance.random() < 0.3 else None
    return finished, hub.coverages.segments(run), hub.coverages.segment(run, None)


def _drift(hub: Hub, chance: random.Random) -> Any:
    found = hub.listings.rows(_keys(chance))
    if not found:
        return None
    key, row = sorted(found.items())[0]
    told = (row.acknowledged or 0, row.acknowledged_sold)
    drift = Drift(
        key,
        chance.choice(list(Kind)),
        chance.randint(0, 9),
        2,
        "then",
        hub.clock.now().isoformat(),
        *told,
        row.sold,
    )
    return hub.drifts.keep(drift), hub.drifts.of(key[1]), hub.drifts.find([key])


def _judge_drift(hub: Hub, chance: random.Random) -> Any:
    found = hub.drifts.of(chance.choice(CHANNELS))
    if not found:
        return None
    drift = chance.choice(found)
    if chance.random() < 0.3:
        return hub.drifts.clear(drift.key)
    seen_at = drift.seen_at if chance.random() < 0.8 else "earlier"
    decided = replace(
        drift, seen_at=seen_at, decision=chance.choice(list(Decision)), decided_by="me", decided_at="now"
    )
    return hub.drifts.decide(decided)


def _risk(hub: Hub, chance: random.Random) -> Any:
    kept = hub.risks.keep({sku: chance.randint(0, 2) for sku in SKUS}, hub.clock.now())
    day = hub.clock.now().date()
    hub.delays.count("web", day, {1: chance.randint(1, 3), 4: 1})
    return kept, list(hub.risks.all()), hub.delays.since("web", day - timedelta(days=1))


def _webhook(hub: Hub, chance: random.Random) -> Any:
    name = chance.choice(("erp", "bi"))
    webhook = OutgoingWebhook(name, f"https://{chance.choice(('old', 'new'))}.example.com/", ("order.",))
    gone = hub.webhooks.delete(name) if chance.random() < 0.2 else None
    if chance.random() < 0.6:
        hub.webhooks.put(webhook)
    else:
        hub.webhooks.disable(webhook)
    return gone, hub.webhooks.find(name), hub.webhooks.all()


ACTS: Acts = (
    (_claim, 3),
    (_book, 3),
    (_close, 3),
    (_rise, 1),
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
