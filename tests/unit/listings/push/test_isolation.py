"""A channel that the hub fails over keeps no other from its pushes or its daily overwrite."""

from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.domain.errors import UnexpectedError
from lastunit.domain.keys import ListingKey
from lastunit.use_cases.listings.push.claimed_listings import CLAIM_SECONDS
from lastunit.use_cases.listings.push.tasks import Finished, PushTask, RetryLater
from lastunit.use_cases.listings.run_full_coverage import RunFullCoverage
from tests.support.clock import FakeClock
from tests.support.listings.covering import DAILY, EVENING, CoverageShop
from tests.support.listings.pushing import PushHub
from tests.support.settings import FakeSettings
from tests.support.unexpected import ReportedErrors


@dataclass(slots=True)
class FailingSettings(FakeSettings):
    """The row of `ebay` is one that no release wrote."""

    def channel(self, name: str) -> Channel | None:
        if name == "ebay":
            raise KeyError("kind")
        return FakeSettings.channel(self, name)


def failing(settings: FakeSettings) -> FailingSettings:
    return FailingSettings({"ebay": Channel(name="ebay", kind="ebay"), **settings.accounts}, settings.places)


def test_pushes_of_a_channel_that_the_hub_fails_over_come_again_and_the_others_are_sent() -> None:
    hub, reported = PushHub(), ReportedErrors()
    hub.add_listing("shirt", 4)
    hub.settings = failing(hub.settings)
    hub.report_error = reported
    broken, whole = ListingKey("shirt", "ebay", "shirt"), ListingKey("shirt", "web", "shirt")

    results = hub.use_case.push([PushTask(key=broken), PushTask(key=whole)])

    assert {broken: RetryLater(CLAIM_SECONDS + 1), whole: Finished(acknowledged=True)} == results
    assert 1 == len(reported.errors)


def test_a_channel_that_the_hub_fails_over_keeps_no_other_from_its_daily_overwrite() -> None:
    shop, reported = CoverageShop(DAILY, FakeClock(EVENING)), ReportedErrors()
    shop.ask.start("web")
    run = RunFullCoverage(
        coverages=shop.coverages,
        settings=failing(shop.settings),
        poll=shop._poll,
        queue=shop.queue,
        clock=shop.clock,
        report_error=reported,
    )

    begun = run.run()

    assert (UnexpectedError, 1) == (type(begun["ebay"]), len(begun["web"]))  # type: ignore[arg-type]
