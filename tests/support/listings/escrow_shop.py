"""One channel of the model of escrow: what may happen to it next, and what the hub books of that.

Adversaries choose: any number may be sent at any moment, and whatever is under way may be applied, refused,
answered, lost or come late. The bookings are the real ones of `domain/listings/exposure.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from lastunit.domain.listings.exposure import Exposure, PushRequest
from lastunit.domain.listings.push_protocol import Form

Ask = tuple[int, int]
"""(number, expected) of a request; (LOOK, units imported as sold since) of a read."""

LOOK = -1


class Rule(Enum):
    """What the protocol rests on. The model can leave one out, and must then find a violation."""

    ROOM = "a number is raised only into room that nobody may sell"
    BLIND_SET = "a set is booked on top of all that was booked"
    POLL = "a number observed settles nothing before a poll has finished"
    LATER_POLL = "that poll began after the observation"
    ROW_AFTER_POLL = "the row that is settled was read after that poll had finished"
    RESTOCKED = "units put back on the channel's shelf meanwhile count on top of what was observed"
    CANCELLED_UNSEEN = "so do those of orders that were cancelled before they were imported"
    DOUBT = "an unknown outcome stays granted"
    BOUND = "what is observed while an older request may still be applied settles nothing"
    LEFT_AFTER = "nor does the answer to a request that left while one might"
    CLAMP = "a lowering that ended at 0 frees nothing by itself"
    ONCE = "a request is applied at most once"
    WAITING = "units that orders wait for are no room"
    VERSION = "nobody else was granted room since the plan's read"
    LEVEL = "the level still has what was read"
    GROWTH = "an import that takes room counts as a grant: a restock, and an order that starts to wait"


@dataclass(frozen=True, slots=True)
class Laws:
    """`form` None: a neighbour, any channel that keeps I1, at its worst: it may sell all that it is granted.

    `late_max`: requests given up on that may still be applied, at a time.
    """

    form: Form | None
    units: int
    late_max: int
    restocks: bool
    looks: bool
    without: Rule | None = None


class EscrowShop(NamedTuple):
    """A channel, and what the hub knows of it. `free`: what it was granted, less what is imported as sold.

    Units sold and not imported are `old` if that was before the running poll began, else `young`; `gone_old` and
    `gone` are those of orders cancelled since, back on the shelf. `back`: units put back for an imported order
    whose cancel is not imported. `ask` is under way; `answer`: what the channel said when it applied it;
    `doubtful`: it left while an older one might still be applied; `restocked`: units imported as put back since it
    left. `late`: requests that nobody awaits any more and that may still be applied. `observed`: a number shown,
    and what was imported as put back since it was asked for; `ready`: a poll that began after it is imported. Of
    overlapping polls the first that began after the observation is enough to follow: a later one is not imported
    before all that the first one waits for is.
    """

    shows: int = 0
    young: int = 0
    old: int = 0
    gone: int = 0
    gone_old: int = 0
    back: int = 0
    free: int = 0
    booked: int = 0
    ask: Ask | None = None
    answer: int | None = None
    doubtful: bool = False
    restocked: int = 0
    late: tuple[Ask, ...] = ()
    observed: tuple[int, int] | None = None
    polling: bool = False
    ready: bool = False

    @property
    def unseen(self) -> int:
        return self.young + self.old

    @property
    def exposure(self) -> Exposure:
        return Exposure(self.free, self.booked)

    @property
    def keeps_its_promise(self) -> bool:
        """I1. `free + booked` is below 0 when orders for restocked units came before the cancels that tell so."""
        return self.shows + self.unseen <= self.free + self.booked + self.back

    def exposed(self, exposure: Exposure) -> "EscrowShop":
        return self._replace(free=exposure.granted, booked=exposure.booked)


class Move(NamedTuple):
    """A step of one channel, and what it does to the stock.

    `need`: room it takes. `cancels`: so many of the story's cancellations. `surprise`: units came to light that the
    channel put back on its own shelf. `growth`: it may take room without a level's falling.
    """

    name: str
    shop: EscrowShop
    available: int = 0
    waiting: int = 0
    need: int = 0
    cancels: int = 0
    surprise: bool = False
    growth: bool = False


@cache
def moves(shop: EscrowShop, laws: Laws) -> tuple[Move, ...]:
    parts = (_sales, _imports, _at_once) if laws.form is None else _ALL
    return tuple(move for part in parts for move in part(shop, laws))


def _sales(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    """Any order that was ever imported may be cancelled, also one from before the story."""
    up = shop._replace(shows=shop.shows + 1)
    if shop.shows:
        yield Move("sell", shop._replace(shows=shop.shows - 1, young=shop.young + 1))
    if not laws.restocks:
        return
    yield Move("cancel", up._replace(back=shop.back + 1), cancels=1)
    if shop.young:
        yield Move("cancel unseen", up._replace(young=shop.young - 1, gone=shop.gone + 1), cancels=1)
    if shop.old:
        yield Move("cancel unseen", up._replace(old=shop.old - 1, gone_old=shop.gone_old + 1), cancels=1)


def _at_once(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    yield Move("neighbour is raised", shop._replace(shows=shop.shows + 1, free=shop.free + 1), need=1)
    if shop.shows:
        yield Move("neighbour is lowered", shop._replace(shows=shop.shows - 1, free=shop.free - 1))


def _imports(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    for part in ("young", "old"):
        if getattr(shop, part):
            after = _counted(shop, 1, laws)._replace(**{part: getattr(shop, part) - 1})
            surprise = shop.exposure.units == 0
            yield Move("import", after, available=-1, surprise=surprise)
            yield Move("import, it waits", after, waiting=1, surprise=surprise, growth=True)
    for part in ("gone", "gone_old"):
        if getattr(shop, part):
            after = shop if laws.without is Rule.CANCELLED_UNSEEN else _restocked(shop)
            yield Move("import cancelled", after._replace(**{part: getattr(shop, part) - 1}))
    if shop.back:
        after = _restocked(_counted(shop, -1, laws))._replace(back=shop.back - 1)
        yield Move("import cancel", after, available=1, growth=True)
        yield Move("import cancel of one that waits", after, waiting=-1, growth=True)


def _counted(shop: EscrowShop, sold: int, laws: Laws) -> EscrowShop:
    after = shop._replace(free=shop.free - sold)
    if after.ask and after.ask[0] == LOOK:
        after = after._replace(ask=(LOOK, after.ask[1] + sold))
    if after.observed and laws.without is Rule.ROW_AFTER_POLL:
        after = after._replace(observed=(after.observed[0] - sold, after.observed[1]))
    return after


def _restocked(shop: EscrowShop) -> EscrowShop:
    observed = (shop.observed[0], shop.observed[1] + 1) if shop.observed else None
    return shop._replace(restocked=shop.restocked + 1 if shop.ask else 0, observed=observed)


def _polls(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    """A poll that begins with nothing observed settles nothing, and is left out; so is one too many."""
    useful = shop.observed and not shop.ready
    if not shop.polling and (useful or laws.without is Rule.LATER_POLL):
        yield Move("poll begins", shop._replace(old=shop.young, young=0, gone_old=shop.gone, gone=0, polling=True))
    if shop.polling and not shop.old and not shop.gone_old:
        yield Move("poll is imported", shop._replace(polling=False, ready=shop.observed is not None))
    if shop.observed and not shop.ask and (shop.ready or laws.without is Rule.POLL):
        shown, restocked = shop.observed
        restocked = 0 if laws.without is Rule.RESTOCKED else restocked
        yield Move("settle", _unpolled(shop.exposed(shop.exposure.on_sales_imported(shown, restocked))))


def _unpolled(shop: EscrowShop) -> EscrowShop:
    young, gone = shop.unseen, shop.gone + shop.gone_old
    return shop._replace(young=young, old=0, gone=gone, gone_old=0, polling=False, observed=None, ready=False)


def _sending(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    if shop.ask:
        return
    if laws.looks and (not shop.late or laws.without is Rule.BOUND):
        yield Move("look", shop._replace(ask=(LOOK, 0)))
    for ask in _asks(shop.shows, laws):
        request = _request(ask, laws)
        after = shop.exposed(_booked(shop, request, laws))._replace(ask=ask, doubtful=bool(shop.late))
        yield Move(f"{laws.form} {ask}", after, need=request.need)


def _asks(shows: int, laws: Laws) -> list[Ask]:
    """A swap that expects what is not shown, nor will be again, is a refusal; only a restock makes it so again."""
    numbers = range(laws.units + 1)
    if laws.form is Form.SET:
        return [(number, 0) for number in numbers]
    if laws.form is Form.SWAP:
        expected = (shows, shows + 1) if laws.restocks else (shows,)
        return [(number, one) for one in expected for number in numbers if number != one]
    return [(max(0, delta), max(0, -delta)) for delta in range(-laws.units, laws.units + 1) if delta]


def _request(ask: Ask, laws: Laws) -> PushRequest:
    assert laws.form
    return PushRequest(laws.form, *ask)


def _booked(shop: EscrowShop, request: PushRequest, laws: Laws) -> Exposure:
    if laws.without is Rule.BLIND_SET and request.form is Form.SET:
        return Exposure(shop.exposure.units, max(0, request.quantity - shop.exposure.units))
    return shop.exposure.on_sending(request)


def _under_way(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    if shop.ask is None:
        return
    if shop.answer is None:
        yield from _applied(shop, shop.ask, laws)
    else:
        after = _answered(shop, shop.ask, shop.answer, laws)
        found = laws.restocks and shop.ask[0] == LOOK and after.exposure.units > shop.exposure.units
        yield Move("answer", after, surprise=found, growth=found)
    if shop.ask[0] == LOOK:
        yield Move("look no more", _ended(shop))
    else:
        yield from _unanswered(shop, shop.ask, laws)


def _applied(shop: EscrowShop, ask: Ask, laws: Laws) -> Iterator[Move]:
    shown = shop.shows if ask[0] == LOOK else _effect(shop.shows, ask, laws.form)
    if shown is not None:
        yield Move("apply", shop._replace(shows=shown, answer=shown))


def _effect(shows: int, ask: Ask, form: Form | None) -> int | None:
    """What the channel shows then; None: it refuses."""
    number, expected = ask
    if form is Form.SET:
        return number
    if form is Form.SWAP:
        return number if shows == expected else None
    return max(0, shows + number - expected)


def _unanswered(shop: EscrowShop, ask: Ask, laws: Laws) -> Iterator[Move]:
    """A crashed worker, a lost request and a lost answer are all one to the hub: nobody knows."""
    in_doubt = shop.exposure.on_rejected() if laws.without is Rule.DOUBT else shop.exposure.on_unconfirmed()
    doubted = _ended(_unpolled(shop.exposed(in_doubt)))
    yield Move("give up", doubted)
    if shop.answer is not None:
        return
    yield Move("refused", _ended(shop.exposed(shop.exposure.on_rejected())))
    if len(shop.late) < laws.late_max:
        late = tuple(sorted((*shop.late, ask)))
        yield Move("give up, it may come late", doubted._replace(late=late))
        if laws.without is Rule.ONCE and laws.form is not Form.ADJUST:
            yield Move("copied on its way", shop._replace(late=late))


def _answered(shop: EscrowShop, ask: Ask, shown: int, laws: Laws) -> EscrowShop:
    if ask[0] == LOOK:
        pushed = shop._replace(free=Exposure(shop.free, sold=-ask[1]).on_reading(shown).granted)
    else:
        counted = max(1, shown) if laws.without is Rule.CLAMP else shown
        pushed = shop.exposed(shop.exposure.on_confirmed(_request(ask, laws), counted))
    doubtful = shop.late if laws.without is Rule.LEFT_AFTER else shop.doubtful
    if doubtful and laws.without is not Rule.BOUND:
        return _ended(_unpolled(pushed))
    if laws.without is not Rule.LATER_POLL:
        pushed = _unpolled(pushed)
    return _ended(pushed._replace(observed=(shown, shop.restocked), ready=False))


def _ended(shop: EscrowShop) -> EscrowShop:
    return shop._replace(ask=None, answer=None, doubtful=False, restocked=0)


def _late(shop: EscrowShop, laws: Laws) -> Iterator[Move]:
    if shop.late:
        yield Move("the bound passes", shop._replace(late=()))
    for at, ask in enumerate(shop.late):
        shown = _effect(shop.shows, ask, laws.form)
        if shown is not None:
            yield Move("applied late", shop._replace(shows=shown, late=shop.late[:at] + shop.late[at + 1 :]))


_ALL = (_sales, _imports, _polls, _sending, _under_way, _late)
