"""What only the simulated store can show: time, stale reads, what it tells its world, faults, its own limits."""

from collections.abc import Callable, Mapping
from marshal import dumps
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from lastunit.adapters.dynamodb import rows
from lastunit.adapters.dynamodb.refusals import is_cancelled, verdicts
from lastunit.domain.stock.levels import BinKind
from tests.simulate.store import DynamoClient, Store, Write, conflicted, internal, throttled
from tests.simulate.store.values import measured
from tests.support.aws.dynamo import declared_tables

TABLE = "OrdersTable"
ROW, OTHER = rows.key("ORDER#web#1", "ORDER"), rows.key("ORDER#web#2", "ORDER")


class World:
    """A store with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.store = Store(declared_tables(), lambda: self.now)
        self.client = DynamoClient(self.store.execute)

    def put(self, key: rows.Item = ROW, **attributes: Any) -> None:
        row = key | {name: rows.value(content) for name, content in attributes.items()}
        self.client.put_item(TableName=TABLE, Item=row)

    def take(self, token: str) -> None:
        update = {
            "TableName": TABLE,
            "Key": ROW,
            "UpdateExpression": "ADD units :less",
            "ExpressionAttributeValues": {":less": {"N": "-1"}},
        }
        self.client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)

    def stored(self, key: rows.Item = ROW, *, consistent: bool = True) -> dict[str, Any] | None:
        answer = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=consistent)
        return _content(answer["Item"]) if answer else None

    def waiting(self) -> list[str]:
        answer = self.client.query(
            TableName=TABLE,
            IndexName="waiting",
            KeyConditionExpression="waiting = :kind",
            ExpressionAttributeValues={":kind": {"S": "request"}},
        )
        return [item["pk"]["S"] for item in answer["Items"]]


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    return rows.decode({name: row[name] for name in row.keys() - {"pk", "sk"}})


@pytest.fixture
def world() -> World:
    return World()


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        act()
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(("seconds", "left"), [(599, 4), (600, 3)])
def test_a_token_is_forgotten_after_ten_minutes(world: World, seconds: int, left: int) -> None:
    world.put(units=5)
    world.take("token")
    world.now += seconds

    world.take("token")

    assert {"units": left} == world.stored()


def test_using_a_token_again_does_not_make_it_last(world: World) -> None:
    world.put(units=5)
    for _ in range(3):
        world.take("token")
        world.now += 300

    assert {"units": 3} == world.stored()


def test_a_read_that_is_not_consistent_may_miss_the_newest_writes(world: World) -> None:
    world.put(units=1)
    world.put(units=2)
    world.store.lag = lambda: 1

    assert ({"units": 1}, {"units": 2}) == (world.stored(consistent=False), world.stored())


def test_an_index_may_miss_the_newest_writes_and_never_goes_back(world: World) -> None:
    world.put(waiting="request", waiting_since="monday")
    world.put(OTHER, waiting="request", waiting_since="tuesday")
    lags = iter([2, 1, 2, 0, 5])
    world.store.lag = lambda: next(lags)

    seen = [len(world.waiting()) for _ in range(5)]

    assert [0, 1, 1, 2, 2] == seen


def test_a_stale_index_shows_rows_as_they_were(world: World) -> None:
    world.put(waiting="request", waiting_since="monday")
    world.client.delete_item(TableName=TABLE, Key=ROW)
    world.store.lag = lambda: 1

    assert [ROW["pk"]["S"]] == world.waiting()


def test_every_call_that_writes_is_reported_once_with_all_of_its_writes(world: World) -> None:
    told = list[list[Write]]()
    world.store.on_write = told.append
    world.put(units=5)

    world.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": OTHER}},
            {"Delete": {"TableName": TABLE, "Key": ROW}},
            {
                "ConditionCheck": {
                    "TableName": TABLE,
                    "Key": rows.key("x", "y"),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ]
    )

    row = ROW | {"units": {"N": "5"}}
    first, second = [Write(TABLE, ROW, None, row)], [Write(TABLE, OTHER, None, OTHER), Write(TABLE, ROW, row, None)]
    assert [first, second] == told


def test_reads_and_refusals_are_not_reported(world: World) -> None:
    told = list[list[Write]]()
    world.store.on_write = told.append
    guarded = {"TableName": TABLE, "Item": ROW, "ConditionExpression": "attribute_exists(pk)"}

    code = _code(lambda: world.client.put_item(**guarded))
    world.stored()

    assert ("ConditionalCheckFailedException", []) == (code, told)


def test_a_row_once_read_is_not_changed_by_later_updates(world: World) -> None:
    world.put(bins={"A": {"on_hand": 2}}, claim="me")
    before = world.client.get_item(TableName=TABLE, Key=ROW, ConsistentRead=True)["Item"]

    world.client.update_item(
        TableName=TABLE,
        Key=ROW,
        UpdateExpression="SET bins.#a.on_hand = bins.#a.on_hand - :one, bins.#a.mark = :one REMOVE claim",
        ExpressionAttributeNames={"#a": "A"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    assert {"claim": "me", "bins": {"A": {"on_hand": 2}}} == _content(before)
    assert {"bins": {"A": {"on_hand": 1, "mark": 1}}} == world.stored()


def test_a_member_of_an_enumeration_is_stored_as_its_text(world: World) -> None:
    world.put(kind=BinKind.PICKING, bins={"A": BinKind.STORAGE})

    world.client.update_item(TableName=TABLE, Key=ROW, UpdateExpression="REMOVE gone")

    row = world.client.get_item(TableName=TABLE, Key=ROW, ConsistentRead=True)["Item"]
    assert (str, str) == (type(row["kind"]["S"]), type(row["bins"]["M"]["A"]["S"]))


def test_a_stream_gives_times_in_whole_seconds_that_grow(world: World) -> None:
    world.put(units=1)
    records = world.store.stream(TABLE)
    world.now = 1234.5

    world.put(units=2)

    assert [1000, 1234] == [record["dynamodb"]["ApproximateCreationDateTime"] for record in records]


def test_a_table_without_a_stream_reports_nothing(world: World) -> None:
    world.client.put_item(TableName="LedgerTable", Item=ROW)

    assert [] == world.store.stream("LedgerTable")


def test_all_rows_can_be_looked_at_from_outside(world: World) -> None:
    world.put()
    world.put(OTHER)

    assert [ROW, OTHER] == sorted(world.store.rows(TABLE), key=lambda row: row["pk"]["S"])


def test_a_scan_does_not_depend_on_the_order_of_the_writes(world: World) -> None:
    keys, mirrored = [rows.key(str(number), "x") for number in range(20)], World()
    for key in keys:
        world.put(key)
        mirrored.put(keys[-1 - keys.index(key)])

    first, second = (one.client.scan(TableName=TABLE, ConsistentRead=True)["Items"] for one in (world, mirrored))

    assert first == second
    assert keys != first


def test_many_writes_at_once_without_conditions(world: World) -> None:
    world.put()

    world.client.batch_write_item(
        RequestItems={TABLE: [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": ROW}}]}
    )

    assert [OTHER] == list(world.store.rows(TABLE))


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("GetItem", {"TableName": TABLE}),
        ("GetItem", {"TableName": TABLE, "Key": ROW, "AttributesToGet": ["units"]}),
        ("UpdateItem", {"TableName": TABLE, "Key": ROW, "ReturnConsumedCapacity": "TOTAL"}),
        ("TransactWriteItems", {"TransactItems": []}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": TABLE}}]}),
    ],
)
def test_parameters_that_are_missing_or_not_known_are_refused(
    world: World, operation: str, parameters: Mapping[str, Any]
) -> None:
    with pytest.raises(ParamValidationError):
        world.store.execute(operation, parameters)


@pytest.mark.parametrize(
    "expression",
    [
        "SET units = list_append(units, :value)",
        "DELETE units :value",
        "ADD bins.units :value",
        "SET units[0] = :value",
        "SET units = (units + :value)",
    ],
)
def test_an_update_that_lastunit_does_not_use_is_refused_and_not_guessed(world: World, expression: str) -> None:
    values = {"ExpressionAttributeValues": {":value": {"N": "1"}}}

    code = _code(lambda: world.client.update_item(TableName=TABLE, Key=ROW, UpdateExpression=expression, **values))

    assert "ValidationException" == code


@pytest.mark.parametrize(
    "value", [{"SS": ["a"]}, {"B": b"x"}, {"N": "x"}, {"N": "1" * 39}, {"N": "1E126"}, {}, {"S": "a", "N": "1"}]
)
def test_a_value_that_cannot_be_stored_is_refused(world: World, value: Mapping[str, Any]) -> None:
    assert "ValidationException" == _code(lambda: world.client.put_item(TableName=TABLE, Item=ROW | {"x": value}))


def test_values_lie_within_each_other_up_to_32_levels(world: World) -> None:
    def nested(levels: int) -> Any:
        return {"N": "1"} if levels == 1 else {"L": [nested(levels - 1)]}

    world.client.put_item(TableName=TABLE, Item=ROW | {"x": nested(32)})

    assert "ValidationException" == _code(
        lambda: world.client.put_item(TableName=TABLE, Item=ROW | {"x": nested(33)})
    )


@pytest.mark.parametrize(
    "more",
    [
        {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}]},
        {"LocalSecondaryIndexes": []},
        {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}},
        {
            "GlobalSecondaryIndexes": [{"IndexName": "x", "Projection": {"ProjectionType": "KEYS_ONLY"}}],
        },
    ],
)
def test_a_table_of_another_kind_is_not_simulated(more: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=TABLE):
        Store({TABLE: declared_tables()[TABLE] | more})


def test_a_conflict_is_reported_at_its_place() -> None:
    error = conflicted({"TransactItems": [{}, {}, {}]}, [1])

    assert is_cancelled(error)
    assert [False, True, False] == [holds.contended for holds in verdicts(error)]
    assert not any(holds.refused for holds in verdicts(error))


def test_a_single_write_conflicts_as_a_whole() -> None:
    assert "TransactionConflictException" == conflicted({"Key": ROW}).response["Error"]["Code"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("TransactWriteItems", {"TransactItems": [{}]}, "ThrottlingException"),
        ("UpdateItem", {"Key": ROW}, "ProvisionedThroughputExceededException"),
    ],
)
def test_a_throttled_call_is_reported_as_a_whole(operation: str, parameters: Mapping[str, Any], code: str) -> None:
    assert code == throttled(operation, parameters).response["Error"]["Code"]


def test_a_throttled_action_of_a_transaction_is_reported_at_its_place() -> None:
    error = throttled("TransactWriteItems", {"TransactItems": [{}, {}]}, [0])

    assert [True, False] == [holds.contended for holds in verdicts(error)]


def test_an_error_inside_dynamodb_has_the_status_of_one() -> None:
    assert 500 == internal("PutItem").response["ResponseMetadata"]["HTTPStatusCode"]


VALUES = st.recursive(
    st.one_of(
        st.text(max_size=9).map(lambda text: {"S": text}),
        st.integers(-(10**20), 10**20).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda flag: {"BOOL": flag}),
        st.just({"NULL": True}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda content: {"L": content}),
        st.dictionaries(st.text(max_size=5), inner, max_size=3).map(lambda content: {"M": content}),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=9), VALUES, max_size=5))
def test_the_quick_estimate_of_a_size_is_never_too_small(row: dict[str, Any]) -> None:
    assert measured(row) <= len(dumps(row, 2))
