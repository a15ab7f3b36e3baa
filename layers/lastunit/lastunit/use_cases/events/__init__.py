"""The ledger, business events, and the merchant's own webhooks."""
