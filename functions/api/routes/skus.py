"""Routes of SKUs and kits: settings, bins, and a SKU with all its stock and listings."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from functions.api.parameters import PlaceName, SkuName
from functions.api.schemas.listings import ListingOut
from functions.api.schemas.skus import BinIn, SkuIn, SkuOut
from lastunit.bootstrap import hub
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin

router = APIGatewayHttpRouter()


@router.put("/skus/<sku>")
def put_sku(sku: SkuName, body: SkuIn) -> SkuOut:
    tracked = hub().configure_catalogue.is_tracked(sku) if body.tracked is None else body.tracked
    hub().configure_catalogue.put_sku(
        Sku(
            sku=sku,
            status=body.status,
            recipe=body.recipe,
            low_stock=body.low_stock,
            tracked=tracked,
            supply=body.supply,
        )
    )
    return show(sku)


@router.get("/skus/<sku>")
def get_sku(sku: SkuName) -> SkuOut:
    return show(sku)


@router.put("/skus/<sku>/levels/<location>/bins/<bin>")
def put_bin(sku: SkuName, location: PlaceName, bin: PlaceName, body: BinIn) -> SkuOut:
    hub().adjust_stock.put_bin(sku, location, Bin(name=bin, kind=body.kind, mark=body.mark))
    return show(sku)


def show(sku: str) -> SkuOut:
    """As it stands now. Raises NotFound."""
    view = hub().show_stock.view(sku)
    risk, blockers = hub().show_units_at_risk.of(view), hub().show_units_at_risk.blockers(view)
    listings = [
        ListingOut.of(listing, quantity, blockers.get(listing.key, ()))
        for listing, quantity in hub().show_stock.numbers(view)
    ]
    return SkuOut.of(view, risk, listings)
