"""All planted bugs."""

from tests.simulate.mutants.of_channels import OF_CHANNELS
from tests.simulate.mutants.of_orders import OF_ORDERS

MUTANTS = (*OF_ORDERS, *OF_CHANNELS)
