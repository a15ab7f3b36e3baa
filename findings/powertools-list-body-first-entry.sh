#!/usr/bin/env bash
# aws-lambda-powertools 3.37.0 (event handler with validation, pydantic 2.13.5): a route that declares one model as its
# body answers 200 to a JSON list of two such objects. It is given the first of them; the second is dropped and nothing
# says so. An empty list is refused with 422.
#
# Expected: 422, as the model's own schema in the generated OpenAPI document has "type": "object". The documentation of
# data validation (docs.aws.amazon.com/powertools/python, "Event handler, REST API, Data validation") describes a model
# as the whole body.
#
# For a bulk upload it means: all rows are sent, the answer is a success, one row is applied.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "aws-lambda-powertools==3.37.0" "pydantic==2.13.5"

seen=$("$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import json

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel


class Item(BaseModel):
    name: str


app = APIGatewayHttpResolver(enable_validation=True)


@app.post("/items")
def put(item: Item) -> dict[str, str]:
    return {"applied": item.name}


def ask(body: object) -> str:
    event = {
        "version": "2.0",
        "rawPath": "/items",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {"http": {"method": "POST", "path": "/items"}, "stage": "$default"},
    }
    answer = app.resolve(event, None)
    return f"{int(answer['statusCode'])} {json.loads(answer['body']).get('applied')}"


print("one object:", ask({"name": "a"}))
print("a list of two:", ask([{"name": "a"}, {"name": "b"}]))
print("an empty list:", ask([]))
schema = app.get_openapi_schema().model_dump(by_alias=True, exclude_none=True)
print("declared:", schema["components"]["schemas"]["Item"]["type"])
PYTHON
)
expected='one object: 200 a
a list of two: 200 a
an empty list: 422 None
declared: object'
printf '%s\n' "$seen"
[[ "$seen" == "$expected" ]] || { echo "no longer as it was seen with 3.37.0" >&2; exit 1; }
