"""The ports in DynamoDB; `rows.py` is the one picture of what is stored."""
