"""What each function may do, and to which rows: the template may grant no more and no less."""

Rights = dict[str, set[str]]  # by resource

READ = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
WRITE = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
RIGHTS: dict[str, Rights] = {
    "ReceiveWebhookFunction": {
        "SettingsTable": {"dynamodb:GetItem"},
        "secrets": {"secretsmanager:GetSecretValue"},
        "OrdersQueue": {"sqs:SendMessage"},
    },
    "ApiFunction": {
        "StockTable": READ | WRITE | {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"},
        "OrdersTable": READ | WRITE | {"dynamodb:ConditionCheckItem", "dynamodb:Scan"},
        "OrdersTable/index/waiting": READ | WRITE | {"dynamodb:ConditionCheckItem"},
        "LedgerTable": READ | WRITE | {"dynamodb:ConditionCheckItem"},
        "SettingsTable": READ | WRITE | {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem"},
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:SendMessage"},
        "OrdersQueue": {"sqs:SendMessage"},
        "ReconcileQueue": {"sqs:SendMessage"},
    },
    "ProcessOrdersFunction": {
        "StockTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "OrdersTable": READ | WRITE,
        "SettingsTable": READ,
        "secrets": {"secretsmanager:GetSecretValue"},
        "OrdersQueue": {"sqs:ChangeMessageVisibility"},
    },
    "TrackStockFunction": {
        "StockTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "SettingsTable": READ,
        "OrdersQueue": {"sqs:SendMessage"},
        "PushesQueue": {"sqs:SendMessage"},
        "StreamFailuresQueue": {"sqs:SendMessage"},
    },
    "PushQuantitiesFunction": {
        "StockTable": READ | {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"},
        "SettingsTable": READ | WRITE,
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:ChangeMessageVisibility", "sqs:SendMessage"},
    },
    "WriteLedgerFunction": {
        "LedgerTable": {"dynamodb:PutItem"},
        "StockTable": {"dynamodb:Query"},
        "OrdersTable": WRITE | {"dynamodb:DeleteItem", "dynamodb:GetItem"},
        "EventBus": {"events:PutEvents"},
        "StreamFailuresQueue": {"sqs:SendMessage"},
    },
    "DeliverWebhooksFunction": {
        "SettingsTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "webhook secrets": {"secretsmanager:GetSecretValue"},
        "WebhooksQueue": {"sqs:ChangeMessageVisibility", "sqs:SendMessage"},
    },
    "RunFullCoverageFunction": {
        "StockTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "OrdersTable": READ | WRITE,
        "SettingsTable": READ | WRITE,
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:SendMessage"},
        "CoverageQueue": {"sqs:SendMessage"},
    },
    "CoverListingsFunction": {
        "StockTable": READ | {"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"},
        "SettingsTable": READ | WRITE,
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:SendMessage"},
        "CoverageQueue": {"sqs:ChangeMessageVisibility", "sqs:SendMessage"},
    },
    "PollChannelsFunction": {
        "StockTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "OrdersTable": READ | WRITE,
        "SettingsTable": READ | WRITE,
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:SendMessage"},
    },
    "ReconcileListingsFunction": {
        "StockTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "OrdersTable": READ | WRITE,
        "SettingsTable": READ | WRITE | {"dynamodb:DeleteItem"},
        "secrets": {"secretsmanager:GetSecretValue"},
        "PushesQueue": {"sqs:SendMessage"},
        "ReconcileQueue": {"sqs:ChangeMessageVisibility", "sqs:SendMessage"},
    },
    "ExpireOrdersFunction": {
        "StockTable": {"dynamodb:BatchGetItem"},
        "OrdersTable/index/due": {"dynamodb:Query"},
        "OrdersTable/index/waiting": {"dynamodb:Query"},
        "SettingsTable": {"dynamodb:GetItem", "dynamodb:Query"},
        "OrdersQueue": {"sqs:SendMessage"},
    },
}
# Rights that hold for some rows of a table only, by function, action and table.
ROWS = {
    ("ApiFunction", "dynamodb:DeleteItem", "SettingsTable"): ["WEBHOOKS"],
    ("CoverListingsFunction", "dynamodb:DeleteItem", "StockTable"): ["AWAITING_POLL#*"],
    ("CoverListingsFunction", "dynamodb:PutItem", "SettingsTable"): ["COVERAGE#*", "RATE_LIMIT#*"],
    ("CoverListingsFunction", "dynamodb:UpdateItem", "SettingsTable"): ["COVERAGE#*", "RATE_LIMIT#*"],
    ("PushQuantitiesFunction", "dynamodb:DeleteItem", "StockTable"): ["AWAITING_POLL#*"],
    ("PushQuantitiesFunction", "dynamodb:PutItem", "SettingsTable"): ["RATE_LIMIT#*"],
    ("PushQuantitiesFunction", "dynamodb:UpdateItem", "SettingsTable"): ["RATE_LIMIT#*"],
    ("TrackStockFunction", "dynamodb:DeleteItem", "StockTable"): ["RISK#*"],
    ("TrackStockFunction", "dynamodb:PutItem", "StockTable"): ["RISK#*"],
    ("RunFullCoverageFunction", "dynamodb:PutItem", "SettingsTable"): ["COVERAGE#*", "RATE_LIMIT#*", "POLL#*"],
    ("RunFullCoverageFunction", "dynamodb:UpdateItem", "SettingsTable"): ["COVERAGE#*", "RATE_LIMIT#*", "POLL#*"],
    ("DeliverWebhooksFunction", "dynamodb:UpdateItem", "SettingsTable"): ["WEBHOOKS"],
    ("PollChannelsFunction", "dynamodb:PutItem", "SettingsTable"): ["RATE_LIMIT#*", "POLL#*"],
    ("PollChannelsFunction", "dynamodb:UpdateItem", "SettingsTable"): ["RATE_LIMIT#*", "POLL#*"],
    ("ReconcileListingsFunction", "dynamodb:DeleteItem", "SettingsTable"): ["DRIFT#*", "RATE_LIMIT#*", "POLL#*"],
    ("ReconcileListingsFunction", "dynamodb:PutItem", "SettingsTable"): ["DRIFT#*", "RATE_LIMIT#*", "POLL#*"],
    ("ReconcileListingsFunction", "dynamodb:UpdateItem", "SettingsTable"): ["DRIFT#*", "RATE_LIMIT#*", "POLL#*"],
    ("WriteLedgerFunction", "dynamodb:DeleteItem", "OrdersTable"): ["TASK#*"],
    ("WriteLedgerFunction", "dynamodb:GetItem", "OrdersTable"): ["TASK#*"],
    ("WriteLedgerFunction", "dynamodb:PutItem", "OrdersTable"): ["TASK#*"],
    ("WriteLedgerFunction", "dynamodb:UpdateItem", "OrdersTable"): ["TASK#*"],
}
