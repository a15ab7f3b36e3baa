"""Every rule of docs/rules.md, but those on splitting orders, is carried by a test that says so."""

from tests import rules


def test_no_rule_is_without_a_test() -> None:
    """Else: python -m tests.rules shows which."""
    assert [] == rules.missing(rules.carried())


def test_no_test_claims_a_rule_that_does_not_exist() -> None:
    assert [] == rules.unknown(rules.carried())


def test_what_is_answered_elsewhere_is_a_rule_and_has_a_reason() -> None:
    assert rules.ELSEWHERE.keys() <= set(rules.numbers())
    assert all(rules.ELSEWHERE.values())
