"""DynamoDB in memory, as far as Lastunit uses it; tests/contract holds it to the real one."""

from tests.simulate.store.client import DynamoClient
from tests.simulate.store.refusals import conflicted, internal, throttled
from tests.simulate.store.rows import Write
from tests.simulate.store.store import Store

__all__ = ["DynamoClient", "Store", "Write", "conflicted", "internal", "throttled"]
