"""Long random histories of several channels under the real planner and bookings: promise 7 after every step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.escrow import EscrowShare, plan_quantity, room
from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.push_protocol import Form

STEPS = 2000
BOUND = 20  # Steps within which a request is applied, or never.
PARTS = ({"shirt": 1}, {"hat": 1}, {"shirt": 1, "hat": 1}, {"shirt": 2, "hat": 1})


@dataclass(slots=True)
class InFlightPush:
    request: PushRequest
    restocked: int
    left_at: int
    sure: bool
    answer: int | None = None


@dataclass(slots=True)
class EscrowListing:
    """`orders`: when each unit was sold that is not imported. `late`: given up, may still be applied."""

    key: ListingKey
    form: Form
    parts: dict[str, int]
    shows: int = 0
    orders: list[int] = field(default_factory=list)
    back: int = 0
    exposure: Exposure = field(default_factory=Exposure)
    believed: int = 0
    restocked: int = 0
    weight: int = 0
    planned: PushRequest | None = None
    sent: InFlightPush | None = None
    late: list[InFlightPush] = field(default_factory=list)
    doubt_until: int = -1
    observed: tuple[int, int, int] | None = None
    polls: dict[int, int] = field(default_factory=dict)
    polls_begun: int = 0
    polls_done: int = 0

    @property
    def share(self) -> EscrowShare:
        units = self.exposure.units
        shown = min(units, max(0, self.believed))
        return EscrowShare(
            key=self.key,
            parts=self.parts,
            exposure=units,
            shown=shown,
            form=self.form,
            sales=self.weight,
            limit=10_000,
            is_adjustable=self.sent is None,
        )


class Market:
    """One store of stock, and channels that misbehave as `random` says. `short`: units lost though exposed."""

    def __init__(self, seed: int, *, careful: bool = True) -> None:
        self.random = Random(seed)  # noqa: S311 -- a story that can be told again
        self.careful = careful
        self.now, self.told, self.sold = 0, 0, 0
        self.broken: list[str] = []
        self.units = {"shirt": self.random.randint(50, 400), "hat": self.random.randint(50, 400)}
        self.short = dict.fromkeys(self.units, 0)
        self.shops = [
            EscrowListing(
                ListingKey("s", f"c{at}", "l"), self.random.choice(list(Form)), dict(self.random.choice(PARTS))
            )
            for at in range(self.random.randint(3, 5))
        ]

    @property
    def shares(self) -> list[EscrowShare]:
        return [shop.share for shop in self.shops]

    @property
    def excess(self) -> dict[str, int]:
        return {sku: max(0, -left) for sku, left in room(self.shares, self.units).items()}

    def step(self) -> None:
        """Something happens to each channel, whatever it may be, and now and then to the stock."""
        self.now += 1
        for shop in self.shops:
            shop.late = [one for one in shop.late if self.now <= one.left_at + BOUND]
            before, surprising = self.excess, shop.back > 0
            self.random.choice(self.events)(shop)
            if not surprising and any(after > before[sku] for sku, after in self.excess.items()):
                self.broken.append(f"step {self.now}: more is exposed")
        if self.random.random() < 0.02:
            self.move_stock()

    @property
    def events(self) -> list[Callable[[EscrowListing], None]]:
        return [
            *[self.plan, self.grant, self.apply, self.answer, self.look_again, self.poll, self.finish] * 3,
            *[self.sell, self.arrive, self.settle] * 2,
            *[self.give_up, self.apply_late, self.cancel, self.arrive_back],
        ]  # fmt: skip

    def plan(self, shop: EscrowListing) -> None:
        number = plan_quantity(self.shares, self.units, shop.key)
        if number is None and self.random.random() < 0.2:
            number = shop.share.shown  # A person asks for it to be told again.
        if number is not None and shop.sent is None:
            shop.planned = PushRequest(shop.form, number, shop.share.shown)

    def grant(self, shop: EscrowListing) -> None:
        """Long after it was planned, on the condition that there is still room."""
        request, shop.planned = shop.planned, None
        if request is None or shop.sent:
            return
        fits = request.need <= shop.share.fit(room(self.shares, self.units))
        if fits or not request.need or not self.careful:
            shop.exposure = shop.exposure.on_sending(request)
            sure = self.now > shop.doubt_until
            shop.sent = InFlightPush(request, shop.restocked, self.now, sure)
            self.told += 1

    def apply(self, shop: EscrowListing) -> None:
        if shop.sent and shop.sent.answer is None and self.now <= shop.sent.left_at + BOUND:
            if not _take_effect(shop, shop.sent.request):
                shop.exposure, shop.sent = shop.exposure.on_rejected(), None
                self.look(shop)
            else:
                shop.sent.answer = shop.shows

    def look(self, shop: EscrowListing) -> None:
        shop.exposure, shop.believed = shop.exposure.on_reading(shop.shows), shop.shows
        observed = (shop.shows, shop.restocked, shop.polls_begun)
        shop.observed = observed if self.now > shop.doubt_until else None

    def look_again(self, shop: EscrowListing) -> None:
        """What may sell more than it is believed to show must be looked at once nothing may change it any more."""
        if shop.observed is None and shop.sent is None and shop.exposure.units > shop.believed:
            self.look(shop)

    def answer(self, shop: EscrowListing) -> None:
        sent = shop.sent
        if sent and sent.answer is not None:
            shop.exposure = shop.exposure.on_confirmed(sent.request, sent.answer)
            shop.observed = (sent.answer, sent.restocked, shop.polls_begun) if sent.sure else None
            shop.believed, shop.sent = sent.answer, None

    def give_up(self, shop: EscrowListing) -> None:
        """The answer is lost, or the worker crashed, or the request may yet be applied."""
        if shop.sent:
            if shop.sent.answer is None and self.random.random() < 0.7:
                shop.late.append(shop.sent)
            shop.doubt_until = max(shop.doubt_until, shop.sent.left_at + BOUND)
            shop.exposure, shop.observed, shop.sent = shop.exposure.on_unconfirmed(), None, None
            self.look(shop)

    def apply_late(self, shop: EscrowListing) -> None:
        if shop.late:
            _take_effect(shop, shop.late.pop().request)

    def sell(self, shop: EscrowListing) -> None:
        if shop.shows:
            self.sold += 1
            shop.shows -= 1
            shop.orders.append(self.now)

    def arrive(self, shop: EscrowListing) -> None:
        """An order is imported, whichever."""
        if shop.orders:
            shop.orders.pop(self.random.randrange(len(shop.orders)))
            shop.exposure = Exposure(shop.exposure.granted, shop.exposure.booked, shop.exposure.sold + 1)
            shop.believed, shop.weight = shop.believed - 1, shop.weight + 1
            self.take(shop, 1)

    def cancel(self, shop: EscrowListing) -> None:
        if shop.exposure.sold > shop.back and self.random.random() < 0.3:
            shop.back, shop.shows = shop.back + 1, shop.shows + 1

    def arrive_back(self, shop: EscrowListing) -> None:
        if shop.back:
            shop.back, shop.restocked = shop.back - 1, shop.restocked + 1
            shop.exposure = Exposure(shop.exposure.granted, shop.exposure.booked, shop.exposure.sold - 1)
            shop.believed += 1
            self.take(shop, -1)

    def take(self, shop: EscrowListing, sign: int) -> None:
        """Stock below 0 stands for orders that wait."""
        for sku, part in shop.parts.items():
            self.units[sku] -= sign * part

    def poll(self, shop: EscrowListing) -> None:
        shop.polls_begun += 1
        shop.polls[shop.polls_begun] = self.now

    def finish(self, shop: EscrowListing) -> None:
        done = [number for number, at in shop.polls.items() if not any(sold <= at for sold in shop.orders)]
        if done:
            shop.polls_done = max(shop.polls_done, *done)
            shop.polls = {number: at for number, at in shop.polls.items() if number > shop.polls_done}

    def settle(self, shop: EscrowListing) -> None:
        if shop.observed and not shop.sent and shop.polls_done > shop.observed[2]:
            shown, restocked, _ = shop.observed
            shop.exposure, shop.observed = shop.exposure.on_sales_imported(shown, shop.restocked - restocked), None

    def move_stock(self) -> None:
        sku, by = self.random.choice(list(self.units)), self.random.randint(-5, 12)
        before = max(0, -room(self.shares, self.units)[sku])
        self.units[sku] += by
        self.short[sku] += max(0, max(0, -room(self.shares, self.units)[sku]) - before)

    def lacking(self) -> dict[str, int]:
        """SKU → units short if all that is sold and shown were ordered, but for what stock lost by itself."""
        wanted = {
            sku: sum(shop.parts.get(sku, 0) * (shop.shows + len(shop.orders) - shop.back) for shop in self.shops)
            for sku in self.units
        }
        return {sku: units for sku in self.units if (units := wanted[sku] - self.units[sku] - self.short[sku]) > 0}

    def oversold(self) -> list[ListingKey]:
        return [
            shop.key
            for shop in self.shops
            if shop.shows + len(shop.orders)
            > shop.exposure.granted + shop.exposure.booked - shop.exposure.sold + shop.back
        ]


def _take_effect(shop: EscrowListing, request: PushRequest) -> bool:
    if request.form is Form.SWAP and shop.shows != request.expected:
        return False
    if request.form is Form.ADJUST:
        shop.shows = max(0, shop.shows + request.delta)
    else:
        shop.shows = request.quantity
    return True


@pytest.mark.parametrize("seed", range(12))
def test_the_promise_holds_after_every_step_of_a_long_history(seed: int) -> None:
    market = Market(seed)

    for _ in range(STEPS):
        market.step()

        assert [] == market.broken
        assert [] == market.oversold()
        assert {} == market.lacking()


def test_histories_find_it_when_numbers_are_raised_without_room() -> None:
    markets = [Market(seed, careful=False) for seed in range(4)]

    for _ in range(STEPS):
        for market in markets:
            market.step()
            if market.broken:
                return
    pytest.fail("nobody oversold")
