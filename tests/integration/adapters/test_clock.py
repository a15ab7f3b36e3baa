"""What time it is, as the real client hears it from the tables."""

from datetime import timedelta

from moto import mock_aws

from lastunit.adapters.clock import TOLERANCE, TableClock
from lastunit.bootstrap import Clients, SystemClock
from tests.support.clock import NOON, FakeClock

ABOUT_NOW = TOLERANCE + timedelta(seconds=2)


@mock_aws
def test_every_answer_of_the_tables_puts_the_clock_right_also_a_refusal() -> None:
    machine = FakeClock(NOON)
    clock = TableClock(machine)
    dynamodb = Clients(clock).dynamodb

    dynamodb.list_tables()
    right_after_an_answer = abs(clock.now() - SystemClock().now())
    machine.advance(600)
    try:
        dynamodb.get_item(TableName="missing", Key={"pk": {"S": "1"}})
    except dynamodb.exceptions.ResourceNotFoundException:
        right_after_a_refusal = abs(clock.now() - SystemClock().now())

    assert right_after_an_answer < ABOUT_NOW
    assert right_after_a_refusal < ABOUT_NOW
