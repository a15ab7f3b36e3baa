"""What the template does with announcements: who may publish where, and what happens to those nobody took."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lastunit.adapters.eventbridge import SOURCE
from lastunit.domain.events.business_events import TYPES
from tests.stack.test_template import TEMPLATE, listed, logical_id, of_type, with_nested

STACK = with_nested(TEMPLATE)
RULES = of_type(STACK, "AWS::Events::Rule")
POLICIES = {**of_type(STACK, "AWS::SNS::TopicPolicy"), **of_type(STACK, "AWS::SQS::QueuePolicy")}
TO_SELLERS = {"order.requested", "request.deadline_near", "request.escalated"}
TO_STOCK = {"stock.low", "stock.replenish"}


def targets(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((logical_id(target["Arn"]), target) for target in rule["Targets"])


def told(topic: str) -> set[str]:
    """The types of announcements that reach a topic."""
    rules = [rule for rule in RULES.values() if topic in dict(targets(rule))]
    return {type_ for rule in rules for type_ in rule["EventPattern"]["detail-type"]}


def test_sellers_hear_of_requests_and_the_warehouse_of_stock() -> None:
    assert (TO_SELLERS, TO_STOCK) == (told("SellersTopic"), told("StockTopic"))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_listens_on_our_own_bus_for_types_that_exist(name: str) -> None:
    rule = RULES[name]

    assert {"Ref": "EventBus"} == rule["EventBusName"]
    assert [SOURCE] == rule["EventPattern"]["source"]
    assert set(rule["EventPattern"].get("detail-type", ())) <= set(TYPES)


def test_every_announcement_goes_to_the_webhooks_as_it_was_made() -> None:
    rule = RULES["AnnouncementsRule"]

    assert {"source"} == set(rule["EventPattern"])
    assert {"WebhooksQueue": "$.detail"} == {name: target["InputPath"] for name, target in targets(rule)}


def test_people_get_a_sentence_whose_every_word_is_known() -> None:
    for name, rule in RULES.items():
        for topic, target in targets(rule):
            if topic.endswith("Topic"):
                transformer = target["InputTransformer"]
                template = transformer["InputTemplate"]

                assert re.fullmatch(r'"[^"]+\."', template), name
                assert set(transformer["InputPathsMap"]) == set(re.findall(r"<(\w+)>", template)), name


def test_only_the_rules_that_lead_there_may_publish_to_a_topic_or_queue() -> None:
    wanted: dict[str, set[str]] = {}
    for name, rule in RULES.items():
        for reached, target in targets(rule):
            wanted.setdefault(reached, set()).add(name)
            wanted.setdefault(logical_id(target["DeadLetterConfig"]["Arn"]), set()).add(name)

    found = {
        logical_id(statement["Resource"]): {logical_id(arn) for arn in listed(_source(statement))}
        for policy in POLICIES.values()
        for statement in policy["PolicyDocument"]["Statement"]
    }

    assert wanted == found


def _source(statement: dict[str, Any]) -> Any:
    assert {"Service": "events.amazonaws.com"} == statement["Principal"]
    assert {"ArnEquals"} == set(statement["Condition"])
    assert {"aws:SourceArn"} == set(statement["Condition"]["ArnEquals"])
    return statement["Condition"]["ArnEquals"]["aws:SourceArn"]
