"""The same facts in whatever order they are delivered, and however often, end in the same stock (promise 3)."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.catalogue import Sku
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Fact, Retry, Shipment
from lastunit.domain.snapshots import Snapshot
from tests.fakes import cancelled, sold
from tests.life import Life, parcel, shelf, voided

HATS = 100
units = st.integers(1, 5)
first_wish, last_wish = units, st.integers(0, 5)


def shop() -> Life:
    items = {"hat": Sku("hat"), "pair": Sku("pair", recipe={"hat": 2})}
    return Life({("hat", "M"): shelf("hat", "M", picking=HATS)}, items, Channel("web", "generic"))


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Two revisions of one order, up to three parcels, each perhaps voided, and perhaps a cancel."""
    told: list[Fact] = [
        sold({"hat": draw(first_wish), "pair": draw(first_wish)}),
        sold({"hat": draw(last_wish), "pair": draw(last_wish)}, revision="2"),
    ]
    for key in draw(st.sets(st.sampled_from(["s1", "s2", "s3"]))):
        told.append(parcel({draw(st.sampled_from(["hat", "pair"])): draw(units)}, key))
        if draw(st.booleans()):
            told.append(voided(key))
    if draw(st.booleans()):
        told.append(cancelled(revision="3"))
    return draw(st.permutations([*told, *draw(st.lists(st.sampled_from(told), max_size=3))]))


def left(told: Sequence[Fact], name: str) -> int:
    """Units of a name that have left in the end."""
    gone = {fact.shipment_id for fact in told if isinstance(fact, Shipment) and fact.voided}
    parcels = {fact.shipment_id: fact for fact in told if isinstance(fact, Shipment) and not fact.voided}
    lines = [line for key, fact in parcels.items() if key not in gone for line in fact.lines]
    return sum(line.quantity for line in lines if name in line.names)


def wanted(told: Sequence[Fact], name: str) -> int:
    """Units of a name that are still to be delivered in the end."""
    snapshots = [fact for fact in told if isinstance(fact, Snapshot)]
    if any(snapshot.cancelled for snapshot in snapshots):
        return 0
    newest = max(snapshots, key=lambda snapshot: snapshot.revision)
    quantity = next(line.quantity for line in newest.lines if name in line.names)
    return max(0, quantity - left(told, name))


@given(told=facts())
def test_any_order_of_delivery_ends_in_the_same_stock(told: list[Fact]) -> None:
    here = shop()

    here.tell(*told)
    here.tell(Retry("web", "1"), Retry("web", "1"))  # A person looks at what waits for one.

    on_hand = HATS - left(told, "hat") - 2 * left(told, "pair")
    reserved = wanted(told, "hat") + 2 * wanted(told, "pair")
    assert (on_hand, reserved, on_hand - reserved) == here.stock("hat")
