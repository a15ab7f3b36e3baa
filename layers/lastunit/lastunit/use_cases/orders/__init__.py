"""Orders in: webhooks, polls, decisions, deadlines."""
