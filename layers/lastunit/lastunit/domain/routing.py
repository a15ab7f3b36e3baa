"""Which location serves which units of an order (`requirements.md` section 1.3, `design.md` section 6)."""

from enum import StrEnum


class Policy(StrEnum):
    """`pooled` reproduces the five worked examples; `strict` and `priority` as `design.md` section 6 says."""

    POOLED = "pooled"
    STRICT = "strict"
    PRIORITY = "priority"
